"""What a collapse lab found, as plots of a run's report: by generation, and by dose.

Importing this module imports Evidently; see `native`.
"""

# Neither library ships types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from collections.abc import Sequence

import plotly.graph_objects as go
import polars as pl
from evidently.legacy.model.widget import BaseWidgetInfo
from evidently.legacy.renderers.html_widgets import plotly_figure

from synth_assets.core.collapse.lab import dose_response
from synth_assets.resources.report.lab_section import LAB_MEASURES

_Bounds = Sequence[tuple[float, float | None, float | None]]
"""Value, and the interval where there is one."""


def lab_widgets(found: pl.DataFrame) -> list[BaseWidgetInfo]:
    """Curves with their intervals; none without rows.

    Args:
        found: columns of `CURVE_SCHEMA`.
    """
    if found.is_empty():
        return []
    return [_by_dose(found), *(_by_generation(found, measure) for measure in LAB_MEASURES)]


def _by_dose(found: pl.DataFrame) -> BaseWidgetInfo:
    doses = dose_response(found)
    bounds = [(dose.loss, dose.low, dose.high) for dose in doses]
    line = _line("loss", [100 * dose.share for dose in doses], bounds)
    title = "Generations on: loss by share of written rows, bits a byte above the first generation"
    return _plot(title, "% written rows", [line])


def _by_generation(found: pl.DataFrame, measure: str) -> BaseWidgetInfo:
    own = found.filter(pl.col("measure") == measure)
    lines = [
        _line(
            str(arm),
            part["generation"].to_list(),
            part.select("value", "low", "high").rows(),
        )
        for [arm], part in own.partition_by("arm", as_dict=True, maintain_order=True).items()
    ]
    title, caption = LAB_MEASURES[measure]
    return _plot(f"Generations on: {title}, {caption}", "generation", lines)


def _line(name: str, places: Sequence[float], bounds: _Bounds) -> go.Scatter:
    values = [value for value, _, _ in bounds]
    above = [0.0 if high is None else high - value for value, _, high in bounds]
    below = [0.0 if low is None else value - low for value, low, _ in bounds]
    errors = {"type": "data", "symmetric": False, "array": above, "arrayminus": below}
    return go.Scatter(name=name, x=places, y=values, error_y=errors, mode="lines+markers")


def _plot(title: str, across: str, lines: Sequence[go.Scatter]) -> BaseWidgetInfo:
    figure = go.Figure(lines)
    # Without a template, which is ten times as large as the figure.
    figure.update_layout(template="none", xaxis_title=across, height=420)
    return plotly_figure(title=title, figure=figure)
