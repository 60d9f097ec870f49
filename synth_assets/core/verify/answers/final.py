r"""Final answers: where they stand in a response, and whether two of them are the same.

Plain numbers, which most answers are, are compared digit by digit without being read further, so
that neither their length nor their power of ten costs anything.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from synth_assets.core.verify.answers.equality import DIFFERENT, EQUAL, Comparer, Units
from synth_assets.core.verify.answers.expressions import Words
from synth_assets.core.verify.answers.grammar import read_answer
from synth_assets.core.verify.answers.notation import Unreadable
from synth_assets.core.verify.answers.units import unit_of
from synth_assets.core.verify.reading.quantities import places_of_quantities, readable
from synth_assets.core.verify.tools import Comparison, Sameness

_LINE_CHARACTERS = 2_000
_TAILS = (80, 300)
"""Characters at the end of a text that are looked at first."""

_BOX_OR_BRACE = re.compile(
    r"\\(?:boxed|fbox)(?![a-zA-Z])\s*(\{|[^\s{}$\\.,;]+)?|\\.|[{}]", re.DOTALL
)
_GAP = 40
_INK_BETWEEN = re.compile(r"\\q?quad|\\text|\\[()\[\]!,;: ]|[${}]")
_LISTING = frozenset({",", "and", "or", "&"})
_ANNOTATION = re.compile(r"<<[^<>\n]{1,400}>>")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\s*]+(?=[A-Z])|(?<=[.!?]\$)\s+(?=[A-Z])")
_AROUND = " \t\r\n*`:"
_BETWEEN_LISTED = re.compile(r"\s*(?:,\s*(?:or|and)?|or|and|&|/)\s*")
_UNIT_BEHIND = re.compile(r"\s?(?:\\?%|[a-zA-Z]{1,12}(?:\^\{?[23]\}?)?(?:/[a-zA-Z]{1,12})?(?!\w))")
_NO_UNITS_IN_PROSE = frozenset({"in", "a", "s"})
_CURRENCIES = "$\u20ac\u00a3\u00a5\u20b9"

_GREEK = "alpha|gamma|delta|epsilon|theta|kappa|lambda|sigma|omega|infty|infinity|upsilon"
_PROSE = re.compile(
    rf"\b(?!{_GREEK})[a-z]{{4,}}\s(?:(?!and\b|or\b|in\b|is\b|equals\b)[a-z]+\s){{0,8}}\$?\d",
    re.I | re.A,
)
"""A word before a number: with no list or relation between them, that is no answer."""

_PLAIN = re.compile(
    r"""
    (?P<sign> [-+]? ) (?>(?P<currency> \\?\$\ ? )?)
    (?= \.?\d ) (?P<whole> [1-9]\d{0,2}(?>(?:,\d{3})+) | \d*+ ) (?>(?: \.(?P<part>\d*+) )?)
    (?>(?: [eE](?P<power> [-+]?\d{1,60} ) )?) (?>(?P<percent> \ ?\\?% )?) \.?+
    """,
    re.VERBOSE | re.ASCII,
)


class Place(StrEnum):
    """Where the final answer stands."""

    BOXED = "boxed"
    """In the last `\\boxed{...}`, whatever is nested in it, with boxes listed beside it."""
    MARKER = "marker"
    """Behind the last marker, up to the end of its line or sentence."""
    LAST_NUMBER = "last_number"
    """The last number, with the numbers that are listed beside it."""
    WHOLE = "whole"
    """All of the text."""


@dataclass(frozen=True)
class FoundAnswers:
    """The answers of a text, in the order they stand in.

    Attributes:
        texts: may be empty.
        fault: why the last one does not count, such as a box that is not closed; else empty.
    """

    texts: tuple[str, ...]
    fault: str = ""

    @property
    def final(self) -> str | None:
        """The last answer, if there is one and nothing is wrong with it."""
        return self.texts[-1] if self.texts and not self.fault else None


def find_answers(text: str, place: Place, marker: str = "") -> FoundAnswers:
    """Look for answers; linear in the length of the text.

    Args:
        text: a response or a reference.
        place: where an answer stands.
        marker: for `Place.MARKER`; one that begins with a letter or digit is found at the start of
            a word only.
    """
    match place:
        case Place.BOXED:
            return _boxed(text)
        case Place.MARKER:
            return _marked(text, marker)
        case Place.LAST_NUMBER:
            return _last_number(text)
        case Place.WHOLE:
            whole = text.strip(_AROUND)
            return FoundAnswers((whole,) if whole else (), "" if whole else "it is empty")


def compare_answers(answer: str, reference: str, comparer: Comparer) -> Comparison:
    """Whether two answers are the same by the comparer's rules; symmetric."""
    plain = _compare_plain(answer, reference, comparer.rules.units)
    if plain is not None:
        return plain
    if _spaceless(answer) == _spaceless(reference) and any(map(str.isalnum, answer)):
        return EQUAL
    said = "answer"
    try:
        left = read_answer(answer)
        said = "reference"
        right = read_answer(reference)
    except Unreadable as fault:
        return Comparison(Sameness.UNDECIDED, f"the {said} is not read: {fault}")
    return comparer.compare(left, right)


def is_bare_answer(text: str) -> bool:
    """Whether a text is an answer as it stands, other than words, and no text that holds one."""
    if _PLAIN.fullmatch(text):
        return True
    if _PROSE.search(text) and "\\" not in text:
        # Reading would come to the same, and take ten times as long.
        return False
    try:
        return not isinstance(read_answer(text), Words)
    except Unreadable:
        return False


def _boxed(text: str) -> FoundAnswers:
    """All boxes that stand in no other; an outer one that is never closed counts as none."""
    opened: list[tuple[bool, int]] = []
    closed: list[tuple[int, int]] = []
    is_last_closed = True
    last = -1
    for match in _BOX_OR_BRACE.finditer(text):
        token = match.group()
        if token.startswith(("\\boxed", "\\fbox")):
            last, is_last_closed = match.end(), match[1] != "{"
            if match[1] == "{":
                opened.append((True, match.end()))
            elif match[1] is not None:
                closed.append((match.start(1), match.end()))
        elif token == "{":
            opened.append((False, match.end()))
        elif token == "}" and opened:
            is_box, start = opened.pop()
            if is_box:
                is_last_closed = is_last_closed or start == last
                while closed and closed[-1][0] >= start:
                    closed.pop()
                closed.append((start, match.start()))
    found = _listed_together(text, closed)
    if not found or not is_last_closed:
        return FoundAnswers((), "the last box is not closed" if last >= 0 else "no box")
    return FoundAnswers(tuple(found), "" if found[-1] else "the last box is empty")


def _listed_together(text: str, boxes: Sequence[tuple[int, int]]) -> list[str]:
    """The insides of boxes; boxes with `,`, `and` or `or` between them are one answer."""
    found: list[str] = []
    behind = -1
    for start, end in boxes:
        inside = text[start:end].strip()
        opening = text.rfind("\\", 0, start)
        gap = text[behind + 1 : opening] if behind >= 0 and opening - behind < _GAP else ""
        words = set(_INK_BETWEEN.sub(" ", gap).replace(",", " , ").split())
        if words and words <= _LISTING:
            found[-1] = f"{found[-1]}, {inside}"
        else:
            found.append(inside)
        behind = end
    return found


def _marked(text: str, marker: str) -> FoundAnswers:
    before = r"(?<!\w)" if marker[0].isalnum() else ""
    plain = _ANNOTATION.sub("", text)
    found: list[str] = []
    for match in re.finditer(before + re.escape(marker), plain):
        line = _first_line(plain[match.end() : match.end() + _LINE_CHARACTERS])
        boxes = _boxed(line)
        found.append(boxes.final or _SENTENCE_END.split(line, maxsplit=1)[0].strip(_AROUND))
    if not found:
        return FoundAnswers((), "no marker")
    return FoundAnswers(tuple(found), "" if found[-1] else "nothing behind the last marker")


def _first_line(text: str) -> str:
    line, _, _ = text.lstrip(_AROUND).partition("\n")
    return line


def _last_number(text: str) -> FoundAnswers:
    for size in _TAILS:
        if len(text) > size:
            _, _, tail = text[-size:].partition(" ")
            if found := _last_listed(tail, behind_another=True):
                return FoundAnswers((found,))
    found = _last_listed(text, behind_another=False)
    return FoundAnswers((found,) if found else (), "" if found else "no number")


def _last_listed(text: str, *, behind_another: bool) -> str:
    """The last number with those listed beside it; empty if there is none.

    With `behind_another` also if no other number stands before them, as the list may then have
    begun before the text.
    """
    plain = readable(_ANNOTATION.sub("", text))
    places = places_of_quantities(plain)
    first = len(places) - 1
    while first > 0 and _BETWEEN_LISTED.fullmatch(plain, places[first - 1][1], places[first][0]):
        first -= 1
    if first < behind_another:
        return ""
    start, end = places[first][0], places[-1][1]
    if start and plain[start - 1] in _CURRENCIES:
        start -= 1
    unit = _UNIT_BEHIND.match(plain, end)
    if unit is not None and unit.group().strip() not in _NO_UNITS_IN_PROSE:
        known = unit_of(unit.group().strip())
        end = unit.end() if known is not None and known.known else end
    return plain[start:end]


@dataclass(frozen=True, slots=True)
class _Plain:
    """A decimal number as digits without zeros at either end, times a power of ten."""

    negative: bool
    digits: str
    power: int
    currency: bool
    percent: bool


def _plain_number(text: str) -> _Plain | None:
    match = _PLAIN.fullmatch(text)
    if match is None:
        return None
    sign, currency, whole, part, power, percent = match.groups()
    decimals = part or ""
    digits = (whole.replace(",", "") + decimals).lstrip("0")
    bare = digits.rstrip("0")
    exponent = int(power or 0) - len(decimals) + len(digits) - len(bare)
    return _Plain(
        sign == "-" and bool(bare),
        bare,
        exponent if bare else 0,
        currency is not None,
        percent is not None,
    )


def _compare_plain(answer: str, reference: str, units: Units) -> Comparison | None:
    """Compare plain numbers; None where they are not plain, or their units take a closer look."""
    left, right = _plain_number(answer), _plain_number(reference)
    if left is None or right is None:
        return None
    if units is not Units.IGNORED:
        if left.percent != right.percent:
            return None
        if left.currency != right.currency and units is Units.REQUIRED:
            return DIFFERENT
    same = (left.negative, left.digits, left.power) == (right.negative, right.digits, right.power)
    return EQUAL if same else DIFFERENT


def _spaceless(text: str) -> str:
    return "".join(text.split())
