"""The rows of a file that are kept, read some at a time."""

import re
from collections.abc import Iterator, Sequence
from itertools import compress
from typing import assert_never

import numpy as np
import numpy.typing as npt
import polars as pl

from synth_assets.errors import SourceError
from synth_assets.resources.row_files.arrow import ArrowTable, rows_where, table_of
from synth_assets.resources.row_files.csv_rows import CsvRows
from synth_assets.resources.row_files.inputs import FileKind, InputFile
from synth_assets.resources.row_files.jsonl_rows import JsonlRows
from synth_assets.resources.row_files.parquet_rows import ParquetRows
from synth_assets.resources.row_files.text_rows import Advance, OnAdvance, pieces

# An escape at a time, so that `\\ud800`, a backslash and letters, is none of a surrogate.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)


class Selection:
    """Goes through the rows of files once, saying which are kept.

    Attributes:
        rows: gone through so far.
        mended: rows in which halves of surrogate pairs were replaced.
    """

    def __init__(
        self,
        files: Sequence[InputFile],
        kept: npt.NDArray[np.bool_],
        on_advance: OnAdvance | None,
    ) -> None:
        self._files, self._kept, self._on_advance = files, kept, on_advance
        self._behind = 0
        self._total = sum(file.stamp.size for file in files)
        self.rows = 0
        self.mended = 0

    def files(self) -> Iterator[InputFile]:
        """Each file; its rows are to be gone through before the next.

        Raises:
            SourceError: if a file is not what it was when it was found, or has other rows.
        """
        for file in self._files:
            file.check_unchanged()
            yield file
            file.check_unchanged()
            self._behind += file.stamp.size
        if self.rows != len(self._kept):
            raise self._other_rows("the files")
        self._tell(0)

    def of_next(self, rows: int, file: InputFile, position: int) -> npt.NDArray[np.bool_]:
        """Which of the next rows are kept.

        Args:
            rows: how many.
            file: where they stand.
            position: bytes of it that were read.

        Raises:
            SourceError: if there are more rows than there were.
        """
        mask = self._kept[self.rows : self.rows + rows]
        self.rows += rows
        if len(mask) < rows:
            raise self._other_rows(str(file.path))
        self._tell(position)
        return mask

    def _tell(self, position: int) -> None:
        if self._on_advance is not None:
            self._on_advance(Advance(self.rows, self._behind + position, self._total))

    def _other_rows(self, where: str) -> SourceError:
        there = "more" if self.rows > len(self._kept) else f"{self.rows:,}"
        return SourceError(
            f"{where}: {len(self._kept):,} rows were decided on, and there are {there}. Run again "
            "when nothing writes to them."
        )


def kept_bytes(file: InputFile, selection: Selection) -> Iterator[bytes]:
    """Rows of JSONL or CSV to the byte, each with a line end; of CSV without the header.

    Raises:
        SourceError: if the file is damaged or has other rows than it had.
    """
    if file.form.kind is FileKind.CSV:
        with CsvRows.opened(file) as source:
            for rows in pieces(source.table.rows(), lambda row: len(row.raw)):
                mask = selection.of_next(len(rows), file, source.position).tolist()
                yield b"".join(with_line_end(row.raw) for row in compress(rows, mask))
    else:
        with JsonlRows.opened(file) as source:
            for lines in source.line_pieces():
                mask = selection.of_next(len(lines), file, source.position).tolist()
                yield b"".join(with_line_end(line) for _, line in compress(lines, mask))


def kept_tables(
    file: InputFile, selection: Selection, types: pl.Schema | None, *, checked: bool
) -> Iterator[ArrowTable]:
    """Rows as tables; of CSV all columns are text, where nothing stands null.

    Args:
        file: of any kind.
        selection: says which rows.
        types: of JSONL; see `whole_lines` for what cannot be in a table.
        checked: whether to look through all texts of Parquet, as they become text.

    Raises:
        SourceError: if the file is damaged or has other rows than it had.
        PolarsError: if rows of JSONL do not fit the schema.
    """
    match file.form.kind:
        case FileKind.PARQUET:
            with ParquetRows.opened(file) as source:
                for table in source.tables():
                    mask = selection.of_next(table.num_rows, file, source.position)
                    if checked:
                        table.validate(full=True)
                    yield rows_where(table, mask)
        case FileKind.CSV:
            with CsvRows.opened(file) as source:
                for rows in pieces(source.table.rows(), lambda row: len(row.raw)):
                    mask = selection.of_next(len(rows), file, source.position).tolist()
                    values = [row.values for row in compress(rows, mask)]
                    yield table_of(csv_frame(source.table.names, values))
        case FileKind.JSONL:
            with JsonlRows.opened(file) as source:
                for lines in source.line_pieces():
                    mask = selection.of_next(len(lines), file, source.position).tolist()
                    kept = [line for _, line in compress(lines, mask)]
                    whole = whole_lines(kept)
                    selection.mended += sum(
                        one is not other for one, other in zip(kept, whole, strict=True)
                    )
                    if whole and types is not None:
                        yield table_of(json_frame(whole, types))
        case _:
            assert_never(file.form.kind)


def csv_frame(names: Sequence[str], rows: Sequence[Sequence[str]]) -> pl.DataFrame:
    """Rows of CSV as a frame of texts; CSV knows no other nothing than an empty one."""
    schema = dict.fromkeys(names, pl.String)
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(pl.all().replace("", None))


def json_schema(lines: Sequence[bytes]) -> pl.Schema:
    """The schema that all of some rows of JSONL have.

    Raises:
        PolarsError: if there is none.
    """
    return pl.scan_ndjson(_text(lines), infer_schema_length=None).collect_schema()


def json_frame(lines: Sequence[bytes], schema: pl.Schema) -> pl.DataFrame:
    """Rows of JSONL as a frame.

    Raises:
        PolarsError: if they do not fit the schema.
    """
    return pl.read_ndjson(_text(lines), schema=schema)


def _text(lines: Sequence[bytes]) -> bytes:
    return b"\n".join(line.rstrip(b"\r\n") for line in lines)


def whole_lines(lines: list[bytes]) -> list[bytes]:
    """Lines of JSONL with U+FFFD for halves of surrogate pairs, which no table can hold.

    Lines without any are the same objects. (Polars 2.1 reads a half as NUL.)
    """
    return [
        _ESCAPE.sub(_mended, line) if any(found[1] for found in _escapes(line)) else line
        for line in lines
    ]


def _escapes(line: bytes) -> Iterator[re.Match[bytes]]:
    return _ESCAPE.finditer(line) if b"\\ud" in line or b"\\uD" in line else iter(())


def _mended(found: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if found[1] else found[0]


def with_line_end(raw: bytes) -> bytes:
    """A row or header that another can follow."""
    return raw if raw.endswith(b"\n") else raw + b"\n"
