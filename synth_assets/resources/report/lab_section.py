"""What a lab of many generations found, as a section of a report."""

import polars as pl

from synth_assets.core.collapse.lab import dose_response
from synth_assets.resources.report.curves import SHARES, Axis, Curves, Series, Spot, generations
from synth_assets.resources.report.page import Cells, Section

LAB_MEASURES = {
    "above_first": (
        "Loss on held-out real text",
        "bits a byte above generation 0; lower is better",
    ),
    "vendi": ("Different texts in effect (Vendi score)", "falling: it narrows"),
    "tail_coverage": ("Rare words that are still written", "share; higher is better"),
    "distinct_2": ("Different word pairs", "share; far from generation 0 either way is bad"),
}
"""Measure -> a newcomer's name for it; its unit and direction of good."""

_BARS = "bars are 95 % intervals over seeds"


def lab_section(found: pl.DataFrame, scores: pl.DataFrame) -> Section:
    """Curves by generation, and the loss by dose.

    Args:
        found: columns of `CURVE_SCHEMA`; without rows the section is empty.
        scores: columns of `SCORE_SCHEMA`, whose curves are to stand beside these.
    """
    note = "Small students trained on what the last ones wrote; from the last collapse lab."
    if found.is_empty():
        return Section("Generations on", note)
    axis = generations(found, scores)
    charts = [by_dose(found), *(by_generation(found, measure, axis) for measure in LAB_MEASURES)]
    doses = [(each.share, each.loss, each.low, each.high) for each in dose_response(found)]
    columns = ("share of written rows", "bits a byte above the first", "low", "high")
    shown = [chart for chart in charts if chart.series]
    return Section("Generations on", note, shown, [Cells("Loss by dose", columns, doses)])


def by_dose(found: pl.DataFrame) -> Curves:
    """The loss of the last students by the share of written rows.

    Args:
        found: columns of `CURVE_SCHEMA`.
    """
    title, caption = LAB_MEASURES["above_first"]
    spots = [
        _spot(100 * dose.share, dose.loss, dose.low, dose.high) for dose in dose_response(found)
    ]
    told = f"{caption}. Students of the last generation; {_BARS}."
    series = [Series.through(spots, "students")] if spots else []
    return Curves(f"{title}, by share of written rows", told, SHARES, series)


def by_generation(found: pl.DataFrame, measure: str, axis: Axis) -> Curves:
    """One of `LAB_MEASURES` by generation, a curve an arm; `found` as in `by_dose`."""
    title, caption = LAB_MEASURES[measure]
    own = found.filter(pl.col("measure") == measure)
    series = [
        Series.through(
            [_spot(*row) for row in part.select("generation", "value", "low", "high").rows()],
            str(arm),
        )
        for [arm], part in own.partition_by("arm", as_dict=True, maintain_order=True).items()
    ]
    return Curves(f"{title}, by generation", f"{caption}; {_BARS}.", axis, series)


def _spot(x: float, value: float, low: float | None, high: float | None) -> Spot:
    known = low is not None and high is not None
    told = f"{value:.4g} ({low:.4g} to {high:.4g})" if known else f"{value:.4g}"
    return Spot(x, value, low, high, told=told)
