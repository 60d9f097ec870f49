"""Scores of registered models over what they were trained on, as a section of a report."""

import polars as pl

from synth_assets.core.flywheel.score_curves import mean_scores
from synth_assets.resources.report.canvas import printable
from synth_assets.resources.report.curves import SHARES, Axis, Curves, Series, Spot, generations
from synth_assets.resources.report.page import Cells, Section

SCORES_TOLD = (
    "Scores of models as they were registered, of whichever mixture they saw the sets, over the "
    "share of written rows in those sets, and over the generation: 0 saw real rows alone, and "
    "each that learned from what a model wrote is one further. A point is a model, the line joins "
    "means; a score comes without an interval."
)
_CAPTION = "in the benchmark's own unit: of accuracies higher is better, of losses lower."


def score_section(scores: pl.DataFrame, lab: pl.DataFrame) -> Section:
    """Curves of each score, and all of them as a table.

    Args:
        scores: columns of `SCORE_SCHEMA`; without rows the section is empty.
        lab: columns of `CURVE_SCHEMA`, whose curves these are to stand beside.
    """
    charts = score_curves_drawn(scores, generations(lab, scores))
    columns = ("score", "generation", "model", "value", "above the first", "share of written rows")
    table = Cells("Scores of trained models", columns, scores.rows())
    return Section("Generations of trained models", SCORES_TOLD, charts, [table])


def score_curves_drawn(scores: pl.DataFrame, axis: Axis) -> list[Curves]:
    """Each score by share of written rows and by generation.

    By share it is left out where no model was trained on a set that is known.

    Args:
        scores: columns of `SCORE_SCHEMA`.
        axis: of generations.
    """
    drawn = [
        curves
        for own in scores.partition_by("score", maintain_order=True)
        for curves in (_by_share(own), _by_generation(own, axis))
    ]
    return [curves for curves in drawn if curves.series[0].spots]


def _by_share(own: pl.DataFrame) -> Curves:
    known = own.drop_nulls("synthetic_share").with_columns(x=100 * pl.col("synthetic_share"))
    means = mean_scores(known, "synthetic_share").select("synthetic_share", "value")
    line = [(100 * share, value) for share, value in means.iter_rows()]
    told = f"{_CAPTION} Models of no exported set have no share."
    series = Series(line, _spots(known))
    return Curves(f"{_title(own)}, by share of written rows", told, SHARES, [series])


def _by_generation(own: pl.DataFrame, axis: Axis) -> Curves:
    line = mean_scores(own, "generation").select("generation", "value").rows()
    series = Series(line, _spots(own.with_columns(x="generation")))
    return Curves(f"{_title(own)}, by generation", _CAPTION, axis, [series])


def _title(own: pl.DataFrame) -> str:
    return f"{printable(own['score'][0])} of trained models"


def _spots(own: pl.DataFrame) -> list[Spot]:
    """A point a model; its place is in a column `x`."""
    told = own.select("x", "model", "value", "above_first", "synthetic_share")
    return [
        Spot(x, value, name=printable(model), told=_told(printable(model), value, above, share))
        for x, model, value, above, share in told.iter_rows()
    ]


def _told(model: str, value: float, above: float, share: float | None) -> str:
    rows = "unknown share of" if share is None else f"{share:.0%}"
    return f"{model}: {value:g}, {above:+.4g} from the first generation, {rows} written rows"
