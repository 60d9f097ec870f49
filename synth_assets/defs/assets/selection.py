"""From verified samples of every recipe to candidates: unique, and free of test items."""

import dagster as dg
import polars as pl

from synth_assets.core.decontaminate.error_rate import ERROR_RATE_SCHEMA
from synth_assets.core.dedup.frames import signature_frame
from synth_assets.core.schema import SAMPLE_SCHEMA, Stage
from synth_assets.defs.contamination import asked_metadata, error_metadata, method_metadata
from synth_assets.defs.display import count_by, data_version, joined, plot, stage_metadata
from synth_assets.defs.duplicates import cluster_metadata, effort_metadata
from synth_assets.defs.names import SELECT
from synth_assets.defs.partitions import recipe_versions
from synth_assets.defs.spending import run_account
from synth_assets.resources.decontamination.asked import opened
from synth_assets.resources.deduplication import deduplicate_all
from synth_assets.resources.frames import write_frame
from synth_assets.resources.home import ALL
from synth_assets.resources.kept_out.firewall import ProjectFirewall
from synth_assets.resources.workshop import Workshop

_ALL_THERE_ARE = dg.AssetIn(
    partition_mapping=dg.AllPartitionMapping(), metadata={"allow_missing_partitions": True}
)


@dg.asset(group_name=SELECT, partitions_def=recipe_versions, kinds={"numba"})
def sample_signatures(
    context: dg.AssetExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    verified_samples: pl.DataFrame,
) -> dg.MaterializeResult[pl.DataFrame]:
    """What of each verified sample is enough to find its duplicates.

    Kept by recipe version, so that a change of one recipe makes signatures for its rows alone.
    """
    return _signatures(workshop, verified_samples)


@dg.asset(group_name=SELECT, kinds={"numba"})
def real_signatures(
    context: dg.AssetExecutionContext, workshop: dg.ResourceParam[Workshop], real_data: pl.DataFrame
) -> dg.MaterializeResult[pl.DataFrame]:
    """What of each real row is enough to find its duplicates."""
    return _signatures(workshop, real_data)


@dg.asset(
    group_name=SELECT,
    kinds={"numba"},
    ins={
        "verified_samples": _ALL_THERE_ARE,
        "sample_signatures": _ALL_THERE_ARE,
        "real_signatures": dg.AssetIn(metadata={"allow_missing": True}),
    },
)
def deduplicated_samples(
    context: dg.AssetExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    verified_samples: dict[str, pl.DataFrame],
    real_data: pl.DataFrame,
    sample_signatures: dict[str, pl.DataFrame],
    real_signatures: pl.DataFrame | None,
) -> dg.MaterializeResult[pl.DataFrame]:
    """Verified samples and real rows without duplicates.

    Among equals a real row stays before a synthetic one. Recipe versions that are not verified
    yet are named by the check `every_recipe_is_here`, and not waited for. Signatures that are
    missing, or of other rows, or by another rule than that of selection.yaml, are made here.
    """
    rows = joined([real_data, *verified_samples.values()], SAMPLE_SCHEMA)
    made = [real_signatures, *(sample_signatures.get(key) for key in verified_samples)]
    run = workshop.run or run_account(context.run)
    done = deduplicate_all(workshop, rows, [each for each in made if each is not None], run)
    result = done.result
    kept = count_by(result.kept, "recipe")
    return dg.MaterializeResult(
        value=result.kept,
        data_version=data_version(result.kept),
        metadata={
            **stage_metadata(result.decisions),
            **cluster_metadata(result.decisions),
            **effort_metadata(done),
            "recipes": sorted(verified_samples),
            "kept_plot": plot(kept, "Rows kept, by recipe", "rows"),
        },
    )


@dg.asset(group_name=SELECT, kinds={"numba"})
def decontaminated_samples(
    context: dg.AssetExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    deduplicated_samples: pl.DataFrame,
    held_out_real: pl.DataFrame,
    benchmarks: pl.DataFrame,
) -> dg.MaterializeResult[pl.DataFrame]:
    """Candidates for training sets: rows that overlap no benchmark item and no held-out row.

    Nor does any come of one, by its seed or parents. How often decontamination errs is measured on
    rows made from the benchmarks' own items, which go nowhere else, and on human rows. Teachers
    judge and translate where the section `decontaminate` of selection.yaml says so.
    """
    spec = workshop.catalogue.selection.decontaminate
    run = workshop.run or run_account(context.run)
    with opened(workshop, spec, run) as asked:
        firewall = ProjectFirewall.of(workshop, held_out_real, benchmarks, asked)
        result = firewall.decontaminate(deduplicated_samples)
        workshop.home.record_decisions(Stage.DECONTAMINATE, ALL, result)
        measured = firewall.measure_errors(benchmarks, deduplicated_samples)
    errors = ERROR_RATE_SCHEMA.to_frame() if measured is None else measured.table
    write_frame(workshop.home.error_rate, errors)
    return dg.MaterializeResult(
        value=result.kept,
        data_version=data_version(result.kept),
        metadata={
            **stage_metadata(result.decisions),
            **method_metadata(result.decisions),
            **error_metadata(measured),
            **asked_metadata(asked, measured),
        },
    )


def _signatures(workshop: Workshop, samples: pl.DataFrame) -> dg.MaterializeResult[pl.DataFrame]:
    frame = signature_frame(samples, workshop.catalogue.selection.dedup.rule)
    return dg.MaterializeResult(
        value=frame,
        # The rest follows from these.
        data_version=data_version(frame.select("sample_id", "text_hash", "rule")),
        metadata={"rows_sketched": frame.height},
    )
