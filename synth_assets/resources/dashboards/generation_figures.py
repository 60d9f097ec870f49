"""What a run puts on the dashboard of generation: calls, cost, acceptance, losses, diversity."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from synth_assets.core.diversity.slices import ALL
from synth_assets.core.schema import Stage
from synth_assets.resources.dashboards.figures import LABELS, labelled

ALL_RECIPES = "all recipes"


class GenerationMeasure(StrEnum):
    """What is told of each recipe."""

    CALLS = "calls"
    CALLS_BOUGHT = "calls_bought"
    TOKENS = "tokens"
    BOUGHT_USD = "bought_usd"
    COST_PER_KEPT_USD = "cost_per_kept_usd"
    ACCEPTED = "accepted"
    SELECTED = "selected"
    LOST = "lost"
    """By reason, not by recipe."""


@dataclass(frozen=True)
class MeasureText:
    """How a measure is told to a newcomer: title, and unit, direction of good and meaning."""

    title: str
    caption: str


MEASURE_TEXTS = {
    GenerationMeasure.ACCEPTED: MeasureText(
        "Samples that every verifier accepted",
        "share of those planned, 0 to 1; higher is better. Falling: prompts or teachers got worse, "
        "or verifiers stricter.",
    ),
    GenerationMeasure.SELECTED: MeasureText(
        "Samples that may be trained on",
        "share of those planned, 0 to 1; higher is better. After verification, deduplication and "
        "decontamination. Far below the accepted: samples repeat each other or test items.",
    ),
    GenerationMeasure.LOST: MeasureText(
        "Why samples were lost",
        "share of all planned samples, by the first reason; lower is better. What grows here is "
        "what to mend.",
    ),
    GenerationMeasure.CALLS: MeasureText(
        "Calls to teachers", "completions of the live recipe versions, bought or in the ledger."
    ),
    GenerationMeasure.CALLS_BOUGHT: MeasureText(
        "Calls that were bought",
        "completions that the ledger did not have when the version was last filled; a run that "
        "buys nothing new shows 0.",
    ),
    GenerationMeasure.TOKENS: MeasureText(
        "Tokens", "prompts and completions together, of all calls of the live versions."
    ),
    GenerationMeasure.BOUGHT_USD: MeasureText(
        "Spent", "US dollars for the calls that were bought; calls of unknown price count nothing."
    ),
    GenerationMeasure.COST_PER_KEPT_USD: MeasureText(
        "Price of a usable sample",
        "US dollars of all calls over the samples that may be trained on; lower is better.",
    ),
}


@dataclass(frozen=True)
class GenerationRun:
    """What generation came to, as lineage tells it.

    Attributes:
        cost: what the query `cost` returns.
        drop_reasons: what the query of that name returns.
        diversity: recipe id -> columns of `DIVERSITY_SCHEMA`, of its verified samples; recipes
            without are left out.
    """

    cost: pl.DataFrame
    drop_reasons: pl.DataFrame
    diversity: Mapping[str, pl.DataFrame]

    @property
    def filled(self) -> pl.DataFrame:
        """The recipes that have been filled."""
        return self.cost.filter(pl.col("planned") > 0)


def generation_figures(run: GenerationRun) -> pl.DataFrame:
    """Labels `LABELS`: each measure of each recipe and of all; losses by reason."""
    return labelled(LABELS, [*_of_recipes(run.filled), *_lost(run)])


def recipe_diversity_figures(run: GenerationRun) -> pl.DataFrame:
    """Labels `LABELS`: each metric of the verified samples of each recipe."""
    rows = [
        (metric, recipe, value)
        for recipe, measured in run.diversity.items()
        for metric, value in measured.filter(pl.col("slice") == ALL)
        .select("metric", "value")
        .drop_nulls()
        .iter_rows()
    ]
    return labelled(LABELS, rows)


def _of_recipes(filled: pl.DataFrame) -> Iterator[tuple[str, str, float | None]]:
    if filled.is_empty():
        return
    numbers = filled.select(pl.exclude("partition", "recipe", "recipe_version")).sum()
    both = pl.concat(
        [filled, numbers.with_columns(recipe=pl.lit(ALL_RECIPES))], how="diagonal_relaxed"
    )
    for row in both.iter_rows(named=True):
        recipe, planned, kept = row["recipe"], row["planned"], row["kept_by_decontaminate"]
        yield GenerationMeasure.CALLS, recipe, row["calls"]
        yield GenerationMeasure.CALLS_BOUGHT, recipe, row["calls_bought"]
        yield GenerationMeasure.TOKENS, recipe, row["prompt_tokens"] + row["completion_tokens"]
        yield GenerationMeasure.BOUGHT_USD, recipe, row["bought_usd"]
        yield GenerationMeasure.ACCEPTED, recipe, row["kept_by_verify"] / planned
        yield GenerationMeasure.SELECTED, recipe, kept / planned
        if kept and row["cost_usd"] is not None:
            yield GenerationMeasure.COST_PER_KEPT_USD, recipe, row["cost_usd"] / kept


def _lost(run: GenerationRun) -> Iterator[tuple[str, str, float]]:
    planned = run.filled["planned"].sum()
    made = run.drop_reasons.filter(
        (pl.col("recipe") != "") & ~pl.col("stage").is_in([Stage.SEEDS.value, Stage.MIX.value])
    )
    by_reason = made.group_by("reason").agg(pl.col("rows").sum()).sort("reason")
    for reason, rows in by_reason.iter_rows():
        yield GenerationMeasure.LOST, reason, rows / planned
