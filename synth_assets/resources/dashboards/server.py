"""Serves the Evidently UI: `python -m synth_assets.resources.dashboards.server`.

Evidently's own command parses every stored snapshot by pydantic when it starts, and answers each
panel by comparing every value of every snapshot with every line of the panel: with a year of daily
runs in five projects more than a minute, and seconds a panel. Here snapshots are read as JSON,
lines are looked up, and of runs that are long past one a week is drawn. All else is Evidently's.
"""

# Neither library ships types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# Evidently's models fill `type` in by themselves, and its mappings are invariant.
# pyright: reportCallIssue=false, reportArgumentType=false

import argparse
import datetime
import json
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from evidently.core.serialization import ReportModel, SnapshotModel
from evidently.ui.service.app import create_app, get_config
from evidently.ui.service.base import Project, Series, SeriesFilter, SeriesResponse, SeriesSource
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

from synth_assets.errors import DashboardError
from synth_assets.resources.dashboards.stored import (
    SNAPSHOTS,
    Point,
    StoredRun,
    read_run,
    shown_places,
)

LineId = tuple[str, tuple[tuple[str, str], ...]]
"""Metric and labels."""


class Snapshots(LocalState):
    """Projects and snapshots, of the latter only what the pages over many of them show."""

    def __init__(self, path: str) -> None:
        super().__init__(path, None)
        self.values: dict[uuid.UUID, dict[uuid.UUID, dict[LineId, float]]] = {}
        self.lines: dict[uuid.UUID, dict[LineId, Mapping[str, str]]] = {}

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
        lines = self.lines.setdefault(project.id, {})
        values = self.values.setdefault(project.id, {})[snapshot_id] = {}
        for point in run.points:
            line = _line_id(point)
            lines.setdefault(line, point.labels)
            values[line] = point.value


class Lines(InMemoryDataStorage):
    """Lines over snapshots, looked up."""

    @property
    def read(self) -> Snapshots:
        """What was read."""
        state = self.state
        assert isinstance(state, Snapshots)
        return state

    async def get_data_series(
        self,
        project_id: uuid.UUID,
        series_filter: list[SeriesFilter],
        start_time: datetime.datetime | None,
        end_time: datetime.datetime | None,
    ) -> SeriesResponse:
        """The lines that filters ask for, over those snapshots that are drawn and have a value."""
        asked = _asked(self.read.lines.get(project_id, {}), series_filter)
        sources: list[SeriesSource] = []
        found: list[dict[LineId, float]] = []
        for snapshot_id, snapshot in self._drawn(project_id, start_time, end_time):
            stored = self.read.values[project_id][snapshot_id]
            here = {
                line: stored[line]
                for line, place in asked.items()
                if line in stored and _is_of(snapshot, series_filter[place])
            }
            if here:
                found.append(here)
                sources.append(
                    SeriesSource(
                        snapshot_id=snapshot_id,
                        timestamp=snapshot.timestamp,
                        tags=snapshot.tags,
                        metadata=snapshot.metadata,
                    )
                )
        return SeriesResponse(sources=sources, series=list(_series(asked, found)))

    async def get_metrics(
        self, project_id: uuid.UUID, tags: list[str], metadata: dict[str, str]
    ) -> list[str]:
        """Types of metrics that were ever stored."""
        return sorted({metric for metric, _ in self.read.lines.get(project_id, {})})

    async def get_metric_labels(
        self, project_id: uuid.UUID, tags: list[str], metadata: dict[str, str], metric: str
    ) -> list[str]:
        """Names of the labels of a metric's lines."""
        lines = self.read.lines.get(project_id, {})
        return sorted({name for (kind, said) in lines if kind == metric for name, _ in said})

    async def get_metric_label_values(
        self,
        project_id: uuid.UUID,
        tags: list[str],
        metadata: dict[str, str],
        metric: str,
        label: str,
    ) -> list[str]:
        """Values of a label of a metric's lines."""
        lines = self.read.lines.get(project_id, {})
        found = (dict(said).get(label) for kind, said in lines if kind == metric)
        return sorted({value for value in found if value})

    def _drawn(
        self,
        project_id: uuid.UUID,
        start: datetime.datetime | None,
        end: datetime.datetime | None,
    ) -> list[tuple[uuid.UUID, SnapshotModel]]:
        within = sorted(
            (
                each
                for each in self.state.snapshots[project_id].items()
                if (start is None or each[1].timestamp >= start)
                and (end is None or each[1].timestamp <= end)
            ),
            key=lambda each: (each[1].timestamp, each[0]),
        )
        places = shown_places([snapshot.timestamp for _, snapshot in within])
        return [within[place] for place in places]


class FastStorage(LocalStorageComponent):
    """Evidently's local storage, with the above in place of what is slow."""

    def project_manager_provider(self):  # noqa: ANN201  as Evidently's, which does not say either
        """What the pages ask."""

        async def make() -> ProjectManager:
            state = Snapshots(self.path)
            state.location.makedirs("")
            state.reload()
            manager = ProjectManager(
                project_metadata=JsonFileProjectMetadataStorage(self.path, state),
                blob_storage=FSSpecBlobStorage(base_path=self.path),
                data_storage=Lines(self.path, state),
                auth_manager=NoopAuthManager(),
                dashboard_manager=JsonFileDashboardManager(path=self.path, local_state=state),
            )
            state.project_manager = manager
            start_workspace_watchdog(self.path, state)
            return manager

        return make


def main(arguments: Sequence[str]) -> None:
    """Serve a workspace until somebody stops it."""
    import uvicorn

    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace", required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    said = parser.parse_args(arguments)
    config = get_config(host=said.host, port=said.port, workspace=said.workspace)
    config.storage = FastStorage(path=said.workspace)
    uvicorn.run(create_app(config), host=said.host, port=said.port)


def _line_id(point: Point) -> LineId:
    return point.metric, tuple(point.labels.items())


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


def _asked(
    lines: Mapping[LineId, Mapping[str, str]], filters: Sequence[SeriesFilter]
) -> dict[LineId, int]:
    """The lines that are asked for, each with the place of the first filter that asks, in order."""
    found: dict[LineId, int] = {}
    for line, labels in lines.items():
        for place, each in enumerate(filters):
            if each.metric in ("*", line[0]) and each.metric_labels.items() <= labels.items():
                found[line] = place
                break
    return dict(sorted(found.items(), key=lambda each: each[1]))


def _is_of(snapshot: SnapshotModel, said: SeriesFilter) -> bool:
    return set(said.tags) <= set(snapshot.tags) and (
        said.metadata.items() <= snapshot.metadata.items()
    )


def _series(asked: Mapping[LineId, int], found: Sequence[dict[LineId, float]]) -> Iterator[Series]:
    for line, place in asked.items():
        values = [here.get(line) for here in found]
        if any(value is not None for value in values):
            metric, labels = line
            yield Series(metric_type=metric, filter_index=place, params=dict(labels), values=values)


if __name__ == "__main__":
    main(sys.argv[1:])
