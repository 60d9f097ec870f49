"""Frames as the text of JSONL and CSV files."""

from pathlib import Path

import polars as pl

from synth_assets.errors import ConfigurationError
from synth_assets.resources.row_files.inputs import FileKind


def frame_bytes(
    frame: pl.DataFrame, kind: FileKind, output: Path, *, header: bool = False
) -> bytes:
    """Rows as they stand in JSONL or CSV.

    Args:
        frame: the rows.
        kind: not Parquet.
        output: the file, for messages.
        header: whether CSV begins with the names of the columns.

    Raises:
        ConfigurationError: if such a file cannot hold a type.
    """
    if any(map(_holds_bytes, frame.dtypes)):
        # Polars panics on them.
        raise ConfigurationError(f"{output}: a column holds bytes, not text. Write .parquet.")
    try:
        if kind is FileKind.JSONL:
            return frame.write_ndjson().encode()
        return frame.write_csv(include_header=header).encode()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as exc:
        other = ".parquet" if kind is FileKind.JSONL else ".parquet or .jsonl"
        raise ConfigurationError(f"{output}: {exc}. Write {other}.") from exc


def _holds_bytes(kind: pl.DataType) -> bool:
    match kind:
        case pl.Binary():
            return True
        case pl.List(inner=inner) | pl.Array(inner=inner):
            return isinstance(inner, pl.DataType) and _holds_bytes(inner)
        case pl.Struct(fields=fields):
            return any(isinstance(f.dtype, pl.DataType) and _holds_bytes(f.dtype) for f in fields)
        case _:
            return False
