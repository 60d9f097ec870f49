"""Collapse: what a training set would make of a student, before one is trained on it."""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

import dagster as dg
import polars as pl

from synth_assets.core.collapse.canary import USUAL_SIZE
from synth_assets.core.collapse.of_sets import (
    CANARY_SCHEMA,
    advice_on_set,
    canary_frame,
    canary_of_set,
)
from synth_assets.core.collapse.risk_index import Light, risk_of
from synth_assets.defs.collapse_figures import Figures, canary_figures, depth_figures
from synth_assets.defs.display import data_version
from synth_assets.defs.gates import check_result, verdict_on_canary
from synth_assets.defs.names import EVIDENCE
from synth_assets.defs.partitions import mixture_versions
from synth_assets.resources.collapse.project_lab import project_curve
from synth_assets.resources.workshop import Workshop


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
    figures: Figures = {"not_measured": "there are too few held-out rows like those of the set"}
    if report is not None and index is not None:
        curve = project_curve(workshop.home)
        advice = advice_on_set(report, index, training_sets, real_data, curve)
        figures = canary_figures(report, index, advice, curve)
    return dg.MaterializeResult(
        value=frame,
        data_version=data_version(frame),
        metadata={**figures, **depth_figures(training_sets)},
    )


@dg.asset_check(
    asset="collapse_canaries",
    description="No measured sign of collapse is red: loss, rare words, diversity, growth over "
    "generations, each beside real rows of equal number. The mixture's gate `canary` says whether "
    "a red one warns or keeps the set from being exported.",
    partitions_def=mixture_versions,
)
def no_sign_of_collapse_is_red(
    context: dg.AssetCheckExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    frame: pl.DataFrame,
) -> dg.AssetCheckResult:
    """Warn of what would harm a student, or stop it, as the mixture says."""
    mixture = workshop.mixture_at(context.partition_key)
    red = frame.filter(pl.col("light") == Light.RED).height
    verdict = verdict_on_canary(workshop.home, mixture, frame)
    return check_result(verdict, {"red": red, "measured": frame.height})
