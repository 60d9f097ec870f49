"""The coverage of a recipe as it was last filled: read from disk, measured by the core."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.coverage.shares import (
    CameThrough,
    PlannedAgainstAchieved,
    cell_key,
    planned_against_achieved,
)
from synth_assets.core.coverage.topics import TopicGaps, topic_gaps
from synth_assets.core.draws.attributes import AttributeSpace
from synth_assets.core.schema import Outcome, Stage
from synth_assets.errors import RecipeError, StorageError
from synth_assets.resources.frames import read_frame
from synth_assets.resources.home import ALL, Home

_MOST_CELLS = 2_000


@dataclass(frozen=True)
class RecipeCoverage:
    """What a recipe covers.

    Attributes:
        key: partition key of the recipe version.
        shares: planned against achieved, by attribute value and by cell.
        joint: the attributes that cells are made of; the first ones, as far as there are not too
            many combinations.
        topics: against real text; none where there is no reference.
        last_stage: the last stage that the figures know of.
    """

    key: str
    shares: PlannedAgainstAchieved
    joint: tuple[str, ...]
    topics: TopicGaps | None
    last_stage: Stage


def recipe_coverage(
    home: Home, recipe: Recipe, reference: Mapping[str, str] | None = None
) -> RecipeCoverage:
    """Measure the coverage of a recipe version that was verified.

    Args:
        home: where it lies.
        recipe: the live version.
        reference: row id -> text, to compare topics with.

    Raises:
        StorageError: if the version was not generated and verified yet.
    """
    plan_file = home.plan(recipe.key)
    verified_file = home.asset("verified_samples", recipe.key)
    if not plan_file.is_file() or not verified_file.exists():
        raise StorageError(
            f"{recipe.key}: not filled yet. Run `synth run --recipe {recipe.id}` first."
        )
    verified = read_frame(verified_file)
    deduplicated = Path(str(home.decisions(Stage.DEDUP, ALL)))
    kept, last = verified, Stage.VERIFY
    if deduplicated.is_file():
        decisions = read_frame(deduplicated).filter(pl.col("recipe") == recipe.id)
        if set(verified["sample_id"]) <= set(decisions["sample_id"]):
            unique = decisions.filter(pl.col("outcome") == Outcome.KEPT)
            kept, last = verified.join(unique, on="sample_id", how="semi"), Stage.DEDUP
    made = read_frame(home.asset("raw_generations", recipe.key))
    return measured(recipe, read_frame(plan_file), made, verified, kept, last, reference)


def measured(
    recipe: Recipe,
    plan: pl.DataFrame,
    made: pl.DataFrame,
    verified: pl.DataFrame,
    kept: pl.DataFrame,
    last_stage: Stage,
    reference: Mapping[str, str] | None = None,
) -> RecipeCoverage:
    """Measure coverage from frames.

    A planned sample of several rows has come as far as the best of them.

    Args:
        recipe: what was planned.
        plan: columns of `PLAN_SCHEMA`.
        made: generated rows, columns of `SAMPLE_SCHEMA`.
        verified: those that verifiers accepted.
        kept: those that are left.
        last_stage: which stage left them.
        reference: row id -> text, to compare topics with.
    """
    planned = plan.select("sample_id", "attributes", "position")
    through = CameThrough.of_frames(*(_slots(planned, each) for each in (made, verified, kept)))
    joint, quotas = _quotas(recipe.space, min(kept.height, recipe.spec.wanted))
    shares = planned_against_achieved(planned, through, _targets(recipe), joint, quotas)
    said = recipe.spec.coverage
    topics = None
    if reference is not None:
        topics = topic_gaps(kept[said.field].to_list(), reference, said.topics)
    return RecipeCoverage(recipe.key, shares, joint, topics, last_stage)


def _slots(planned: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """The planned samples of which some row is among these."""
    return planned.join(samples.select("position"), on="position", how="semi").select("sample_id")


def _targets(recipe: Recipe) -> dict[str, Mapping[str, float]]:
    """Attribute -> value -> weight, for what is drawn and what is chosen for prompts."""
    space = recipe.space
    if space.never:
        drawn = _marginals(space)
    else:
        drawn = {a.name: {each.value: each.weight for each in a.choice} for a in space.attributes}
    return {**drawn, **recipe.alternatives}


def _marginals(space: AttributeSpace) -> dict[str, dict[str, float]]:
    """The share of each value where forbidden combinations shift it."""
    found = {a.name: dict.fromkeys((w.value for w in a.choice), 0.0) for a in space.attributes}
    for cell, share in space.shares().items():
        for name, value in cell:
            found[name][value] += share
    return {name: shares for name, shares in found.items() if any(shares.values())}


def _quotas(space: AttributeSpace, rows: int) -> tuple[tuple[str, ...], dict[str, int]]:
    """The first attributes with not too many combinations, and the part of the rows of each."""
    for length in range(len(space.attributes), 1, -1):
        part = AttributeSpace(space.attributes[:length], space.never)
        try:
            shares = part.shares(min(_MOST_CELLS, max(rows, 1)))
        except RecipeError:
            continue  # more combinations than rows: none could have its quota
        names = tuple(attribute.name for attribute in part.attributes)
        return names, {cell_key(dict(cell)): int(share * rows) for cell, share in shares.items()}
    return (), {}
