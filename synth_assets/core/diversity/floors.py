"""Floors: how far the synthetic rows of a set may be from real rows before a gate closes.

A floor is crossed where a figure is beyond its tolerance by more than both intervals leave to
chance: two samples of one kind of text then hardly ever cross one, and a set that is a little off
does not either. The tolerances are those of a red sign of the canary (30 %), where the quantity is
the same; the others were set wide, as real rows of another kind are no worse for being other. They
are a first guess, to be told from a set's own history as soon as it has one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import hypot

import polars as pl

from synth_assets.core.diversity.metric_spec import Basis
from synth_assets.core.diversity.metrics import DiversityMetric, spec_of
from synth_assets.core.diversity.slices import REAL, REFERENCE, SYNTHETIC

LEAST_ALIKE = 0.8
"""Amounts of text, the smaller over the larger, from which on figures are compared."""


class Side(StrEnum):
    """On which side of real rows a floor lies."""

    BOTH = "both"
    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True)
class Floor:
    """How far a metric may be from real rows.

    Attributes:
        tolerance: how far; a share of the real rows' figure, or the figure's own unit.
        is_share: which of the two.
        side: where too far is.
        rationale: why there.
    """

    tolerance: float
    is_share: bool
    side: Side
    rationale: str

    def distance(self, of_real: float) -> float:
        """The tolerance in the metric's unit."""
        return self.tolerance * of_real if self.is_share else self.tolerance


_NARROW_OR_NOISE = "sharpened writing is below, noise above: both are collapse"

FLOORS = {
    DiversityMetric.DISTINCT_2: Floor(0.3, True, Side.BOTH, _NARROW_OR_NOISE),
    DiversityMetric.MTLD: Floor(0.5, True, Side.BOTH, "varies between kinds of text by a third"),
    DiversityMetric.COMPRESSION_RATIO: Floor(0.5, True, Side.BOTH, _NARROW_OR_NOISE),
    DiversityMetric.SELF_BLEU: Floor(
        0.3, False, Side.ABOVE, "moulds repeat runs of four words; real kinds differ by .2"
    ),
    DiversityMetric.VENDI: Floor(0.3, True, Side.BOTH, _NARROW_OR_NOISE),
    DiversityMetric.NEAREST_DISTANCE: Floor(
        0.5, True, Side.BELOW, "near-duplicates that deduplication left"
    ),
    DiversityMetric.PROMPT_OPENING_SHARE: Floor(
        0.3, False, Side.ABOVE, "a few patterns are usual; a third of all rows is none"
    ),
    DiversityMetric.RESPONSE_OPENING_SHARE: Floor(
        0.3, False, Side.ABOVE, "a stock phrase is learnt before anything else"
    ),
    DiversityMetric.TOPIC_ENTROPY: Floor(
        0.3, False, Side.BELOW, "a few of the topics of real rows have taken over"
    ),
    DiversityMetric.SLOP_RATE: Floor(
        2.0, False, Side.ABOVE, "twice people's rate on top of what real rows have"
    ),
    DiversityMetric.FUNCTION_WORD_DISTANCE: Floor(
        0.1, False, Side.ABOVE, "kinds of English are .01 to .08 apart"
    ),
}
"""Metric -> its floor; the others stop nothing, as a difference there may well be meant."""


@dataclass(frozen=True)
class Crossed:
    """A floor that is crossed.

    Attributes:
        metric: which.
        value: of the synthetic rows.
        of_real: of the real rows.
        beyond: by how much the tolerance and chance are exceeded, in the metric's unit.
    """

    metric: DiversityMetric
    value: float
    of_real: float
    beyond: float

    @property
    def told(self) -> str:
        """In words."""
        spec, floor = spec_of(self.metric), FLOORS[self.metric]
        side = "below" if self.value < self.of_real else "above"
        share = "of it" if floor.is_share else spec.unit
        return (
            f"{spec.title}: {self.value:.3g}, real rows {self.of_real:.3g} ({spec.unit}); {side} "
            f"by more than {floor.tolerance:.3g} {share} and chance ({floor.rationale})."
        )


def crossed_floors(measured: pl.DataFrame, of: str = SYNTHETIC) -> tuple[Crossed, ...]:
    """The floors that a slice of a set crosses, the clearest first.

    Distances are held beside those that real rows have to each other.

    Args:
        measured: frame of `DIVERSITY_SCHEMA`.
        of: the slice.

    Returns:
        Nothing of figures without an interval, or of unequal amounts of text: they do not compare.
    """
    figures = _figures(measured)
    found: list[Crossed] = []
    for metric in FLOORS:
        ours, real = figures.get((of, metric)), _real_figure(metric, figures)
        if ours is not None and real is not None and _alike(metric, ours, real):
            found += _crossed(metric, ours, real)
    return tuple(sorted(found, key=lambda each: -each.beyond / FLOORS[each.metric].tolerance))


@dataclass(frozen=True)
class _Figure:
    value: float
    error: float
    rows: int
    words: int


def _figures(measured: pl.DataFrame) -> dict[tuple[str, str], _Figure]:
    error = (pl.col("high") - pl.col("low")) / 2
    columns = ("slice", "metric", "value", error.alias("error"), "rows", "words")
    sure = measured.select(columns).drop_nulls()
    return {(row[0], row[1]): _Figure(*row[2:]) for row in sure.iter_rows()}


def _real_figure(
    metric: DiversityMetric, figures: dict[tuple[str, str], _Figure]
) -> _Figure | None:
    """Of real rows outside the set, or of those in it where the former have none of their own."""
    return figures.get((REFERENCE, metric)) or figures.get((REAL, metric))


def _alike(metric: DiversityMetric, ours: _Figure, real: _Figure) -> bool:
    by_words = spec_of(metric).basis is Basis.WORDS
    amounts = (ours.words, real.words) if by_words else (ours.rows, real.rows)
    return min(amounts) >= LEAST_ALIKE * max(amounts)


def _crossed(metric: DiversityMetric, ours: _Figure, real: _Figure) -> Iterator[Crossed]:
    floor = FLOORS[metric]
    gap = ours.value - real.value
    if (floor.side is Side.ABOVE and gap < 0) or (floor.side is Side.BELOW and gap > 0):
        return
    beyond = abs(gap) - hypot(ours.error, real.error) - floor.distance(real.value)
    if beyond > 0:
        yield Crossed(metric, ours.value, real.value, beyond)
