"""How sure a figure is: the same texts drawn anew, or half of them left out.

Two ways, for one is wrong where the other is right:

- **Bootstrap** (Efron, 1979): as many texts are drawn with replacement. Right for means, shares and
  ratios. A text that is drawn twice repeats itself, so every measure of repetition would be told
  of repetition that is not there.
- **Halves** (Shao and Wu, 1989, «A General Theory for Jackknife Variance Estimation»): half of the
  texts are left out at a time, none comes twice. For smooth functions the standard deviation over
  halves is the standard error of the whole, whatever the level that halves have.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import inf

import numpy as np

from synth_assets.core.diversity.corpus import Floats

LEAST_TEXTS = 10
"""Texts below which no interval is given."""

_BOOTSTRAPS = 200
_HALVES = 24
_T_OF_HALVES = 2.07
_FEWER_HALVES = 8
_T_OF_FEWER = 2.36
_MANY_TEXTS = 2_000


class Resampling(StrEnum):
    """How the interval of a metric is found."""

    BOOTSTRAP = "bootstrap"
    HALVES = "halves"


@dataclass(frozen=True)
class Measured:
    """A figure and where it lies with 95 % confidence.

    Attributes:
        value: of all texts; None where it does not exist.
        low: lower end; None where nothing can be said.
        high: upper end; None where nothing can be said.
    """

    value: float | None
    low: float | None
    high: float | None


def weights_of(texts: int, resampling: Resampling, seed: int) -> Floats:
    """How often each text counts: all once in the first row, then a draw in each row.

    Returns:
        Shape (1 + draws, texts); the first row alone for fewer than `LEAST_TEXTS`. Equal for equal
        arguments, so that all metrics see the same draws; not to be written to.
    """
    if texts < LEAST_TEXTS:
        return np.ones((1, texts))
    return _drawn(texts, resampling, seed)


@lru_cache(maxsize=16)
def _drawn(texts: int, resampling: Resampling, seed: int) -> Floats:
    rng = np.random.default_rng([seed, texts])
    match resampling:
        case Resampling.BOOTSTRAP:
            draws = rng.multinomial(texts, np.full(texts, 1 / texts), _draws(texts, _BOOTSTRAPS))
        case Resampling.HALVES:
            half = np.arange(texts) < texts // 2
            count = _draws(texts, _HALVES)
            draws = rng.permuted(np.tile(half, (count, 1)), axis=1)
    return np.concatenate([np.ones((1, texts)), draws.astype(np.float64)])


def _draws(texts: int, usual: int) -> int:
    """Of many texts fewer draws tell as much, and each costs more."""
    return usual if texts <= _MANY_TEXTS else _FEWER_HALVES if usual == _HALVES else usual // 2


def interval_of(values: Floats, resampling: Resampling, most: float = inf) -> Measured:
    """Read a figure and its interval off the values of the rows of `weights_of`.

    Args:
        values: of all texts first, then of each draw; nan where the figure does not exist.
        resampling: how they were drawn.
        most: what no value is above.

    Returns:
        Bootstrap: the 2.5 and 97.5 percentiles. Halves: the value and as many standard errors as
        Student's t has, within 0 and `most`. No interval where the figure does not exist in some
        draw.
    """
    value = None if np.isnan(values[0]) else float(values[0])
    drawn = values[1:]
    if value is None or not len(drawn) or np.isnan(drawn).any():
        return Measured(value, None, None)
    match resampling:
        case Resampling.BOOTSTRAP:
            low, high = np.quantile(drawn, (0.025, 0.975))
        case Resampling.HALVES:
            # Of an odd number the smaller half is kept: n - d over d is a little above 1.
            t = _T_OF_HALVES if len(drawn) == _HALVES else _T_OF_FEWER
            error = t * float(drawn.std(ddof=1))
            low, high = value - error, value + error
    return Measured(value, max(0.0, float(low)), min(most, float(high)))
