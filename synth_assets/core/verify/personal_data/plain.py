"""Texts as patterns read them: plain digits, dashes and blanks, nothing invisible, same places."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from synth_assets.core.verify.personal_data.finding import Kind, Span

BARRIER = "\x00"
"""Stands in the place of each character of a placeholder; no pattern takes it."""

PLACEHOLDER_NAMES = {kind: kind.value.upper() for kind in Kind}
PLACEHOLDER = re.compile(rf"\[({'|'.join(PLACEHOLDER_NAMES.values())})_([1-9][0-9]{{0,4}})\]")

_BLANKS = "\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_PLAIN = str.maketrans(
    {
        **{chr(wide): chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)},
        **dict.fromkeys(_BLANKS, " "),
        **dict.fromkeys(_DASHES, "-"),
        "\ufe6b": "@",
        "\u3002": ".",
        "\uff61": ".",
        "\u2024": ".",
        "\u2044": "/",
    }
)
# In JSON the letter of a line break would join the word behind it.
_ESCAPE = re.compile(r"\\[nrt]")
_FOREIGN_DIGIT = re.compile(r"(?![0-9])\d")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\u20e3\ufe00-\ufe0f\ufeff]"
)


@dataclass(frozen=True)
class Plain:
    """A text as patterns read it.

    Attributes:
        text: with plain digits, dashes and blanks, placeholders blotted out.
        lower: the same in lower case, character for character.
        places: for each character, its place in the text as it was; none where all kept theirs.
    """

    text: str
    lower: str
    places: Sequence[int] | None = None

    def original(self, start: int, end: int) -> Span:
        """Where a stretch of `text` stands in the text as it was."""
        if self.places is None:
            return start, end
        return self.places[start], self.places[end - 1] + 1


def plain(text: str) -> Plain:
    """Read a text: linear in its length."""
    if "[" in text:
        text = PLACEHOLDER.sub(lambda match: BARRIER * len(match.group()), text)
    if "\\" in text:
        text = _ESCAPE.sub("  ", text)
    if text.isascii():
        return Plain(text, text.lower())
    text = text.translate(_PLAIN)
    if _FOREIGN_DIGIT.search(text):
        text = _FOREIGN_DIGIT.sub(lambda match: str(int(match.group())), text)
    if not _INVISIBLE.search(text):
        return Plain(text, _lower(text))
    places = [place for place, character in enumerate(text) if not _INVISIBLE.match(character)]
    kept = _INVISIBLE.sub("", text)
    return Plain(kept, _lower(kept), places)


def _lower(text: str) -> str:
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(low if len(low := each.lower()) == 1 else each for each in text)
