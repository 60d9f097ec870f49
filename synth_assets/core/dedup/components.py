"""Rows that hang together by shared buckets.

No pair of candidates has its rows in two such components, so each can be joined by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.join import Int64s


@dataclass(frozen=True)
class Components:
    """Rows by component.

    Attributes:
        rows: int64, of all components, one component after the other; ascending in each.
        sizes: int64, how many rows each component has: at least two.
    """

    rows: Int64s
    sizes: Int64s

    @classmethod
    def of(cls, links: Int64s) -> "Components":
        """Those of linked rows, by their smallest row.

        Args:
            links: pairs of rows: links x 2.
        """
        rows, parents, _ = _united(links)
        by_component = np.argsort(parents, kind="stable")
        _, sizes = np.unique(parents, return_counts=True)
        return cls(rows[by_component], sizes)

    def batches(self, most: int) -> Int64s:
        """Number of the batch of each row, from 0: a component is in one batch.

        Args:
            most: rows of a batch, which a batch of one component may exceed.
        """
        begins = np.cumsum(self.sizes) - self.sizes
        _, numbers = np.unique(begins // max(most, 1), return_inverse=True)
        return np.repeat(numbers.astype(np.int64), self.sizes)


def linked_rows(keys: npt.NDArray[np.uint64], rows: Int64s) -> Int64s:
    """Links between rows that have a key in common, as few as hang together the same.

    Args:
        keys: any number of a row.
        rows: whose key each is.
    """
    by_key = np.argsort(keys, kind="stable")
    ordered, owners = keys[by_key], rows[by_key]
    same = ordered[1:] == ordered[:-1]
    return fewest_links([np.stack([owners[:-1][same], owners[1:][same]], axis=1)])


def fewest_links(parts: Sequence[Int64s]) -> Int64s:
    """Of several lots of links, those that unite what the others before do not."""
    links = np.concatenate([np.empty((0, 2), np.int64), *parts])
    _, _, joins = _united(links)
    return links[joins]


def _united(links: Int64s) -> tuple[Int64s, Int64s, npt.NDArray[np.bool_]]:
    """All rows, the place of the smallest row that each is united with, and which links did it."""
    from synth_assets.core.dedup.kernels.uniting import unite

    rows, places = np.unique(links, return_inverse=True)
    parents = np.arange(len(rows))
    joins = np.empty(len(links), np.bool_)
    unite(places.reshape(-1, 2), parents, joins)
    return rows, parents, joins
