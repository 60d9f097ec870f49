"""The columns that rows of several files have together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from synth_assets.errors import ConfigurationError
from synth_assets.resources.row_files.arrow import (
    ARROW_ERROR,
    ArrowSchema,
    one_schema,
    table_of,
)
from synth_assets.resources.row_files.columns import shown
from synth_assets.resources.row_files.csv_rows import CsvRows
from synth_assets.resources.row_files.inputs import FileKind, InputFile
from synth_assets.resources.row_files.jsonl_rows import JsonlRows
from synth_assets.resources.row_files.kept_rows import json_schema, whole_lines, with_line_end
from synth_assets.resources.row_files.parquet_rows import ParquetRows
from synth_assets.resources.row_files.text_rows import Advance, OnAdvance

_AS_LINES = "Write a .jsonl file, which keeps rows as they are."


@dataclass(frozen=True)
class RowTypes:
    """The columns of a table that holds the rows of all files.

    Attributes:
        schema: in the order of the first file.
        json: what rows of JSONL are read as; none if there are no such rows.
    """

    schema: ArrowSchema
    json: pl.Schema | None


@dataclass(frozen=True)
class _FileTypes:
    path: Path
    schema: ArrowSchema


def agreed_header(files: Sequence[InputFile]) -> bytes:
    """The header of CSV files, as it stands in the first that has one.

    Raises:
        ConfigurationError: if two have other columns, or in another order.
        SourceError: if a file cannot be read.
    """
    first: tuple[str, ...] | None = None
    header = b""
    for file in files:
        with CsvRows.opened(file) as source:
            names, raw = source.names(), source.table.header
        if names is None:
            continue
        if first is None:
            first, header = names, with_line_end(raw)
        elif names != first:
            raise ConfigurationError(
                f"{file.path}: has the columns {_told(names)}, and {files[0].path} has "
                f"{_told(first)}. {_AS_LINES}"
            )
    return header


def agreed_types(
    files: Sequence[InputFile], output: Path, on_advance: OnAdvance | None
) -> RowTypes:
    """The types of columns that hold the rows of all files.

    Rows of JSONL are read for it; a column that some of them lack is null in these.

    Raises:
        ConfigurationError: if the rows are no table, or files differ in their columns or types.
        SourceError: if a file cannot be read.
    """
    lines = [file for file in files if file.form.kind is FileKind.JSONL]
    json = _json_schema(lines, output, on_advance)
    try:
        found = [
            _FileTypes(file.path, schema)
            for file in files
            if (schema := _schema_of(file, json if file in lines[:1] else None)) is not None
        ]
        for each in found[1:]:
            _refuse_other_columns(found[0], each)
        none = table_of(pl.DataFrame()).schema
        return RowTypes(one_schema([each.schema for each in found]) if found else none, json)
    except ARROW_ERROR as exc:
        raise ConfigurationError(f"{output}: {exc}. {_AS_LINES}") from exc


def _schema_of(file: InputFile, json: pl.Schema | None) -> ArrowSchema | None:
    match file.form.kind:
        case FileKind.PARQUET:
            with ParquetRows.opened(file) as source:
                source.names()  # refuses one that stands twice
                return source.source.schema
        case FileKind.CSV:
            with CsvRows.opened(file) as source:
                names = source.names()
            schema = None if names is None else pl.Schema(dict.fromkeys(names, pl.String))
        case FileKind.JSONL:
            schema = json
            if json is not None:
                _refuse_large_numbers(json, file)
    return None if schema is None else table_of(pl.DataFrame(schema=schema)).schema


def _refuse_large_numbers(schema: pl.Schema, file: InputFile) -> None:
    for name, kind in schema.items():
        if "Int128" in str(kind):
            raise ConfigurationError(
                f"{file.path}: the column {shown(name)} has whole numbers of more than 64 bits. "
                f"{_AS_LINES}"
            )


def _json_schema(
    files: Sequence[InputFile], output: Path, on_advance: OnAdvance | None
) -> pl.Schema | None:
    schema: pl.Schema | None = None
    total, behind, rows = sum(file.stamp.size for file in files), 0, 0
    for file in files:
        with JsonlRows.opened(file) as source:
            for lines in source.line_pieces():
                rows += len(lines)
                schema = _wider(schema, _piece_schema(source, lines, file, output), output)
                if on_advance is not None:
                    on_advance(Advance(rows, behind + source.position, total))
        behind += file.stamp.size
    return schema


def _piece_schema(
    source: JsonlRows, lines: list[tuple[int, bytes]], file: InputFile, output: Path
) -> pl.Schema:
    try:
        return json_schema(whole_lines([line for _, line in lines]))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as exc:
        source.check(lines)
        raise ConfigurationError(
            f"{output}: lines {lines[0][0]} to {lines[-1][0]} of {file.path} are no table: {exc}. "
            f"{_AS_LINES}"
        ) from exc


def _wider(schema: pl.Schema | None, found: pl.Schema, output: Path) -> pl.Schema:
    if schema is None or schema == found:
        return found
    frames = [pl.DataFrame(schema=each) for each in (schema, found)]
    try:
        return pl.concat(frames, how="diagonal_relaxed").schema
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as exc:
        raise ConfigurationError(f"{output}: the rows are no table: {exc}. {_AS_LINES}") from exc


def _refuse_other_columns(first: _FileTypes, other: _FileTypes) -> None:
    lacks = [name for name in first.schema.names if name not in other.schema.names]
    more = [name for name in other.schema.names if name not in first.schema.names]
    if lacks or more:
        told = " and ".join(
            f"{verb} {_told(names)}" for verb, names in (("lacks", lacks), ("has", more)) if names
        )
        raise ConfigurationError(
            f"{other.path}: {told}, unlike {first.path}. Give files of the same columns, or write "
            "a .jsonl file, which keeps rows as they are."
        )


def _told(names: Sequence[str]) -> str:
    return ", ".join(map(shown, names[:20]))
