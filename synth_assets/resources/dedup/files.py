"""Duplicates among the rows of files, however many there are."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.combined import Meaning, find_all_duplicates
from synth_assets.core.dedup.explanation import ShinglesOf
from synth_assets.core.dedup.join import Int64s, Matches, Method, Progress
from synth_assets.core.dedup.sketch import DedupRule
from synth_assets.core.embedding.protocol import Embedder
from synth_assets.resources.cluster.sketches import ClusterSketches
from synth_assets.resources.dedup.scratch import Scratch
from synth_assets.resources.dedup.spilled import SpilledSketches
from synth_assets.resources.dedup.spilled_shingles import SpilledShingles
from synth_assets.resources.dedup.spilled_vectors import SpilledVectors
from synth_assets.resources.row_files.streams import Chunk, RowStream
from synth_assets.resources.row_files.text_rows import OnAdvance

_CHUNK_ROWS = 2_048
_FETCHED_ROWS = 4_096


@dataclass
class _Ranks:
    """What decides which of two duplicates stays, by row."""

    scores: list[npt.NDArray[np.float64]] = field(default_factory=list[npt.NDArray[np.float64]])
    lengths: list[Int64s] = field(default_factory=list[Int64s])
    ids: list[str] = field(default_factory=list[str])

    def add(self, chunk: Chunk) -> None:
        lengths = (len(text.strip()) for text in chunk.texts)
        self.lengths.append(np.fromiter(lengths, np.int64, len(chunk.texts)))
        self.scores += [next(iter(chunk.numbers.values()))] if chunk.numbers else []
        self.ids += chunk.ids

    def order(self, exact: npt.NDArray[np.uint64]) -> Int64s:
        """Higher score, longer text, smaller hash of the text, smaller id, smaller number."""
        lengths = np.concatenate([np.empty(0, np.int64), *self.lengths])
        keys: list[npt.NDArray[np.generic]] = [exact[:, 1], exact[:, 0], -lengths]
        if self.ids:
            keys.insert(0, np.argsort(np.argsort(np.array(self.ids, object), kind="stable")))
        if self.scores:
            scores = np.concatenate(self.scores)
            keys.append(-np.where(np.isnan(scores), -np.inf, scores))
        return np.lexsort(keys)


@dataclass(frozen=True)
class FileDedup:
    """The rows of files, and sketches of them.

    Attributes:
        rule: what makes a duplicate.
        files: whose rows are decided on.
        against: whose rows are known.
        known: how many those are; they are counted before the files' rows.
        sketches: of all rows.
        ids: names of the known rows and of the files' rows, where a column has them.
        order: all rows in survivor order.
        vectors: of all rows, where meaning counts.
        scratch: for numbers, until it is closed.
    """

    rule: DedupRule
    files: RowStream
    against: RowStream | None
    known: int
    sketches: SpilledSketches | ClusterSketches
    ids: tuple[list[str], list[str]]
    order: Int64s
    vectors: SpilledVectors | None
    scratch: Scratch

    @classmethod
    @contextmanager
    def opened(
        cls,
        rule: DedupRule,
        files: RowStream,
        against: RowStream | None = None,
        *,
        workers: int,
        cluster: str | None = None,
        embedder: Embedder | None = None,
        folder: Path | None = None,
        on_advance: OnAdvance | None = None,
    ) -> Generator["FileDedup"]:
        """Read and sketch all rows; at the end the sketches are removed.

        Args:
            rule: what makes a duplicate.
            files: whose rows are to be decided on.
            against: whose rows are known: what repeats one of them is dropped.
            workers: threads of this machine.
            cluster: address of the scheduler of a cluster whose workers make sketches, keep and
                compare them; with none, this machine does. Vectors are made here either way.
            embedder: makes vectors of all texts; one that looks at all of them at once has them
                in memory.
            folder: for temporary files; with none, where they usually go.
            on_advance: told how far `files` are read.

        Raises:
            SourceError: if a file cannot be read.
            StorageError: if the temporary folder is full.
            ClusterError: if the cluster cannot be used, or ends.
        """
        with ExitStack() as stack:
            scratch = stack.enter_context(Scratch.opened(folder))
            if cluster is None:
                sketches = SpilledSketches(rule, scratch, workers)
            else:
                sketches = stack.enter_context(ClusterSketches.on(cluster, rule))
            vectors = None if embedder is None else SpilledVectors(embedder, scratch)
            there, own = _Ranks(), _Ranks()
            if against is not None:
                _add(against, sketches, there, vectors)
            known = sketches.rows
            _add(files, sketches, own, vectors, on_advance)
            orders = there.order(sketches.exact[:known]), own.order(sketches.exact[known:]) + known
            order, ids = np.concatenate(orders), (there.ids, own.ids)
            yield cls(rule, files, against, known, sketches, ids, order, vectors, scratch)

    @property
    def rows(self) -> int:
        """How many rows the files have."""
        return self.sketches.rows - self.known

    def matches(
        self,
        on_progress: Progress | None = None,
        meaning: float | None = None,
        *,
        same_numbers: bool = True,
    ) -> Matches:
        """Decide on all rows; those known come first, the files' are counted on from `known`.

        Args:
            on_progress: told now and then how many rows are done, of how many.
            meaning: cosine from which on two rows are alike in meaning, where there is an embedder.
            same_numbers: whether rows alike in meaning must tell of the same numbers.

        Raises:
            ConfigurationError: if that is out of range.
            ClusterError: if the cluster ends.
        """
        if self.vectors is None or meaning is None:
            return self.sketches.find_duplicates(self.order, on_progress)
        kinds = self.vectors.number_sets if same_numbers else None
        alike = Meaning(self.vectors.every, meaning, kinds)
        threshold = self.rule.threshold
        return find_all_duplicates(self.sketches, self.order, threshold, alike, on_progress)

    def explaining(self, found: Matches) -> ShinglesOf:
        """Gives shingles of near-duplicates and of the rows that they are dropped for; asked once.

        Args:
            found: what was decided; what lies on a cluster is fetched now, once.

        Raises:
            StorageError: if the disk is full.
            ClusterError: if the cluster ends.
        """
        match self.sketches:
            case SpilledSketches():
                return self.sketches.few
            case ClusterSketches():
                near = np.flatnonzero(found.method == Method.NEAR)
                rows = np.union1d(near, found.kept[near])
                fetched = SpilledShingles(self.scratch)
                for at in range(0, len(rows), _FETCHED_ROWS):
                    fetched.append(self.sketches.shingles(rows[at : at + _FETCHED_ROWS]))
                return lambda some: fetched.few(np.searchsorted(rows, some))


def _add(
    files: RowStream,
    sketches: SpilledSketches | ClusterSketches,
    ranks: _Ranks,
    vectors: SpilledVectors | None,
    on_advance: OnAdvance | None = None,
) -> None:
    """Sketch and embed the rows of files, and note what ranks them."""

    def noted() -> Iterator[list[str]]:
        for chunk in files.chunks(_CHUNK_ROWS, on_advance):
            ranks.add(chunk)
            if vectors is not None:
                vectors.append(chunk.texts)
            yield chunk.texts

    sketches.add(noted(), lambda: (chunk.texts for chunk in files.chunks(_CHUNK_ROWS)))
