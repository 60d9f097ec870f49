"""Files of rows in every kind and packing, and what a stream reads of them."""

import bz2
import gzip
import json
import lzma
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from synth_assets.resources.row_files.columns import TextColumns
from synth_assets.resources.row_files.filtered import KeptWritten, plan_output, write_kept
from synth_assets.resources.row_files.inputs import find_inputs
from synth_assets.resources.row_files.streams import RowStream

PACKINGS = ("", ".gz", ".zst", ".bz2", ".xz")


def zstd(data: bytes) -> bytes:
    stored = pa.BufferOutputStream()
    with pa.CompressedOutputStream(stored, "zstd") as packing:
        packing.write(data)
    return stored.getvalue().to_pybytes()


def packed(data: bytes, ending: str) -> bytes:
    match ending:
        case ".gz":
            return gzip.compress(data)
        case ".zst":
            return zstd(data)
        case ".bz2":
            return bz2.compress(data)
        case ".xz":
            return lzma.compress(data)
        case _:
            return data


def unpacked(data: bytes, ending: str) -> bytes:
    match ending:
        case ".gz":
            return gzip.decompress(data)
        case ".zst":
            return pa.CompressedInputStream(BytesIO(data), "zstd").read()
        case ".bz2":
            return bz2.decompress(data)
        case ".xz":
            return lzma.decompress(data)
        case _:
            return data


def jsonl(*rows: object) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def stream(*paths: Path, said: TextColumns | None = None) -> RowStream:
    return RowStream(find_inputs([str(path) for path in paths]), said)


def texts(*paths: Path, columns: Sequence[str] = (), rows: int = 8_192) -> list[str]:
    found = stream(*paths, said=TextColumns(tuple(columns)))
    return [text for chunk in found.chunks(rows) for text in chunk.texts]


def keep(paths: Sequence[Path], output: Path, kept: Sequence[bool]) -> KeptWritten:
    files = find_inputs([str(path) for path in paths])
    return write_kept(plan_output(files, output), np.array(kept, bool))


def table(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path, glob=False)
