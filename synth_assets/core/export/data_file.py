"""What is known of exported files, for those that describe them."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from synth_assets.core.config.mixtures import Format


@dataclass(frozen=True)
class DataFile:
    """A file of exported rows, as it was written.

    Attributes:
        path: relative to the export's folder, with forward slashes.
        split: train, validation or test.
        kind: how rows are laid out in it.
        compression: of JSON Lines; `none` for Parquet, which compresses by itself.
        rows: how many it holds.
        bytes: its size.
        sha256: of its content, in hex.
    """

    path: str
    split: str
    kind: Literal["parquet", "jsonl"]
    compression: Literal["none", "gzip", "zstd"]
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class WrittenRows:
    """Rows as they were exported.

    Attributes:
        layout: of a row, by the name of its format.
        files: split by split, Parquet first.
        columns: of the rows in them.
        lengths: columns of `LENGTH_SCHEMA`; no rows where tokens were not counted.
        tokenizer: what counted them; empty where nothing did.
    """

    layout: Format
    files: tuple[DataFile, ...]
    columns: pl.Schema
    lengths: pl.DataFrame
    tokenizer: str = ""

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(file.bytes for file in self.files)
