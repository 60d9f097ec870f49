"""Frames at rest: Parquet that is there whole or not at all, on any fsspec file system."""

import secrets
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import polars as pl

from synth_assets.errors import StorageError

if TYPE_CHECKING:
    from upath import UPath

FramePath: TypeAlias = "Path | UPath"


def write_frame(path: FramePath, frame: pl.DataFrame) -> int:
    """Write a frame to `path` and return its size in bytes.

    Local files are written beside the target and renamed; object stores get one put, which they
    make visible whole.

    Raises:
        StorageError: if the disk is full or the place cannot be written.
    """
    buffer = BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return write_bytes(path, buffer.getvalue())


def write_bytes(path: FramePath, data: bytes) -> int:
    """Write bytes whole or not at all; see `write_frame`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not _is_local(path):
            path.write_bytes(data)
            return len(data)
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        try:
            part.write_bytes(data)
            part.rename(str(path))
        finally:
            part.unlink(missing_ok=True)
    except OSError as exc:
        raise StorageError(f"{path}: cannot be written: {exc}. Free space or mend rights.") from exc
    return len(data)


def read_frame(path: FramePath) -> pl.DataFrame:
    """Read a frame whole.

    Raises:
        StorageError: if there is none at `path`, or it is no readable Parquet.
    """
    try:
        if _is_local(path):
            return pl.read_parquet(str(path), glob=False)
        return pl.read_parquet(BytesIO(path.read_bytes()))
    except FileNotFoundError as exc:
        raise StorageError(f"{path}: not there. Materialize what makes it first.") from exc
    except (pl.exceptions.PolarsError, OSError) as exc:
        raise StorageError(
            f"{path}: cannot be read as Parquet: {exc}. Delete it and materialize it again."
        ) from exc


def _is_local(path: FramePath) -> bool:
    return isinstance(path, Path) or getattr(path, "protocol", "") in ("", "file", "local")
