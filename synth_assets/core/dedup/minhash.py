"""MinHash signatures, and how they are cut into bands.

After Broder, 1997, «On the resemblance and containment of documents», with the banding of Indyk
and Motwani, 1998.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.shingling import Shingles
from synth_assets.errors import ConfigurationError

if TYPE_CHECKING:
    from datasketch import MinHash  # pyright: ignore[reportMissingTypeStubs]

SEED = 1
_MOST_VALUES = 8
_MOST_PERMUTATIONS = 128


@dataclass(frozen=True)
class Banding:
    """How signatures are cut: two rows are candidates if all values of any one band agree.

    Attributes:
        bands: how many bands there are.
        values: values of the signature in a band.
    """

    bands: int
    values: int

    @classmethod
    def for_threshold(cls, threshold: float, recall: float) -> "Banding":
        """The most selective cut of at most 8 values a band and 128 in all that finds enough.

        Args:
            threshold: Jaccard similarity, above 0 and at most 1.
            recall: least probability that a pair at the threshold becomes candidates; a more
                similar pair does with a higher one.

        Raises:
            ConfigurationError: if one is out of range, or the threshold too low for the recall.
        """
        if not 0 < threshold <= 1:
            raise ConfigurationError(
                f"The near-duplicate threshold is {threshold}; it must be above 0 and at most 1. "
                "Give a number such as 0.8."
            )
        if not 0 < recall < 1:
            raise ConfigurationError(
                f"The recall of near-duplicates is {recall}; it must be above 0 and below 1. "
                "Give a number such as 0.999."
            )
        for values in range(_MOST_VALUES, 0, -1):
            bands = 1
            if threshold < 1:
                bands = int(np.ceil(np.log1p(-recall) / np.log1p(-(threshold**values))))
            if bands * values <= _MOST_PERMUTATIONS:
                return cls(bands, values)
        raise ConfigurationError(
            f"Near-duplicates at a threshold of {threshold} cannot be found with a recall of "
            f"{recall}: that takes more than {_MOST_PERMUTATIONS} permutations. Raise the "
            "threshold or lower the recall."
        )

    @property
    def permutations(self) -> int:
        """Length of a signature."""
        return self.bands * self.values

    def found(self, similarity: float) -> float:
        """Probability that a pair of a similarity become candidates."""
        return 1 - (1 - similarity**self.values) ** self.bands


@dataclass(frozen=True)
class Permutations:
    """Permutations of 32-bit hashes, equal to those of `datasketch.MinHash(scheme="affine32")`.

    So signatures can be exchanged: with one seed and number, and `hashfunc` the lower 32 bits of
    the same hashes, those of datasketch 2 are equal.

    Attributes:
        number: how many.
        seed: what they are drawn by.
    """

    number: int
    seed: int = SEED

    @cached_property
    def _drawn(self) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
        # The generator of datasketch, in its order of draws.
        generator = np.random.RandomState(self.seed)
        halves = generator.randint(0, 1 << 31, self.number, dtype=np.uint32)
        increments = generator.randint(0, 1 << 32, self.number, dtype=np.uint32)
        return halves * np.uint32(2) + np.uint32(1), increments

    def signatures(self, shingles: Shingles) -> npt.NDArray[np.uint32]:
        """The smallest permuted hashes: texts x permutations."""
        from synth_assets.core.dedup.kernels.signatures import minhash_signatures

        signatures = np.empty((shingles.texts, self.number), np.uint32)
        minhash_signatures(shingles.hashes, shingles.offsets, *self._drawn, signatures)
        return signatures

    def for_datasketch(self, signature: npt.NDArray[np.uint32]) -> "MinHash":
        """One signature as datasketch takes it."""
        from datasketch import MinHash  # pyright: ignore[reportMissingTypeStubs]

        return MinHash(
            num_perm=self.number, seed=self.seed, hashvalues=signature, scheme="affine32"
        )


def band_keys(signatures: npt.NDArray[np.uint32], banding: Banding) -> npt.NDArray[np.uint64]:
    """A hash of each band of each signature: bands x texts."""
    from synth_assets.core.dedup.kernels.signatures import band_keys as fill_keys

    keys = np.empty((banding.bands, len(signatures)), np.uint64)
    fill_keys(signatures, banding.values, keys)
    return keys
