"""CSV files, with the bytes their rows stand in."""

import csv
from collections.abc import Iterator
from typing import NamedTuple

from synth_assets.errors import SourceError
from synth_assets.resources.row_files.columns import shown
from synth_assets.resources.row_files.packed import utf8


class CsvRow(NamedTuple):
    """A row.

    Attributes:
        line: number of its last line.
        values: as many as there are columns.
        raw: its lines, to the byte.
    """

    line: int
    values: list[str]
    raw: bytes


class CsvTable:
    """A CSV file: a header, then rows that may run over several lines; empty lines are no rows.

    Attributes:
        names: columns in order; none if the file is empty.
        header: the lines of the header, to the byte.
    """

    def __init__(self, lines: Iterator[tuple[int, bytes]], where: str, most: int) -> None:
        """Read the header.

        Args:
            lines: with their numbers, ends and a byte order mark included.
            where: the file, for messages.
            most: characters that a value may have.

        Raises:
            SourceError: if a column stands twice, or it is not UTF-8.
            csv.Error: if quotes do not match or a value is too long.
        """
        self._where, self._most = where, most
        self._raw = list[bytes]()
        self._reader = csv.reader(self._texts(lines), strict=True)
        self.names = self._next() or []
        self.header = self._taken()
        if len(set(self.names)) != len(self.names):
            twice = next(name for name in self.names if self.names.count(name) > 1)
            raise SourceError(f"{where}: the column {shown(twice)} stands twice. Rename one.")

    def rows(self) -> Iterator[CsvRow]:
        """The rows behind the header.

        Raises:
            SourceError: if a row has more or fewer values than there are columns.
            csv.Error: as above.
        """
        while (values := self._next()) is not None:
            raw = self._taken()
            if values and len(values) != len(self.names):
                raise SourceError(
                    f"{self._where}: line {self._reader.line_num}: {len(values)} values for "
                    f"{len(self.names)} columns. Quote values with commas."
                )
            if values:
                yield CsvRow(self._reader.line_num, values, raw)

    def _next(self) -> list[str] | None:
        csv.field_size_limit(self._most)  # of the process: another reader may have set its own
        return next(self._reader, None)

    def _texts(self, lines: Iterator[tuple[int, bytes]]) -> Iterator[str]:
        for number, data in lines:
            self._raw.append(data)
            yield utf8(data, self._where, number)

    def _taken(self) -> bytes:
        raw = b"".join(self._raw)
        self._raw.clear()
        return raw
