"""Rows gathered into groups whose ends do not depend on how they came in."""

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

GROUP_ROWS = 16_384
GROUP_BYTES = 16 << 20

_Sizes: TypeAlias = npt.NDArray[np.int64]

_TEXTS = ("context", "prompt", "response", "history", "rejected")


class RowGroups:
    """Gathers rows into groups of so many, or fewer where texts are long.

    A group ends with the row that makes it full, by number or by bytes of text; so equal rows make
    equal groups, in whatever pieces they come.
    """

    def __init__(self) -> None:
        self._waiting = list[pl.DataFrame]()
        self._rows = self._bytes = 0

    def add(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Take rows of `TRAINING_SCHEMA`; gives the groups that they make full."""
        self._waiting.append(rows)
        self._rows += rows.height
        # Never less than the bytes of its texts, and told without a look at them.
        self._bytes += rows.estimated_size()
        if self._rows < GROUP_ROWS and self._bytes < GROUP_BYTES:
            return
        waiting = pl.concat(self._waiting)
        sizes = _sizes(waiting)
        ends = _ends(sizes)
        for start, end in zip([0, *ends], ends, strict=False):
            yield waiting[start:end]
        done = ends[-1] if ends else 0
        self._waiting, self._rows = [waiting[done:]], waiting.height - done
        self._bytes = int(sizes[done:].sum())

    def rest(self) -> Iterator[pl.DataFrame]:
        """The last group, if there are rows left."""
        if self._rows:
            yield pl.concat(self._waiting)
            self._waiting.clear()
            self._rows = self._bytes = 0


def _sizes(rows: pl.DataFrame) -> _Sizes:
    bytes_of = [pl.col(name).str.len_bytes().cast(pl.Int64) for name in _TEXTS]
    return rows.select(pl.sum_horizontal(bytes_of)).to_series().to_numpy()


def _ends(sizes: _Sizes) -> list[int]:
    """Where full groups end."""
    up_to = np.cumsum(sizes)
    ends = list[int]()
    start = before = 0
    while True:
        by_bytes = int(np.searchsorted(up_to, before + GROUP_BYTES)) + 1
        end = min(start + GROUP_ROWS, by_bytes)
        if end > len(sizes):
            return ends
        ends.append(end)
        start, before = end, int(up_to[end - 1])
