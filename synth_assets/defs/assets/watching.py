"""Lineage, diversity and the dashboards: what people look at after a run."""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

import dagster as dg
import polars as pl

from synth_assets.core.diversity.measure import measure_diversity
from synth_assets.core.diversity.slices import SYNTHETIC, draw_slices
from synth_assets.defs.display import (
    PREVIEW_ROWS,
    data_version,
    frame_metadata,
    funnel_table,
    small_table,
)
from synth_assets.defs.gates import verdicts_on_set
from synth_assets.defs.names import EVIDENCE
from synth_assets.defs.partitions import mixture_versions
from synth_assets.resources.collapse.project_lab import project_curves
from synth_assets.resources.dashboards.figures import BITS_PER_BYTE, SetRun, rows_by_slice
from synth_assets.resources.dashboards.generation_runs import generation_run
from synth_assets.resources.dashboards.labels import LoggedRun
from synth_assets.resources.dashboards.workspace import LoggedSnapshot
from synth_assets.resources.drift.runs import DriftRuns
from synth_assets.resources.report.collecting import write_report
from synth_assets.resources.workshop import Workshop

_COSTS = (
    *("partition", "calls", "calls_bought", "prompt_tokens", "completion_tokens"),
    *("cost_usd", "planned", "kept_by_decontaminate", "cost_per_kept_usd"),
)

_LOSS = f"{BITS_PER_BYTE}_"


@dg.asset(
    group_name=EVIDENCE,
    kinds={"duckdb"},
    deps=[
        "recipes",
        "held_out_real",
        "benchmarks",
        *(
            dg.AssetDep(name, partition_mapping=dg.AllPartitionMapping())
            for name in ("seeds", "raw_generations", "verified_samples", "training_sets")
        ),
        "deduplicated_samples",
        "decontaminated_samples",
    ],
)
def lineage(
    context: dg.AssetExecutionContext, workshop: dg.ResourceParam[Workshop]
) -> dg.MaterializeResult[None]:
    """The lineage database: every sample, call, verdict and decision, taken from their files."""
    database = workshop.lineage
    report = database.ingest()
    tables = database.query("table_rows")
    return dg.MaterializeResult[None](  # pyright: ignore[reportArgumentType]  none is meant
        metadata={
            "files_new": report.files_new,
            "files_changed": report.files_changed,
            "files_removed": report.files_removed,
            "rows_ingested": report.rows,
            "seconds": round(report.seconds, 3),
            "funnel": funnel_table(database.query("funnel")),
            "cost": small_table(database.query("cost").select(_COSTS)),
            **frame_metadata(database.query("sample_lineage", row_limit=PREVIEW_ROWS)),
            "dagster/row_count": _rows_of(tables, "samples"),
            "tables": small_table(tables),
            "dashboards": dg.MetadataValue.url(workshop.settings.dashboard_url),
            "database": dg.MetadataValue.path(str(database.snapshot)),
        },
    )


@dg.asset(group_name=EVIDENCE, kinds={"evidently"}, deps=["lineage"])
def generation_snapshots(
    context: dg.AssetExecutionContext, workshop: dg.ResourceParam[Workshop]
) -> dg.MaterializeResult[None]:
    """What generation came to: calls, cost, acceptance, losses; one snapshot on the dashboard."""
    made = generation_run(workshop.lineage, workshop.home)
    if made.filled.is_empty():
        told: dict[str, dg.MetadataValue] = {"not_logged": dg.MetadataValue.text("nothing is made")}
    else:
        labels = _labels(context, workshop, "generation_snapshots")
        told = _places(workshop.dashboards.log_generation(made, labels))
    return dg.MaterializeResult[None](metadata=told)  # pyright: ignore[reportArgumentType]  none is meant


@dg.asset(group_name=EVIDENCE, kinds={"polars"}, partitions_def=mixture_versions)
def diversity_snapshots(
    training_sets: pl.DataFrame, held_out_real: pl.DataFrame
) -> dg.MaterializeResult[pl.DataFrame]:
    """How diverse a training set is, beside the real rows."""
    measured = measure_diversity(training_sets, held_out_real)
    return dg.MaterializeResult(
        value=measured, data_version=data_version(measured), metadata=_figures(measured)
    )


@dg.asset(
    group_name=EVIDENCE, kinds={"evidently"}, partitions_def=mixture_versions, deps=["lineage"]
)
def dashboard_snapshots(
    context: dg.AssetExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    training_sets: pl.DataFrame,
    held_out_real: pl.DataFrame,
    diversity_snapshots: pl.DataFrame,
    drift_reports: pl.DataFrame,
    collapse_canaries: pl.DataFrame,
) -> dg.MaterializeResult[None]:
    """Diversity, drift and collapse of a training set; one snapshot a run on the dashboard.

    Of a set that a gate blocks, too: marked, with the reason.
    """
    mixture = workshop.mixture_at(context.partition_key)
    verdicts = verdicts_on_set(
        workshop.home,
        mixture,
        diversity=diversity_snapshots,
        drift=drift_reports,
        canary=collapse_canaries,
    )
    run = SetRun(
        diversity_snapshots,
        rows_by_slice(training_sets, held_out_real),
        drift_reports,
        DriftRuns.of(workshop.home, mixture.id).moved,
        collapse_canaries,
        _bits_per_byte(context),
        verdicts,
        project_curves(workshop.home),
    )
    labels = _labels(context, workshop, "training_sets", mixture_version=mixture.version)
    labels = labels.judged(verdicts)
    logged = workshop.dashboards.log_set(
        mixture.id, run, labels, draw_slices(training_sets, held_out_real)
    )
    page = dg.MetadataValue.path(str(write_report(workshop, mixture)))
    told = {**_places(logged), "page_to_mail": page, "blocked_by": run.blocking}
    return dg.MaterializeResult[None](metadata=told)  # pyright: ignore[reportArgumentType]  none is meant


def _labels(
    context: dg.AssetExecutionContext, workshop: Workshop, asset: str, **more: str
) -> LoggedRun:
    """What a run is found by on the dashboard, among it where it stands in the Dagster UI."""
    dagster, run_id = workshop.settings.dagster_url, context.run.run_id
    page = f"{dagster}/assets/{asset}"
    if context.has_partition_key:
        more["partition"] = context.partition_key
        page += f"?view=partitions&partition={quote(context.partition_key)}"
    return LoggedRun(
        run_id,
        datetime.now(UTC),
        {
            "run_id": run_id,
            **more,
            "dagster_run": f"{dagster}/runs/{run_id}",
            "dagster_asset": page,
        },
        [f"run {run_id[:8]}", *more.values()],
    )


def _places(logged: LoggedSnapshot) -> dict[str, dg.MetadataValue]:
    return {
        "dashboard": dg.MetadataValue.url(logged.url),
        "report": dg.MetadataValue.url(logged.report_url),
    }


def _bits_per_byte(context: dg.AssetExecutionContext) -> dict[str, float]:
    """What the canary's materialization tells of its students."""
    key = dg.AssetKey("collapse_canaries")
    filter_ = dg.AssetRecordsFilter(key, asset_partitions=[context.partition_key])
    records = context.instance.fetch_materializations(filter_, limit=1).records
    told = records[0].asset_materialization if records else None
    numbers: Mapping[str, dg.MetadataValue] = {} if told is None else told.metadata
    return {
        name.removeprefix(_LOSS): float(value.value)
        for name, value in numbers.items()
        if name.startswith(_LOSS) and isinstance(value, dg.FloatMetadataValue) and value.value
    }


def _rows_of(tables: pl.DataFrame, name: str) -> int:
    return int(tables.filter(pl.col("table_name") == name)["row_count"][0])


def _figures(measured: pl.DataFrame) -> dict[str, float]:
    """Figures of the synthetic rows, as numbers that the UI plots over time."""
    synthetic = measured.filter((pl.col("slice") == SYNTHETIC) & pl.col("value").is_not_null())
    return dict(synthetic.select("metric", pl.col("value").round_sig_figs(4)).iter_rows())
