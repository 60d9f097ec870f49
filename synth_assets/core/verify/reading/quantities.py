"""Numbers as people write them in running text, read as exact fractions.

Read are digits with or without thousands separators, decimals, scientific notation, fractions
and mixed numbers (`2 1/2`, `2½`), signs (also the Unicode minus), currency signs, and a word of
magnitude behind (`3 million`). A percent sign is a unit: 25 % reads as 25. Not read are numbers
spelled out, powers (`10^3`), and what looks like a version or a date with points (`1.2.3`).
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from synth_assets.core.verify.reading.folding import plain_typography

MAX_DIGITS = 60
"""Digits of one number, and its largest power of ten; longer ones are read but have no value."""

_MAGNITUDES = {
    "hundred": 10**2,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}

# Possessive quantifiers and bounded groups keep the scan linear in the text.
_QUANTITY = re.compile(
    rf"""
    (?: (?<![\w.^)]) (?P<sign>-) (?>(?:[$€£¥₹]\ ?)?) | (?<![\w.^]) )
    (?>
        (?>(?: (?P<whole>\d++)\  )?) (?P<over>\d++) / (?P<under>\d++) (?! [/\d] | \.\d )
      | (?P<decimal>
            (?: \d{{1,3}} (?>(?:,\d{{3}}){{1,20}}) (?!\d) | \d++ ) (?>(?:\.\d++)?) | \.\d++
        )
        (?>(?: e (?P<power> [-+]? \d++ ) )?) (?! \.?\d )
    )
    (?! \^ )
    (?>(?: \ ? (?P<scale> {"|".join(_MAGNITUDES)} ) \b )?)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_ESCAPES = re.compile(r"\\(?=[$%])|(?<=\d)\{(?=,\})|(?<=\{,)\}(?=\d)")
_LATEX_FRACTION = re.compile(r"(?P<whole>(?<=\d))?\\[dt]?frac\{(\d{1,60})\}\{(\d{1,60})\}")
_SPACED_FRACTION = re.compile(r"(?<=\d)\ ?/\ ?(?=\d)")
_SPACED_SIGN = re.compile(
    r"(?P<before>(?:^|[=:\u2248]|\b(?:is|equals)\b)[^\w\d]{0,20}?)"
    r"(?:[-\u2212\u2013]|\b(?:minus|negative)\b)\s{1,20}(?=(?:[$€£¥₹] ?)?\.?\d)",
    re.IGNORECASE,
)
_THIN_SPACE_IN_NUMBER = re.compile(r"(?<=\d)[\u2009\u202f](?=\d{3}(?!\d))")


@dataclass(frozen=True)
class Quantity:
    """A number that stands in a text.

    Attributes:
        text: as written there, typography straightened.
        start: offset of its first character in the readable text.
        end: offset behind its last character.
        value: what it says; None when it is too long to hold, or divides by zero.
        parts: the numbers it is put together from, such as 3 and 4 in `3/4`, 3 in `3 million`.
    """

    text: str
    start: int
    end: int
    value: Fraction | None
    parts: tuple[Fraction, ...] = ()


def readable(text: str) -> str:
    """Straighten what stands in the way of reading numbers: typography, `½`, `²`, LaTeX escapes."""
    if text.isascii():
        return _ESCAPES.sub("", text) if "\\" in text or "{" in text else text
    text = _THIN_SPACE_IN_NUMBER.sub("", text)
    text = _NOT_ASCII.sub(_spelled, plain_typography(text))
    return _ESCAPES.sub("", text)


def closed_up(line: str) -> str:
    r"""A line that states one number, its sign and fraction closed up.

    `- 5` and `minus 5` become `-5`, `3 / 4` and `\frac{3}{4}` become `3/4`. Not for running text,
    where a dash before a number may be a bullet or a difference.
    """
    line = _LATEX_FRACTION.sub(
        lambda found: f"{'' if found['whole'] is None else ' '}{found[2]}/{found[3]}", line
    )
    return _SPACED_SIGN.sub(r"\g<before>-", _SPACED_FRACTION.sub("/", line))


def quantities(text: str) -> Iterator[Quantity]:
    """The numbers of a `readable` text, in order; linear in its length."""
    for match in _QUANTITY.finditer(text):
        value, parts = _value(match)
        yield Quantity(match.group(), match.start(), match.end(), value, parts)


def places_of_quantities(text: str) -> list[tuple[int, int]]:
    """Where the numbers of a `readable` text begin and end, in order; their values are not read."""
    return [match.span() for match in _QUANTITY.finditer(text)]


def numbers_in(text: str) -> frozenset[Fraction]:
    """Every number that stands in any text, parts of fractions and scaled numbers included."""
    found = list(quantities(readable(text)))
    whole = {item.value for item in found if item.value is not None}
    return frozenset(whole.union(*(item.parts for item in found)))


def lone_number(text: str) -> Quantity | None:
    """The number a text consists of, if there is nothing beside it but signs and a full stop."""
    line = readable(text).strip()
    if len(line) > 4 * MAX_DIGITS:
        return None
    line = closed_up(line)
    found = list(quantities(line))
    if len(found) != 1:
        return None
    rest = line[: found[0].start] + line[found[0].end :]
    return None if any(character.isalnum() for character in rest) else found[0]


def _value(match: re.Match[str]) -> tuple[Fraction | None, tuple[Fraction, ...]]:
    digits = [match[name] or "" for name in ("whole", "over", "under", "decimal")]
    power = match["power"] or "0"
    if sum(map(len, digits)) > MAX_DIGITS or len(power) > 4 or abs(int(power)) > MAX_DIGITS:
        return None, ()
    parts: tuple[Fraction, ...] = tuple(Fraction(text) for text in digits[:3] if text)
    if match["decimal"] is not None:
        shown = match["decimal"].replace(",", "")
        value = Fraction(int(shown)) if shown.isdecimal() else Fraction(shown)
        if power != "0":
            value *= Fraction(10) ** int(power)
    elif parts[-1] == 0:
        return None, ()
    else:
        value = sum(parts[:-2], Fraction(0)) + parts[-2] / parts[-1]
    if match["sign"]:
        value = -value
    if match["scale"]:
        return value * _MAGNITUDES[match["scale"].lower()], (*parts, value)
    return value, parts


def _spelled(match: re.Match[str]) -> str:
    """One character in plain ones: `½` as ` 1/2`, `²` as `^2`, others by NFKC."""
    character = match.group()
    kind, _, _ = unicodedata.decomposition(character).partition(" ")
    plain = unicodedata.normalize("NFKC", character)
    match kind:
        case "<fraction>":
            return " " + plain.replace("\u2044", "/")
        case "<super>":
            return f"^{plain}"
        case _:
            return plain
