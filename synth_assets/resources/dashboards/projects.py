"""Projects of the workspace as Evidently stores them; none of it reads other snapshots.

Importing this module imports Evidently; see `native`. `evidently.ui.workspace.Workspace` reads
every snapshot there is when it is opened, 20 ms each, and so is not used.
"""

# pyright: reportMissingTypeStubs=false

from collections.abc import Mapping, Sequence
from pathlib import Path

from evidently.core.report import Snapshot
from evidently.legacy.core import new_id
from evidently.legacy.model.widget import BaseWidgetInfo
from evidently.sdk.models import ProjectModel
from evidently.ui.storage.local.base import LocalState

from synth_assets.resources.dashboards.migration import is_former, migrated
from synth_assets.resources.dashboards.tabs import LineKey, Tab, with_our_tabs


def make(root: Path, name: str, description: str) -> str:
    """Make a project and return its id."""
    state = LocalState(str(root))
    project = state.write_project(ProjectModel(name=name, description=description))
    state.location.makedirs(f"{project.id}/snapshots")
    return str(project.id)


def bring_up_to_date(
    root: Path, project: str, tabs: Sequence[Tab], fresh: Mapping[str, set[LineKey]]
) -> None:
    """Bring snapshots and panels of a project to what this code shows; see `with_our_tabs`."""
    state = LocalState(str(root))
    stored = state.read_dashboard(project)
    if is_former(stored):
        for snapshot_id in state.list_snapshots(project):
            newer = migrated(state.read_snapshot(project, snapshot_id))
            if newer is not None:
                state.write_snapshot(project, snapshot_id, newer)
    dashboard = with_our_tabs(stored, tabs, fresh)
    if dashboard is not None:
        state.write_dashboard(project, dashboard)


def add(root: Path, project: str, snapshot: Snapshot, beside: Sequence[BaseWidgetInfo] = ()) -> str:
    """Store a run and return its id.

    What results show is stored once, in the report, and not beside each result again.

    Args:
        root: of the workspace.
        project: id of the project.
        snapshot: the run.
        beside: what its report shows besides.
    """
    model = snapshot.to_snapshot_model()
    for result in model.metric_results.values():
        result.widget = []
    model.widgets = [*model.widgets, *beside]
    snapshot_id = new_id()
    LocalState(str(root)).write_snapshot(project, snapshot_id, model)
    return str(snapshot_id)
