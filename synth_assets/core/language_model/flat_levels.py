"""The n-grams of all lengths in flat arrays, as kernels walk through them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]


class FlatLevels(NamedTuple):
    """Arrays of levels one after the other; see `Level` and `KeyIndex`.

    Attributes:
        size: of the vocabulary.
        slot_keys: of all indexes.
        slot_places: of all indexes.
        at_slots: where each level's slots begin; one more than there are levels.
        shifts: of each level's index.
        keys: of all nodes.
        shares: of all nodes.
        at_nodes: where each level's nodes begin.
        sums: of all levels; each has one more than it has nodes.
        rest: of all contexts.
        at_contexts: where each level's contexts begin.
        first: of all levels; each has one more than it has contexts.
    """

    size: int
    slot_keys: Ids
    slot_places: Ids
    at_slots: Ids
    shifts: Ids
    keys: Ids
    shares: Floats
    at_nodes: Ids
    sums: Floats
    rest: Floats
    at_contexts: Ids
    first: Ids
