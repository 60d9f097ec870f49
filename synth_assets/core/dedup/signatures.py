"""Sketches without their shingles: what of them is kept from one run to the next.

Shingles take twice the room of the rest, and as long to read as to cut; and only rows that share a
bucket with others need them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.join import Int64s
from synth_assets.core.dedup.near import SketchesInMemory
from synth_assets.core.dedup.shingling import Shingles
from synth_assets.core.dedup.sketch import DedupRule

_CHUNK = 1024


@dataclass(frozen=True)
class Signatures:
    """What of sketches is kept.

    Attributes:
        exact: uint64, texts x 2, see `Sketches.exact`.
        values: uint32, texts x permutations, see `Sketches.signatures`.
    """

    exact: npt.NDArray[np.uint64]
    values: npt.NDArray[np.uint32]

    @classmethod
    def of(cls, texts: Sequence[str], rule: DedupRule) -> "Signatures":
        """Sketch texts."""
        sketches = SketchesInMemory.of(texts, rule).sketches
        return cls(sketches.exact, sketches.signatures)

    @classmethod
    def joined(cls, parts: Sequence["Signatures"]) -> "Signatures":
        """All rows of several, one at least, in order."""
        exact = np.concatenate([part.exact for part in parts])
        return cls(exact, np.concatenate([part.values for part in parts]))

    def some(self, rows: Int64s) -> "Signatures":
        """Those of some rows, in the order asked."""
        return Signatures(self.exact[rows], self.values[rows])


@dataclass(frozen=True)
class KeptSketches:
    """A `join.SketchStore` that cuts shingles when they are asked for.

    Attributes:
        signatures: of all rows.
        texts: of all rows.
        rule: that the signatures were made by.
    """

    signatures: Signatures
    texts: Sequence[str]
    rule: DedupRule

    @property
    def exact(self) -> npt.NDArray[np.uint64]:
        """See `Sketches.exact`."""
        return self.signatures.exact

    @property
    def bands(self) -> int:
        """How many bands a signature has."""
        return self.rule.banding.bands

    @cached_property
    def _keys(self) -> npt.NDArray[np.uint64]:
        return self.rule.keys(self.signatures.values)

    def band(self, band: int) -> npt.NDArray[np.uint64]:
        """The keys of one band, by row."""
        return self._keys[band]

    def shingles(self, rows: Int64s) -> Shingles:
        """The shingles of some rows, in the order asked."""
        numbers: list[int] = rows.tolist()
        texts = [self.texts[row] for row in numbers]
        chunks = (texts[at : at + _CHUNK] for at in range(0, len(texts), _CHUNK))
        return Shingles.joined([self.rule.shingling.cut(chunk) for chunk in chunks])
