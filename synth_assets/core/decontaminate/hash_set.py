"""A set of 64-bit hashes that is asked about millions at a time."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]

_BITS_PER_HASH = 16
_FEWEST_BITS, _MOST_BITS = 10, 25


@dataclass(frozen=True)
class HashSet:
    """Distinct hashes.

    Attributes:
        values: uint64, ascending, distinct.
    """

    values: Hashes

    @classmethod
    def of(cls, hashes: Hashes) -> "HashSet":
        """The distinct ones of some hashes."""
        return cls(np.unique(hashes))

    def __len__(self) -> int:
        return len(self.values)

    def places(self, hashes: Hashes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Which of some hashes are in the set: their places, and for each its rank in `values`."""
        if not len(self.values):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        # Most are not, and a look at one byte says so of nearly all of them.
        maybe = np.flatnonzero(self._marks[hashes >> self._shift])
        ranks = np.searchsorted(self.values, hashes[maybe])
        ranks[ranks == len(self.values)] = 0
        there = self.values[ranks] == hashes[maybe]
        return maybe[there], ranks[there]

    @cached_property
    def _shift(self) -> np.uint64:
        bits = (len(self.values) * _BITS_PER_HASH).bit_length()
        return np.uint64(64 - min(max(bits, _FEWEST_BITS), _MOST_BITS))

    @cached_property
    def _marks(self) -> npt.NDArray[np.bool_]:
        marks = np.zeros(1 << (64 - int(self._shift)), np.bool_)
        marks[self.values >> self._shift] = True
        return marks
