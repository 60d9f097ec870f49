"""Duplicates among the rows of files, however many there are."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.combined import Meaning, find_all_duplicates
from synth_assets.core.dedup.join import Int64s, Matches, Progress
from synth_assets.core.dedup.sketch import DedupRule
from synth_assets.core.embedding.protocol import Embedder
from synth_assets.resources.dedup.sketching import sketch_all
from synth_assets.resources.dedup.spilled import SpilledSketches
from synth_assets.resources.dedup.spilled_vectors import SpilledVectors
from synth_assets.resources.row_files.streams import Chunk, RowStream
from synth_assets.resources.row_files.text_rows import OnAdvance

_CHUNK_ROWS = 2_048


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


class FileDedup:
    """The rows of files, their sketches in a temporary folder until it is closed.

    Attributes:
        rule: what makes a duplicate.
        files: whose rows are decided on.
        against: whose rows are known.
        known: how many those are; they are counted before the files' rows.
        sketches: of all rows.
        ids: names of the known rows and of the files' rows, where a column has them.
    """

    def __init__(
        self,
        rule: DedupRule,
        files: RowStream,
        against: RowStream | None = None,
        *,
        workers: int,
        embedder: Embedder | None = None,
        folder: Path | None = None,
        on_advance: OnAdvance | None = None,
    ) -> None:
        """Read and sketch all rows.

        Args:
            rule: what makes a duplicate.
            files: whose rows are to be decided on.
            against: whose rows are known: what repeats one of them is dropped.
            workers: threads.
            embedder: makes vectors of all texts; one that looks at all of them at once has them
                in memory.
            folder: for temporary files; with none, where they usually go.
            on_advance: told how far `files` are read.

        Raises:
            SourceError: if a file cannot be read.
            StorageError: if the temporary folder is full.
        """
        self.rule = rule
        self.files, self.against = files, against
        self._open = ExitStack()
        self.sketches = self._open.enter_context(SpilledSketches(rule, folder))
        with self._open:
            self._vectors = None
            if embedder is not None:
                self._vectors = self._open.enter_context(SpilledVectors(embedder, folder))
            ranks = [_Ranks(), _Ranks()]
            if against is not None:
                known = self._texts(against.chunks(_CHUNK_ROWS), ranks[0])
                sketch_all(known, rule, self.sketches, workers)
            self.known = self.sketches.rows
            chunks = files.chunks(_CHUNK_ROWS, on_advance)
            sketch_all(self._texts(chunks, ranks[1]), rule, self.sketches, workers)
            self.ids = tuple(each.ids for each in ranks)
            exact = self.sketches.exact
            self._order = np.concatenate(
                [
                    ranks[0].order(exact[: self.known]),
                    ranks[1].order(exact[self.known :]) + self.known,
                ]
            )
            self._open = self._open.pop_all()

    def __enter__(self) -> "FileDedup":
        """Do nothing."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the temporary folder."""
        self._open.close()

    @property
    def rows(self) -> int:
        """How many rows the files have."""
        return self.sketches.rows - self.known

    def matches(self, on_progress: Progress | None = None, meaning: float | None = None) -> Matches:
        """Decide on all rows; those known come first, the files' are counted on from `known`.

        Args:
            on_progress: told now and then how many rows are done, of how many.
            meaning: cosine from which on two rows are alike in meaning, where there is an embedder.

        Raises:
            ConfigurationError: if that is out of range.
        """
        alike = None
        if self._vectors is not None and meaning is not None:
            alike = Meaning(self._vectors.every, meaning)
        threshold = self.rule.threshold
        return find_all_duplicates(self.sketches, self._order, threshold, alike, on_progress)

    def _texts(self, chunks: Iterator[Chunk], ranks: _Ranks) -> Iterator[list[str]]:
        for chunk in chunks:
            ranks.add(chunk)
            if self._vectors is not None:
                self._vectors.append(chunk.texts)
            yield chunk.texts
