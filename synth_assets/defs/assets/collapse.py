"""Collapse: what a training set would make of a student, before one is trained on it."""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

import dagster as dg
import polars as pl

from synth_assets.core.collapse.canary import USUAL_SIZE, CanaryReport, Trained
from synth_assets.core.collapse.of_sets import CANARY_SCHEMA, canary_frame, canary_of_set
from synth_assets.core.collapse.risk_index import Light, RiskIndex, risk_of
from synth_assets.defs.display import data_version, small_table
from synth_assets.defs.names import EVIDENCE
from synth_assets.defs.partitions import mixture_versions
from synth_assets.resources.workshop import Workshop

_SHOWN = ("light", "value", "amber", "red", "meaning")


@dg.asset(group_name=EVIDENCE, partitions_def=mixture_versions, kinds={"numba"})
def collapse_canaries(
    context: dg.AssetExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    training_sets: pl.DataFrame,
    real_data: pl.DataFrame,
    held_out_real: pl.DataFrame,
) -> dg.MaterializeResult[pl.DataFrame]:
    """What small students become that are trained on a set, beside others trained on real rows."""
    report = canary_of_set(training_sets, real_data, held_out_real, USUAL_SIZE, context.log.info)
    index = None if report is None else risk_of(report)
    frame = pl.DataFrame(schema=CANARY_SCHEMA) if index is None else canary_frame(index)
    return dg.MaterializeResult(
        value=frame,
        data_version=data_version(frame),
        metadata=_figures(report, index)
        if report is not None and index is not None
        else {"not_measured": "there are too few held-out rows like those of the set"},
    )


@dg.asset_check(
    asset="collapse_canaries",
    description="No measured sign of collapse is red: loss, rare words, diversity, growth over "
    "generations, each beside real rows of equal number.",
    partitions_def=mixture_versions,
)
def no_sign_of_collapse_is_red(frame: pl.DataFrame) -> dg.AssetCheckResult:
    """Warn of what would harm a student."""
    red = frame.filter(pl.col("light") == Light.RED)
    told = [f"{meaning}: {value:+.3f}" for meaning, value in red.select("meaning", "value").rows()]
    return dg.AssetCheckResult(
        passed=red.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        description="\n\n".join(told) or None,
        metadata={"red": red.height, "measured": frame.height},
    )


def _figures(report: CanaryReport, index: RiskIndex) -> dict[str, dg.MetadataValue | str | float]:
    beside_real = report.compared(Trained.SET, Trained.REAL_EQUAL)
    figures: dict[str, dg.MetadataValue | str | float] = {
        "risk_index": round(index.value, 1),
        "light": index.light.value,
        "signs": small_table(canary_frame(index).select(_SHOWN)),
        "synthetic_share": round(report.synthetic_share, 4),
        "student": report.student,
    }
    figures |= {
        f"bits_per_byte_{name}": round(reading.held_out.value, 4)
        for name, reading in report.readings.items()
    }
    if beside_real is not None:
        lost = beside_real.held_out
        figures["above_real"] = f"{lost.value:+.4f} bits a byte ({lost.low:+.4f}..{lost.high:+.4f})"
    return figures
