"""Rows of a CSV file, in bounded memory."""

import csv
import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Self, cast

from synth_assets.errors import SourceError
from synth_assets.resources.row_files.chats import chat_text
from synth_assets.resources.row_files.columns import TextColumns, shown
from synth_assets.resources.row_files.csv_tables import CsvRow, CsvTable
from synth_assets.resources.row_files.inputs import InputFile
from synth_assets.resources.row_files.packed import (
    ByteSource,
    byte_lines,
    damage_told,
    open_source,
    unreadable,
)
from synth_assets.resources.row_files.text_rows import (
    MAX_ROW_BYTES,
    TextRows,
    joined,
    nameless,
    pieces,
)
from synth_assets.resources.row_files.values import number_of


class CsvRows:
    """A CSV file with a header; empty lines are no rows.

    Attributes:
        table: its header and rows, as they stand there.
    """

    def __init__(self, file: InputFile, source: ByteSource) -> None:
        self._file, self._source = file, source
        where = str(file.path)
        self.table = CsvTable(byte_lines(source, where, MAX_ROW_BYTES), where, MAX_ROW_BYTES)

    @classmethod
    @contextmanager
    def opened(cls, file: InputFile) -> Generator[Self]:
        """Open the file and read its header.

        Raises:
            SourceError: also later, if it is damaged.
        """
        where = str(file.path)
        with damage_told(where), open_source(file.path, file.form.packing) as source:
            try:
                yield cls(file, source)
            except csv.Error as exc:
                raise unreadable(where, exc) from exc

    @property
    def position(self) -> int:
        """Bytes of the stored file taken so far."""
        return self._source.position

    def names(self) -> tuple[str, ...] | None:
        """Columns of the header; none of an empty file."""
        return tuple(self.table.names) or None

    def rows(self, columns: TextColumns) -> Iterator[TextRows]:
        """The rows, some at a time; a chat is the JSON of one, in any column of text.

        Raises:
            SourceError: if a row has more or fewer values than the header, naming it.
        """
        place = {name: at for at, name in enumerate(self.table.names)}
        texts = [place[name] for name in columns.texts]
        for rows in pieces(self.table.rows(), _length):
            ids = [] if columns.identity is None else self._ids(rows, place[columns.identity])
            numbers = [self._numbers(rows, place[name], name) for name in columns.numbers]
            told = [
                joined([self._text(row, at) for at in texts], columns.separator) for row in rows
            ]
            yield TextRows(told, ids, numbers)

    def _text(self, row: CsvRow, at: int) -> str:
        value = row.values[at]
        # Only what may be a chat is tried.
        if not value.startswith("[") or not value.endswith("]") or '"' not in value:
            return value
        try:
            told = chat_text(cast("object", json.loads(value)), self._where(row))
        except (ValueError, RecursionError, SourceError):
            return value
        return value if told is None else told

    def _numbers(self, rows: list[CsvRow], at: int, name: str) -> list[float]:
        try:
            return [float(row.values[at]) for row in rows]
        except ValueError:  # some are empty, or one is none
            column = shown(name)
            return [
                number_of(row.values[at], f"{self._where(row)}, column {column}") for row in rows
            ]

    def _ids(self, rows: list[CsvRow], at: int) -> list[str]:
        for row in rows:
            if not row.values[at]:
                raise nameless(self._where(row))
        return [row.values[at] for row in rows]

    def _where(self, row: CsvRow) -> str:
        return f"{self._file.path}: line {row.line}"


def _length(row: CsvRow) -> int:
    return len(row.raw)
