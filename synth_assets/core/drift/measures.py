"""The measures of drift: names, thresholds, and what a newcomer must know to read them."""

from dataclasses import dataclass
from enum import StrEnum


class DriftMeasure(StrEnum):
    """How two sets are compared."""

    JENSEN_SHANNON = "jensen_shannon"
    POPULATION_STABILITY = "population_stability"
    MEAN_DISCREPANCY = "mean_discrepancy"
    TOLD_APART = "told_apart"


class Against(StrEnum):
    """What a set is compared with."""

    EARLIER = "earlier"
    """The reference: the run that was the first, or that somebody accepted last."""
    REAL = "real"
    """Held-out real rows, which are never trained on."""


@dataclass(frozen=True)
class MeasureSpec:
    """One measure.

    Attributes:
        title: a newcomer's name for it.
        unit: of its value.
        threshold: from which value on it is an effect worth attention.
        meaning: what a large value tells; `{column}` is what it was measured of.
    """

    title: str
    unit: str
    threshold: float
    meaning: str


def spec_of(measure: DriftMeasure) -> MeasureSpec:
    """All there is to know of a measure."""
    return _SPECS[measure]


_SPECS = {
    DriftMeasure.JENSEN_SHANNON: MeasureSpec(
        "Topics shift (Jensen-Shannon)",
        "bits, 0 to 1",
        0.01,
        "The rows spread otherwise over topics.",
    ),
    DriftMeasure.POPULATION_STABILITY: MeasureSpec(
        "Column shifts (PSI)",
        "nats, 0 and up",
        0.1,
        "The rows spread otherwise over {column}.",
    ),
    DriftMeasure.MEAN_DISCREPANCY: MeasureSpec(
        "Wording shifts (MMD)",
        "squared distance, 0 to 2",
        0.0005,
        "The rows are elsewhere, or spread otherwise, among the texts' vectors.",
    ),
    DriftMeasure.TOLD_APART: MeasureSpec(
        "Told apart by a classifier (AUC)",
        "area under the curve above chance, 0 to .5",
        0.05,
        "A classifier tells old rows from new ones.",
    ),
}
