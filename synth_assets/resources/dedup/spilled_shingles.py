"""Runs of words of more rows than memory holds: appended to files, read back a few at a time."""

import os
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.join import Int64s
from synth_assets.core.dedup.shingling import Shingles
from synth_assets.resources.dedup.scratch import Scratch

_IN_MEMORY_BYTES = 256 << 20
_BLOCK_HASHES = 4 << 20


class SpilledShingles:
    """Shingles of rows, on disk: about 8 bytes each, and 8 a row. Write first, then read."""

    def __init__(self, scratch: Scratch) -> None:
        """Begin with no rows.

        Args:
            scratch: where they are put.
        """
        self._scratch = scratch

    def append(self, shingles: Shingles) -> None:
        """Add the shingles of rows behind those there are.

        Raises:
            StorageError: if the disk is full.
        """
        self._scratch.append("lengths", np.diff(shingles.offsets))
        self._scratch.append("shingles", shingles.hashes)

    @cached_property
    def _offsets(self) -> Int64s:
        lengths = self._scratch.mapped("lengths").view(np.int64)
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])

    def few(self, rows: Int64s) -> Shingles:
        """As `shingles`, quicker for a few rows that stand far from each other."""
        begins = (self._offsets[rows] * 8).tolist()
        sizes = ((self._offsets[rows + 1] - self._offsets[rows]) * 8).tolist()
        with self._scratch.path("shingles").open("rb", buffering=0) as file:
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

        begin, end = int(self._offsets[first]), int(self._offsets[last])
        path = self._scratch.path("shingles")
        read = np.fromfile(path, np.uint64, end - begin, offset=begin * 8)
        place_runs(
            read, self._offsets[rows[chosen]] - begin, offsets[chosen], offsets[chosen + 1], copied
        )

    def _room(self, count: int) -> npt.NDArray[np.uint64]:
        if count * 8 <= _IN_MEMORY_BYTES:
            return np.empty(count, np.uint64)
        path = self._scratch.folder / "copied"
        return np.asarray(np.memmap(path, np.uint64, mode="w+", shape=count))


def _place_of(ordered: Int64s, value: int, side: Literal["left", "right"]) -> int:
    return int(np.searchsorted(ordered, value, side))  # pyright: ignore[reportUnknownArgumentType]
