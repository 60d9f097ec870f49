"""Frames at rest: Parquet that is there whole or not at all, on any fsspec file system."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import polars as pl

from synth_assets.errors import StorageError

if TYPE_CHECKING:
    from upath import UPath

FramePath: TypeAlias = "Path | UPath"


@dataclass(frozen=True)
class FrameParts:
    """A frame too large for memory: Parquet files of one schema, in order.

    Attributes:
        paths: local files.
        schema: of each of them.
    """

    paths: tuple[FramePath, ...]
    schema: pl.Schema

    def lazy(self) -> pl.LazyFrame:
        """All rows, read as they are needed."""
        if not self.paths:
            return pl.LazyFrame(schema=self.schema)
        places = [str(path) for path in self.paths]
        return pl.scan_parquet(places, glob=False, schema=self.schema)

    def frames(self) -> Iterator[pl.DataFrame]:
        """One frame after the other."""
        return (read_frame(path) for path in self.paths)


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


def write_parts(path: FramePath, parts: FrameParts) -> None:
    """Write parts as one frame, a piece at a time; see `write_frame`.

    What stands at `path` already, as its only part, is left alone.

    Raises:
        StorageError: if the disk is full or the place cannot be written.
    """
    if [str(part) for part in parts.paths] == [str(path)]:
        return
    if not _is_local(path):
        write_frame(path, parts.lazy().collect())
    else:
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            parts.lazy().sink_parquet(str(part), compression="zstd", maintain_order=True)
            part.rename(str(path))
        except (OSError, pl.exceptions.PolarsError) as exc:
            raise StorageError(
                f"{path}: cannot be written: {exc}. Free space or mend rights."
            ) from exc
        finally:
            part.unlink(missing_ok=True)


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
