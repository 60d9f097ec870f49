"""Duplicates among texts in memory, and what two of them share."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.join import Int64s, Matches, Progress, find_duplicates
from synth_assets.core.dedup.shingling import Shingles, Shingling
from synth_assets.core.dedup.sketch import DedupRule, Sketches

EXCERPT_CHARACTERS = 160
_CHUNK = 1024


@dataclass(frozen=True)
class SketchesInMemory:
    """A `join.SketchStore` of sketches in memory.

    Attributes:
        sketches: of all rows.
        rule: that they were made by.
    """

    sketches: Sketches
    rule: DedupRule

    @classmethod
    def joined(cls, parts: Sequence[Sketches], rule: DedupRule) -> "SketchesInMemory":
        """All rows of several, in order."""
        exact = [np.empty((0, 2), np.uint64), *(part.exact for part in parts)]
        values = rule.banding.permutations
        signatures = [np.empty((0, values), np.uint32), *(part.signatures for part in parts)]
        shingles = Shingles.joined([part.shingles for part in parts])
        return cls(Sketches(np.concatenate(exact), np.concatenate(signatures), shingles), rule)

    @classmethod
    def of(cls, texts: Sequence[str], rule: DedupRule) -> "SketchesInMemory":
        """Sketch texts."""
        chunks = (texts[at : at + _CHUNK] for at in range(0, len(texts), _CHUNK))
        return cls.joined([rule.sketch(chunk) for chunk in chunks], rule)

    @property
    def exact(self) -> npt.NDArray[np.uint64]:
        """See `Sketches.exact`."""
        return self.sketches.exact

    @property
    def bands(self) -> int:
        """How many bands a signature has."""
        return self.rule.banding.bands

    @cached_property
    def _keys(self) -> npt.NDArray[np.uint64]:
        return self.rule.keys(self.sketches.signatures)

    def band(self, band: int) -> npt.NDArray[np.uint64]:
        """The keys of one band, by row."""
        return self._keys[band]

    def shingles(self, rows: Int64s) -> Shingles:
        """A copy of the shingles of some rows, in the order asked."""
        return self.sketches.shingles.some(rows)


def duplicates_among(
    texts: Sequence[str],
    rule: DedupRule | None = None,
    order: Int64s | None = None,
    on_progress: Progress | None = None,
) -> Matches:
    """Decide which of some texts are kept.

    Args:
        texts: any; the empty one, too.
        rule: what makes a duplicate; with none, the usual one.
        order: the texts in survivor order; with none, as they are given.
        on_progress: told now and then how many texts are done, of how many.

    Raises:
        ConfigurationError: if the rule's threshold or recall are out of range.
    """
    rule = DedupRule() if rule is None else rule
    store = SketchesInMemory.of(texts, rule)
    order = np.arange(len(texts)) if order is None else order
    return find_duplicates(store, order, rule.threshold, on_progress)


def shared_texts(
    shingling: Shingling, texts: Sequence[str], ours: Shingles, theirs: Shingles
) -> list[str]:
    """The longest stretch of each text all of whose shingles stand in another text.

    Args:
        shingling: how texts are cut.
        texts: any.
        ours: their shingles.
        theirs: those of the others, one for each of the texts; they are sorted in place.

    Returns:
        At most 160 characters of each.
    """
    from synth_assets.core.dedup.kernels.joining import distinct_runs, longest_shared_runs

    counts = np.empty(len(texts), np.int64)
    distinct_runs(theirs.hashes, theirs.offsets, counts)
    runs = np.empty((len(texts), 2), np.int64)
    longest_shared_runs(ours.hashes, ours.offsets, theirs.hashes, theirs.offsets, counts, runs)
    return [
        _excerpt(shingling.stretch(text, begin, end)) if end else ""
        for text, (begin, end) in zip(texts, runs.tolist(), strict=True)
    ]


def _excerpt(text: str) -> str:
    said = " ".join(text.split())
    cut = f"{said[: EXCERPT_CHARACTERS - 1]}…"
    return said if len(said) <= EXCERPT_CHARACTERS else cut
