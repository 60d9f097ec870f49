"""What of a text is enough to find its duplicates: a sketch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.exact import ExactRule
from synth_assets.core.dedup.minhash import Banding, Permutations, band_keys
from synth_assets.core.dedup.shingling import Shingles, Shingling

THRESHOLD = 0.8
RECALL = 0.999


@dataclass(frozen=True)
class Sketches:
    """Sketches of some texts.

    Attributes:
        exact: uint64, texts x 2, see `ExactRule.hashes`.
        signatures: uint32, texts x permutations; without any where only equal texts are sought.
        shingles: of each text, in its order.
    """

    exact: npt.NDArray[np.uint64]
    signatures: npt.NDArray[np.uint32]
    shingles: Shingles

    @classmethod
    def woven(
        cls, parts: Sequence["Sketches"], places: Sequence[npt.NDArray[np.int64]]
    ) -> "Sketches":
        """The texts of several, each where it belongs.

        Args:
            parts: at least one.
            places: of each part, the numbers that its texts are to have.
        """
        texts = sum(map(len, places))
        exact = np.empty((texts, 2), np.uint64)
        signatures = np.empty((texts, parts[0].signatures.shape[1]), np.uint32)
        for part, rows in zip(parts, places, strict=True):
            exact[rows], signatures[rows] = part.exact, part.signatures
        return cls(exact, signatures, Shingles.woven([part.shingles for part in parts], places))


@dataclass(frozen=True)
class DedupRule:
    """What makes a text a duplicate of another.

    Attributes:
        threshold: Jaccard similarity of the two sets of shingles from which on a text is a
            near-duplicate, above 0 and at most 1.
        recall: least probability that a pair at the threshold is found.
        shingling: how texts are cut.
        exact: what equal texts may differ in.
        near: whether near-duplicates are looked for, besides equal texts.
    """

    threshold: float = THRESHOLD
    recall: float = RECALL
    shingling: Shingling = field(default_factory=Shingling)
    exact: ExactRule = field(default_factory=ExactRule)
    near: bool = True

    @cached_property
    def banding(self) -> Banding:
        """How signatures are cut.

        Raises:
            ConfigurationError: if threshold or recall are out of range.
        """
        return Banding.for_threshold(self.threshold, self.recall) if self.near else Banding(0, 0)

    def sketch(self, texts: Sequence[str]) -> Sketches:
        """Sketch texts; quickest for about a thousand at a time. Several threads may."""
        plain = np.fromiter((text.isascii() for text in texts), np.bool_, len(texts))
        if plain.all() or not plain.any():
            return self._sketch(texts)
        # ASCII is folded and read several times faster, but only where nothing else is.
        rows = np.flatnonzero(plain), np.flatnonzero(~plain)
        parts = [self._sketch([texts[row] for row in each.tolist()]) for each in rows]
        return Sketches.woven(parts, rows)

    def _sketch(self, texts: Sequence[str]) -> Sketches:
        shingling, exact = self.shingling, self.exact
        points = shingling.code_points(texts)
        folds = shingling.folds
        same = exact.unicode == folds and exact.case == folds
        hashes = exact.hashes_of(points) if same else exact.hashes(texts)
        shingles = shingling.cut_points(points) if self.near else Shingles.none(len(texts))
        signatures = Permutations(self.banding.permutations).signatures(shingles)
        return Sketches(hashes, signatures, shingles)

    def keys(self, signatures: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint64]:
        """A hash of each band of each signature: bands x texts."""
        return band_keys(signatures, self.banding)
