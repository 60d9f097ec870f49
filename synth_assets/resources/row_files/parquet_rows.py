"""Rows of a Parquet file, in bounded memory."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Self, cast

import polars as pl

from synth_assets.errors import SourceError
from synth_assets.resources.row_files.arrow import (
    ARROW_ERROR,
    ArrowTable,
    ParquetSource,
    values_of_column,
)
from synth_assets.resources.row_files.chats import chat_text
from synth_assets.resources.row_files.columns import TextColumns, shown
from synth_assets.resources.row_files.inputs import InputFile
from synth_assets.resources.row_files.packed import damage_told, unreadable
from synth_assets.resources.row_files.text_rows import TextRows, joined, nameless
from synth_assets.resources.row_files.values import any_text, number_of


class ParquetRows:
    """A Parquet file.

    Attributes:
        source: its schema and tables, as they stand there.
    """

    def __init__(self, file: InputFile, source: ParquetSource) -> None:
        self._file, self.source = file, source
        self._done = 0

    @classmethod
    @contextmanager
    def opened(cls, file: InputFile) -> Generator[Self]:
        """Open the file.

        Raises:
            SourceError: also later, if it is damaged.
        """
        where = str(file.path)
        with damage_told(where):
            try:
                with ParquetSource(file.path) as source:
                    yield cls(file, source)
            except (
                ARROW_ERROR,
                UnicodeDecodeError,
                pl.exceptions.PolarsError,
                pl.exceptions.PanicException,
            ) as exc:
                raise unreadable(where, exc) from exc

    @property
    def position(self) -> int:
        """Bytes of the stored file taken so far, about."""
        return self._file.stamp.size * self._done // max(self.source.rows, 1)

    def names(self) -> tuple[str, ...]:
        """Columns of the schema.

        Raises:
            SourceError: if one stands twice.
        """
        found = self.source.schema.names
        if len(set(found)) != len(found):
            twice = next(name for name in found if found.count(name) > 1)
            raise SourceError(
                f"{self._file.path}: the column {shown(twice)} stands twice. Rename one."
            )
        return tuple(found)

    def tables(self) -> Iterator[ArrowTable]:
        """All columns, some rows at a time."""
        for table in self.source.tables():
            self._done += table.num_rows
            yield table

    def rows(self, columns: TextColumns) -> Iterator[TextRows]:
        """The rows, some at a time.

        Raises:
            SourceError: if a text is not UTF-8, or a number none, naming column and row.
        """
        for table in self.source.tables(columns.names):
            parts = [self._texts(table, name) for name in columns.texts]
            ids = list[str]()
            if columns.identity is not None:
                ids = self._texts(table, columns.identity)
                if "" in ids:
                    raise nameless(f"{self._file.path}: row {self._done + ids.index('') + 1}")
            numbers = [self._numbers(table, name) for name in columns.numbers]
            yield TextRows(
                [joined(row, columns.separator) for row in zip(*parts, strict=True)], ids, numbers
            )
            self._done += table.num_rows

    def _texts(self, table: ArrowTable, name: str) -> list[str]:
        values = self._values(table, name)
        if all(isinstance(value, str) for value in values):
            return cast("list[str]", values)
        return [self._text(value, row, name) for row, value in enumerate(values, self._done + 1)]

    def _text(self, value: object, row: int, name: str) -> str:
        if value is None or isinstance(value, str):
            return value or ""
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        where = f"{self._file.path}: row {row}, column {shown(name)}"
        told = chat_text(value, where)
        return any_text(value, where) if told is None else told

    def _numbers(self, table: ArrowTable, name: str) -> list[float]:
        values = self._values(table, name)
        if all(isinstance(value, float) for value in values):
            return cast("list[float]", values)
        where = f"{self._file.path}: row"
        return [
            number_of(value, f"{where} {row}, column {shown(name)}")
            for row, value in enumerate(values, self._done + 1)
        ]

    def _values(self, table: ArrowTable, name: str) -> list[object]:
        try:
            return values_of_column(table, name)
        except UnicodeDecodeError as exc:
            raise SourceError(
                f"{self._file.path}: rows {self._done + 1} to {self._done + table.num_rows}, "
                f"column {shown(name)}: not UTF-8. Write the file anew."
            ) from exc
