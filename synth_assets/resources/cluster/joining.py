"""The join of sketches that lie on workers: near-duplicates told there, and put together here."""

from collections.abc import Sequence

import numpy as np

from synth_assets.core.dedup.components import Components
from synth_assets.core.dedup.join import Int64s, Matches, Method, Progress
from synth_assets.resources.cluster import tasks
from synth_assets.resources.cluster.engine import Cluster, Handle
from synth_assets.resources.cluster.tasks import Part, Ranked, Settled

_HAND_KEYS = 1 << 24
_SPREAD_HANDS = 32
_MOST_HANDS = 1 << 16
_BATCH_ROWS = 200_000
_BATCHES_A_THREAD = 4
_LINKS_AT_ONCE = 8


class ClusterJoin:
    """One join of rows of which no two are equal."""

    def __init__(
        self,
        cluster: Cluster,
        parts: Sequence[Handle[Part]],
        starts: Sequence[int],
        rows: Int64s,
        bands: int,
    ) -> None:
        """Prepare.

        Args:
            cluster: where the parts are.
            parts: sketches.
            starts: number of the first row of each part, and behind the last.
            rows: those to join, in survivor order.
            bands: of a signature.
        """
        self._cluster = cluster
        self._parts = parts
        self._rows = rows
        self._bands = bands
        rank = np.full(starts[-1], -1, np.int64)
        rank[rows] = np.arange(len(rows))
        self._ranks = np.split(rank, starts[1:-1])

    def settled(self, threshold: float, on_progress: Progress | None) -> list[Settled]:
        """Decide on all rows that share a bucket with another.

        Args:
            threshold: Jaccard similarity from which on a row is a near-duplicate.
            on_progress: told now and then how many rows are done, of how many.

        Raises:
            RowsLostError: if a part is lost.
            ClusterError: if the cluster ends.
        """
        threads = max(self._cluster.threads, 1)
        together = self._together(threads)
        most = len(together.rows) // (_BATCHES_A_THREAD * threads)
        batches = together.batches(min(most, _BATCH_ROWS))
        sizes = np.bincount(batches)
        batch_of = np.full(len(self._rows), -1, np.int64)
        batch_of[together.rows] = batches
        handles = [
            self._cluster.submit(tasks.settle, threshold, *picked)
            for picked in self._picked(batch_of, len(sizes))
        ]
        found: list[Settled] = []
        done = len(self._rows) - len(together.rows)
        for handle, size in zip(handles, sizes.tolist(), strict=True):
            found.append(self._cluster.fetch(handle))
            done += size
            if on_progress:
                on_progress(done, len(self._rows))
        return found

    def _together(self, threads: int) -> Components:
        """Which rows hang together by buckets that they share."""
        links = self._links(threads)
        while len(links) > _LINKS_AT_ONCE:
            links = [
                self._cluster.submit(tasks.relink, *links[at : at + _LINKS_AT_ONCE])
                for at in range(0, len(links), _LINKS_AT_ONCE)
            ]
        return self._cluster.fetch(self._cluster.submit(tasks.components, *links))

    def _links(self, threads: int) -> list[Handle[Int64s]]:
        """Links between rows that share a bucket, by hand."""
        keys = len(self._rows) * self._bands
        hands = min(max(keys // _HAND_KEYS + 1, min(threads, _SPREAD_HANDS)), _MOST_HANDS)
        dealt = [
            self._cluster.parts(self._cluster.submit(tasks.deal, part, ranks, hands), hands)
            for part, ranks in zip(self._parts, self._ranks, strict=True)
        ]
        return [self._cluster.submit(tasks.link, *hand) for hand in zip(*dealt, strict=True)]

    def _picked(self, batch_of: Int64s, count: int) -> list[list[Handle[Ranked]]]:
        """Sketches of rows that hang together, by batch."""
        found: list[list[Handle[Ranked]]] = [[] for _ in range(count)]
        for part, ranks in zip(self._parts, self._ranks, strict=True):
            batches = np.where(ranks >= 0, batch_of[ranks], -1)
            rows = np.flatnonzero(batches >= 0)
            numbers: list[int] = np.unique(batches[rows]).tolist()
            if not numbers:
                continue
            picked = self._cluster.submit(tasks.pick, part, rows, ranks[rows], batches[rows])
            for number, handle in zip(
                numbers, self._cluster.parts(picked, len(numbers)), strict=True
            ):
                found[number].append(handle)
        return found


def matches_of(firsts: Int64s, rows: Int64s, settled: Sequence[Settled]) -> Matches:
    """Put together what is told of equal texts and of near ones.

    Args:
        firsts: for each row the first that it equals, itself where it is the first.
        rows: by rank, those that were joined.
        settled: what came of it.
    """
    kept = np.where(firsts == np.arange(len(firsts)), -1, firsts)
    similarity = (kept >= 0).astype(np.float64)
    method = np.where(kept >= 0, Method.EXACT, Method.KEPT).astype(np.int8)
    copies = np.flatnonzero(kept >= 0)
    for each in settled:
        dropped = rows[each.ranks]
        kept[dropped] = rows[each.kept]
        similarity[dropped] = each.similarity
        method[dropped] = Method.NEAR
    # A copy of a row that is itself dropped as near another is near that other, too.
    near = copies[kept[kept[copies]] >= 0]
    firsts_of_near = kept[near]
    kept[near] = kept[firsts_of_near]
    similarity[near] = similarity[firsts_of_near]
    method[near] = Method.NEAR
    return Matches(kept, similarity, method, sum(each.compared for each in settled))
