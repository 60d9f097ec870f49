"""A mixture's report, from what its last run left behind; imports no Evidently."""

from pathlib import Path

import polars as pl

from synth_assets.core.collapse.of_sets import CANARY_SCHEMA
from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.diversity.measure import DIVERSITY_SCHEMA
from synth_assets.core.drift.schema import DRIFT_SCHEMA
from synth_assets.core.flywheel.score_curves import score_curves
from synth_assets.errors import DashboardError
from synth_assets.resources.collapse.project_lab import project_curves
from synth_assets.resources.drift.runs import DriftRuns
from synth_assets.resources.frames import FramePath, read_frame, write_bytes
from synth_assets.resources.models.registry import ModelRegistry
from synth_assets.resources.report.contents import ReportInputs, report_page
from synth_assets.resources.report.history import History
from synth_assets.resources.workshop import Workshop


def report_html(workshop: Workshop, mixture: Mixture) -> str:
    """The report of a mixture as one HTML page.

    Raises:
        DashboardError: if the mixture was never logged, or the dashboards are damaged.
        LineageError: if there is no lineage yet.
        RegistryError: if the registry of models cannot be read.
        StorageError: if something cannot be read.
    """
    runs = workshop.dashboards.runs(mixture.id)
    if not runs:
        raise DashboardError(
            f"Mixture {mixture.id}: no run of it is on the dashboards, so there is nothing to "
            f"report. Make one first: synth run --mixture {mixture.id}"
        )
    home, lineage = workshop.home, workshop.lineage
    key = runs[-1].metadata.get("partition", mixture.key)
    inputs = ReportInputs(
        mixture,
        History(runs),
        _read(home.asset("diversity_snapshots", key), DIVERSITY_SCHEMA),
        _read(home.asset("collapse_canaries", key), CANARY_SCHEMA),
        _read(home.asset("drift_reports", key), DRIFT_SCHEMA),
        DriftRuns.of(home, mixture.id).moved,
        lineage.query("funnel"),
        lineage.query("drop_reasons"),
        lineage.query("cost"),
        project_curves(home),
        score_curves(ModelRegistry(home.root).history()),
    )
    return report_page(inputs).html


def write_report(workshop: Workshop, mixture: Mixture) -> Path:
    """Write the report beside the other things of the home; see `report_html`."""
    path = workshop.home.root / "reports" / f"{mixture.id}.html"
    write_bytes(path, report_html(workshop, mixture).encode("utf-8"))
    return path


def _read(path: FramePath, schema: pl.Schema) -> pl.DataFrame:
    """A record of the last run; no rows where it left none."""
    return read_frame(path) if path.exists() else schema.to_frame()
