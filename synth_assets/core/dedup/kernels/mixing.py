"""Hash functions for kernels. None withstands an adversary who looks for collisions."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.kernels.compiled import compiled

U8: TypeAlias = npt.NDArray[np.uint8]
U32: TypeAlias = npt.NDArray[np.uint32]
U64: TypeAlias = npt.NDArray[np.uint64]
I64: TypeAlias = npt.NDArray[np.int64]
F64: TypeAlias = npt.NDArray[np.float64]


@compiled
def mixed64(value: np.uint64) -> np.uint64:
    """Spread 64 bits over 64 bits, one to one: MurmurHash3's finalizer (Appleby, 2011)."""
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@compiled
def mixed32(value: np.uint32) -> np.uint32:
    """As `mixed64`, of 32 bits; the mixing that datasketch does before it permutes."""
    value ^= value >> np.uint32(16)
    value = np.uint32(value * np.uint32(0x85EBCA6B))
    value ^= value >> np.uint32(13)
    value = np.uint32(value * np.uint32(0xC2B2AE35))
    return np.uint32(value ^ (value >> np.uint32(16)))
