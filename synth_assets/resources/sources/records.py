"""Rows of data files, checked one by one: every error names the file, the row and the mend."""

import csv
import json
import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import cast

import polars as pl

from synth_assets.errors import SourceError
from synth_assets.resources.row_files.columns import shown
from synth_assets.resources.row_files.csv_tables import CsvTable
from synth_assets.resources.row_files.inputs import Packing
from synth_assets.resources.row_files.packed import byte_lines, open_source, utf8

MAX_LINE_BYTES = 50_000_000
MAX_VALUE_BYTES = 10_000_000
ENDINGS = (".jsonl", ".jsonl.gz", ".csv", ".csv.gz", ".parquet")


@dataclass(frozen=True)
class Record:
    """One row as it stands in a file.

    Attributes:
        where: file and line or row, for messages.
        values: column -> value, unchecked.
        raw: the line of a JSONL file, without its end; empty for other files.
    """

    where: str
    values: Mapping[str, object]
    raw: str = ""

    def text(self, column: str) -> str:
        """The text in a column; numbers become text.

        Raises:
            SourceError: if the column is not there, or holds nothing, no text, half of a
                surrogate pair, or more than 10 MB.
        """
        if column not in self.values:
            found = ", ".join(shown(name) for name in list(self.values)[:20]) or "none"
            raise SourceError(
                f"{self.where}: there is no column {shown(column)}. Columns here: {found}. "
                "Mend the name, or the row."
            )
        where = f"{self.where}, column {shown(column)}"
        text = _as_text(self.values[column], where)
        if not text.strip():
            raise SourceError(f"{where}: is empty. Fill it in, or remove the row.")
        try:
            size = len(text.encode("utf-8"))
        except UnicodeEncodeError as exc:
            raise SourceError(
                f"{where}: half of a surrogate pair at character {exc.start}, which no UTF-8 file "
                "can hold. Replace that character."
            ) from exc
        if size > MAX_VALUE_BYTES:
            raise SourceError(
                f"{where}: {size:,} bytes; at most {MAX_VALUE_BYTES:,} are read. Cut the text into "
                "rows."
            )
        return text


def read_records(
    path: Path, label: str, columns: tuple[str, ...] | None = None
) -> Iterator[Record]:
    """Read a JSONL, CSV or Parquet file row by row; JSONL and CSV may be gzipped.

    Args:
        path: the file; its ending says what it is.
        label: who asks for it, as messages call it.
        columns: of Parquet files, read only these.

    Raises:
        SourceError: if the file is missing, has no rows, is of another kind or malformed.
    """
    where = f"{label}: {path}"
    if not path.name.endswith(ENDINGS):
        raise SourceError(f"{where}: unknown kind of file. Give one of {', '.join(ENDINGS)}.")
    count = 0
    try:
        if not path.is_file():
            raise SourceError(f"{where}: there is no such file. Put it there, or mend the path.")
        for record in _records(path, where, columns):
            count += 1
            yield record
    except (
        OSError,
        EOFError,
        zlib.error,
        pl.exceptions.PolarsError,
        pl.exceptions.PanicException,
        csv.Error,
    ) as exc:
        said = " ".join(str(exc).split())[:300]
        raise SourceError(
            f"{where}: cannot be read after {count} rows: {said}. Mend the file or get it again."
        ) from exc
    if count == 0:
        raise SourceError(f"{where}: has no rows. Put at least one there.")


def _records(path: Path, where: str, columns: tuple[str, ...] | None) -> Iterator[Record]:
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        return _json_records(path, where)
    if path.name.endswith((".csv", ".csv.gz")):
        return _csv_records(path, where)
    return _parquet_records(path, where, columns)


def _json_records(path: Path, where: str) -> Iterator[Record]:
    with open_source(path, _packing(path)) as source:
        for number, data in byte_lines(source, where, MAX_LINE_BYTES):
            line = utf8(data, where, number)
            if line.strip():
                at = f"{where}: line {number}"
                yield Record(at, json_object(line.strip(), at), line.rstrip("\r\n"))


def json_object(line: str, at: str, *, unique: bool = True) -> dict[str, object]:
    """A line of a JSONL file, numbers as they are written.

    Args:
        line: without white space around it.
        at: file and line, for messages.
        unique: whether to refuse a key that stands twice; else its last value counts.

    Raises:
        SourceError: if it is no JSON object, is nested too deeply, or has a key twice.
    """
    try:
        value = (_UNIQUE if unique else _ANY).decode(line)
    except json.JSONDecodeError as exc:
        raise SourceError(
            f"{at}, column {exc.colno}: not JSON: {exc.msg}. Write one JSON object a line."
        ) from exc
    except (_Refused, RecursionError) as exc:
        said = str(exc) if isinstance(exc, _Refused) else "nested too deeply"
        raise SourceError(f"{at}: {said}. Mend the line.") from exc
    if not isinstance(value, dict):
        raise SourceError(f"{at}: is no JSON object. Write {{...}} with a key for each column.")
    return cast("dict[str, object]", value)


def _csv_records(path: Path, where: str) -> Iterator[Record]:
    with open_source(path, _packing(path)) as source:
        lines = byte_lines(source, where, MAX_LINE_BYTES)
        table = CsvTable(lines, where, MAX_VALUE_BYTES)
        for row in table.rows():
            values = dict(zip(table.names, row.values, strict=True))
            yield Record(f"{where}: line {row.line}", values)


def _parquet_records(path: Path, where: str, columns: tuple[str, ...] | None) -> Iterator[Record]:
    present = list(pl.read_parquet_schema(path))
    wanted = [name for name in present if columns is None or name in columns]
    if columns is not None and set(columns) - set(wanted):
        wanted = present  # so that the message can name the columns found
    frame = pl.read_parquet(path, columns=wanted, glob=False)
    for number, row in enumerate(frame.iter_rows(named=True), start=1):
        yield Record(f"{where}: row {number}", row)


def _packing(path: Path) -> Packing:
    return Packing.GZIP if path.suffix == ".gz" else Packing.NONE


class _Refused(Exception):
    """JSON that Python reads and we do not."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Refused(f"the key {shown(twice)} stands twice")
    return values


def _refuse(constant: str) -> object:
    raise _Refused(f"{constant} is not JSON")


# Numbers stay as they are written: 1.50 is not 1.5 to a reader, nor 10^5000 too large.
_ANY = json.JSONDecoder(parse_constant=_refuse, parse_int=str, parse_float=str)
_UNIQUE = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse, parse_int=str, parse_float=str
)


def _as_text(value: object, where: str) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            said = "true or false"
        case int() | Decimal():
            return str(value)
        case float() if math.isfinite(value):
            return str(value)
        case float():
            said = str(value)
        case _:
            said = f"of type {type(value).__name__}"
    raise SourceError(f"{where}: is {said}, not text. Put text there.")
