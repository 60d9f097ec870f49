"""From seeds to verified samples: one partition a version of a recipe."""

import dagster as dg
import polars as pl

from synth_assets.core.planning import Plan
from synth_assets.core.schema import Stage
from synth_assets.core.verify.stage import verify_samples
from synth_assets.defs.achieved import coverage_metadata
from synth_assets.defs.batches import pending_as_failure
from synth_assets.defs.display import data_version, stage_metadata
from synth_assets.defs.judged import judge_metadata, judge_shortage
from synth_assets.defs.names import GENERATE, INPUTS
from synth_assets.defs.partitions import recipe_versions, tag_run
from synth_assets.defs.spending import budget_shortage, generation_metadata, run_account
from synth_assets.resources.frames import FrameParts
from synth_assets.resources.generation.reporting import Reporter
from synth_assets.resources.kept_out.firewall import ProjectFirewall
from synth_assets.resources.sources.inputs import recipe_seeds
from synth_assets.resources.sources.seeds import seeds_of
from synth_assets.resources.workshop import Workshop


@dg.asset(group_name=INPUTS, partitions_def=recipe_versions, kinds={"parquet"}, deps=["recipes"])
def seeds(
    context: dg.AssetExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    real_data: pl.DataFrame,
    held_out_real: pl.DataFrame,
    benchmarks: pl.DataFrame,
) -> dg.MaterializeResult[pl.DataFrame]:
    """What each sample of a recipe starts from; held-out and benchmark items never do."""
    recipe = workshop.recipe_at(context.partition_key)
    firewall = ProjectFirewall.of(workshop, held_out_real, benchmarks)
    result = recipe_seeds(recipe, workshop.catalogue, real_data, firewall.guard)
    workshop.home.record_decisions(Stage.SEEDS, recipe.key, result)
    return dg.MaterializeResult(
        value=result.kept,
        data_version=data_version(result.kept),
        metadata=stage_metadata(result.decisions),
    )


@dg.asset(group_name=GENERATE, partitions_def=recipe_versions, kinds={"litellm", "sqlite"})
def raw_generations(
    context: dg.AssetExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    seeds: pl.DataFrame,
) -> dg.MaterializeResult[FrameParts]:
    """Samples as the teachers wrote them; what the ledger has is not bought again."""
    recipe = workshop.recipe_at(context.partition_key)
    tag_run(context)
    run = workshop.run or run_account(context.run)
    reporter = Reporter(recipe.id, context.log.info, workshop.announce)
    with workshop.buying(recipe.key, run) as ledger, pending_as_failure():
        filler = workshop.filler(recipe.key, ledger, run, reporter)
        filled = filler.fill(Plan.of(recipe, seeds_of(seeds)))
        samples = workshop.home.record_generation(recipe.key, filled.parts)
        told = generation_metadata(filled, samples)
        shortage = budget_shortage(recipe.id, filled)
        filled.parts.remove()
    if shortage:
        context.log.warning(shortage)
        workshop.announce(shortage)
    return dg.MaterializeResult(
        value=samples,
        data_version=data_version(samples),
        metadata=told,
    )


@dg.asset(group_name=GENERATE, partitions_def=recipe_versions, kinds={"polars"})
def verified_samples(
    context: dg.AssetExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    raw_generations: pl.DataFrame,
) -> dg.MaterializeResult[pl.DataFrame]:
    """Samples that every verifier of their recipe accepted."""
    recipe = workshop.recipe_at(context.partition_key)
    run = workshop.run or run_account(context.run)
    with workshop.verifying(recipe, run) as using:
        result = verify_samples(
            raw_generations, recipe.key, recipe.spec.verifiers, recipe.files, using.tools
        )
    workshop.home.record_decisions(Stage.VERIFY, recipe.key, result.stage)
    workshop.home.record("verdicts", recipe.key, result.verdicts)
    if using.judges is not None:
        workshop.home.record("judge_calls", recipe.key, using.judges.calls)
    if shortage := judge_shortage(recipe.id, using.judges):
        context.log.warning(shortage)
        workshop.announce(shortage)
    return dg.MaterializeResult(
        value=result.stage.kept,
        data_version=data_version(result.stage.kept),
        metadata={
            **stage_metadata(result.stage.decisions),
            **judge_metadata(using.judges, result.stage.kept.height),
            **coverage_metadata(workshop, recipe, raw_generations, result.stage.kept),
        },
    )
