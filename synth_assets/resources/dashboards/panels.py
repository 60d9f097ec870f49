"""What a project page shows: one tab of ours, a line per slice for each metric.

Importing this module imports Evidently; see `native`. Evidently's `add_panel` lists a panel twice
when its tab exists (0.7.23), so the dashboard is written whole. Ids are derived from titles: an
unchanged tab is equal to the one that is stored, and tabs that people add are left alone.
"""

# pyright: reportMissingTypeStubs=false

import uuid
from collections.abc import Iterable

from evidently.sdk.models import (
    DashboardModel,
    DashboardPanelPlot,
    DashboardTabModel,
    PanelMetric,
)
from evidently.sdk.panels import counter_panel, line_plot_panel, text_panel

from synth_assets.core.diversity.metrics import DiversityMetric, spec_of
from synth_assets.core.diversity.slices import (
    ALL,
    REAL,
    REFERENCE,
    SYNTHETIC,
    SampleSize,
    recipe_slice,
)
from synth_assets.resources.dashboards.native import SliceDiversity, SliceRows

TAB = "Diversity"

_NAMESPACE = uuid.UUID("6f1c4a52-3d0e-5b7a-9a51-0d6f3c9b2e84")
_TAB_ID = uuid.uuid5(_NAMESPACE, f"tab {TAB}")
_ORDER = {ALL: 0, REAL: 1, SYNTHETIC: 2, REFERENCE: 3}


def with_our_tab(
    stored: DashboardModel, slices: Iterable[str], size: SampleSize
) -> DashboardModel | None:
    """Bring our tab up to date.

    A slice that was shown once stays, so that its history does.

    Args:
        stored: the project's dashboard as it is.
        slices: those of the run that is being logged.
        size: the sample size of that run; other sizes are other series, as they do not compare.

    Returns:
        The dashboard to store, or None if `stored` is up to date.
    """
    ours = next((tab for tab in stored.tabs if tab.id == _TAB_ID), None)
    our_ids = set(ours.panels) if ours else set[uuid.UUID]()
    shown = _slices_of(panel for panel in stored.panels if panel.id in our_ids)
    panels = _panels(sorted({*shown, *slices}, key=lambda name: (_ORDER.get(name, 4), name)), size)
    fresh = DashboardModel(
        tabs=[
            DashboardTabModel(id=_TAB_ID, title=TAB, panels=[panel.id for panel in panels]),
            *(tab for tab in stored.tabs if tab.id != _TAB_ID),
        ],
        panels=[*panels, *(panel for panel in stored.panels if panel.id not in our_ids)],
    )
    return None if fresh == stored else fresh


def _panels(slices: list[str], size: SampleSize) -> list[DashboardPanelPlot]:
    panels = [
        text_panel(
            "How varied is the training set?",
            f"Each figure is measured on {size.rows} rows of a slice (lengths and openings) or on "
            f"about {size.words} words of them (all else), drawn by hash: most figures fall with "
            "the amount of text by themselves, so a slice with less text looks more varied than "
            f"it is. One point is one materialization. The lines: {ALL} rows; {REAL}; "
            f"{SYNTHETIC}; {REFERENCE}, real rows that are never trained on; and each recipe by "
            "its name.",
        ),
        counter_panel(
            "Rows in the last training set",
            [_rows_of(name) for name in slices if name != REFERENCE],
            "rows, before any sampling",
        ),
        *(_lines(metric, slices, size) for metric in DiversityMetric),
    ]
    for panel in panels:
        panel.id = uuid.uuid5(_NAMESPACE, panel.title)
    return panels


def _lines(metric: DiversityMetric, slices: list[str], size: SampleSize) -> DashboardPanelPlot:
    spec = spec_of(metric)
    values = [
        PanelMetric(
            metric=SliceDiversity.__name__,
            legend=_legend(name),
            metric_labels={
                "measure": metric.value,
                "slice": name,
                "sample_rows": str(size.rows),
                "sample_words": str(size.words),
            },
        )
        for name in slices
    ]
    return line_plot_panel(spec.title, values, spec.caption, size="half")


def _rows_of(name: str) -> PanelMetric:
    return PanelMetric(
        metric=SliceRows.__name__, legend=_legend(name), metric_labels={"slice": name}
    )


def _legend(name: str) -> str:
    """How a slice is called beside its line: recipes by their bare name, as space is short."""
    return name.removeprefix(recipe_slice(""))


def _slices_of(panels: Iterable[DashboardPanelPlot]) -> set[str]:
    return {
        value.metric_labels["slice"]
        for panel in panels
        for value in panel.values
        if "slice" in value.metric_labels
    }
