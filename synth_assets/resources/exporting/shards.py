"""The files of one split: rows in, shards out.

Equal rows give equal bytes. What the bytes depend on besides: pyarrow, which packs, and writes its
version into Parquet; the JSON of Polars; and for gzip the zlib of Python.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import polars as pl
import pyarrow.parquet as pq

from synth_assets.core.config.mixtures import ExportSpec
from synth_assets.core.export.data_file import DataFile
from synth_assets.resources.row_files.arrow import table_of
from synth_assets.resources.row_files.inputs import Packing
from synth_assets.resources.row_files.packed import open_sink

Kind: TypeAlias = Literal["parquet", "jsonl"]
Compression: TypeAlias = Literal["none", "gzip", "zstd"]

_PACKINGS = {"none": Packing.NONE, "gzip": Packing.GZIP, "zstd": Packing.ZSTD}


class SplitFiles:
    """The files of one kind of one split; they have their names once it is closed.

    Args:
        folder: where they come to lie.
        split: train, validation or test.
        kind: what they are.
        spec: for compression and rows of a file.
    """

    def __init__(self, folder: Path, split: str, kind: Kind, spec: ExportSpec) -> None:
        self._folder, self._split, self._most = folder, split, spec.rows_per_file
        self._kind: Kind = kind
        self._compression: Compression = "none" if kind == "parquet" else spec.compression
        self._full = list[_Written]()
        self._open: _Shard | None = None
        self._rows = 0

    def write(self, rows: pl.DataFrame) -> None:
        """Take rows that are laid out.

        Raises:
            OSError: if the disk is full.
        """
        while not rows.is_empty():
            if self._open is None:
                self._open = self._opened()
            room = self._most - self._rows
            part, rows = rows[:room], rows[room:]
            self._open.write(part)
            self._rows += part.height
            if self._rows == self._most:
                self._end_shard()

    def close(self) -> tuple[DataFile, ...]:
        """End the files, and say which they are, in the order of their rows.

        Raises:
            OSError: if the disk is full.
        """
        self._end_shard()
        return tuple(self._named(number, each) for number, each in enumerate(self._full))

    def abandon(self) -> None:
        """Let go of the file that is open."""
        if self._open is not None:
            self._open.close()

    def _opened(self) -> "_Shard":
        path = self._folder / f"{self._split}.{self._kind}.{len(self._full)}"
        if self._kind == "parquet":
            return _ParquetShard(path)
        return _LinesShard(path, _PACKINGS[self._compression])

    def _end_shard(self) -> None:
        if self._open is not None:
            shard, self._open = self._open, None
            shard.close()
            self._full.append(_Written(shard.path, self._rows))
            self._rows = 0

    def _named(self, number: int, written: "_Written") -> DataFile:
        of = len(self._full)
        stem = self._split if of == 1 else f"{self._split}-{number:05}-of-{of:05}"
        name = f"{stem}.{self._kind}{_PACKINGS[self._compression]}"
        path = written.path.rename(self._folder / name)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return DataFile(
            path=name,
            split=self._split,
            kind=self._kind,
            compression=self._compression,
            rows=written.rows,
            bytes=path.stat().st_size,
            sha256=digest,
        )


@dataclass(frozen=True)
class _Written:
    """A file that is full."""

    path: Path
    rows: int


class _Shard(Protocol):
    """A file that takes rows."""

    @property
    def path(self) -> Path: ...

    def write(self, rows: pl.DataFrame, /) -> None: ...

    def close(self) -> None: ...


class _ParquetShard:
    """Parquet, a row group for each writing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer: pq.ParquetWriter | None = None

    def write(self, rows: pl.DataFrame, /) -> None:
        # Pages end where chunks do.
        table = table_of(rows.rechunk())
        if self._writer is None:
            # Without the schema of Arrow readers find strings and lists, not large ones.
            self._writer = pq.ParquetWriter(
                str(self.path), table.schema, compression="zstd", store_schema=False
            )
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


class _LinesShard:
    """JSON Lines."""

    def __init__(self, path: Path, packing: Packing) -> None:
        self.path = path
        self._closing = ExitStack()
        self._sink = self._closing.enter_context(open_sink(path, packing))

    def write(self, rows: pl.DataFrame, /) -> None:
        lines = BytesIO()
        rows.write_ndjson(lines)
        self._sink.write(lines.getvalue())

    def close(self) -> None:
        self._closing.close()
