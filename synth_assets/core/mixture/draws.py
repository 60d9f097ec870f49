"""Draws: a number for each row that follows from a seed and the row's id, and from nothing else.

So the same rows win whatever the order they come in, whatever other rows there are, on every
machine and in every version of the libraries.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from synth_assets.core.fingerprint import fingerprint

Draws: TypeAlias = npt.NDArray[np.uint64]


def draws(names: pl.Series, seed: int, purpose: str) -> Draws:
    """Draw a number for each name, evenly from all of 64 bits.

    Args:
        names: any text, without nulls.
        seed: of the mixture.
        purpose: what is drawn; draws for different purposes have nothing to do with each other.
    """
    from synth_assets.core.mixture.kernels.hashing import name_hashes

    found = np.empty(names.len(), np.uint64)
    if not len(found):
        return found
    sizes = names.str.len_bytes().cast(pl.Int64).to_numpy()
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    values = np.frombuffer(names.str.join().item().encode(), np.uint8)
    name_hashes(values, offsets, _salt(seed, purpose), found)
    return found


def _salt(seed: int, purpose: str) -> np.uint64:
    return np.uint64(int(fingerprint([seed, purpose])[:16], 16))
