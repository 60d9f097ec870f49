"""From verified samples of every recipe to candidates: unique, and free of test items."""

import dagster as dg
import polars as pl

from synth_assets.core.decontaminate.firewall import Firewall
from synth_assets.core.decontaminate.stage import decontaminate
from synth_assets.core.dedup.stage import deduplicate
from synth_assets.core.schema import SAMPLE_SCHEMA, Stage
from synth_assets.defs.display import count_by, data_version, joined, plot, stage_metadata
from synth_assets.defs.names import SELECT
from synth_assets.resources.home import ALL
from synth_assets.resources.workshop import Workshop


@dg.asset(
    group_name=SELECT,
    kinds={"datasketch"},
    ins={
        "verified_samples": dg.AssetIn(
            partition_mapping=dg.AllPartitionMapping(),
            metadata={"allow_missing_partitions": True},
        )
    },
)
def deduplicated_samples(
    context: dg.AssetExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    verified_samples: dict[str, pl.DataFrame],
    real_data: pl.DataFrame,
) -> dg.MaterializeResult[pl.DataFrame]:
    """Verified samples and real rows without exact and near duplicates.

    Among equals a real row stays before a synthetic one. Recipe versions that are not verified
    yet are named by the check `every_recipe_is_here`, and not waited for.
    """
    rows = joined([real_data, *verified_samples.values()], SAMPLE_SCHEMA)
    result = deduplicate(rows)
    workshop.home.record_decisions(Stage.DEDUP, ALL, result)
    kept = count_by(result.kept, "recipe")
    return dg.MaterializeResult(
        value=result.kept,
        data_version=data_version(result.kept),
        metadata={
            **stage_metadata(result.decisions),
            "recipes": sorted(verified_samples),
            "kept_plot": plot(kept, "Rows kept, by recipe", "rows"),
        },
    )


@dg.asset(group_name=SELECT, kinds={"polars"})
def decontaminated_samples(
    context: dg.AssetExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    deduplicated_samples: pl.DataFrame,
    held_out_real: pl.DataFrame,
    benchmarks: pl.DataFrame,
) -> dg.MaterializeResult[pl.DataFrame]:
    """Candidates for training sets: rows that overlap no benchmark item and no held-out row."""
    result = decontaminate(deduplicated_samples, Firewall.build(held_out_real, benchmarks))
    workshop.home.record_decisions(Stage.DECONTAMINATE, ALL, result)
    return dg.MaterializeResult(
        value=result.kept,
        data_version=data_version(result.kept),
        metadata=stage_metadata(result.decisions),
    )
