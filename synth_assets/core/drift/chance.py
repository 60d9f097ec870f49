"""What chance alone gives: the tail of A/A splits, and rates over many measures."""

# scipy has no type stubs.
# pyright: reportMissingTypeStubs=false

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_NEARLY_SYMMETRIC = 0.05
_NOISE_WEIGHT = 10


def tail_chance(value: float, splits: NDArray[np.float64]) -> float:
    """How often splits of unchanged rows are at least so far apart, 0..1.

    A few hundred splits say nothing of chances below one in a few hundred, so a Pearson type III
    curve is laid through their mean, spread and skew (for the squared mean discrepancy: Gretton et
    al., 2009, «A Fast, Consistent Kernel Two-Sample Test»).

    Returns:
        1 where all splits are alike and the value is no larger.
    """
    mean, spread = float(splits.mean()), float(splits.std(ddof=1))
    if spread <= 1e-12:
        return 1.0 if value <= mean + 1e-12 else 0.0
    z = (value - mean) / spread
    skew = float((((splits - mean) / spread) ** 3).mean())
    if skew < _NEARLY_SYMMETRIC:
        return 1.0 - NormalDist().cdf(z)
    from scipy.special import gammaincc

    shape = 4.0 / skew**2
    return float(gammaincc(shape, max(shape + z * sqrt(shape), 0.0)))


def unlike_earlier(value: float, noise: float, earlier: Sequence[float]) -> float:
    """How often a value at least so large comes after some that are held to be of one level.

    Student's t for one more value, its spread shrunk to that of chance in one measurement, which
    counts as much as ten values.

    Args:
        value: that is judged.
        noise: standard deviation of one measurement, above 0.
        earlier: values of the same quantity; at least one.

    Returns:
        0..1.
    """
    from scipy.special import stdtr

    count, level = len(earlier), float(np.mean(earlier))
    squares = float(((np.asarray(earlier) - level) ** 2).sum())
    freedom = count - 1 + _NOISE_WEIGHT
    spread = sqrt((squares + _NOISE_WEIGHT * noise**2) / freedom * (1.0 + 1.0 / count))
    return float(stdtr(freedom, (level - value) / spread)) if spread > 0 else float(value <= level)


def discoveries(chances: Sequence[float], rate: float) -> list[bool]:
    """Which of several are beyond chance, wrong ones being at most this share in expectation.

    Benjamini and Hochberg, 1995, «Controlling the False Discovery Rate». Where nothing changed,
    the chance that there is any is at most the rate; also where measures go together, as these do
    (Benjamini and Yekutieli, 2001).
    """
    order = sorted(range(len(chances)), key=lambda at: chances[at])
    taken = 0
    for place, at in enumerate(order, 1):
        if chances[at] <= rate * place / len(chances):
            taken = place
    found = set(order[:taken])
    return [at in found for at in range(len(chances))]
