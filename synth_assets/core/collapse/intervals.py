"""Intervals of what is measured: over documents, and over repetitions with other seeds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_RESAMPLES = 1_000
# Two-sided 95 % of Student's t for 1 to 30 degrees of freedom; beyond, the normal's is as near as
# any seed count deserves.
_T = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
_NORMAL = 1.960


@dataclass(frozen=True)
class Interval:
    """A value and where it lies with 95 % confidence."""

    value: float
    low: float
    high: float

    def clear_of(self, bound: float) -> bool:
        """Whether all of the interval lies above a bound."""
        return self.low > bound


def paired_difference(ours: Floats, theirs: Floats, sizes: Floats, seed: int = 0) -> Interval:
    """How much more per unit of size one model needs than another, over the same documents.

    Percentile bootstrap over documents (Efron and Tibshirani, 1993), both models on the same
    resample: what makes documents differ from each other cancels.

    Args:
        ours: bits, one value a document.
        theirs: of the same documents.
        sizes: of the same documents, such as bytes.
        seed: of the resampling.

    Raises:
        ValueError: without documents, or if they have no size.
    """
    total = float(sizes.sum())
    if not len(sizes) or total <= 0:
        raise ValueError("paired_difference needs documents that are not all empty")
    differences = ours - theirs
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(sizes), (_RESAMPLES, len(sizes)))
    # A resample may hold empty documents alone.
    spread = differences[drawn].sum(axis=1) / np.maximum(sizes[drawn].sum(axis=1), 1.0)
    low, high = np.quantile(spread, (0.025, 0.975))
    return Interval(float(differences.sum()) / total, float(low), float(high))


def over_seeds(values: Sequence[float]) -> Interval:
    """The mean of repetitions with other seeds, with Student's t interval.

    One repetition says nothing of its spread: its interval is everything.

    Raises:
        ValueError: without values.
    """
    if not values:
        raise ValueError("over_seeds needs a value at least")
    mean = float(np.mean(values))
    if len(values) == 1:
        return Interval(mean, float("-inf"), float("inf"))
    freedom = len(values) - 1
    factor = _T[freedom - 1] if freedom <= len(_T) else _NORMAL
    half = factor * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return Interval(mean, mean - half, mean + half)
