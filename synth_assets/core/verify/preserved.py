"""What a translation has to carry over: its wording there and back, its numbers, its names."""

import re

from synth_assets.core.verify.reading.number_readings import Unshared, unshared_numbers

MAX_NAMES = 500
"""More names than that are not looked for."""
MAX_COMPARED = 50_000
"""Longer texts are too slow to compare, in characters."""

_CAPITALISED = re.compile(r"(?<=[a-z,;] )[A-Z][^\W\d_]+(?:-[A-Z][^\W\d_]+)*")
_WORD = re.compile(r"\w+")
_NO_NAMES = frozenset(
    _WORD.findall(
        "January February March April May June July August September October November December "
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday Mr Mrs Ms Dr",
    )
)
"""Capitals that English writes and other languages translate."""


def names_of(text: str, listed: str, *, capitalised: bool) -> tuple[str, ...]:
    """The names that a text must keep.

    Args:
        text: the text.
        listed: names, with commas between, or a dash for none.
        capitalised: words that begin with a capital within a sentence are names, too; not so in
            German, where nouns do.
    """
    found = [name.strip() for name in listed.split(",") if name.strip(" -")]
    if capitalised:
        known = _NO_NAMES | {part for name in found for part in name.split()}
        found += [name for name in _CAPITALISED.findall(text) if name not in known]
    return tuple(dict.fromkeys(found))


def lost(text: str, other: str, names: tuple[str, ...], *, numbers: bool = True) -> str:
    """Which numbers and names of a text another does not have, or has beyond it; empty if none.

    Numbers are compared, if they are to be, by what they may mean in either language
    (`number_readings`).
    """
    found = unshared_numbers(text, other) if numbers else Unshared()
    told = [
        f"{what} {', '.join(written)}"
        for what, written in (("numbers lost:", found.lost), ("numbers added:", found.added))
        if written
    ]
    words = set(_WORD.findall(other)) if names else set[str]()
    absent = [name for name in names[:MAX_NAMES] if not _has_name(other, words, name)]
    if absent:
        told.append(f"names lost: {', '.join(absent)}")
    return "; ".join(told)


def _has_name(text: str, words: set[str], name: str) -> bool:
    """Whether a name stands in a text as words, with an `s` of possession or not."""
    if _WORD.fullmatch(name):
        return name in words or f"{name}s" in words
    return name in text and bool(re.search(rf"\b{re.escape(name)}(?:'?s)?\b", text))


def chrf(text: str, reference: str) -> float:
    """The chrF2 (Popović, 2015) of a text, 0 to 100, as sacreBLEU computes it for one sentence."""
    from sacrebleu.metrics.chrf import CHRF

    return CHRF().sentence_score(text, [reference]).score
