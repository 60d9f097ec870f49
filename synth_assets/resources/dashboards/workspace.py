"""The Evidently workspace: one project per mixture, one snapshot per materialization."""

# pyright: reportMissingTypeStubs=false

import json
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from filelock import FileLock, Timeout

from synth_assets.core.diversity.slices import DEFAULT_SIZE, SampleSize, draw_slices
from synth_assets.errors import DashboardError
from synth_assets.resources.settings import switch_off_telemetry

if TYPE_CHECKING:
    from evidently.ui.workspace import Project, Workspace

LOCK_FILE = "log.lock"


@dataclass(frozen=True)
class LoggedSnapshot:
    """Where a logged run stands.

    Attributes:
        project_id: of the Evidently project.
        snapshot_id: of the run in it.
        url: the project's dashboard in the Evidently UI.
        report_url: this run's report in the Evidently UI.
    """

    project_id: str
    snapshot_id: str
    url: str
    report_url: str


@dataclass(frozen=True)
class DashboardWorkspace:
    """A local Evidently workspace.

    Attributes:
        root: its folder; made when first written to.
        base_url: where the Evidently UI answers.
        size: how much of each slice is measured.
        lock_timeout_s: how long to wait for another process that is logging.
    """

    root: Path
    base_url: str
    size: SampleSize = DEFAULT_SIZE
    lock_timeout_s: float = 60

    def log_diversity(
        self,
        project_name: str,
        rows: pl.DataFrame,
        reference: pl.DataFrame | None,
        timestamp: datetime,
        run_id: str,
        labels: Mapping[str, str],
    ) -> LoggedSnapshot:
        """Measure a training set and add the figures to its project.

        Makes the project if there is none of that name, and brings its panels up to date. Cost
        grows with the project: opening a workspace reads every snapshot in it (about 15 ms each).

        Args:
            project_name: the mixture's id.
            rows: frame of `SAMPLE_SCHEMA`.
            reference: rows of the same schema to compare to, such as the held-out real set.
            timestamp: with time zone; the point's place on the time axis.
            run_id: the Dagster run.
            labels: more to find the run by, such as the mixture's version.

        Raises:
            DashboardError: if there are no rows, or the workspace is damaged, locked or cannot be
                written.
        """
        if rows.is_empty():
            raise DashboardError(
                f"Dashboard {project_name}: the training set has no rows, so there is nothing to "
                "measure. Materialize it with rows first."
            )
        sliced = draw_slices(rows, reference, self.size)
        switch_off_telemetry()
        from synth_assets.resources.dashboards import native, panels

        metadata = {"run_id": run_id, **labels}
        snapshot = native.run_report(sliced, self.size, timestamp.astimezone(UTC), metadata)
        with self._locked(), self._explaining():
            workspace = self._open()
            project = self._find(workspace, project_name) or workspace.create_project(project_name)
            stored = workspace.get_dashboard(project.id)
            dashboard = panels.with_our_tab(stored, sliced["slice"].unique(), self.size)
            if dashboard is not None:
                workspace.save_dashboard(project.id, dashboard)
            added = workspace.add_run(project.id, snapshot, include_data=False, name=run_id)
        url = self._url(str(project.id))
        return LoggedSnapshot(str(project.id), str(added.id), url, f"{url}/reports/{added.id}")

    def dashboard_url(self, project_name: str) -> str:
        """Address of a project's page in the Evidently UI.

        Raises:
            DashboardError: if there is no such project, or the workspace is damaged.
        """
        if self.root.is_dir():
            switch_off_telemetry()
            with self._locked(), self._explaining():
                project = self._find(self._open(), project_name)
            if project is not None:
                return self._url(str(project.id))
        raise DashboardError(
            f"{self.root}: no dashboard is called {project_name}. It is made when the diversity "
            "of that mixture is logged: materialize it first."
        )

    def check(self) -> None:
        """Hold the workspace to what the Evidently UI needs to start: every file is JSON.

        The UI does not start at all over one damaged snapshot, as a process killed while it wrote
        one leaves; this names the file. Cheap, and imports no Evidently.

        Raises:
            DashboardError: naming the damaged file and the mend.
        """
        kinds = ("*/metadata.json", "*/dashboard.json", "*/snapshots/*.json")
        for path in (path for kind in kinds for path in sorted(self.root.glob(kind))):
            try:
                json.loads(path.read_bytes())
            except (OSError, ValueError) as exc:
                raise DashboardError(_damaged(path, exc)) from exc

    def ui_command(self, port: int) -> list[str]:
        """The command that serves the Evidently UI on the loopback interface.

        Start it with `DO_NOT_TRACK=1` in its environment; it needs no network.
        """
        where = ["--workspace", str(self.root), "--host", "127.0.0.1", "--port", str(port)]
        return [sys.executable, "-m", "evidently.cli", "ui", *where]

    def _url(self, project_id: str) -> str:
        return f"{self.base_url.rstrip('/')}/projects/{project_id}"

    def _open(self) -> "Workspace":
        from evidently.ui.workspace import Workspace

        return Workspace.create(str(self.root))

    def _find(self, workspace: "Workspace", name: str) -> "Project | None":
        """The oldest project of that name; ids begin with the time they were made."""
        found: list[Project] = []
        for project_id in workspace.state.list_projects():
            project = workspace.get_project(project_id)
            if project is None:
                raise DashboardError(
                    f"{self.root / str(project_id)}: a dashboard project without its "
                    "metadata.json. Restore that file, or delete the folder; the project is then "
                    "made anew, without its history."
                )
            if project.name == name:
                found.append(project)
        return min(found, key=lambda project: str(project.id), default=None)

    @contextmanager
    def _locked(self) -> Generator[None]:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with FileLock(self.root / LOCK_FILE, timeout=self.lock_timeout_s):
                yield
        except Timeout as exc:
            raise DashboardError(
                f"{self.root}: another process has been writing for over {self.lock_timeout_s:g} "
                f"s. Wait for it or end it; then try again. The lock is {exc.lock_file}."
            ) from exc
        except OSError as exc:
            raise DashboardError(
                f"{self.root}: cannot be written: {exc}. Free space or mend rights."
            ) from exc

    @contextmanager
    def _explaining(self) -> Generator[None]:
        try:
            yield
        except (OSError, ValueError) as exc:
            self.check()
            raise DashboardError(_damaged(self.root, exc)) from exc


def _damaged(path: Path, exc: Exception) -> str:
    told = " ".join(str(exc).split())[:300]
    return (
        f"{path}: the dashboard workspace cannot be read or written here: {told}. Move what is "
        "damaged away (its points leave the dashboards, no rows are lost) and try again."
    )
