"""Brings stored snapshots to the tables that the panels of today show.

Importing this module imports Evidently; see `native`.

The first snapshots held one Evidently metric a figure, `SliceDiversity` and `SliceRows`: their
figures move into the tables of `SetDiversity`, so that every line goes on.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# Evidently's models fill `type` in by themselves.
# pyright: reportCallIssue=false

from typing import Any

import pandas as pd
from evidently.core.metric_types import DataframeValue, MetricResult, SingleValue
from evidently.core.serialization import SnapshotModel
from evidently.sdk.models import DashboardModel

from synth_assets.resources.dashboards.figures import ROWS
from synth_assets.resources.dashboards.native import SetDiversity

_FORMER = "evidently:metric_v2:SliceDiversity"
_FORMER_ROWS = "evidently:metric_v2:SliceRows"


def is_former(dashboard: DashboardModel) -> bool:
    """Whether a project was last written when each figure was a metric."""
    return any(value.metric == _FORMER for panel in dashboard.panels for value in panel.values)


def migrated(snapshot: SnapshotModel) -> SnapshotModel | None:
    """The same figures as tables; None if there are none of the former kind.

    What people read in its report stays as it was.
    """
    figures: dict[tuple[int, int], list[tuple[str, str, float]]] = {}
    counts: list[tuple[str, str, float]] = []
    kept: dict[str, MetricResult] = {}
    for name, result in snapshot.metric_results.items():
        said: dict[str, Any] = {} if result.metric_value_location is None else _params(result)
        if said.get("type") == _FORMER and isinstance(result, SingleValue):
            size = int(said["sample_rows"]), int(said["sample_words"])
            row = str(said["measure"]), str(said["slice"]), float(result.value)
            figures.setdefault(size, []).append(row)
        elif said.get("type") == _FORMER_ROWS and isinstance(result, SingleValue):
            counts.append((ROWS, str(said["slice"]), float(result.value)))
        else:
            kept[name] = result
    if not figures:
        return None
    for (rows, words), found in figures.items():
        metric = SetDiversity(sample_rows=rows, sample_words=words)
        table = DataframeValue(
            value=pd.DataFrame([*found, *counts], columns=["measure", "slice", "value"]),
            display_name=SetDiversity.__name__,
            widget=[],
        )
        table.set_metric_location(metric.to_calculation().to_metric_config())
        kept[metric.metric_id] = table
    return snapshot.copy(update={"metric_results": kept, "top_level_metrics": list(kept)})


def _params(result: MetricResult) -> dict[str, Any]:
    return result.get_metric_value_location().metric.params
