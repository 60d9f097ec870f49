"""The coverage of a recipe as it was last filled: read from disk, measured by the core."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import polars as pl

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.coverage.compared import compared_texts
from synth_assets.core.coverage.recipe_targets import (
    drawn_targets,
    joint_quotas,
    row_targets,
    teacher_targets,
)
from synth_assets.core.coverage.shares import (
    CameThrough,
    PlannedAgainstAchieved,
    planned_against_achieved,
)
from synth_assets.core.coverage.space_account import SpaceAccount
from synth_assets.core.coverage.topics import TopicGaps, topic_gaps
from synth_assets.core.coverage.traces import Traces
from synth_assets.core.sample import samples_of
from synth_assets.core.schema import Outcome, Stage
from synth_assets.errors import StorageError
from synth_assets.resources.coverage_reference import Reference
from synth_assets.resources.frames import read_frame
from synth_assets.resources.home import ALL, Home

_Targets: TypeAlias = dict[str, Mapping[str, float]]


@dataclass(frozen=True)
class FilledVersion:
    """What became of a recipe version.

    Attributes:
        plan: columns of `PLAN_SCHEMA`.
        calls: columns of `CALL_SCHEMA`.
        made: generated rows, columns of `SAMPLE_SCHEMA`.
        verified: those that verifiers accepted.
        kept: those that are left.
        last_stage: which stage left them.
    """

    plan: pl.DataFrame
    calls: pl.DataFrame
    made: pl.DataFrame
    verified: pl.DataFrame
    kept: pl.DataFrame
    last_stage: Stage

    @classmethod
    def verified_now(
        cls, home: Home, recipe: Recipe, made: pl.DataFrame, verified: pl.DataFrame
    ) -> "FilledVersion":
        """A version whose verification is not on disk yet."""
        plan = read_frame(home.plan(recipe.key))
        calls = read_frame(home.root / "calls" / f"{recipe.key}.parquet")
        return cls(plan, calls, made, verified, verified, Stage.VERIFY)


@dataclass(frozen=True)
class RecipeCoverage:
    """What a recipe covers.

    Attributes:
        key: partition key of the recipe version.
        shares: planned against achieved, by attribute value and by cell.
        samples: planned samples that were to give rows.
        samples_with_rows: those of which a row is left.
        only_planning: planned samples that served to plan others, and never were to give rows.
        rows: rows left.
        wanted: how many samples the recipe asks for.
        space: how full cells are; none where there are no two attributes to combine.
        topics: against real text; none where there is no reference.
        below: see `CoverageSpec`; what makes a topic a gap.
        last_stage: the last stage that the figures know of.
    """

    key: str
    shares: PlannedAgainstAchieved
    samples: int
    samples_with_rows: int
    only_planning: int
    rows: int
    wanted: int
    space: SpaceAccount | None
    topics: TopicGaps | None
    below: float
    last_stage: Stage

    @property
    def counted(self) -> str:
        """The samples and rows in words."""
        said = (
            f"{self.wanted:,} wanted; {self.samples:,} samples planned, "
            f"{self.samples_with_rows:,} of them gave {self.rows:,} rows"
        )
        if self.only_planning:
            said += f"; {self.only_planning:,} more requests only served to plan them"
        return said


def recipe_coverage(
    home: Home, recipe: Recipe, reference: Reference | None = None
) -> RecipeCoverage:
    """Measure the coverage of a recipe version that was verified.

    Args:
        home: where it lies.
        recipe: the live version.
        reference: to compare topics with.

    Raises:
        StorageError: if the version was not generated and verified yet.
    """
    verified_file = home.asset("verified_samples", recipe.key)
    if not home.plan(recipe.key).is_file() or not verified_file.exists():
        raise StorageError(
            f"{recipe.key}: not filled yet. Run `synth run --recipe {recipe.id}` first."
        )
    made = read_frame(home.asset("raw_generations", recipe.key))
    verified = read_frame(verified_file)
    filled = FilledVersion.verified_now(home, recipe, made, verified)
    deduplicated = Path(str(home.decisions(Stage.DEDUP, ALL)))
    if deduplicated.is_file():
        decisions = read_frame(deduplicated).filter(pl.col("recipe") == recipe.id)
        if set(verified["sample_id"]) <= set(decisions["sample_id"]):
            unique = decisions.filter(pl.col("outcome") == Outcome.KEPT)
            kept = verified.join(unique, on="sample_id", how="semi")
            filled = replace(filled, kept=kept, last_stage=Stage.DEDUP)
    return measured(recipe, filled, reference)


def measured(
    recipe: Recipe, filled: FilledVersion, reference: Reference | None = None
) -> RecipeCoverage:
    """Measure coverage from frames.

    A planned sample of several rows has come as far as the best of them.

    Args:
        recipe: what was planned.
        filled: what became of it.
        reference: to compare topics with.
    """
    traces = Traces.of(filled.calls)
    plan = traces.planned(filled.plan)
    planned = plan.filter(_gives_rows(recipe, plan))
    through = CameThrough.of_frames(
        *(_slots(planned, each) for each in (filled.made, filled.verified, filled.kept))
    )
    through = replace(through, rows=list(traces.rows(filled.kept)))
    own = _own_account(recipe, filled)
    samples = min(len(through.kept), recipe.spec.wanted)
    joint, quotas = ((), {}) if own else joint_quotas(recipe.space, samples)
    targets, of_rows = _targets(recipe, planned)
    shares = planned_against_achieved(planned, through, targets, joint, quotas, of_rows)
    return RecipeCoverage(
        recipe.key,
        shares,
        planned.height,
        len(through.kept),
        plan.height - planned.height,
        filled.kept.height,
        recipe.spec.wanted,
        own or _account(recipe, joint, shares),
        _topics(recipe, filled.kept, reference),
        recipe.spec.coverage.below,
        filled.last_stage,
    )


def _gives_rows(recipe: Recipe, plan: pl.DataFrame) -> pl.Series:
    gives = recipe.spec.technique.gives_rows
    return pl.Series([gives(json.loads(each)) for each in plan["attributes"]], dtype=pl.Boolean)


def _slots(planned: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """The planned samples of which some row is among these."""
    return planned.join(samples.select("position"), on="position", how="semi").select("sample_id")


def _own_account(recipe: Recipe, filled: FilledVersion) -> SpaceAccount | None:
    """What the technique says of its own cells, against what the recipe wants."""
    technique = recipe.spec.technique
    filling = technique.filling(
        samples_of(filled.kept),
        recipe.spec.wanted,
        samples_of(filled.verified),
        filled.plan.height,
    )
    return None if filling is None else SpaceAccount.of_technique(filling)


def _account(
    recipe: Recipe, joint: tuple[str, ...], shares: PlannedAgainstAchieved
) -> SpaceAccount | None:
    """Of combinations, where there are attributes to combine."""
    if len(recipe.space.attributes) < 2:
        return None
    return SpaceAccount.of_cells(joint, shares.cells)


def _targets(recipe: Recipe, planned: pl.DataFrame) -> tuple[_Targets, _Targets]:
    """Shares of what planned samples tell, and of what rows alone do."""
    targets, of_rows = drawn_targets(recipe), row_targets(recipe)
    told = {name for text in planned["attributes"].unique() for name in json.loads(text)}
    for name, weights in teacher_targets(recipe).items():
        (targets if name in told else of_rows)[name] = weights
    return targets, {name: weights for name, weights in of_rows.items() if name not in targets}


def _topics(recipe: Recipe, kept: pl.DataFrame, reference: Reference | None) -> TopicGaps | None:
    if reference is None:
        return None
    texts = compared_texts(kept, reference.field)
    return topic_gaps(texts, reference.texts, recipe.spec.coverage.topics)
