"""What the pages of the Evidently UI need besides looking: edits, downloads, data sets, traces.

Importing this module imports Evidently; see `native`. Evidently's own storage parses every stored
snapshot by pydantic when it is first asked for anything, more than a minute for a year of daily
runs in five projects; here they are read as JSON, of which these pages need no figures.
"""

# Neither library ships types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# Evidently's models fill `type` in by themselves, and its mappings are invariant.
# pyright: reportCallIssue=false, reportArgumentType=false

import json
import uuid
from pathlib import Path
from typing import cast

from evidently.core.serialization import ReportModel, SnapshotModel
from evidently.ui.service.app import create_app, get_config
from evidently.ui.service.base import Project
from evidently.ui.service.components.storage import LocalStorageComponent
from evidently.ui.service.managers.projects import ProjectManager
from evidently.ui.service.services.dashbord.file import JsonFileDashboardManager
from evidently.ui.service.storage.common import NoopAuthManager
from evidently.ui.service.storage.local import start_workspace_watchdog
from evidently.ui.service.storage.local.base import (
    FSSpecBlobStorage,
    InMemoryDataStorage,
    JsonFileProjectMetadataStorage,
    LocalState,
)
from starlette.types import ASGIApp

from synth_assets.errors import DashboardError
from synth_assets.resources.dashboards.stored import SNAPSHOTS, StoredRun, read_run


class Snapshots(LocalState):
    """Projects, and of snapshots what they are found by."""

    def reload_snapshot(
        self, project: Project, snapshot_id: uuid.UUID, skip_errors: bool = True
    ) -> None:
        """Read a snapshot; one that is just being written is read again once it is whole."""
        path = Path(self.path) / str(project.id) / SNAPSHOTS / f"{snapshot_id}.json"
        try:
            run = read_run(path)
        except DashboardError as exc:
            if skip_errors:
                raise json.JSONDecodeError(str(exc), "", 0) from exc  # the watcher waits for more
            raise
        self.snapshots[project.id][snapshot_id] = _without_results(run)


class FastStorage(LocalStorageComponent):
    """Evidently's local storage, with the above in place of what is slow."""

    def project_manager_provider(self):  # noqa: ANN201  as Evidently's, which does not say either
        """What the pages ask."""

        async def make() -> ProjectManager:
            state = Snapshots(self.path, None)
            state.location.makedirs("")
            state.reload()
            manager = ProjectManager(
                project_metadata=JsonFileProjectMetadataStorage(self.path, state),
                blob_storage=FSSpecBlobStorage(base_path=self.path),
                data_storage=InMemoryDataStorage(self.path, state),
                auth_manager=NoopAuthManager(),
                dashboard_manager=JsonFileDashboardManager(path=self.path, local_state=state),
            )
            state.project_manager = manager
            start_workspace_watchdog(self.path, state)
            return manager

        return make


def evidently_app(workspace: Path) -> ASGIApp:
    """Evidently's own application over a workspace."""
    config = get_config(workspace=str(workspace))
    config.storage = FastStorage(path=str(workspace))
    return cast("ASGIApp", create_app(config))


def _without_results(run: StoredRun) -> SnapshotModel:
    return SnapshotModel.construct(
        report=ReportModel(items=[]),
        name=run.name,
        timestamp=run.timestamp,
        metadata=dict(run.metadata),
        tags=list(run.tags),
        metric_results={},
        top_level_metrics=[],
        widgets=[],
        tests_widgets=[],
    )
