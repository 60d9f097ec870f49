"""All detectors over one text, cheap screens first; what overlaps is told once."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from synth_assets.core.verify.personal_data.accounts import (
    cards_in,
    crypto_addresses_in,
    ibans_in,
)
from synth_assets.core.verify.personal_data.birth_dates import birth_dates_in
from synth_assets.core.verify.personal_data.contacts import emails_in
from synth_assets.core.verify.personal_data.finding import RANK, Found, Kind
from synth_assets.core.verify.personal_data.national import (
    insurance_numbers_in,
    long_numbers_in,
    national_numbers_in,
)
from synth_assets.core.verify.personal_data.network import ip_addresses_in, mac_addresses_in
from synth_assets.core.verify.personal_data.phones import Phones
from synth_assets.core.verify.personal_data.plain import Plain, plain
from synth_assets.core.verify.personal_data.secret_texts import (
    passwords_in,
    private_keys_in,
    tokens_in,
)

# Numbers of fewer digits, and tokens of fewer characters without a blank, are not looked for.
_DIGITS = re.compile(r"[0-9](?:[ ().\-/]{0,3}[0-9]){5}")
_MANY_DIGITS = re.compile(r"[0-9](?:[ ().\-/]{0,3}[0-9]){6}")
_LONG_WORD = 16
_TOKEN_LIKE = re.compile(r"[A-Za-z0-9_.-]{15}")


class Scanner:
    """Finds what a recipe asks for; made once."""

    def __init__(self, kinds: Collection[Kind], regions: Sequence[str], examples: bool) -> None:
        """Take what to find.

        Args:
            kinds: what to tell of. The others are looked for too, lest a card pass for a phone.
            regions: home regions of telephone numbers, ISO 3166.
            examples: whether to tell of what is reserved for examples.
        """
        self._kinds = frozenset(kinds)
        self._examples = examples
        self._phones = Phones(regions)

    def find(self, text: str) -> list[Found]:
        """What stands in a text, in its order, without overlaps; placeholders are passed over."""
        if not text:
            return []
        read = plain(text)
        found = _apart(self._all(read), len(read.text))
        return [
            replace(each, start=span[0], end=span[1])
            for each in found
            for span in [read.original(each.start, each.end)]
            if each.kind in self._kinds and (self._examples or not each.example)
        ]

    def _all(self, text: Plain) -> Iterator[Found]:
        if "@" in text.text or "at]" in text.lower or "at)" in text.lower:
            yield from emails_in(text)
        yield from passwords_in(text)
        if few := _DIGITS.search(text.text):
            yield from insurance_numbers_in(text)
            if _MANY_DIGITS.search(text.text, few.start()):
                yield from self._numbers(text)
        if _has_long_word(text.text):
            yield from _long_words(text)
        if "PRIVATE KEY" in text.text:
            yield from private_keys_in(text)
        yield from birth_dates_in(text)
        if Kind.IP_ADDRESS in self._kinds:
            yield from ip_addresses_in(text)
        if Kind.MAC_ADDRESS in self._kinds:
            yield from mac_addresses_in(text)

    def _numbers(self, text: Plain) -> Iterator[Found]:
        yield from cards_in(text)
        yield from ibans_in(text)
        yield from national_numbers_in(text)
        yield from self._phones.find(text)


def _has_long_word(text: str) -> bool:
    words = text.split()
    if max(map(len, words), default=0) < _LONG_WORD:
        return False
    return any(_TOKEN_LIKE.search(word) for word in words if len(word) >= _LONG_WORD)


def _long_words(text: Plain) -> Iterator[Found]:
    yield from tokens_in(text)
    yield from crypto_addresses_in(text)
    yield from long_numbers_in(text)


def _apart(found: Iterable[Found], length: int) -> list[Found]:
    """Of those that overlap the one of the kind that ranks first, then the first, the longest."""
    ranked = sorted(found, key=lambda each: (RANK[each.kind], each.start, -each.end))
    if len(ranked) < 2:
        return ranked
    taken = bytearray(length)
    kept: list[Found] = []
    for each in ranked:
        if 1 not in taken[each.start : each.end]:
            taken[each.start : each.end] = b"\x01" * (each.end - each.start)
            kept.append(each)
    return sorted(kept, key=lambda each: each.start)
