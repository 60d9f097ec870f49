"""Duplicates by all methods at once: equal and near ones by sketches, others by meaning.

The rule is that of `join`: a row is dropped only for a row that is kept in the end. Where the row
that it was dropped for goes itself, for another that is alike in meaning, it is decided on anew.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.join import (
    NO_ROWS,
    Int64s,
    Matches,
    Method,
    Progress,
    SketchStore,
    find_duplicates,
)
from synth_assets.core.embedding.protocol import Vectors

_BLOCK = 2_048


@dataclass(frozen=True)
class Meaning:
    """What tells which rows are alike in meaning.

    Attributes:
        vectors: of all rows; a row's length is 1, or 0 where nothing is known of it.
        threshold: cosine from which on two rows are alike, above 0 and at most 1.
        kinds: of all rows, such as `same_numbers.number_sets`: rows of two kinds are not alike,
            whatever their vectors say. With none, all are of one kind.
    """

    vectors: Vectors
    threshold: float
    kinds: Int64s | None = None


def find_all_duplicates(
    store: SketchStore,
    order: Int64s,
    threshold: float,
    meaning: Meaning | None = None,
    on_progress: Progress | None = None,
) -> Matches:
    """Decide which rows are kept; the order of the rows in the store plays no part.

    Rows are first decided on by sketches; those that are kept, by meaning; then those are decided
    on anew, after all that are kept, whose kept row went.

    Args:
        store: sketches of all rows.
        order: the rows to decide on, in survivor order; others are told as kept.
        threshold: Jaccard similarity from which on a row is a near-duplicate.
        meaning: of all rows; with none, words alone count.
        on_progress: told now and then how many rows are done, of how many, by sketches.

    Raises:
        ConfigurationError: if the threshold of meaning is out of range.
    """
    from synth_assets.core.dedup.semantic import semantic_duplicates

    found = find_duplicates(store, order, threshold, on_progress)
    if meaning is None:
        return found
    decided = _Decided(found, store, threshold, meaning)
    standing = order[found.kept[order] < 0]
    kinds = None if meaning.kinds is None else meaning.kinds[standing]
    alike = semantic_duplicates(meaning.vectors[standing], meaning.threshold, kinds=kinds)
    gone = alike.dropped
    decided.drop_alike(standing[gone], standing[alike.kept_row[gone]], alike.similarity[gone])
    settled = np.delete(standing, gone)
    orphans = decided.orphans(order)
    while len(orphans):
        settled = np.concatenate([settled, decided.decide(settled, orphans)])
        orphans = decided.orphans(orphans)
    return decided.matches


class _Decided:
    """What is decided so far.

    Attributes:
        matches: of all rows.
    """

    def __init__(
        self, found: Matches, store: SketchStore, threshold: float, meaning: Meaning
    ) -> None:
        self.matches = Matches(
            found.kept.copy(), found.similarity.copy(), found.method.copy(), found.compared
        )
        self._store, self._threshold, self._meaning = store, threshold, meaning

    def drop_alike(self, rows: Int64s, kept: Int64s, similarity: npt.NDArray[np.float64]) -> None:
        """Drop rows for others that are alike in meaning."""
        self.matches.kept[rows] = kept
        self.matches.similarity[rows] = similarity
        self.matches.method[rows] = Method.SEMANTIC

    def orphans(self, rows: Int64s) -> Int64s:
        """Those of some rows that are dropped for a row that is dropped, too."""
        dropped = rows[self.matches.kept[rows] >= 0]
        return dropped[self.matches.kept[self.matches.kept[dropped]] >= 0]

    def decide(self, settled: Int64s, orphans: Int64s) -> Int64s:
        """Decide on orphans anew; some may be left orphans, the first never is.

        Args:
            settled: rows that are kept whatever comes.
            orphans: in survivor order.

        Returns:
            Those of the orphans that are kept.
        """
        order = np.concatenate([settled, orphans])
        again = find_duplicates(self._store, order, self._threshold)
        for mine, theirs in (
            (self.matches.kept, again.kept),
            (self.matches.similarity, again.similarity),
            (self.matches.method, again.method),
        ):
            mine[orphans] = theirs[orphans]
        vectors = self._meaning.vectors
        standing = orphans[again.kept[orphans] < 0]
        nearest = _nearest(self._meaning, standing, settled)
        kept = NO_ROWS
        for row, other in zip(standing.tolist(), nearest.tolist(), strict=True):
            # Most are told by the first; those that are kept are few.
            among = np.append(_nearest(self._meaning, np.array([row]), kept), other)
            cosines = [_cosine(vectors, row, each) for each in among.tolist()]
            best = int(np.argmax(cosines))
            if cosines[best] >= self._meaning.threshold:
                self.drop_alike(np.array([row]), among[best : best + 1], np.array([cosines[best]]))
            else:
                kept = np.append(kept, row)
        return kept


def _nearest(meaning: Meaning, rows: Int64s, among: Int64s) -> Int64s:
    """For each row the one of its kind whose vector is nearest; -1 where there are none."""
    vectors, kinds = meaning.vectors, meaning.kinds
    best, most = np.full(len(rows), -1), np.full(len(rows), -np.inf)
    own = vectors[rows].astype(np.float64)
    for at in range(0, len(among), _BLOCK):
        others = among[at : at + _BLOCK]
        cosines: npt.NDArray[np.float64] = own @ vectors[others].astype(np.float64).T
        if kinds is not None:
            cosines[kinds[rows][:, None] != kinds[others]] = -np.inf
        places = cosines.argmax(axis=1)
        found = cosines[np.arange(len(rows)), places]
        best = np.where(found > most, others[places], best)
        most = np.maximum(found, most)
    return best


def _cosine(vectors: Vectors, row: int, other: int) -> float:
    # Alone, so that it does not depend on what else is compared at once.
    return float((vectors[row].astype(np.float64) * vectors[other]).sum()) if other >= 0 else -1.0
