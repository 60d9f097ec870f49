"""Hashes of names, the same on every machine."""

import numpy as np

from synth_assets.core.dedup.kernels.compiled import compiled
from synth_assets.core.dedup.kernels.mixing import I64, U8, U64, mixed64


@compiled
def name_hashes(values: U8, offsets: I64, salt: np.uint64, found: U64) -> None:
    """Hash names: FNV-1a (Fowler, Noll and Vo) from a salted start, its bits spread at the end.

    Args:
        values: the bytes of all names, one name's after the other's.
        offsets: where each name begins, and the last ends.
        salt: which hash it is.
        found: out, a hash a name.
    """
    for name in range(len(found)):
        state = salt
        for at in range(offsets[name], offsets[name + 1]):
            state = (state ^ np.uint64(values[at])) * np.uint64(0x100000001B3)
        found[name] = mixed64(state)
