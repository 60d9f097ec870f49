"""Two texts beside each other in a terminal, equal stretches cut short."""

import textwrap
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

_COLUMN = 52
_WORDS = 1000
_EDGE = 8
_TELLING = 5
_ROWS = 24
_GAP = "   "


def side_by_side(left: str, right: str, titles: tuple[str, str]) -> Iterator[str]:
    """Lay two texts out in two columns, so that what differs stands on one height.

    Of equal stretches only the first and last words are shown, of either text the first 1,000
    words, of all that 24 lines. White space and what does not print show as spaces.

    Args:
        left: the one.
        right: the other.
        titles: above them.
    """
    rows = [_row(*titles), _row("-" * _COLUMN, "-" * _COLUMN)]
    for ours, theirs in _stretches(_words(left), _words(right)):
        rows += [_row(*pair) for pair in zip_longest(_lines(ours), _lines(theirs), fillvalue="")]
    yield from rows[:_ROWS]
    if len(rows) > _ROWS:
        yield f"({len(rows) - _ROWS} more lines)"


def _stretches(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Stretches that are equal or differ, in turn, as they are shown.

    A few equal words between others that differ count as differing.
    """
    matched = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    blocks = [block for block in matched if block.size >= _TELLING]
    at, other_at = 0, 0
    for begin, other_begin, size in [*blocks, (len(ours), len(theirs), 0)]:
        yield " ".join(ours[at:begin]), " ".join(theirs[other_at:other_begin])
        at, other_at = begin + size, other_begin + size
        same = ours[begin:at]
        if size > 2 * _EDGE + 1:
            same = [*same[:_EDGE], "…", *same[-_EDGE:]]
        yield " ".join(same), " ".join(same)


def _words(text: str) -> list[str]:
    words = "".join(c if c.isprintable() else " " for c in text).split()
    return words if len(words) <= _WORDS else [*words[:_WORDS], "…"]


def _lines(text: str) -> list[str]:
    return textwrap.wrap(text, _COLUMN)


def _row(left: str, right: str) -> str:
    return f"{left:<{_COLUMN}}{_GAP}{right}".rstrip()
