"""Drift: how far a training set moved from its earlier runs and from real data."""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

from datetime import UTC, datetime

import dagster as dg
import polars as pl

from synth_assets.core.drift.sequence import alarms
from synth_assets.core.gating import drift_verdict
from synth_assets.defs.display import data_version, small_table, table
from synth_assets.defs.gates import check_result
from synth_assets.defs.names import EVIDENCE
from synth_assets.defs.partitions import mixture_versions
from synth_assets.resources.drift.runs import DriftReport, DriftRuns
from synth_assets.resources.workshop import Workshop

_TEXT_CHARACTERS = 240
_SHOWN = (
    *("against", "measure", "column", "value", "low", "high", "threshold", "p"),
    *("suspect", "alarm", "meaning"),
)


@dg.asset(group_name=EVIDENCE, partitions_def=mixture_versions, kinds={"scikitlearn"})
def drift_reports(
    context: dg.AssetExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    training_sets: pl.DataFrame,
    held_out_real: pl.DataFrame,
) -> dg.MaterializeResult[pl.DataFrame]:
    """How far a training set is from earlier ones of its mixture, and from held-out real rows."""
    mixture = workshop.mixture_at(context.partition_key)
    runs = DriftRuns.of(workshop.home, mixture.id)
    report = runs.measure(training_sets, held_out_real, datetime.now(UTC))
    return dg.MaterializeResult(
        value=report.drift,
        data_version=data_version(report.drift),
        metadata=_figures(report),
    )


@dg.asset_check(
    asset="drift_reports",
    description="No quantity moved from its earlier runs by more than its threshold and chance, "
    "in two of the last three runs. The mixture says under `gates: drift` whether that warns, or "
    "keeps the set from being exported.",
    partitions_def=mixture_versions,
)
def no_drift_alarm(
    context: dg.AssetCheckExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    frame: pl.DataFrame,
) -> dg.AssetCheckResult:
    """Hold the alarms to what the mixture says of drift."""
    verdict = drift_verdict(workshop.mixture_at(context.partition_key), frame)
    metadata = {
        "alarms": alarms(frame).height,
        "suspect": frame.filter("suspect").height,
        "measured": frame["value"].drop_nulls().len(),
    }
    return check_result(verdict, metadata)


def _texts(moved: pl.DataFrame) -> dg.MetadataValue:
    shown = moved.select(
        *("against", "direction", "recipe"),
        pl.col("score").round(2),
        pl.col("prompt", "response").str.slice(0, _TEXT_CHARACTERS),
    )
    return table([dg.TableRecord(row) for row in shown.to_dicts()])


def _figures(report: DriftReport) -> dict[str, dg.MetadataValue | float | str | int | bool]:
    measured = report.drift.filter(pl.col("value").is_not_null())
    named = pl.concat_str(["against", "measure", "column"], separator="_")
    # Numbers, so that the UI plots them over time; constant columns would be noise.
    numbers = measured.filter(pl.col("p") < 1).select(named, pl.col("value").round_sig_figs(4))
    return {
        "run": report.run,
        "new_run": report.is_new,
        "alarms": report.drift.filter("alarm").height,
        "suspects": report.drift.filter("suspect").height,
        "drift": small_table(report.drift.select(_SHOWN)),
        "moved": _texts(report.moved),
        **dict(numbers.iter_rows()),
    }
