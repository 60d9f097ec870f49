"""The tabs of the project of generation.

Importing this module imports Evidently; see `native`.
"""

# pyright: reportMissingTypeStubs=false

from collections.abc import Sequence

from evidently.sdk.models import DashboardPanelPlot, PanelMetric
from evidently.sdk.panels import bar_plot_panel, line_plot_panel, text_panel

from synth_assets.core.diversity.metrics import DiversityMetric, spec_of
from synth_assets.resources.dashboards import figures
from synth_assets.resources.dashboards.generation_figures import (
    MEASURE_TEXTS,
    GenerationMeasure,
)
from synth_assets.resources.dashboards.native import GenerationFigures, RecipeDiversity
from synth_assets.resources.dashboards.tabs import LineKey, Tab, figure_line

GENERATION_TABS = ("Generation", "Diversity by recipe")


def generation_tabs(links: str) -> list[Tab]:
    """The tabs, in order.

    Args:
        links: where the last run stands in Dagster.
    """
    first, second = GENERATION_TABS
    return [
        Tab(
            first,
            GenerationFigures.__name__,
            figures.LABELS,
            lambda lines: _generation(lines, links),
        ),
        Tab(second, RecipeDiversity.__name__, figures.LABELS, lambda lines: _diversity(lines)),
    ]


def _generation(lines: Sequence[LineKey], links: str) -> list[DashboardPanelPlot]:
    told = (
        "One line a recipe, one point a run. What the ledger has is not bought again, so calls "
        f"bought and US dollars are those of the recipe versions that were filled. {links}"
    )
    panels = [text_panel("What was made, and what did it cost?", told)]
    for measure, text in MEASURE_TEXTS.items():
        own = [line for line in lines if line[0] == measure.value]
        if not own:
            continue
        drawn = [_line(GenerationFigures.__name__, line) for line in own]
        if measure is GenerationMeasure.LOST:
            panels.append(bar_plot_panel(text.title, drawn, text.caption, stacked=True))
        else:
            panels.append(line_plot_panel(text.title, drawn, text.caption, size="half"))
    return panels


def _diversity(lines: Sequence[LineKey]) -> list[DashboardPanelPlot]:
    told = (
        "Of the verified samples of each recipe, before deduplication; compare a recipe with "
        "itself over runs, and with others only where the amount of text is equal."
    )
    panels = [text_panel("How varied is what each recipe makes?", told)]
    for metric in DiversityMetric:
        own = [line for line in lines if line[0] == metric.value]
        if own:
            spec = spec_of(metric)
            drawn = [_line(RecipeDiversity.__name__, line) for line in own]
            panels.append(line_plot_panel(spec.title, drawn, spec.caption, size="half"))
    return panels


def _line(metric: str, key: LineKey) -> PanelMetric:
    labels = dict[str, str](zip(figures.LABELS, key, strict=True))
    return figure_line(metric, labels, key[1])
