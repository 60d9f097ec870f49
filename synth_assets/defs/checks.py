"""Asset checks. Blocking where a bad result would poison what follows."""

from collections.abc import Iterator, Sequence

import dagster as dg
import polars as pl

from synth_assets.core.dedup.clusters import Clusters
from synth_assets.core.mixture.evaluability import EvaluabilityState, evaluability
from synth_assets.core.mixture.policy import policy_faults
from synth_assets.core.schema import SAMPLE_SCHEMA, SEED_SCHEMA, TRAINING_SCHEMA, Reason, Stage
from synth_assets.core.stage import contract_faults, without_copies
from synth_assets.defs.contamination import leak_metadata, leaks_told
from synth_assets.defs.display import preview
from synth_assets.defs.duplicates import cluster_table, giant_told
from synth_assets.defs.partitions import mixture_versions, recipe_versions
from synth_assets.resources.frames import read_frame
from synth_assets.resources.home import ALL
from synth_assets.resources.kept_out.firewall import ProjectFirewall
from synth_assets.resources.lineage.sql_files import SqlFolder
from synth_assets.resources.models.standings import standings
from synth_assets.resources.workshop import Workshop, project_file

_FRAMES: dict[str, tuple[pl.Schema, dg.PartitionsDefinition[str] | None]] = {
    "real_data": (SAMPLE_SCHEMA, None),
    "held_out_real": (SAMPLE_SCHEMA, None),
    "benchmarks": (SAMPLE_SCHEMA, None),
    "seeds": (SEED_SCHEMA, recipe_versions),
    "raw_generations": (SAMPLE_SCHEMA, recipe_versions),
    "verified_samples": (SAMPLE_SCHEMA, recipe_versions),
    "deduplicated_samples": (SAMPLE_SCHEMA, None),
    "decontaminated_samples": (SAMPLE_SCHEMA, None),
    "training_sets": (TRAINING_SCHEMA, mixture_versions),
}

_STAGES: dict[str, tuple[Stage, str, dg.PartitionsDefinition[str] | None]] = {
    "verified_samples": (Stage.VERIFY, "raw_generations", recipe_versions),
    "decontaminated_samples": (Stage.DECONTAMINATE, "deduplicated_samples", None),
    "training_sets": (Stage.MIX, "decontaminated_samples", mixture_versions),
}
"""Asset -> its stage, the asset whose rows it decided on, its partitions."""

_GIANTS_TOLD = 3


_NO_ROWS = {
    "benchmarks": "No source is a benchmark, so no test item is kept out of training. Name yours "
    "in sources.yaml, with `uses: [benchmark]`.",
    "real_data": "No source gives real rows. Name one in sources.yaml, with `uses: [pool]`, the "
    "default.",
    "held_out_real": "No real row is held out. Name a source in sources.yaml, with `uses: [pool]`, "
    "the default; of few rows none may be left to hold out.",
}


def _rows_and_schema(
    asset: str, schema: pl.Schema, partitions: dg.PartitionsDefinition[str] | None
) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset,
        name="has_rows_of_its_schema",
        description="There is at least one row, and the columns are the contract's.",
        blocking=True,
        partitions_def=partitions,
    )
    def check(frame: pl.LazyFrame) -> dg.AssetCheckResult:
        found = frame.collect_schema()
        rows = int(frame.select(pl.len()).collect().item())
        wrong = [
            f"{name}: {found.get(name, 'missing')} instead of {dtype}"
            for name, dtype in schema.items()
            if found.get(name) != dtype
        ]
        told = None if rows else _NO_ROWS.get(asset)
        # Without benchmarks sets can be made; nothing is kept out of them, which is to be seen.
        may_go_on = asset == "benchmarks" and not wrong
        return dg.AssetCheckResult(
            passed=rows > 0 and not wrong,
            severity=dg.AssetCheckSeverity.WARN if may_go_on else dg.AssetCheckSeverity.ERROR,
            description=told,
            metadata={"rows": rows, "wrong_columns": wrong},
        )

    return check


def _one_decision_per_row(
    asset: str, stage: Stage, upstream: str, partitions: dg.PartitionsDefinition[str] | None
) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset,
        name="one_decision_per_row",
        description=f"Each row of {upstream} has exactly one decision at stage {stage}, and the "
        "rows kept are the rows of this asset.",
        blocking=True,
        partitions_def=partitions,
        additional_ins={"given": dg.AssetIn(upstream)},
    )
    def check(
        context: dg.AssetCheckExecutionContext,
        workshop: dg.ResourceParam[Workshop],
        kept: pl.DataFrame,
        given: pl.DataFrame,
    ) -> dg.AssetCheckResult:
        partition = context.partition_key if partitions else ALL
        decisions = read_frame(workshop.home.decisions(stage, partition))
        survivors = without_copies(kept)["sample_id"]
        faults = contract_faults(given["sample_id"], decisions, survivors)
        return dg.AssetCheckResult(passed=not faults, metadata={"faults": list(faults)})

    return check


@dg.asset_check(
    asset="recipes",
    description="Every recipe folder loads. A broken one is left out, and the others go on.",
)
def every_recipe_loads(workshop: dg.ResourceParam[Workshop]) -> dg.AssetCheckResult:
    """Warn of broken recipes, with the mend."""
    broken = workshop.catalogue.broken
    return dg.AssetCheckResult(
        passed=not broken,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={recipe.label: recipe.message for recipe in broken},
    )


def _within_budget(asset: str, stage: Stage, what: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        name="within_budget",
        asset=asset,
        description=f"No cap of a budget kept {what}.",
        partitions_def=recipe_versions,
    )
    def check(
        context: dg.AssetCheckExecutionContext, workshop: dg.ResourceParam[Workshop]
    ) -> dg.AssetCheckResult:
        """Warn of what waits for a higher cap."""
        decisions = read_frame(workshop.home.decisions(stage, context.partition_key))
        waiting = decisions.filter(pl.col("reason") == Reason.BUDGET_REACHED)
        return dg.AssetCheckResult(
            passed=waiting.is_empty(),
            severity=dg.AssetCheckSeverity.WARN,
            metadata={
                "samples_waiting": waiting.height,
                "caps": sorted(
                    set(waiting["detail"].str.extract(r"(budget of [^:]+:[^:]*)").drop_nulls())
                ),
            },
        )

    return check


@dg.asset_check(
    asset="deduplicated_samples",
    description="Every live recipe version is verified and took part.",
    additional_ins={
        "verified_samples": dg.AssetIn(
            partition_mapping=dg.AllPartitionMapping(),
            metadata={"allow_missing_partitions": True},
        )
    },
)
def every_recipe_is_here(
    workshop: dg.ResourceParam[Workshop], verified_samples: dict[str, pl.DataFrame]
) -> dg.AssetCheckResult:
    """Warn of recipe versions that are not verified yet."""
    missing = sorted({r.key for r in workshop.catalogue.usual_recipes} - set(verified_samples))
    return dg.AssetCheckResult(
        passed=not missing,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"not_verified_yet": missing},
    )


@dg.asset_check(
    asset="deduplicated_samples",
    description="No row has so many duplicates that what made them must be at fault; from what "
    "size on says selection.yaml.",
)
def no_giant_cluster(workshop: dg.ResourceParam[Workshop]) -> dg.AssetCheckResult:
    """Warn of very large clusters of duplicates, with what they say and where they come from."""
    giant = workshop.catalogue.selection.dedup.giant_cluster
    decisions = read_frame(workshop.home.decisions(Stage.DEDUP, ALL))
    found = Clusters(decisions).above(giant.rows, giant.share)
    told = [giant_told(each, decisions.height) for each in found[:_GIANTS_TOLD]]
    return dg.AssetCheckResult(
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
        description="\n\n".join(told) or None,
        metadata={
            "giant_clusters": len(found),
            "above_rows": giant.rows,
            "above_share": giant.share,
            **({"largest": cluster_table(found)} if found else {}),
        },
    )


@dg.asset_check(
    asset="training_sets",
    description="No row is a held-out row or a benchmark item, equal or nearly so, shares a run of "
    "words with an item, or comes of one by a seed or parents. What was ever kept out counts.",
    blocking=True,
    partitions_def=mixture_versions,
    additional_ins={
        "held_out_real": dg.AssetIn(),
        "benchmarks": dg.AssetIn(),
    },
)
def no_held_out_or_benchmark_row(
    workshop: dg.ResourceParam[Workshop],
    rows: pl.DataFrame,
    held_out_real: pl.DataFrame,
    benchmarks: pl.DataFrame,
) -> dg.AssetCheckResult:
    """Fail on any leak, naming rows and items."""
    firewall = ProjectFirewall.of(workshop, held_out_real, benchmarks)
    leaked = firewall.leaks(rows)
    items = {"held_out": firewall.kept_out.held_out, "benchmark": firewall.kept_out.benchmarks}
    return dg.AssetCheckResult(
        passed=leaked.is_empty(),
        description=leaks_told(leaked),
        metadata={
            "rows_checked": rows.height,
            **{f"{name}_items": frame.height for name, frame in items.items()},
            **leak_metadata(leaked),
        },
    )


@dg.asset_check(
    asset="training_sets",
    description="There are held-out real rows to measure a student on that is trained on the set.",
    partitions_def=mixture_versions,
    additional_ins={"held_out_real": dg.AssetIn()},
)
def has_held_out_set(
    context: dg.AssetCheckExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    held_out_real: pl.DataFrame,
) -> dg.AssetCheckResult:
    """Warn of a mixture whose student cannot be measured on anything real."""
    found = evaluability(workshop.mixture_at(context.partition_key), held_out_real)
    return dg.AssetCheckResult(
        passed=found.state is not EvaluabilityState.UNEVALUABLE,
        severity=dg.AssetCheckSeverity.WARN,
        description=found.reason,
        metadata={"evaluability": found.state.value, "held_out_rows": held_out_real.height},
    )


@dg.asset_check(
    asset="training_sets",
    description="Every bound of the mixture is met, no two rows hold the same text but copies that "
    "it allows, and relatives stand in one split.",
    blocking=True,
    partitions_def=mixture_versions,
    additional_ins={"decontaminated_samples": dg.AssetIn()},
)
def within_its_policy(
    context: dg.AssetCheckExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    rows: pl.DataFrame,
    decontaminated_samples: pl.DataFrame,
) -> dg.AssetCheckResult:
    """Fail when a bound is missed, naming it."""
    mixture = workshop.mixture_at(context.partition_key)
    faults = policy_faults(rows, mixture, standings(workshop, decontaminated_samples, mixture))
    return dg.AssetCheckResult(passed=not faults, metadata={"faults": list(faults)})


def _lineage_audits() -> dg.AssetChecksDefinition:
    audits = SqlFolder(project_file("sql")).files("audits")

    @dg.multi_asset_check(
        name="lineage_audits",
        specs=[
            dg.AssetCheckSpec(audit.name, asset="lineage", blocking=True, description=audit.purpose)
            for audit in audits
        ],
    )
    def check(workshop: dg.ResourceParam[Workshop]) -> Iterator[dg.AssetCheckResult]:
        for audit in workshop.lineage.audits():
            yield dg.AssetCheckResult(
                check_name=audit.name,
                asset_key="lineage",
                passed=audit.violations == 0,
                metadata={
                    "violating_rows": audit.violations,
                    "examples": preview(audit.examples, rows=20),
                },
            )

    return check


def all_checks() -> Sequence[dg.AssetChecksDefinition]:
    """Every asset check of the project."""
    return [
        *(_rows_and_schema(asset, *contract) for asset, contract in _FRAMES.items()),
        *(_one_decision_per_row(asset, *contract) for asset, contract in _STAGES.items()),
        every_recipe_loads,
        _within_budget("raw_generations", Stage.GENERATE, "a planned sample from being generated"),
        _within_budget("verified_samples", Stage.VERIFY, "a judge from deciding on a sample"),
        every_recipe_is_here,
        no_giant_cluster,
        no_held_out_or_benchmark_row,
        has_held_out_set,
        within_its_policy,
        _lineage_audits(),
    ]
