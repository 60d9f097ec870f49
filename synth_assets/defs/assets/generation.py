"""From seeds to verified samples: one partition a version of a recipe."""

import time

import dagster as dg
import polars as pl

from synth_assets.core.decontaminate.firewall import Firewall
from synth_assets.core.schema import Stage
from synth_assets.core.seed_selection import select_seeds
from synth_assets.core.verify.stage import verify_samples
from synth_assets.defs.display import (
    data_version,
    spending_metadata,
    stage_metadata,
)
from synth_assets.defs.names import GENERATE, INPUTS
from synth_assets.defs.partitions import recipe_versions
from synth_assets.resources.generation import Progress, generate
from synth_assets.resources.sources.seeds import seed_rows, seeds_of
from synth_assets.resources.workshop import Workshop

_REPORT_EVERY_S = 5.0


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
    rows = seed_rows(recipe, workshop.catalogue, real_data)
    firewall = Firewall.build(held_out_real, benchmarks)
    result = select_seeds(recipe.key, rows, firewall, recipe.spec.seeds.limit)
    workshop.home.record_decisions(Stage.SEEDS, recipe.key, result)
    return dg.MaterializeResult(
        value=result.kept,
        data_version=data_version(result.kept),
        metadata=stage_metadata(result),
    )


@dg.asset(group_name=GENERATE, partitions_def=recipe_versions, kinds={"litellm", "sqlite"})
def raw_generations(
    context: dg.AssetExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    seeds: pl.DataFrame,
) -> dg.MaterializeResult[pl.DataFrame]:
    """Samples as the teachers wrote them; what the ledger has is not bought again."""
    recipe = workshop.recipe_at(context.partition_key)
    with workshop.buying(recipe.key) as ledger:
        made = generate(
            recipe, seeds_of(seeds), workshop.teachers, ledger, _Reporter(context, workshop)
        )
    workshop.home.record_decisions(Stage.GENERATE, recipe.key, made.stage)
    workshop.home.record("calls", recipe.key, made.calls)
    return dg.MaterializeResult(
        value=made.stage.kept,
        data_version=data_version(made.stage.kept),
        metadata={**stage_metadata(made.stage), **spending_metadata(made.calls)},
    )


@dg.asset(group_name=GENERATE, partitions_def=recipe_versions, kinds={"polars"})
def verified_samples(
    context: dg.AssetExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    raw_generations: pl.DataFrame,
) -> dg.MaterializeResult[pl.DataFrame]:
    """Samples that every verifier of their recipe accepted."""
    recipe = workshop.recipe_at(context.partition_key)
    result = verify_samples(raw_generations, recipe.key, recipe.spec.verifiers, recipe.files)
    workshop.home.record_decisions(Stage.VERIFY, recipe.key, result.stage)
    workshop.home.record("verdicts", recipe.key, result.verdicts)
    return dg.MaterializeResult(
        value=result.stage.kept,
        data_version=data_version(result.stage.kept),
        metadata=stage_metadata(result.stage),
    )


class _Reporter:
    """Says how far generation is, every few seconds and at the end."""

    def __init__(self, context: dg.AssetExecutionContext, workshop: Workshop) -> None:
        self._context = context
        self._workshop = workshop
        self._recipe = context.partition_key.partition("~")[0]
        self._started: float | None = None
        self._last = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        # The clock starts with the first sample: loading the client is no rate.
        self._started = self._started or now
        done = progress.finished == progress.planned
        if not done and now - self._last < _REPORT_EVERY_S:
            return
        self._last = now
        elapsed_s = max(now - self._started, 1.0)
        rate = progress.finished / elapsed_s
        left_s = (progress.planned - progress.finished) / rate
        line = (
            f"{self._recipe}: {progress.finished:,} of {progress.planned:,} samples, "
            f"{rate:,.0f}/s, {left_s:,.0f} s left; {progress.bought:,} calls bought, "
            f"{progress.from_ledger:,} from the ledger, {progress.cost_usd:.4f} USD"
        )
        self._context.log.info(line)
        self._workshop.announce(line)
