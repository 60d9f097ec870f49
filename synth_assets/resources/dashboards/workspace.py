"""The Evidently workspace: a project a mixture and one of generation, a snapshot a run."""

# pyright: reportMissingTypeStubs=false

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from filelock import FileLock, Timeout

from synth_assets.core.diversity.slices import ALL, DEFAULT_SIZE, REFERENCE, SampleSize
from synth_assets.errors import DashboardError
from synth_assets.resources.dashboards import stored
from synth_assets.resources.dashboards.figures import SetRun
from synth_assets.resources.dashboards.generation_figures import GenerationRun
from synth_assets.resources.dashboards.labels import LoggedRun
from synth_assets.resources.dashboards.lines import ProjectLines
from synth_assets.resources.settings import switch_off_telemetry

if TYPE_CHECKING:
    from evidently.legacy.model.widget import BaseWidgetInfo

    from synth_assets.resources.dashboards.described import TextSamples
    from synth_assets.resources.dashboards.native import Part
    from synth_assets.resources.dashboards.tabs import Tab

GENERATION_PROJECT = "generation"
LOCK_FILE = "log.lock"

_DESCRIPTION = "Made by Synth Assets; panels of your own in tabs of your own stay."


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

    def log_set(
        self,
        project_name: str,
        run: SetRun,
        labels: LoggedRun,
        sliced: pl.DataFrame | None = None,
    ) -> LoggedSnapshot:
        """Add what was measured of a training set to its mixture's project.

        Makes the project if there is none of that name, and brings its panels, and what earlier
        versions of this code stored, up to date.

        Args:
            project_name: the mixture's id.
            run: what was measured.
            labels: what the run is found by.
            sliced: drawn rows, columns of `SLICED_SCHEMA`, which Evidently describes and compares
                with the real ones by its own means.

        Raises:
            DashboardError: if nothing was measured, or the workspace is damaged, locked or cannot
                be written.
        """
        if not run.slice_rows.get(ALL):
            raise DashboardError(
                f"Dashboard {project_name}: the training set has no rows, so there is nothing to "
                "show. Materialize it with rows first."
            )
        switch_off_telemetry()
        from synth_assets.resources.dashboards import curves, described, reports, set_tabs

        texts = None
        if sliced is not None:
            texts = described.TextSamples.among(sliced, ALL, REFERENCE)
        return self._log(
            project_name,
            reports.set_parts(run, self.size, labels),
            set_tabs.set_tabs(self.size, run, labels.told),
            labels,
            texts,
            curves.lab_widgets(run.lab),
        )

    def log_generation(self, run: GenerationRun, labels: LoggedRun) -> LoggedSnapshot:
        """Add what generation came to to its project; see `log_set`.

        Raises:
            DashboardError: if no recipe was filled, or as `log_set`.
        """
        if run.filled.is_empty():
            raise DashboardError(
                f"Dashboard {GENERATION_PROJECT}: no recipe was filled yet, so there is nothing to "
                "show. Fill one first: synth run."
            )
        switch_off_telemetry()
        from synth_assets.resources.dashboards import generation_tabs, reports

        tabs = generation_tabs.generation_tabs(labels.told)
        parts = reports.generation_parts(run, labels)
        return self._log(GENERATION_PROJECT, parts, tabs, labels)

    def _log(
        self,
        project_name: str,
        parts: "Sequence[Part]",
        tabs: "Sequence[Tab]",
        labels: LoggedRun,
        texts: "TextSamples | None" = None,
        beside: "Sequence[BaseWidgetInfo]" = (),
    ) -> LoggedSnapshot:
        from synth_assets.resources.dashboards import native, projects
        from synth_assets.resources.dashboards import tabs as of_tabs

        snapshot = native.run_report(parts, labels, texts)
        fresh = {
            tab.title: of_tabs.keys_in(part.figures, tab.labels)
            for tab, part in zip(tabs, parts, strict=True)
        }
        with self._locked(), self._explaining():
            project = stored.find_project(self.root, project_name)
            if project is None:
                project = projects.make(self.root, project_name, _DESCRIPTION)
            projects.bring_up_to_date(self.root, project, tabs, fresh)
            added = projects.add(self.root, project, snapshot, beside)
            # So that a page over a year of runs has them at hand.
            ProjectLines(self.root / project).refresh()
        url = self._url(project)
        return LoggedSnapshot(project, added, url, f"{url}/reports/{added}")

    def runs(self, project_name: str) -> list[stored.StoredRun]:
        """All runs of a project, the first one first; none if there is no such project.

        Cheap, and imports no Evidently.

        Raises:
            DashboardError: if the workspace is damaged.
        """
        project = stored.find_project(self.root, project_name)
        return [] if project is None else stored.stored_runs(self.root / project)

    def dashboard_url(self, project_name: str) -> str:
        """Address of a project's page in the Evidently UI.

        Raises:
            DashboardError: if there is no such project, or the workspace is damaged.
        """
        project = stored.find_project(self.root, project_name)
        if project is not None:
            return self._url(project)
        raise DashboardError(
            f"{self.root}: no dashboard is called {project_name}. It is made when the diversity "
            "of that mixture is logged: materialize it first."
        )

    def check(self) -> None:
        """Hold the workspace to what the Evidently UI needs to start: every file is whole.

        The UI does not start at all over one damaged snapshot, as a process killed while it wrote
        one leaves; this names the file. Cheap, and imports no Evidently.

        Raises:
            DashboardError: naming the damaged file and the mend.
        """
        for kind in (stored.METADATA_FILE, stored.DASHBOARD_FILE):
            for path in sorted(self.root.glob(f"*/{kind}")):
                stored.read_document(path)
        for folder in sorted(self.root.glob(f"*/{stored.SNAPSHOTS}")):
            ProjectLines(folder.parent).refresh(is_strict=True)

    def ui_command(self, port: int) -> list[str]:
        """The command that serves the Evidently UI on the loopback interface.

        Start it with `DO_NOT_TRACK=1` in its environment; it needs no network.
        """
        where = ["--workspace", str(self.root), "--host", "127.0.0.1", "--port", str(port)]
        return [sys.executable, "-m", "synth_assets.resources.dashboards.server", *where]

    def _url(self, project_id: str) -> str:
        return f"{self.base_url.rstrip('/')}/projects/{project_id}"

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
            raise DashboardError(stored.damaged(self.root, exc)) from exc
