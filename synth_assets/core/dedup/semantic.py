"""Rows of like meaning: vectors whose cosine reaches a threshold.

After Abbas et al., 2023, «SemDeDup: Data-efficient learning at web-scale through semantic
deduplication», arXiv:2303.09540: k-means, and comparisons within clusters. Unlike there a row is
compared with the rows of its sixteen nearest clusters, because near-duplicates often lie on both
sides of a border; rows are taken in survivor order; and a row is dropped only for a kept one.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.vector_clusters import (
    BLOCK_ROWS,
    CLUSTER_AXES,
    MARGIN,
    Axes,
    Clusters,
    Measured,
    best_width,
)
from synth_assets.errors import ConfigurationError

Progress: TypeAlias = Callable[[int, int], None]
"""Told now and then how many rows are done, of how many."""

Floats: TypeAlias = npt.NDArray[np.float32]
Float64s: TypeAlias = npt.NDArray[np.float64]
Int64s: TypeAlias = npt.NDArray[np.int64]

EXACT_ROWS = 200_000
"""Up to so many rows all pairs are looked at: that takes a minute, embedding them an hour."""

PROBES = 16
_MOST_CLUSTERS = 65_535
_CLUSTERS_FACTOR = 12
"""There are as many clusters as the root of so many times the rows: finding those near a row then
takes about as long as looking into them."""

_SAMPLE_ROWS = 131_072
_TILE = 1_024
_TASK_ROWS = 4_096
_COMPARED_ROWS = 131_072
_MOST_PAIRS = 2**23
"""Pairs of rows that are looked at before it is known which of them are kept."""

_LENGTH_TOLERANCE = 1e-3


@dataclass(frozen=True)
class SemanticMatches:
    """Which rows are dropped, and for which.

    Attributes:
        kept_row: int64, for each row the kept row before it that it resembles most, of several the
            first; -1 where it is kept.
        similarity: float64, their cosine, 0 where a row is kept.
        blank: rows of zeros: they resemble nothing, and are kept.
        clusters: how many there were; 1 where all pairs were looked at.
    """

    kept_row: Int64s
    similarity: Float64s
    blank: int
    clusters: int

    @property
    def dropped(self) -> Int64s:
        """Numbers of the rows that are dropped."""
        return np.flatnonzero(self.kept_row >= 0)


def semantic_duplicates(
    vectors: Floats,
    threshold: float,
    *,
    exact: bool | None = None,
    kinds: Int64s | None = None,
    threads: int = 1,
    on_progress: Progress | None = None,
) -> SemanticMatches:
    """Find the rows that resemble an earlier one which is kept.

    Each row in turn is kept, unless its cosine to a kept one before it is at least the threshold.
    With clusters a row is compared with the kept rows of its sixteen nearest; what is compared is
    decided in doubles. The outcome depends on the rows and their order alone, not on threads, and
    the clusters not even on the order.

    Args:
        vectors: float32, a row of length 1, or of zeros, for each text, in survivor order; may be a
            `numpy.memmap`. Beside it about a third of its size is used.
        threshold: cosine, above 0 and at most 1, from which on a row is a duplicate.
        exact: look at all pairs, or not; none: at all pairs of up to 200,000 rows.
        kinds: of the rows; one resembles only those of its kind. With none, all are of one.
        threads: how many compute at once.
        on_progress: told now and then how many rows are done, of how many.

    Raises:
        ConfigurationError: if the threshold is out of range, or a row has another length.
    """
    from threadpoolctl import threadpool_limits  # pyright: ignore[reportMissingTypeStubs]

    if not 0 < threshold <= 1:
        raise ConfigurationError(
            f"The semantic threshold is {threshold}; it must be above 0 and at most 1. Give a "
            "number such as 0.9."
        )
    vectors = np.ascontiguousarray(vectors, np.float32)
    # Threads of BLAS would sum in another order, and spin while they wait.
    with (
        threadpool_limits(limits=1, user_api="blas"),
        ThreadPoolExecutor(threads) as pool,
    ):
        known = _Known.of(vectors, threshold, exact, kinds)
        settling = _Settling(known, threshold, pool, on_progress)
        settling.settle(known.rows)
    blank = len(vectors) - len(known.rows)
    return SemanticMatches(settling.kept_row, settling.similarity, blank, known.clusters)


@dataclass(frozen=True)
class _Known:
    """What is known of the rows before they are compared.

    Attributes:
        vectors: as given.
        rows: numbers of those that are not zero.
        squares: of all rows, their squared lengths.
        short: of all rows, see `vector_clusters`.
        probes: of all rows, their nearest clusters, the nearest first.
        clusters: how many there are.
        kinds: of all rows.
    """

    vectors: Floats
    rows: Int64s
    squares: Float64s
    short: Floats
    probes: npt.NDArray[np.uint16]
    clusters: int
    kinds: Int64s

    @classmethod
    def of(
        cls, vectors: Floats, threshold: float, exact: bool | None, kinds: Int64s | None
    ) -> "_Known":
        measured = Measured.of(vectors)
        rows = measured.there
        _refuse_other_lengths(measured.squares)
        sample = vectors[measured.drawn(_SAMPLE_ROWS)]
        count = 1
        if exact is False or (exact is None and len(vectors) > EXACT_ROWS):
            wanted = min(round((_CLUSTERS_FACTOR * len(rows)) ** 0.5), _MOST_CLUSTERS)
            count = max(1, min(wanted, len(sample)))
        axes = Axes.of(sample)
        width = best_width(sample, axes, threshold, min(1.0, PROBES / count))
        clusters = Clusters.learnt_from(sample, axes, count) if count > 1 else None
        width = max(width, CLUSTER_AXES) if clusters else width
        short = np.empty((len(vectors), min(width, vectors.shape[1]) + 1), np.float32)
        probes = np.zeros((len(vectors), min(PROBES, count)), np.uint16)
        for start in range(0, len(vectors), BLOCK_ROWS):
            block = slice(start, start + BLOCK_ROWS)
            short[block] = axes.short(vectors[block], short.shape[1] - 1)
            if clusters:
                probes[block] = clusters.nearest(short[block], PROBES)
        kinds = np.zeros(len(vectors), np.int64) if kinds is None else kinds
        return cls(vectors, rows, measured.squares, short, probes, count, kinds)


class _Settling:
    """Keeps or drops rows: a half of them, then the other half against what is kept, and so on."""

    def __init__(
        self,
        known: _Known,
        threshold: float,
        pool: ThreadPoolExecutor,
        on_progress: Progress | None,
    ) -> None:
        self.kept_row = np.full(len(known.vectors), -1, np.int64)
        self.similarity = np.zeros(len(known.vectors), np.float64)
        self._known = known
        self._threshold = threshold
        self._pool = pool
        self._on_progress = on_progress
        self._done = len(known.vectors) - len(known.rows)

    def settle(self, rows: Int64s) -> None:
        """Decide rows that were compared with every kept row before them, or with none."""
        if self._pairs(rows) > _MOST_PAIRS:
            first, second = rows[: len(rows) // 2], rows[len(rows) // 2 :]
            self.settle(first)
            for start in range(0, len(second), _COMPARED_ROWS):
                self._compare(second[start : start + _COMPARED_ROWS], self._kept(first))
            self.settle(second)
        else:
            self._settle_within(rows)
            self._done += len(rows)
            if self._on_progress:
                self._on_progress(self._done, len(self.kept_row))

    def _kept(self, rows: Int64s) -> Int64s:
        return rows[self.kept_row[rows] < 0]

    def _pairs(self, rows: Int64s) -> int:
        clusters, probes = self._known.clusters, self._known.probes
        asked = np.bincount(probes[rows].ravel(), minlength=clusters)
        return int(asked @ np.bincount(probes[self._kept(rows), 0], minlength=clusters))

    def _compare(self, rows: Int64s, kept: Int64s) -> None:
        """Find for each row the most similar of kept ones, all of which stand before it."""
        from synth_assets.core.dedup.kernels.cosine import most_similar

        known, threshold = self._known, self._threshold
        probes = known.probes.shape[1]
        # A place for each row and cluster, so that threads do not meet.
        best_row = np.full(len(rows) * probes, -1, np.int64)
        best = np.repeat(self.similarity[rows], probes)

        def look(meeting: _Meeting) -> None:
            queries = rows[meeting.asked // probes]
            for at, place, bounds in _tiles(known.short, queries, meeting.others):
                asked = meeting.asked[at]
                row, similarity = best_row[asked], best[asked]
                most_similar(
                    bounds,
                    queries[at],
                    meeting.others[place],
                    known.vectors,
                    known.squares,
                    threshold,
                    MARGIN,
                    known.kinds,
                    row,
                    similarity,
                )
                best_row[asked], best[asked] = row, similarity

        list(self._pool.map(look, self._meetings(rows, kept)))
        self._take(rows, best_row.reshape(-1, probes), best.reshape(-1, probes))

    def _take(self, rows: Int64s, best_row: Int64s, best: Float64s) -> None:
        """Take over the best of what each row's clusters found, where it is better than before."""
        found = np.where(best_row >= 0, best, -1.0)
        most = found.max(axis=1)
        nobody = np.iinfo(np.int64).max
        nearest = np.where(found == most[:, None], best_row, nobody).min(axis=1)
        before = self.kept_row[rows]
        before = np.where(before >= 0, before, nobody)
        had = self.similarity[rows]
        better = (most > had) | ((most == had) & (nearest < before))
        better &= most > 0
        self.kept_row[rows[better]] = nearest[better]
        self.similarity[rows[better]] = most[better]

    def _settle_within(self, rows: Int64s) -> None:
        from synth_assets.core.dedup.kernels.cosine import settle_pairs

        probes = self._known.probes.shape[1]
        least = np.maximum(self.similarity, self._threshold) - MARGIN
        short, kinds = self._known.short, self._known.kinds

        def look(meeting: _Meeting) -> Int64s:
            queries = rows[meeting.asked // probes]
            needed = least[queries].astype(np.float32)
            return _pairs_of(short, queries, meeting.others, needed, kinds)

        found = list(self._pool.map(look, self._meetings(rows, self._kept(rows))))
        if not found:
            return
        pairs = np.concatenate(found)
        pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
        known = self._known
        settle_pairs(
            pairs, known.vectors, known.squares, self._threshold, self.kept_row, self.similarity
        )

    def _meetings(self, rows: Int64s, others: Int64s) -> Iterator["_Meeting"]:
        """For each cluster those of `rows` that are near, and those of `others` that lie in it."""
        asked = _by_cluster(self._known.probes[rows].ravel(), self._known.clusters)
        within = _by_cluster(self._known.probes[others, 0], self._known.clusters)
        for asking, there in zip(asked, within, strict=True):
            if len(there):
                for start in range(0, len(asking), _TASK_ROWS):
                    yield _Meeting(asking[start : start + _TASK_ROWS], others[there])


@dataclass(frozen=True)
class _Meeting:
    """A cluster, or a part of those that are near one.

    Attributes:
        asked: places in the flat array of rows by clusters, ascending.
        others: numbers of the rows that lie there, ascending.
    """

    asked: Int64s
    others: Int64s


def _by_cluster(clusters: npt.NDArray[np.uint16], count: int) -> Sequence[Int64s]:
    """Places of each cluster, ascending; of 16 bits, so that sorting takes linear time."""
    order = np.argsort(clusters, kind="stable")
    borders = np.cumsum(np.bincount(clusters, minlength=count))[:-1]
    return np.split(order, borders)


def _tiles(short: Floats, queries: Int64s, others: Int64s) -> Iterator[tuple[slice, slice, Floats]]:
    """Bounds of the cosines of all pairs, a tile at a time."""
    theirs = short[others]
    for first in range(0, len(queries), _TILE):
        at = slice(first, first + _TILE)
        ours = short[queries[at]]
        for start in range(0, len(others), _TILE):
            place = slice(start, start + _TILE)
            yield at, place, ours @ theirs[place].T


def _pairs_of(
    short: Floats, queries: Int64s, others: Int64s, least: Floats, kinds: Int64s
) -> Int64s:
    """Pairs of a query and an earlier one of the others that may be similar enough."""
    from synth_assets.core.dedup.kernels.cosine import pairs_within

    pairs = np.empty((256, 2), np.int64)
    filled = 0
    for at, place, bounds in _tiles(short, queries, others):
        have = filled
        asked = queries[at], others[place], least[at], kinds
        filled = pairs_within(bounds, *asked, pairs, have)
        if filled > len(pairs):
            larger = np.empty((2 * filled, 2), np.int64)
            larger[:have] = pairs[:have]
            pairs = larger
            pairs_within(bounds, *asked, pairs, have)
    return pairs[:filled]


def _refuse_other_lengths(squares: Float64s) -> None:
    wrong = np.flatnonzero(~((np.abs(squares - 1.0) < _LENGTH_TOLERANCE) | (squares == 0.0)))
    if len(wrong):
        raise ConfigurationError(
            f"Row {wrong[0]} of the vectors has length {squares[wrong[0]] ** 0.5:.4g}; a row must "
            "have length 1, or be zero. See `core/embedding/protocol.py`."
        )
