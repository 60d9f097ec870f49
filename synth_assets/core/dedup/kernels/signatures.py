"""From hashes of shingles to MinHash signatures, and to the keys of their bands."""

import numpy as np

from synth_assets.core.dedup.kernels.compiled import compiled
from synth_assets.core.dedup.kernels.mixing import I64, U32, U64, mixed32, mixed64


@compiled
def minhash_signatures(
    hashes: U64, offsets: I64, multipliers: U32, increments: U32, signatures: U32
) -> None:
    """The smallest permuted hash of each text, for each permutation.

    Args:
        hashes: of the shingles of all texts; their lower 32 bits count.
        offsets: where in `hashes` each text begins, and the last ends.
        multipliers: of the permutations, odd.
        increments: of the permutations.
        signatures: out, texts x permutations.
    """
    permutations = len(multipliers)
    for text in range(len(offsets) - 1):
        signature = signatures[text]
        signature[:] = np.uint32(0xFFFFFFFF)
        for at in range(offsets[text], offsets[text + 1]):
            value = mixed32(np.uint32(hashes[at] & np.uint64(0xFFFFFFFF)))
            for turn in range(permutations):
                permuted = np.uint32(np.uint32(multipliers[turn] * value) + increments[turn])
                if permuted < signature[turn]:
                    signature[turn] = permuted


@compiled
def band_keys(signatures: U32, values: int, keys: U64) -> None:
    """Hash each band of each signature.

    Args:
        signatures: texts x permutations.
        values: permutations in a band.
        keys: out, bands x texts.
    """
    for text in range(len(signatures)):
        for band in range(len(keys)):
            total = np.uint64(band)
            for at in range(band * values, (band + 1) * values):
                total = mixed64(total ^ np.uint64(signatures[text, at]))
            keys[band, text] = total
