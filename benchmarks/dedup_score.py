"""What a tool found, beside all pairs that there are."""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmarks.exact_join import Pairs

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Removal:
    """Which rows are kept, looked at with all similar pairs.

    Attributes:
        kept: how many rows are kept.
        removed: how many are not.
        wrongly: removed rows that resemble no kept one.
        left: kept rows that resemble an earlier kept one.
    """

    kept: int
    removed: int
    wrongly: int
    left: int


@dataclass(frozen=True)
class Truth:
    """All pairs of a corpus at or above a threshold.

    Attributes:
        rows: how many rows the corpus has.
        pairs: all pairs.
    """

    rows: int
    pairs: Pairs

    def precision(self, pairs: Rows) -> float:
        """Share of some pairs (two columns) that are among these."""
        return float(np.isin(self._coded(pairs), self._own).mean()) if len(pairs) else 1.0

    def recall(self, pairs: Rows) -> float:
        """Share of these that are among some pairs (two columns)."""
        return float(np.isin(self._own, self._coded(pairs)).mean()) if len(self.pairs) else 1.0

    def judge(self, kept: Flags) -> Removal:
        """Look at which rows are kept."""
        first, second = self.pairs.first, self.pairs.second
        has_kept = np.zeros(self.rows, bool)
        has_kept[first[kept[second]]] = True
        has_kept[second[kept[first]]] = True
        has_earlier = np.zeros(self.rows, bool)
        has_earlier[second[kept[first]]] = True
        return Removal(
            int(kept.sum()),
            int((~kept).sum()),
            int((~kept & ~has_kept).sum()),
            int((kept & has_earlier).sum()),
        )

    def nearest_kept(self, kept: Flags) -> Rows:
        """For each row that is not kept, the most similar kept one, of several the first; or -1."""
        pairs = self.pairs
        rows = np.concatenate([pairs.first, pairs.second])
        others = np.concatenate([pairs.second, pairs.first])
        jaccard = np.concatenate([pairs.jaccard, pairs.jaccard])
        usable = ~kept[rows] & kept[others]
        rows, others, jaccard = rows[usable], others[usable], jaccard[usable]
        order = np.lexsort((others, -jaccard, rows))
        found, firsts = np.unique(rows[order], return_index=True)
        nearest = np.full(self.rows, -1)
        nearest[found] = others[order][firsts]
        return nearest

    def one_by_one(self) -> Flags:
        """The rows that are kept if each in turn is, unless it resembles one that is."""
        columns = np.stack([self.pairs.first, self.pairs.second], axis=1)
        return one_by_one(self.rows, columns)

    @property
    def _own(self) -> Rows:
        return self.pairs.first * self.rows + self.pairs.second

    def _coded(self, pairs: Rows) -> Rows:
        return pairs.min(axis=1) * self.rows + pairs.max(axis=1)


def flags(rows: int, kept: Rows) -> Flags:
    """Row numbers as flags."""
    found = np.zeros(rows, bool)
    found[kept] = True
    return found


def components(rows: int, pairs: Rows) -> Flags:
    """The first row of each group that pairs (two columns) tie together, however loosely."""
    ties = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(rows, rows))
    _, labels = connected_components(ties, directed=False)
    return flags(rows, np.unique(labels, return_index=True)[1])


def one_by_one(rows: int, pairs: Rows) -> Flags:
    """Each row in turn, unless it is paired with an earlier one that is kept."""
    later, earlier = pairs.max(axis=1), pairs.min(axis=1)
    order = np.argsort(later, kind="stable")
    kept = np.ones(rows, bool)
    _drop(later[order], earlier[order], kept)
    return kept


@numba.njit(cache=True)
def _drop(later: Rows, earlier: Rows, kept: Flags) -> None:  # pragma: no cover
    for pair in range(len(later)):
        if kept[earlier[pair]]:
            kept[later[pair]] = False
