"""All data files of an export: rows of any split in, files of each kind out."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl

from synth_assets.core.config.mixtures import ExportSpec
from synth_assets.core.export.data_file import DataFile
from synth_assets.resources.exporting.shards import SplitFiles

_SPLITS = ("train", "validation", "test")


class DataFiles:
    """Writes rows that are laid out; kinds of files side by side.

    Args:
        folder: an empty one.
        spec: which files.
    """

    def __init__(self, folder: Path, spec: ExportSpec) -> None:
        self._folder, self._spec = folder, spec
        self._writers = dict[str, tuple[SplitFiles, ...]]()
        self._pool = ThreadPoolExecutor(len(spec.files))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None
    ) -> None:
        self._pool.shutdown()
        for files in self._all():
            files.abandon()

    def write(self, split: str, rows: pl.DataFrame) -> None:
        """Take rows of a split.

        Raises:
            OSError: if the disk is full.
        """
        if split not in self._writers:
            self._writers[split] = tuple(
                SplitFiles(self._folder, split, kind, self._spec)
                for kind in sorted(set(self._spec.files), reverse=True)
            )
        writing = [self._pool.submit(files.write, rows) for files in self._writers[split]]
        for each in writing:
            each.result()

    def close(self) -> tuple[DataFile, ...]:
        """End the files, and say which they are: split by split, Parquet first.

        Raises:
            OSError: if the disk is full.
        """
        return tuple(file for files in self._all() for file in files.close())

    def _all(self) -> list[SplitFiles]:
        return [files for split in _SPLITS for files in self._writers.get(split, ())]
