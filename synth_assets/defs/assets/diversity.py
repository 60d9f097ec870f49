"""Diversity of recipes, stage by stage, and the floors under that of training sets."""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

import dagster as dg
import polars as pl

from synth_assets.core.diversity.floors import crossed_floors
from synth_assets.core.diversity.measure import measure_slices
from synth_assets.core.diversity.slices import ALL, RAW
from synth_assets.core.gating import diversity_verdict
from synth_assets.defs.display import data_version
from synth_assets.defs.gates import check_result
from synth_assets.defs.names import EVIDENCE
from synth_assets.defs.partitions import mixture_versions, recipe_versions
from synth_assets.resources.workshop import Workshop

_STAGES = {RAW: "raw", ALL: "verified"}


@dg.asset(group_name=EVIDENCE, partitions_def=recipe_versions, kinds={"polars"})
def recipe_diversity(
    raw_generations: pl.DataFrame, verified_samples: pl.DataFrame
) -> dg.MaterializeResult[pl.DataFrame]:
    """How diverse a recipe's samples are as written (`raw`), and once verified (`all`)."""
    measured = measure_slices({RAW: raw_generations, ALL: verified_samples})
    return dg.MaterializeResult(
        value=measured, data_version=data_version(measured), metadata=_figures(measured)
    )


@dg.asset_check(
    asset="diversity_snapshots",
    description="No figure of the synthetic rows is beyond its floor beside real rows, by more "
    "than chance. The mixture says under `gates: diversity` whether that warns, or keeps the set "
    "from being exported.",
    partitions_def=mixture_versions,
)
def diversity_above_floor(
    context: dg.AssetCheckExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    measured: pl.DataFrame,
) -> dg.AssetCheckResult:
    """Warn of a set that narrows, or keep it from being exported."""
    verdict = diversity_verdict(workshop.mixture_at(context.partition_key), measured)
    crossed = [each.metric.value for each in crossed_floors(measured)]
    return check_result(verdict, {"crossed": crossed})


def _figures(measured: pl.DataFrame) -> dict[str, float]:
    """Figures of each stage, as numbers that the UI plots over time."""
    there = measured.drop_nulls("value").select(
        pl.col("slice").replace_strict(_STAGES) + "_" + pl.col("metric"),
        pl.col("value").round_sig_figs(4),
    )
    return dict(there.iter_rows())
