"""Items cut into parts: of a long item any part gives it away."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

LONGEST_PART = 240
"""Elements; about half of what is looked at together in a text."""


@dataclass(frozen=True)
class Parts:
    """Stretches of the elements of items.

    Attributes:
        items: number of the item of each part.
        begins: int64, number of its first element.
        ends: number behind its last.
    """

    items: npt.NDArray[np.int64]
    begins: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]

    @classmethod
    def of(cls, offsets: npt.NDArray[np.int64]) -> "Parts":
        """Cut items into parts of at most 240 elements, as equal as can be.

        Args:
            offsets: where the elements of each item begin, and the last's end.
        """
        items: list[int] = []
        bounds: list[tuple[int, int]] = []
        for item, (begin, end) in enumerate(pairwise(offsets.tolist())):
            count = max(1, -(-(end - begin) // LONGEST_PART))
            cuts = [begin + (end - begin) * cut // count for cut in range(count + 1)]
            bounds += pairwise(cuts)
            items += [item] * count
        table = np.array(bounds, np.int64).reshape(-1, 2)
        return cls(np.array(items, np.int64), table[:, 0], table[:, 1])

    def __len__(self) -> int:
        return len(self.items)
