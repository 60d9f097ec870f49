"""What is kept of the rows of files, as they stand there, in one file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from synth_assets.errors import ConfigurationError
from synth_assets.resources.row_files.agreement import RowTypes, agreed_header, agreed_types
from synth_assets.resources.row_files.arrow import (
    ARROW_ERROR,
    ArrowTable,
    fitted,
    frame_of,
    no_rows,
)
from synth_assets.resources.row_files.frame_text import frame_bytes
from synth_assets.resources.row_files.inputs import FileForm, FileKind, InputFile
from synth_assets.resources.row_files.kept_rows import Selection, kept_bytes, kept_tables
from synth_assets.resources.row_files.outputs import check_paths, written_whole
from synth_assets.resources.row_files.packed import open_sink
from synth_assets.resources.row_files.parquet_rows import ParquetRows
from synth_assets.resources.row_files.tables import open_rows_sink, output_form
from synth_assets.resources.row_files.text_rows import OnAdvance


@dataclass(frozen=True)
class OutputPlan:
    """How rows of files are to become one file.

    Attributes:
        files: whose rows they are.
        output: the file.
        form: what it becomes.
        types: of its columns, where rows become a table; none: they are written one by one.
        header: what stands before them.
    """

    files: tuple[InputFile, ...]
    output: Path
    form: FileForm
    types: RowTypes | None = None
    header: bytes = b""


@dataclass(frozen=True)
class KeptWritten:
    """What was written.

    Attributes:
        rows: how many.
        mended: in how many of them halves of surrogate pairs, which JSON can spell and no table
            hold, became U+FFFD.
    """

    rows: int
    mended: int


def plan_output(
    files: Sequence[InputFile], output: Path, on_advance: OnAdvance | None = None
) -> OutputPlan:
    """Find out whether rows of files can become one file, before work is spent on them.

    Any rows become JSONL. A Parquet or CSV file has columns: all files must have the same ones, in
    any order, of types that have one in common; the rows of all JSONL files together make up the
    columns of these, and are read for it. CSV to CSV needs the same order.

    Args:
        files: of any kinds.
        output: its ending says what it becomes: `.jsonl`, `.csv`, both perhaps compressed, or
            `.parquet`.
        on_advance: told how far the reading of JSONL files is.

    Raises:
        ConfigurationError: if the ending is unknown, the place is wrong, or the rows make no such
            table.
        SourceError: if a file cannot be read.
    """
    form = output_form(output)
    check_paths([output], [file.path for file in files])
    plan = OutputPlan(tuple(files), output, form)
    if form.kind is FileKind.JSONL:
        for file in files:
            _refuse_bytes(file, output)
        return plan
    if form.kind is FileKind.CSV and all(file.form.kind is FileKind.CSV for file in files):
        return replace(plan, header=agreed_header(files))
    types = agreed_types(files, output, on_advance)
    if form.kind is FileKind.CSV:
        frame_bytes(frame_of(no_rows(types.schema)), form.kind, output)
    return replace(plan, types=types)


def write_kept(
    plan: OutputPlan, kept: npt.NDArray[np.bool_], on_advance: OnAdvance | None = None
) -> KeptWritten:
    """Write the rows that are kept, in the order in which they stand in the files.

    JSONL to JSONL and CSV to CSV keep every row to the byte (a missing line end is added, a byte
    order mark before JSONL is left out, CSV has the header of the first file). Parquet to Parquet
    keeps the schema and what its writer noted down. From JSONL to a table, of a key that stands
    twice in a row the first value counts.

    Args:
        plan: what becomes of which files.
        kept: whether a row is, by its number.
        on_advance: told how far it is.

    Raises:
        SourceError: if a file is not what it was when it was found, or cannot be read.
        ConfigurationError: if a value does not fit its column.
        StorageError: if the disk is full or the place cannot be written.
    """
    selection = Selection(plan.files, kept, on_advance)
    with written_whole(plan.output) as part:
        if plan.types is None:
            with open_sink(part, plan.form.packing) as sink:
                sink.write(plan.header)
                for data in _texts(plan, selection):
                    sink.write(data)
        else:
            schema = plan.types.schema
            with open_rows_sink(part, plan.form, schema, plan.output) as tables:
                for table in _tables(plan, plan.types, selection):
                    tables.write(table)
    return KeptWritten(int(np.count_nonzero(kept)), selection.mended)


def _refuse_bytes(file: InputFile, output: Path) -> None:
    if file.form.kind is FileKind.PARQUET:
        with ParquetRows.opened(file) as source:
            schema = source.source.schema
        frame_bytes(frame_of(no_rows(schema)), FileKind.JSONL, output)


def _texts(plan: OutputPlan, selection: Selection) -> Iterator[bytes]:
    """Rows as they stand in JSONL, or in CSV where all files are CSV."""
    for file in selection.files():
        if file.form.kind is plan.form.kind:
            yield from kept_bytes(file, selection)
        else:
            for table in kept_tables(file, selection, None, checked=True):
                yield frame_bytes(frame_of(table), plan.form.kind, plan.output)


def _tables(plan: OutputPlan, types: RowTypes, selection: Selection) -> Iterator[ArrowTable]:
    """Rows in the types of the output."""
    for file in selection.files():
        try:
            checked = plan.form.kind is not FileKind.PARQUET
            for table in kept_tables(file, selection, types.json, checked=checked):
                yield fitted(table, types.schema)
        except (ARROW_ERROR, pl.exceptions.PolarsError, pl.exceptions.PanicException) as exc:
            raise ConfigurationError(
                f"{plan.output}: rows of {file.path} do not fit: {exc}. Write a .jsonl file, which "
                "keeps rows as they are."
            ) from exc
