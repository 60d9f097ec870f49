"""Intervals of shares and of their ratio. Pure arithmetic."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True)
class Interval:
    """Bounds of a quantity; `high` is None where nothing bounds it from above."""

    low: float
    high: float | None


def one_sided_z(confidence: float, comparisons: int = 1) -> float:
    """Deviations that each of so many one-sided bounds needs for all to hold together.

    Bonferroni: the chance of error, 1 - `confidence`, is divided among the comparisons.
    """
    return NormalDist().inv_cdf(1 - (1 - confidence) / comparisons)


def wilson(successes: int, trials: int, z: float) -> Interval:
    """Score interval of a share, 0 to 1; it holds for few trials, and for none or all successes.

    Wilson, 1927, «Probable Inference, the Law of Succession, and Statistical Inference».
    Without trials it is 0 to 1.
    """
    if not trials:
        return Interval(0.0, 1.0)
    share, square = successes / trials, z * z
    centre = share + square / (2 * trials)
    spread = z * sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    scale = 1 + square / trials
    low = 0.0 if successes == 0 else max(0.0, (centre - spread) / scale)
    high = 1.0 if successes == trials else min(1.0, (centre + spread) / scale)
    return Interval(low, high)


def share_ratio(part: int, whole: int, other_part: int, other_whole: int, z: float) -> Interval:
    """Interval of the ratio of two shares, (part / whole) over (other_part / other_whole).

    Given their sum, the two counts are a draw with a chance that only the ratio decides; its
    Wilson interval is carried over. The counts are taken as Poisson, so for large shares
    the interval is a little too wide. Przyborowski and Wilenski, 1940,
    «Homogeneity of Results in Testing Samples from Poisson Series».
    """
    if not whole or not other_whole:
        return Interval(0.0, None)
    chance = wilson(part, part + other_part, z)
    scale = other_whole / whole
    high = 1.0 if chance.high is None else chance.high
    return Interval(
        chance.low / (1 - chance.low) * scale if chance.low < 1 else 0.0,
        high / (1 - high) * scale if high < 1 else None,
    )
