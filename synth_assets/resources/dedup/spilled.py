"""Sketches of more rows than memory holds: appended to files, read back by mapping them."""

import os
import tempfile
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Literal

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.join import Int64s
from synth_assets.core.dedup.shingling import Shingles
from synth_assets.core.dedup.sketch import DedupRule, Sketches
from synth_assets.errors import StorageError

_BUFFER_BYTES = 256 << 10
_IN_MEMORY_BYTES = 256 << 20
_BLOCK_HASHES = 4 << 20


class SpilledSketches:
    """A `join.SketchStore` in a folder of its own, which is gone when it is closed.

    Write first, then read. About 8 bytes a shingle and 16 + 8 a band go to disk for each row; in
    memory are the files' pages that are in use.
    """

    def __init__(self, rule: DedupRule, folder: Path | None = None) -> None:
        """Begin with no rows.

        Args:
            rule: that the sketches are made by.
            folder: where to make the folder; with none, where temporary files go.

        Raises:
            StorageError: if no folder can be made.
        """
        self._rule = rule
        self._open = ExitStack()
        try:
            made = tempfile.TemporaryDirectory(prefix="synth-dedup-", dir=folder)
        except OSError as exc:
            raise StorageError(f"{folder}: no folder can be made for sketches: {exc}.") from exc
        self._folder = Path(self._open.enter_context(made))
        names = ["exact", "lengths", "shingles", *map(_band, range(self.bands))]
        self._files = {
            name: self._open.enter_context(
                (self._folder / name).open("wb", buffering=_BUFFER_BYTES)
            )
            for name in names
        }
        self._rows = 0

    def __enter__(self) -> "SpilledSketches":
        """Do nothing."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the folder."""
        self._open.close()

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self._rows

    def append(self, sketches: Sketches) -> None:
        """Add the rows of some sketches behind those there are.

        Raises:
            StorageError: if the disk is full.
        """
        keys = self._rule.keys(sketches.signatures)
        lengths = np.diff(sketches.shingles.offsets)
        parts = {_band(band): keys[band] for band in range(self.bands)}
        parts |= {"exact": sketches.exact, "lengths": lengths, "shingles": sketches.shingles.hashes}
        try:
            for name, values in parts.items():
                self._files[name].write(np.ascontiguousarray(values).data)
        except OSError as exc:
            raise StorageError(
                f"{self._folder}: sketches cannot be written: {exc}. Make room there, or name "
                "another folder for temporary files with TMPDIR."
            ) from exc
        self._rows += len(lengths)

    @property
    def exact(self) -> npt.NDArray[np.uint64]:
        """See `Sketches.exact`."""
        return self._mapped("exact").view(np.uint64).reshape(-1, 2)

    @property
    def bands(self) -> int:
        """How many bands a signature has."""
        return self._rule.banding.bands

    def band(self, band: int) -> npt.NDArray[np.uint64]:
        """The keys of one band, by row."""
        return self._mapped(_band(band)).view(np.uint64)

    @cached_property
    def _offsets(self) -> Int64s:
        lengths = self._mapped("lengths").view(np.int64)
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])

    def few(self, rows: Int64s) -> Shingles:
        """As `shingles`, quicker for a few rows that stand far from each other."""
        self._files["shingles"].flush()
        begins = (self._offsets[rows] * 8).tolist()
        sizes = ((self._offsets[rows + 1] - self._offsets[rows]) * 8).tolist()
        with (self._folder / "shingles").open("rb", buffering=0) as file:
            read = [os.pread(file.fileno(), *each) for each in zip(sizes, begins, strict=True)]
        offsets = np.cumsum([0, *sizes]) // 8
        return Shingles(np.frombuffer(b"".join(read), np.uint64).copy(), offsets)

    def shingles(self, rows: Int64s) -> Shingles:
        """A copy of the shingles of some rows, in the order asked; a large one is on disk, too."""
        lengths: Int64s = self._offsets[rows + 1] - self._offsets[rows]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        copied = self._room(int(offsets[-1]))
        by_row = np.argsort(rows)
        done = 0
        while done < len(rows):
            # What is read at once, instead of mapped, does not fill memory with the whole file.
            first = int(rows[by_row[done]])
            limit = self._offsets[first] + _BLOCK_HASHES
            last = max(_place_of(self._offsets, limit, "right") - 1, first + 1)
            upto = done + _place_of(rows[by_row[done:]], last, "left")
            self._place(first, last, rows, by_row[done:upto], offsets, copied)
            done = upto
        return Shingles(copied, offsets)

    def _place(
        self,
        first: int,
        last: int,
        rows: Int64s,
        chosen: Int64s,
        offsets: Int64s,
        copied: npt.NDArray[np.uint64],
    ) -> None:
        """Read the shingles of the rows from first to last, and put those of the chosen away."""
        from synth_assets.core.dedup.kernels.texts import place_runs

        self._files["shingles"].flush()
        begin, end = int(self._offsets[first]), int(self._offsets[last])
        path = self._folder / "shingles"
        read = np.fromfile(path, np.uint64, end - begin, offset=begin * 8)
        place_runs(
            read, self._offsets[rows[chosen]] - begin, offsets[chosen], offsets[chosen + 1], copied
        )

    def _room(self, count: int) -> npt.NDArray[np.uint64]:
        if count * 8 <= _IN_MEMORY_BYTES:
            return np.empty(count, np.uint64)
        path = self._folder / "copied"
        return np.asarray(np.memmap(path, np.uint64, mode="w+", shape=count))

    def _mapped(self, name: str) -> npt.NDArray[np.uint8]:
        self._files[name].flush()
        path = self._folder / name
        # An empty file cannot be mapped.
        mapped = path.stat().st_size > 0
        return np.asarray(np.memmap(path, np.uint8, mode="r")) if mapped else np.empty(0, np.uint8)


def _place_of(ordered: Int64s, value: int, side: Literal["left", "right"]) -> int:
    return int(np.searchsorted(ordered, value, side))  # pyright: ignore[reportUnknownArgumentType]


def _band(band: int) -> str:
    return f"band-{band}"
