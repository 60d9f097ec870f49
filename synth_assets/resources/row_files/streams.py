"""Rows of many files, one chunk after the other: files may be larger than memory.

Memory holds a chunk or two (`MAX_CHUNK_CHARACTERS`), the longest row about four times over, and of
a Parquet file about 100 MB, or twice its largest page (1 MB as a rule; pyarrow writes up to
1,024 rows in one). Measured above an empty stream: 13 MB for 10 GB of JSONL, 190 MB for
rows of 50 MB, 100 MB for one row group of 1.5 million rows.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, assert_never

import numpy as np
import numpy.typing as npt

from synth_assets.errors import SourceError
from synth_assets.resources.row_files.columns import TextColumns, find_text_columns
from synth_assets.resources.row_files.csv_rows import CsvRows
from synth_assets.resources.row_files.inputs import FileKind, InputFile
from synth_assets.resources.row_files.jsonl_rows import JsonlRows
from synth_assets.resources.row_files.text_rows import Advance, OnAdvance, TextRows

if TYPE_CHECKING:
    from synth_assets.resources.row_files.parquet_rows import ParquetRows

CHUNK_ROWS = 8_192
MAX_CHUNK_CHARACTERS = 32_000_000

AnyRows: TypeAlias = "JsonlRows | CsvRows | ParquetRows"


@dataclass(frozen=True)
class Chunk:
    """Rows that follow on each other.

    Attributes:
        first_row: number of the first; rows are counted from 0 through all files.
        texts: one a row. Null and missing are empty; a chat is what is said in it, a turn a line;
            lists and objects are JSON, numbers as they are written. Halves of surrogate pairs that
            JSON spells out are in them, so `str.encode` may fail.
        ids: one a row; none if no column names rows.
        numbers: column -> one a row, nan where there is none.
    """

    first_row: int
    texts: list[str]
    ids: list[str]
    numbers: Mapping[str, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class RowPlace:
    """Where a row stands.

    Attributes:
        path: its file.
        row: its number in the file, from 1.
    """

    path: Path
    row: int


class RowStream:
    """The rows of files, read anew each time somebody asks for chunks.

    Attributes:
        files: in the order in which rows are counted.
        said: what the user said of columns.
    """

    def __init__(self, files: Sequence[InputFile], said: TextColumns | None = None) -> None:
        self.files = tuple(files)
        self.said = TextColumns() if said is None else said
        self._starts = [0]

    @cached_property
    def columns(self) -> tuple[TextColumns, ...]:
        """What is read of each file; none of a file without rows.

        A column counts as there if one of the first 1,000 rows of a JSONL file has it.

        Raises:
            SourceError: if a file cannot be read.
            ConfigurationError: if a column is not there, or none is known to hold text.
        """
        return tuple(map(self._columns_of, self.files))

    @property
    def bytes_total(self) -> int:
        """Of all files as they are stored."""
        return sum(file.stamp.size for file in self.files)

    def chunks(
        self, rows: int = CHUNK_ROWS, on_advance: OnAdvance | None = None
    ) -> Iterator[Chunk]:
        """All rows in order.

        Args:
            rows: of a chunk; fewer where texts are long, and in the last.
            on_advance: told after each chunk, and at the end, how far it is.

        Raises:
            SourceError: if there are no rows, a row is malformed, or a file is not what it was
                when it was found, naming file and place.
            ConfigurationError: see `columns`.
        """
        starts = [0]
        held = _Held(self.said.numbers)
        behind = 0
        for file, columns in zip(self.files, self.columns, strict=True):
            file.check_unchanged()
            with open_rows(file) as source:
                for some in source.rows(columns):
                    for chunk in held.take(some, rows):
                        yield chunk
                        self._tell(on_advance, held.first_row, behind + source.position)
            starts.append(held.rows)
            file.check_unchanged()
            behind += file.stamp.size
        self._starts = starts
        if held.texts:
            yield held.chunk(rows)
        if not held.rows:
            raise SourceError(f"{_named(self.files)}: no rows. Name files that have some.")
        self._tell(on_advance, held.rows, behind)

    def place(self, row: int) -> RowPlace:
        """Where a row stands.

        Args:
            row: a number, of rows that were read: chunks are gone through to the end.

        Raises:
            IndexError: if there is no such row.
        """
        at = bisect_right(self._starts, row) - 1
        if not 0 <= at < len(self._starts) - 1:
            raise IndexError(row)
        return RowPlace(self.files[at].path, row - self._starts[at] + 1)

    def _columns_of(self, file: InputFile) -> TextColumns:
        file.check_unchanged()
        with open_rows(file) as source:
            names = source.names()
        if names is None:
            return TextColumns()
        return find_text_columns(names, self.said, str(file.path))

    def _tell(self, on_advance: OnAdvance | None, rows: int, done: int) -> None:
        if on_advance is not None:
            on_advance(Advance(rows, done, self.bytes_total))


def open_rows(file: InputFile) -> AbstractContextManager[AnyRows]:
    """Open a file of any kind.

    Raises:
        SourceError: also later, if it is damaged.
    """
    match file.form.kind:
        case FileKind.JSONL:
            return JsonlRows.opened(file)
        case FileKind.CSV:
            return CsvRows.opened(file)
        case FileKind.PARQUET:
            from synth_assets.resources.row_files.parquet_rows import ParquetRows

            return ParquetRows.opened(file)
        case _:
            assert_never(file.form.kind)


class _Held:
    """Rows on their way into chunks."""

    def __init__(self, numbers: Sequence[str]) -> None:
        self._names = numbers
        self.first_row = 0
        self.texts = list[str]()
        self._ids = list[str]()
        self._numbers = [list[float]() for _ in numbers]
        self._characters = 0

    @property
    def rows(self) -> int:
        """How many there were so far."""
        return self.first_row + len(self.texts)

    def take(self, some: TextRows, rows: int) -> Iterator[Chunk]:
        """Take rows, and give chunks of so many rows, or of long ones, as they are full."""
        self.texts += some.texts
        self._ids += some.ids
        for held, more in zip(self._numbers, some.numbers, strict=True):
            held += more
        self._characters += sum(map(len, some.texts))
        while len(self.texts) >= rows or self._characters >= MAX_CHUNK_CHARACTERS:
            yield self.chunk(rows)

    def chunk(self, rows: int) -> Chunk:
        """The first rows that are held, which are let go of."""
        numbers = {
            name: np.array(held[:rows], np.float64)
            for name, held in zip(self._names, self._numbers, strict=True)
        }
        made = Chunk(self.first_row, self.texts[:rows], self._ids[:rows], numbers)
        self.first_row += len(made.texts)
        self.texts, self._ids = self.texts[rows:], self._ids[rows:]
        self._numbers = [held[rows:] for held in self._numbers]
        self._characters = sum(map(len, self.texts))
        return made


def _named(files: Sequence[InputFile]) -> str:
    names = ", ".join(str(file.path) for file in files[:3])
    return f"{names} and {len(files) - 3:,} more" if len(files) > 3 else names
