"""What texts mean, of more than memory holds: appended to files, read back by mapping them."""

from collections.abc import Sequence

import numpy as np

from synth_assets.core.dedup.join import Int64s
from synth_assets.core.dedup.same_numbers import number_sets
from synth_assets.core.embedding.protocol import Embedder, Vectors
from synth_assets.resources.dedup.scratch import Scratch

_NAME, _NUMBERS = "vectors", "numbers"


class SpilledVectors:
    """Vectors of texts, and which numbers they tell of, on disk."""

    def __init__(self, embedder: Embedder, scratch: Scratch) -> None:
        """Begin with no texts.

        Args:
            embedder: makes the vectors.
            scratch: where they are put.
        """
        self._embedder = embedder
        self._scratch = scratch
        self._held: list[str] = []
        self._rows = 0
        self._dimensions = 0

    def append(self, texts: Sequence[str]) -> None:
        """Embed texts behind those there are.

        Raises:
            SynthError: if they cannot be embedded.
            StorageError: if the disk is full.
        """
        self._scratch.append(_NUMBERS, number_sets(texts))
        if self._embedder.looks_at_others:
            self._held += texts
        else:
            self._write(self._embedder.embed(texts))

    @property
    def number_sets(self) -> Int64s:
        """See `same_numbers.number_sets`; of all texts, in order."""
        return self._scratch.mapped(_NUMBERS).view(np.int64)

    @property
    def every(self) -> Vectors:
        """The vectors of all texts, in order."""
        if self._held:
            self._write(self._embedder.embed(self._held))
            self._held = []
        shape = (self._rows, self._dimensions)
        return self._scratch.mapped(_NAME).view(np.float32).reshape(shape)

    def _write(self, vectors: Vectors) -> None:
        self._scratch.append(_NAME, vectors)
        self._rows += len(vectors)
        self._dimensions = vectors.shape[1]
