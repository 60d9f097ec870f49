"""Duplicates among more rows than one machine takes: sketches that lie on the workers of a cluster.

Equal texts are told here, by 16 bytes of each row; near ones on the workers. Keys of bands are
dealt out so that equal ones meet. Links between rows that share one are reduced until it is known
which rows hang together; these are brought to one worker and joined there as on one machine. No
pair of candidates has its rows in two places, so the outcome is the same.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias, TypeVar

import numpy as np

from synth_assets.core.dedup.exact import first_equals
from synth_assets.core.dedup.join import Int64s, Matches, Progress
from synth_assets.core.dedup.shingling import Shingles
from synth_assets.core.dedup.sketch import DedupRule
from synth_assets.errors import SourceError
from synth_assets.resources.cluster import tasks
from synth_assets.resources.cluster.engine import Cluster, Handle, RowsLostError
from synth_assets.resources.cluster.joining import ClusterJoin, matches_of
from synth_assets.resources.cluster.packing import packed
from synth_assets.resources.cluster.tasks import Part, Settled, Texts, UInt64s

Chunks: TypeAlias = Iterable[Sequence[str]]
Again: TypeAlias = Callable[[], Chunks]
"""Gives the same texts once more; the chunks may be others."""

_R = TypeVar("_R")

_ROUNDS = 5


def find_duplicates_on(
    address: str,
    texts: Again,
    rule: DedupRule | None = None,
    order: Int64s | None = None,
    on_progress: Progress | None = None,
) -> Matches:
    """Decide which of some texts are kept; as `near.duplicates_among`, on a cluster.

    Args:
        address: of the cluster's scheduler, such as `tcp://10.0.0.7:8786`.
        texts: gives chunks of texts; asked again if a worker is lost that had some.
        rule: what makes a duplicate; with none, the usual one.
        order: the texts in survivor order; with none, as they are given.
        on_progress: told now and then how many texts are done, of how many.

    Raises:
        ClusterError: if the cluster cannot be used, or ends.
        SourceError: if texts that are given again are others.
        ConfigurationError: if the rule's threshold or recall are out of range.
    """
    with ClusterSketches.on(address, DedupRule() if rule is None else rule) as sketches:
        sketches.add(texts(), texts)
        order = np.arange(sketches.rows) if order is None else order
        return sketches.find_duplicates(order, on_progress)


@dataclass(frozen=True)
class _Source:
    """Where rows came from.

    Attributes:
        again: gives their texts once more.
        first_part: number of the part that they begin with.
        first_row: number of the first.
    """

    again: Again | None
    first_part: int
    first_row: int


class ClusterSketches:
    """A `join.SketchStore` whose rows lie on workers; also joins them there.

    Rows are counted in the order in which they are added. If a worker is lost, what was sent to it
    is read and sent once more.
    """

    def __init__(self, cluster: Cluster, rule: DedupRule) -> None:
        self._cluster = cluster
        self._rule = rule
        self._parts: list[Handle[Part]] = []
        self._starts = [0]
        self._sources: list[_Source] = []
        self._exact = np.empty((0, 2), np.uint64)
        self._exact_of: dict[int, UInt64s] = {}

    @classmethod
    @contextmanager
    def on(cls, address: str, rule: DedupRule) -> Generator["ClusterSketches"]:
        """Begin with no rows; at the end the cluster forgets them.

        Raises:
            ClusterError: see `Cluster.connected`.
            ConfigurationError: if the rule's threshold or recall are out of range.
        """
        _ = rule.banding
        with Cluster.connected(address) as cluster:
            yield cls(cluster, rule)

    def add(self, chunks: Chunks, again: Again | None = None) -> None:
        """Send texts to the workers, and have them sketched; some are on their way at a time.

        Args:
            chunks: of any size.
            again: gives the same texts once more, if a worker is lost; with none, that is an error.

        Raises:
            ClusterError: if the cluster ends.
            SourceError: if texts that are given again are others.
        """
        first = len(self._parts)
        self._sources.append(_Source(again, first, self.rows))
        waiting = deque[tuple[int, Handle[UInt64s]]]()
        for texts in packed(chunks, self.rows):
            part = self._sent(texts)
            waiting.append((len(self._parts), self._cluster.submit(tasks.exact_of, part)))
            self._parts.append(part)
            self._starts.append(self.rows + len(texts.texts))
            while len(waiting) > 2 * max(self._cluster.threads, 1):
                self._await(*waiting.popleft())
        while waiting:
            self._await(*waiting.popleft())
        self._lasting(self._complete_exact)
        numbers = range(len(self._parts))
        self._exact = np.concatenate([self._exact[:0], *map(self._exact_of.__getitem__, numbers)])
        # Parts of the whole, so that nothing is held twice.
        parts = np.split(self._exact, self._starts[1:-1])
        self._exact_of = dict(zip(numbers, parts, strict=False))

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self._starts[-1]

    @property
    def exact(self) -> UInt64s:
        """See `Sketches.exact`; this is here."""
        return self._exact

    @property
    def bands(self) -> int:
        """How many bands a signature has."""
        return self._rule.banding.bands

    def band(self, band: int) -> UInt64s:
        """The keys of one band, by row; they are fetched."""
        wanted = [(part, (band,)) for part in range(len(self._parts))]
        found = self._lasting(lambda: self._fetched(tasks.band_of, wanted))
        return np.concatenate([np.empty(0, np.uint64), *found])

    def shingles(self, rows: Int64s) -> Shingles:
        """A copy of the shingles of some rows, in the order asked; they are fetched."""
        distinct, places = np.unique(rows, return_inverse=True)
        bounds: list[int] = np.searchsorted(distinct, self._starts).tolist()
        wanted = [
            (part, (distinct[begin:end] - self._starts[part],))
            for part, (begin, end) in enumerate(pairwise(bounds))
            if begin < end
        ]
        found = self._lasting(lambda: self._fetched(tasks.shingles_of, wanted))
        return Shingles.joined(found).some(places)

    def find_duplicates(self, order: Int64s, on_progress: Progress | None = None) -> Matches:
        """As `join.find_duplicates` of this and the rule's threshold, on the workers.

        Raises:
            ClusterError: if the cluster ends.
            SourceError: if texts that are given again are others.
        """
        firsts = first_equals(self._exact, order)
        unique = order[firsts[order] == order]

        def joined() -> list[Settled]:
            join = ClusterJoin(self._cluster, self._parts, self._starts, unique, self.bands)
            return join.settled(self._rule.threshold, on_progress)

        settled = self._lasting(joined) if self.bands and self._parts else []
        if on_progress:
            on_progress(len(order), len(order))
        return matches_of(firsts, unique, settled)

    def _sent(self, texts: Texts) -> Handle[Part]:
        """Send texts until they stay."""
        for _ in range(_ROUNDS - 1):
            try:
                return self._cluster.submit(tasks.sketch, self._cluster.send(texts), self._rule)
            except RowsLostError:
                continue
        return self._cluster.submit(tasks.sketch, self._cluster.send(texts), self._rule)

    def _await(self, part: int, exact: Handle[UInt64s]) -> None:
        """Wait for the exact hashes of a part; they are missing if its worker is lost."""
        try:
            self._exact_of[part] = self._cluster.fetch(exact)
        except RowsLostError:
            if self._sources[-1].again is None:
                raise

    def _complete_exact(self) -> None:
        missing = [part for part in range(len(self._parts)) if part not in self._exact_of]
        found = self._fetched(tasks.exact_of, [(part, ()) for part in missing])
        self._exact_of.update(zip(missing, found, strict=True))

    def _fetched(
        self, task: Callable[..., _R], wanted: Sequence[tuple[int, tuple[object, ...]]]
    ) -> list[_R]:
        """What a task gives for some parts, each told with the task's further arguments."""
        submit, fetch = self._cluster.submit, self._cluster.fetch
        handles = [submit(task, self._parts[part], *arguments) for part, arguments in wanted]
        return [fetch(handle) for handle in handles]

    def _lasting(self, work: Callable[[], _R]) -> _R:
        """Do work that needs all parts, anew as long as workers are lost over it."""
        for _ in range(_ROUNDS - 1):
            try:
                self._mend()
                return work()
            except RowsLostError:
                continue
        self._mend()
        return work()

    def _mend(self) -> None:
        """Send again what went with workers."""
        has_lost = self._cluster.has_lost
        lost = [number for number, part in enumerate(self._parts) if has_lost(part)]
        ends = [*(source.first_part for source in self._sources[1:]), len(self._parts)]
        for source, end in zip(self._sources, ends, strict=True):
            if of_source := {number for number in lost if source.first_part <= number < end}:
                self._send_again(source, of_source)
        again = self._fetched(tasks.exact_of, [(number, ()) for number in lost])
        for number, exact in zip(lost, again, strict=True):
            if not np.array_equal(exact, self._exact_of.get(number, exact)):
                raise _changed()

    def _send_again(self, source: _Source, lost: set[int]) -> None:
        if source.again is None:
            raise RowsLostError("a worker ended, and with it rows that were sent to it. Run again.")
        packs = enumerate(packed(source.again(), source.first_row), source.first_part)
        for number, texts in packs:
            if number in lost:
                if len(texts.texts) != self._starts[number + 1] - self._starts[number]:
                    break
                self._parts[number] = self._sent(texts)
                lost.discard(number)
            if not lost:
                return
        raise _changed()


def _changed() -> SourceError:
    return SourceError(
        "a worker ended, and the rows that were sent to it, read once more, are not those that "
        "they were. Run again when nothing writes to the files."
    )
