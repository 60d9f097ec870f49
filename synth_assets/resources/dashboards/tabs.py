"""What the dashboards show: tabs and panels, made from what was ever measured.

Importing this module imports Evidently; see `native`. The local UI (0.7.23) shows no tabs but the
panels of all, one under the other, so each tab begins with a panel that says what follows.
Evidently's `add_panel` lists a panel twice when its tab exists, so a dashboard is written whole.
Ids are derived from titles: an unchanged tab is equal to the one that is stored, and tabs that
people add are left alone.
"""

# pyright: reportMissingTypeStubs=false

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from evidently.sdk.models import (
    DashboardModel,
    DashboardPanelPlot,
    DashboardTabModel,
    PanelMetric,
)

from synth_assets.resources.dashboards.figures import VALUE
from synth_assets.resources.dashboards.ids import panel_id, tab_id

LineKey = tuple[str, ...]
"""The labels of a line, in the order of its tab's."""


@dataclass(frozen=True)
class Tab:
    """A tab of ours.

    Attributes:
        title: of the tab; its id comes of it.
        metric: class name of the metric whose lines it shows.
        former: class names under which those lines were shown before.
        labels: names of a line's labels.
        panels: lines there are -> panels, in order.
    """

    title: str
    metric: str
    labels: Sequence[str]
    panels: Callable[[Sequence[LineKey]], list[DashboardPanelPlot]]
    former: tuple[str, ...] = ()

    @property
    def id(self) -> uuid.UUID:
        """Stable over versions."""
        return tab_id(self.title)

    def lines_of(self, panels: Iterable[DashboardPanelPlot]) -> set[LineKey]:
        """The lines that panels show."""
        names = {f"evidently:metric_v2:{name}" for name in (self.metric, *self.former)}
        return {
            tuple(value.metric_labels[name] for name in self.labels)
            for panel in panels
            for value in panel.values
            if value.metric in names and set(self.labels) <= set(value.metric_labels)
        }


def figure_line(
    metric: str, labels: Mapping[str, str], legend: str, identity: Mapping[str, str] | None = None
) -> PanelMetric:
    """A line of a panel: one cell of the metric's tables, run after run.

    Args:
        metric: class name.
        labels: of the cell.
        legend: beside the line.
        identity: parameters of the metric.
    """
    return PanelMetric(
        metric=metric,
        legend=legend,
        metric_labels={**labels, **(identity or {}), "column": VALUE},
    )


def keys_in(figures: pl.DataFrame, labels: Sequence[str]) -> set[LineKey]:
    """The lines that a table of figures has."""
    return set(figures.select(labels).iter_rows()) if figures.height else set()


def with_our_tabs(
    stored: DashboardModel, tabs: Sequence[Tab], fresh: Mapping[str, set[LineKey]]
) -> DashboardModel | None:
    """Bring our tabs up to date.

    A line that was shown once stays, so that its history does.

    Args:
        stored: the project's dashboard as it is.
        tabs: ours, in order.
        fresh: title of a tab -> lines of the run that is being logged.

    Returns:
        The dashboard to store, or None if `stored` is up to date.
    """
    ours = {tab.id for tab in tabs}
    our_panels = {panel for tab in stored.tabs if tab.id in ours for panel in tab.panels}
    before = [panel for panel in stored.panels if panel.id in our_panels]
    made = [
        _identified(tab, tab.panels(sorted(fresh.get(tab.title, set()) | tab.lines_of(before))))
        for tab in tabs
    ]
    dashboard = DashboardModel(
        tabs=[
            *(
                DashboardTabModel(id=tab.id, title=tab.title, panels=[each.id for each in panels])
                for tab, panels in zip(tabs, made, strict=True)
            ),
            *(tab for tab in stored.tabs if tab.id not in ours),
        ],
        panels=[
            *(panel for panels in made for panel in panels),
            *(panel for panel in stored.panels if panel.id not in our_panels),
        ],
    )
    return None if dashboard == stored else dashboard


def _identified(tab: Tab, panels: list[DashboardPanelPlot]) -> list[DashboardPanelPlot]:
    for panel in panels:
        panel.id = panel_id(tab.id, panel.title)
    return panels
