"""What is not known yet, as an expectation with an interval of 90 %.

Two kinds of doubt are kept apart. What was *measured* varies by chance: variances add, and sums
over many requests become sharp. What was only *bounded* (a length that nothing was observed of)
may be wrong in the same direction everywhere: bounds add as they are.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

Z_90 = 1.6448536269514722
"""Half the width of a normal distribution's central 90 %, in standard deviations."""

_HALF_A_COUNT = 0.5
"""The continuity correction: of one request there is no three quarters."""

FEWEST = 3
"""Fewer observations say nothing of their spread."""


@dataclass(frozen=True)
class Estimate:
    """A quantity and its doubt.

    Attributes:
        expected: its expectation.
        variance: of what was measured.
        down: how far below the expectation it may lie by what was only bounded.
        up: how far above.
    """

    expected: float = 0.0
    variance: float = 0.0
    down: float = 0.0
    up: float = 0.0

    @classmethod
    def between(cls, low: float, high: float) -> "Estimate":
        """Anything from one to the other; the middle is expected."""
        half = (high - low) / 2
        return cls(low + half, 0.0, half, half)

    @property
    def low(self) -> float:
        """Lower end of the interval; never below zero."""
        return max(0.0, self.expected - self.down - Z_90 * math.sqrt(self.variance))

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.expected + self.up + Z_90 * math.sqrt(self.variance)

    @property
    def is_nothing(self) -> bool:
        """Whether it is zero for sure."""
        return self.high == 0

    def __add__(self, other: "Estimate") -> "Estimate":
        return Estimate(
            self.expected + other.expected,
            self.variance + other.variance,
            self.down + other.down,
            self.up + other.up,
        )

    def scaled(self, factor: float) -> "Estimate":
        """So many times this, as with a price."""
        return Estimate(
            self.expected * factor, self.variance * factor**2, self.down * factor, self.up * factor
        )

    def as_json(self) -> dict[str, float]:
        """For programs."""
        return {"low": self.low, "expected": self.expected, "high": self.high}


NOTHING = Estimate()


@dataclass(frozen=True)
class Moments:
    """How many were observed, their sum, and the sum of their squares."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    @property
    def mean(self) -> float:
        """The mean; zero of none."""
        return self.total / self.count if self.count else 0.0

    @property
    def variance(self) -> float:
        """The unbiased variance; zero of fewer than two."""
        if self.count < 2:
            return 0.0
        spread = self.squares - self.count * self.mean**2
        return max(0.0, spread / (self.count - 1))

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(
            self.count + other.count, self.total + other.total, self.squares + other.squares
        )

    def and_one(self, value: float) -> "Moments":
        """With one more observation."""
        return Moments(self.count + 1, self.total + value, self.squares + value**2)


@dataclass(frozen=True)
class Each:
    """A quantity of one request, such as its tokens.

    Attributes:
        mean: its expectation.
        variance: from request to request.
        doubt: variance of the mean itself.
        down: how far the mean may lie below by what was only bounded.
        up: how far above.
    """

    mean: float
    variance: float = 0.0
    doubt: float = 0.0
    down: float = 0.0
    up: float = 0.0

    @classmethod
    def measured(cls, seen: Moments) -> "Each":
        """As observed `FEWEST` times or more; few widen it as Student's distribution does."""
        widened = seen.variance * (_t_90(seen.count - 1) / Z_90) ** 2
        return cls(seen.mean, widened, widened / seen.count)

    @classmethod
    def between(cls, low: float, high: float) -> "Each":
        """Of a mean that is only bounded."""
        middle = Estimate.between(low, high)
        return cls(middle.expected, 0.0, 0.0, middle.down, middle.up)

    def scaled(self, factor: float) -> "Each":
        """So many times this, as tokens of characters."""
        return Each(
            self.mean * factor,
            self.variance * factor**2,
            self.doubt * factor**2,
            self.down * factor,
            self.up * factor,
        )

    def of(self, requests: Estimate) -> Estimate:
        """The sum over a number of requests."""
        count = requests.expected
        return Estimate(
            count * self.mean,
            count * self.variance + count**2 * self.doubt + self.mean**2 * requests.variance,
            count * self.down + requests.down * (self.mean - self.down),
            count * self.up + requests.up * (self.mean + self.up),
        )


def counted_in_part(found: int, looked_at: int, of: int) -> Estimate:
    """How many of a whole have a property, where an even part of it was looked at.

    The variance is that of a simple random sample without replacement, with half a count added to
    either side so that «none found» is not «none there».
    """
    if looked_at == of or not looked_at:
        return Estimate(float(found))
    factor = of / looked_at
    share = (found + 0.5) / (looked_at + 1)
    left_out = 1 - looked_at / of
    variance = factor**2 * looked_at * share * max(1 - share, 0.0) * left_out
    return Estimate(found * factor, variance)


@dataclass(frozen=True)
class Reach:
    """How often the steps of a recipe were come to.

    Attributes:
        answered: step -> requests of it that were answered, with all that followed known.
        seen: step -> requests of it that were asked for.
        samples: planned samples that these are of; none where nobody counted, and each has one
            request of the step that is waited for.
    """

    answered: Mapping[str, int]
    seen: Mapping[str, int]
    samples: int | None = None

    def knows(self, step: str) -> bool:
        """Whether anything that follows a step was observed."""
        return self.answered.get(_base(step), 0) > 0

    def later(self, waiting: Estimate, step: str, later: str, most: int = 1) -> Estimate:
        """Requests of a later step, of samples that wait for the answer to a step of theirs.

        Where nothing was observed: from none to `most` each, how many a sample may come to.
        """
        if not self.knows(step):
            half = waiting.scaled(0.5 * most)
            return Estimate(half.expected, half.variance, half.expected, half.expected)
        observed, seen = self.answered[_base(step)], self.seen.get(later, 0)
        if self.samples is not None:
            # A sample that asks a step in turns waits once, for its first answer.
            observed = min(observed, self.samples)
            seen -= observed if later == _base(step) else 0
        share = (seen + 0.5) / (observed + 1)
        # Beyond one each, a fan-out, counts are taken as those of a Poisson process.
        spread = share * (1 - share) if share < 1 else share
        count, ratio = waiting.expected, seen / observed
        variance = spread * (count + count**2 / observed)
        drawn = ratio**2 * waiting.variance
        half = Z_90 * math.sqrt(variance) + _HALF_A_COUNT
        expected, rest = count * ratio, count * (1 - ratio)
        if share < 1 and half > min(expected, rest):
            # A normal distribution would reach beyond none or all.
            return Estimate(expected, drawn, min(half, expected), max(min(half, rest), 0.0))
        return Estimate(expected, variance + drawn, _HALF_A_COUNT, _HALF_A_COUNT)


def _base(step: str) -> str:
    """A request asked again stands for the one it repeats."""
    return step.partition("/")[0]


def _t_90(freedom: int) -> float:
    """Half the width of Student's central 90 %, by Hill's expansion (Abramowitz-Stegun 26.7.5)."""
    z = Z_90
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
