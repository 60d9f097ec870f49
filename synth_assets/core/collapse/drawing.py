"""Drawing texts: which ones, and in which order, a generator says."""

from collections.abc import Sequence

import numpy as np


def drawn(texts: Sequence[str], rng: np.random.Generator, most: int | None = None) -> list[str]:
    """Texts in random order, at most so many; the generator moves on by one permutation."""
    places: list[int] = rng.permutation(len(texts)).tolist()
    return [texts[place] for place in places[:most]]
