"""Rows as they are compared: a text, perhaps a name and numbers."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from synth_assets.errors import SourceError

MAX_ROW_BYTES = 256_000_000
"""Of a line of JSONL or CSV, and characters of a value of CSV."""

NAMES_SEEN_IN = 1_000
"""A JSONL file has the columns that its first so many rows have."""

_PIECE_ROWS = 1_024
_PIECE_BYTES = 1_000_000

Row = TypeVar("Row")


@dataclass(frozen=True)
class TextRows:
    """Some rows that follow on each other.

    Attributes:
        texts: one a row; halves of surrogate pairs, which JSON can spell, are in them.
        ids: one a row; none where no column names rows.
        numbers: one a row for each column of numbers, nan where there is none.
    """

    texts: list[str]
    ids: list[str]
    numbers: list[list[float]]


@dataclass(frozen=True)
class Advance:
    """How far files are read.

    Attributes:
        rows: read so far.
        bytes_done: of the files as they are stored.
        bytes_total: of all that are to be read.
    """

    rows: int
    bytes_done: int
    bytes_total: int

    @property
    def share(self) -> float:
        """In 0..1, at the end 1."""
        return min(self.bytes_done / self.bytes_total, 1.0) if self.bytes_total else 1.0


OnAdvance: TypeAlias = Callable[[Advance], None]


def pieces(rows: Iterator[Row], size: Callable[[Row], int]) -> Iterator[list[Row]]:
    """Some rows at a time: up to 1,024, fewer of long ones.

    Args:
        rows: any.
        size: of one, in bytes or characters.
    """
    held, held_size = list[Row](), 0
    for row in rows:
        held.append(row)
        held_size += size(row)
        if len(held) == _PIECE_ROWS or held_size > _PIECE_BYTES:
            yield held
            held, held_size = list[Row](), 0
    if held:
        yield held


def joined(texts: Iterable[str | None], separator: str) -> str:
    """Texts of the columns of a row as one; what is empty is left out."""
    return separator.join(filter(None, texts))


def nameless(where: str) -> SourceError:
    """What is told of a row without a name."""
    return SourceError(
        f"{where}: has nothing in the column that names rows. Fill it in, or name rows by their "
        "number."
    )
