"""What a lab of many generations found, as a section of a report."""

import polars as pl

from synth_assets.core.collapse.lab import dose_response
from synth_assets.resources.report.charts import Chart, Line
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


def lab_section(found: pl.DataFrame) -> Section:
    """Curves by generation, and the loss by dose.

    Args:
        found: columns of `CURVE_SCHEMA`; without rows the section is empty.
    """
    note = "Small students trained on what the last ones wrote; from the last collapse lab."
    if found.is_empty():
        return Section("Generations on", note)
    charts = [_chart(found, measure) for measure in LAB_MEASURES]
    doses = [(each.share, each.loss, each.low, each.high) for each in dose_response(found)]
    columns = ("share of written rows", "bits a byte above the first", "low", "high")
    return Section("Generations on", note, charts, [Cells("Loss by dose", columns, doses)])


def _chart(found: pl.DataFrame, measure: str) -> Chart:
    title, caption = LAB_MEASURES[measure]
    own = found.filter(pl.col("measure") == measure)
    last = int(own["generation"].max() or 0)  # pyright: ignore[reportArgumentType]  an integer
    arms = own["arm"].unique(maintain_order=True).to_list()
    lines = [_line(own.filter(pl.col("arm") == arm), arm, last) for arm in arms]
    moments = [f"generation {number}" for number in range(last + 1)]
    return Chart(title, f"{caption}.", lines, moments)


def _line(rows: pl.DataFrame, arm: str, last: int) -> Line:
    values = dict(rows.select("generation", "value").iter_rows())
    return Line(arm, [values.get(number) for number in range(last + 1)])
