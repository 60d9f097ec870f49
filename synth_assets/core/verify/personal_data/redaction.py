"""Texts of a sample with placeholders in the place of what was found.

One value has one placeholder in all texts of a sample, `[EMAIL_1]`, also where it stands without
the words that gave it away. Placeholders that a text already has are left, and not given twice.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from synth_assets.core.verify.personal_data.finding import Found, Kind, digits_of
from synth_assets.core.verify.personal_data.plain import (
    PLACEHOLDER,
    PLACEHOLDER_NAMES,
    Plain,
    plain,
)

_MOST_ROUNDS = 20
_MOST_ECHOES = 200
_LEAST_ECHO = 6

# Found by a word beside them, so that elsewhere they may stand unseen.
_WORDED = frozenset({Kind.PASSWORD, Kind.BIRTH_DATE})
_NUMBERED = frozenset({Kind.PHONE, Kind.NATIONAL_NUMBER, Kind.CARD})
_NUMBER = re.compile(r"\+?\(?[0-9](?<![\w.,][0-9])(?:[ ().\-/]{0,3}[0-9]){5,24}(?![\w]|[.,][0-9])")


class EndlessRedactionError(Exception):
    """Redaction uncovers more and more: no text of people does that."""


@dataclass
class Redaction:
    """Redacts the texts of one sample.

    Attributes:
        find: what stands in a text, in order, without overlaps, placeholders passed over.
        given: kind and value -> placeholder.
        counts: kind -> how many stretches were replaced.
    """

    find: Callable[[str], Sequence[Found]]
    given: dict[tuple[Kind, str], str] = field(default_factory=dict[tuple[Kind, str], str])
    counts: Counter[Kind] = field(default_factory=Counter[Kind])
    _echoes: dict[str, str] = field(default_factory=dict[str, str])
    _numbers: dict[str, str] = field(default_factory=dict[str, str])
    _last: Counter[str] = field(default_factory=Counter[str])

    def apply(self, texts: Mapping[str, str]) -> dict[str, str]:
        """The texts by their names, redacted; those of no finding as they are.

        Raises:
            EndlessRedactionError: if what is left is found again and again, or values are too many.
        """
        for text in texts.values():
            if "[" in text:
                for match in PLACEHOLDER.finditer(text):
                    self._last[match[1]] = max(self._last[match[1]], int(match[2]))
        changed = dict(texts)
        for _ in range(_MOST_ROUNDS):
            before = changed
            changed = {name: self._replaced(text) for name, text in changed.items()}
            if self.given:
                changed = {name: self._echoed(text) for name, text in changed.items()}
            if changed == before:
                return changed
        raise EndlessRedactionError(f"{_MOST_ROUNDS} rounds of redaction did not find an end")

    def _replaced(self, text: str) -> str:
        found = self.find(text)
        if not found:
            return text
        self.counts.update(each.kind for each in found)
        return _with(text, [(each.start, each.end, self._placeholder(each)) for each in found])

    def _placeholder(self, found: Found) -> str:
        key = (found.kind, found.value)
        if key not in self.given:
            name = PLACEHOLDER_NAMES[found.kind]
            self._last[name] += 1
            self.given[key] = f"[{name}_{self._last[name]}]"
            if found.kind in _WORDED and len(found.value) >= _LEAST_ECHO:
                self._echoes[found.value] = self.given[key]
            if found.kind in _NUMBERED and found.value.isdigit():
                self._numbers[found.value] = self.given[key]
        if len(self._echoes) > _MOST_ECHOES:
            raise EndlessRedactionError(f"over {_MOST_ECHOES} passwords and dates in one sample")
        return self.given[key]

    def _echoed(self, text: str) -> str:
        """Replace what was found elsewhere and stands here without the words beside it."""
        if not text:
            return text
        read = plain(text)
        places = [
            (*read.original(start, end), placeholder)
            for start, end, placeholder in sorted(
                [*self._words_again(read), *self._numbers_again(read)]
            )
        ]
        return _with(text, places)

    def _words_again(self, read: Plain) -> Iterator[tuple[int, int, str]]:
        for value, placeholder in self._echoes.items():
            start = read.text.find(value)
            while start >= 0:
                end = start + len(value)
                if not (_in_word(read.text, start) or _in_word(read.text, end)):
                    yield start, end, placeholder
                start = read.text.find(value, end)

    def _numbers_again(self, read: Plain) -> Iterator[tuple[int, int, str]]:
        if not self._numbers:
            return
        for match in _NUMBER.finditer(read.text):
            if placeholder := self._numbers.get(digits_of(match.group())):
                yield match.start(), match.end(), placeholder


def _with(text: str, places: Sequence[tuple[int, int, str]]) -> str:
    """A text with stretches replaced, given in order; of two that overlap the first."""
    parts: list[str] = []
    at = 0
    for start, end, placeholder in places:
        if start >= at:
            parts += [text[at:start], placeholder]
            at = end
    return "".join([*parts, text[at:]])


def _in_word(text: str, at: int) -> bool:
    """Whether the characters on both sides of a place are letters or digits."""
    return text[at - 1 : at].isalnum() and text[at : at + 1].isalnum()
