"""From sketches to duplicates: equal bands make candidates, the true similarity decides.

Rows are taken in survivor order. A row is dropped only for a row that is kept and that it
resembles: similarity is not transitive, and unverified bands with transitive closure wrongly
remove about 2 % of the rows of real sets.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.exact import first_equals
from synth_assets.core.dedup.shingling import Shingles

Progress: TypeAlias = Callable[[int, int], None]
"""Told now and then how many rows are done, of how many."""

Int64s: TypeAlias = npt.NDArray[np.int64]

NO_ROWS: Int64s = np.empty(0, np.int64)
_STRETCH = 50_000


class SketchStore(Protocol):
    """Sketches of rows, in memory or on disk."""

    @property
    def exact(self) -> npt.NDArray[np.uint64]:
        """See `Sketches.exact`."""
        ...

    @property
    def bands(self) -> int:
        """How many bands a signature has."""
        ...

    def band(self, band: int) -> npt.NDArray[np.uint64]:
        """The keys of one band, by row."""
        ...

    def shingles(self, rows: Int64s) -> Shingles:
        """A copy of the shingles of some rows, in the order asked."""
        ...


class Method(IntEnum):
    """How a row was found to repeat another."""

    KEPT = 0
    """It was not."""
    EXACT = 1
    """Its text is equal to a reader; similarity 1."""
    NEAR = 2
    """By shingles; the similarity is Jaccard's."""
    SEMANTIC = 3
    """By vectors; the similarity is the cosine."""


@dataclass(frozen=True)
class Matches:
    """Which rows are dropped, and for which.

    Attributes:
        kept: int64, for each row the kept row that it equals or, of those before it in survivor
            order, resembles most, of several the first; a copy of a row that is dropped goes for
            the same one; -1 where it is kept.
        similarity: float64, their similarity, by the method that found it.
        method: int8, a `Method`.
        compared: how many pairs were compared.
    """

    kept: Int64s
    similarity: npt.NDArray[np.float64]
    method: npt.NDArray[np.int8]
    compared: int

    @property
    def dropped(self) -> Int64s:
        """The rows that are dropped, ascending."""
        return np.flatnonzero(self.kept >= 0)


@dataclass(frozen=True)
class _Shared:
    """Buckets that more than one row is in.

    Attributes:
        ranks: of the rows in any such bucket, ascending.
        buckets: of all these rows, one row's after the other's.
        starts: where in `buckets` each row begins, and the last ends.
        room: where in an array of all members each bucket begins, and the last ends.
    """

    ranks: Int64s
    buckets: Int64s
    starts: Int64s
    room: Int64s


def find_duplicates(
    store: SketchStore, order: Int64s, threshold: float, on_progress: Progress | None = None
) -> Matches:
    """Decide which rows are kept; the order of the rows in the store plays no part.

    Args:
        store: sketches of all rows.
        order: the rows to decide on, in survivor order; others are told as kept.
        threshold: Jaccard similarity from which on a row is a near-duplicate.
        on_progress: told now and then how many rows are done, of how many.
    """
    count = len(store.exact)
    kept = first_equals(store.exact, order)
    equal = kept != np.arange(count)
    unique = order[~equal[order]]
    near = _Near.among(store, unique, threshold, on_progress)
    kept[~equal] = -1
    kept[near.rows] = near.kept
    similarity = np.zeros(count)
    similarity[near.rows] = near.similarity
    # A copy of a row that is itself dropped as near another is near that other, too.
    copies = np.flatnonzero(equal)
    firsts = kept[copies]
    dropped = kept[firsts] >= 0
    kept[copies] = np.where(dropped, kept[firsts], firsts)
    similarity[copies] = np.where(dropped, similarity[firsts], 1.0)
    method = np.zeros(count, np.int8)
    method[near.rows] = Method.NEAR
    method[copies] = np.where(dropped, Method.NEAR, Method.EXACT)
    if on_progress:
        on_progress(len(order), len(order))
    return Matches(kept, similarity, method, near.compared)


@dataclass(frozen=True)
class _Near:
    """Rows that are dropped as near-duplicates, for which, and how similar they are."""

    rows: Int64s
    kept: Int64s
    similarity: npt.NDArray[np.float64]
    compared: int

    @classmethod
    def among(
        cls, store: SketchStore, rows: Int64s, threshold: float, on_progress: Progress | None
    ) -> "_Near":
        from synth_assets.core.dedup.kernels.joining import distinct_runs, settle

        shared = _shared_buckets(store, rows)
        involved = rows[shared.ranks]
        shingles = store.shingles(involved)
        count = len(involved)
        counts = np.empty(count, np.int64)
        distinct_runs(shingles.hashes, shingles.offsets, counts)
        members = np.empty(len(shared.buckets), np.int64)
        filled = np.zeros(len(shared.room), np.int64)
        seen = np.full(count, -1, np.int64)
        kept = np.empty(count, np.int64)
        similarity = np.empty(count)
        compared = 0
        for first in range(0, count, _STRETCH):
            last = min(first + _STRETCH, count)
            compared += settle(
                shared.buckets,
                shared.starts,
                shared.room,
                shingles.hashes,
                shingles.offsets,
                counts,
                threshold,
                first,
                last,
                members,
                filled,
                seen,
                kept,
                similarity,
            )
            if on_progress:
                on_progress(len(rows) - count + last, len(rows))
        dropped = np.flatnonzero(kept >= 0)
        return cls(involved[dropped], involved[kept[dropped]], similarity[dropped], compared)


def _shared_buckets(store: SketchStore, rows: Int64s) -> _Shared:
    """The buckets that several of some rows are in; rows are told by rank from here on."""
    from synth_assets.core.dedup.kernels.joining import shared_keys

    pairs: list[npt.NDArray[np.uint64]] = []
    sizes: list[Int64s] = []
    buckets = 0
    # The number of a bucket stands below the rank, so that one sort puts rows in order.
    width = max(len(rows) * store.bands - 1, 1).bit_length()
    work, found = np.empty(len(rows), np.uint64), np.empty(len(rows), np.uint64)
    size = np.empty(len(rows) // 2, np.int64)
    for band in range(store.bands):
        count, shared = shared_keys(store.band(band), rows, width, buckets, work, found, size)
        pairs.append(found[:count].copy())
        sizes.append(size[:shared].copy())
        buckets += shared
    every = np.concatenate([np.empty(0, np.uint64), *pairs])
    every.sort()
    ranks = (every >> np.uint64(width)).astype(np.int64)
    starts = np.flatnonzero(np.diff(ranks, prepend=-1))
    room = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate([*sizes, NO_ROWS]))])
    low = np.uint64((1 << width) - 1)
    return _Shared(
        ranks[starts], (every & low).astype(np.int64), np.append(starts, len(every)), room
    )
