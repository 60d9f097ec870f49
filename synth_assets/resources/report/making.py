"""How rows were made and lost, and what they cost, as a section of a report."""

import polars as pl

from synth_assets.core.schema import Stage
from synth_assets.resources.report.page import Cells, Section

_COST = {
    "recipe": "recipe",
    "calls": "calls",
    "calls_bought": "bought when filled",
    "prompt_tokens": "tokens in",
    "completion_tokens": "tokens out",
    "cost_usd": "USD",
    "cost_per_kept_usd": "USD a kept row",
}


def making_section(funnel: pl.DataFrame, drop_reasons: pl.DataFrame, cost: pl.DataFrame) -> Section:
    """Funnel, reasons of losses, and cost; arguments are what the queries of these names return."""
    lost = drop_reasons.filter(pl.col("stage") != Stage.MIX.value).sort("rows", descending=True)
    named = lost.with_columns(pl.col("recipe").replace("", "real"))
    reasons = named.select("recipe", "stage", "reason", "rows", "share")
    filled = cost.filter(pl.col("planned") > 0).select(list(_COST))
    return Section(
        "Making",
        "Of all live recipes, as lineage tells it.",
        tables=[
            _funnel(funnel),
            Cells("Why rows were not kept", reasons.columns, reasons.rows()),
            Cells("What it cost", list(_COST.values()), filled.rows()),
        ],
    )


def _funnel(funnel: pl.DataFrame) -> Cells:
    scoped = funnel.filter(pl.col("scope") != "all")
    kept = {(recipe, stage): rows for recipe, stage, rows in _kept(scoped)}
    stages = [stage.value for stage in Stage if any(stage.value == name for _, name in kept)]
    recipes = list(dict.fromkeys(recipe for recipe, _ in kept))
    rows = [(recipe, *(kept.get((recipe, stage)) for stage in stages)) for recipe in recipes]
    return Cells("Rows that came through each stage", ("recipe", *stages), rows)


def _kept(scoped: pl.DataFrame) -> list[tuple[str, str, int]]:
    name = pl.col("recipe").replace({"": "real", "*": "all synthetic"})
    # `*` last but for real rows: recipes first, by name.
    ordered = scoped.sort(pl.col("scope").replace_strict({"recipe": 0, "synthetic": 1, "real": 2}))
    return ordered.select(name, "stage", "kept").rows()
