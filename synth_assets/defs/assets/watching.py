"""Lineage and diversity: what people look at after a run."""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

from datetime import UTC, datetime

import dagster as dg
import polars as pl

from synth_assets.core.diversity.measure import measure_diversity
from synth_assets.core.diversity.slices import SYNTHETIC
from synth_assets.defs.display import (
    PREVIEW_ROWS,
    data_version,
    frame_metadata,
    funnel_table,
    small_table,
)
from synth_assets.defs.names import EVIDENCE
from synth_assets.defs.partitions import mixture_versions
from synth_assets.resources.workshop import Workshop

_COSTS = (
    *("partition", "calls", "calls_bought", "prompt_tokens", "completion_tokens"),
    *("cost_usd", "planned", "kept_by_decontaminate", "cost_per_kept_usd"),
)


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


@dg.asset(group_name=EVIDENCE, kinds={"evidently"}, partitions_def=mixture_versions)
def diversity_snapshots(
    context: dg.AssetExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    training_sets: pl.DataFrame,
    held_out_real: pl.DataFrame,
) -> dg.MaterializeResult[pl.DataFrame]:
    """How diverse a training set is, beside the real rows; one snapshot a run on the dashboard."""
    mixture = workshop.mixture_at(context.partition_key)
    measured = measure_diversity(training_sets, held_out_real)
    logged = workshop.dashboards.log_diversity(
        mixture.id,
        training_sets,
        held_out_real,
        datetime.now(UTC),
        context.run.run_id,
        {"mixture_version": mixture.version},
    )
    return dg.MaterializeResult(
        value=measured,
        data_version=data_version(measured),
        metadata={
            "dashboard": dg.MetadataValue.url(logged.url),
            "report": dg.MetadataValue.url(logged.report_url),
            **_figures(measured),
        },
    )


def _rows_of(tables: pl.DataFrame, name: str) -> int:
    return int(tables.filter(pl.col("table_name") == name)["row_count"][0])


def _figures(measured: pl.DataFrame) -> dict[str, float]:
    """Figures of the synthetic rows, as numbers that the UI plots over time."""
    synthetic = measured.filter((pl.col("slice") == SYNTHETIC) & pl.col("value").is_not_null())
    return dict(synthetic.select("metric", pl.col("value").round_sig_figs(4)).iter_rows())
