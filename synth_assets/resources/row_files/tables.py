"""Tables that are written some rows at a time."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import polars as pl

from synth_assets.errors import ConfigurationError
from synth_assets.resources.row_files.arrow import (
    ARROW_ERROR,
    ArrowSchema,
    ArrowTable,
    ParquetSink,
    frame_of,
    no_rows,
    table_of,
)
from synth_assets.resources.row_files.frame_text import frame_bytes
from synth_assets.resources.row_files.inputs import ENDINGS, FileForm, FileKind, form_of
from synth_assets.resources.row_files.outputs import written_whole
from synth_assets.resources.row_files.packed import ByteSink, open_sink


class ArrowSink(Protocol):
    """Takes rows of one schema."""

    def write(self, table: ArrowTable, /) -> None:
        """Take them."""
        ...


class TableWriter:
    """A table of which more rows come.

    Attributes:
        rows: written so far.
    """

    def __init__(self, sink: ArrowSink, schema: pl.Schema) -> None:
        self._sink, self._schema = sink, schema
        self.rows = 0

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows with the columns of the schema, in any order."""
        self._sink.write(table_of(frame.select(self._schema.names()).cast(self._schema)))
        self.rows += frame.height


@contextmanager
def open_table(output: Path, schema: pl.Schema) -> Generator[TableWriter]:
    """A table that is there once the block ends well, and else not at all.

    Args:
        output: its ending says what it becomes, see `output_form`.
        schema: of all frames.

    Raises:
        ConfigurationError: if the ending is unknown, or such a file cannot hold a type.
        StorageError: if the disk is full or the place cannot be written.
    """
    form = output_form(output)
    arrow = table_of(pl.DataFrame(schema=schema)).schema
    with written_whole(output) as part, open_rows_sink(part, form, arrow, output) as sink:
        yield TableWriter(sink, schema)


@contextmanager
def open_rows_sink(
    path: Path, form: FileForm, schema: ArrowSchema, output: Path
) -> Generator[ArrowSink]:
    """A file that takes rows of a schema.

    Args:
        path: of the file.
        form: what it becomes.
        schema: of the rows.
        output: how messages call it.

    Raises:
        ConfigurationError: if such a file cannot hold a type.
        OSError: if the disk is full or the place cannot be written.
    """
    if form.kind is FileKind.PARQUET:
        try:
            sink = ParquetSink(path, schema)
        except ARROW_ERROR as exc:
            raise ConfigurationError(f"{output}: {exc}. Write .jsonl.") from exc
        try:
            yield sink
        finally:
            sink.close()
    else:
        with open_sink(path, form.packing) as bytes_sink:
            yield _TextSink(bytes_sink, form.kind, schema, output)


class _TextSink:
    """Rows as JSONL or CSV."""

    def __init__(self, sink: ByteSink, kind: FileKind, schema: ArrowSchema, output: Path) -> None:
        self._sink, self._kind, self._output = sink, kind, output
        if kind is FileKind.CSV:
            sink.write(frame_bytes(frame_of(no_rows(schema)), kind, output, header=True))

    def write(self, table: ArrowTable) -> None:
        self._sink.write(frame_bytes(frame_of(table), self._kind, self._output))


def output_form(output: Path) -> FileForm:
    """What a file is to become.

    Raises:
        ConfigurationError: if its ending is unknown.
    """
    form = form_of(output)
    if form is None:
        raise ConfigurationError(f"{output}: unknown kind of file. Give one of {ENDINGS}.")
    return form
