"""A few rows of a recipe through the whole chain, of which nothing is written but the ledger."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.dedup.stage import Known, compared_texts, deduplicate
from synth_assets.core.planning import Plan
from synth_assets.core.schema import DECISION_SCHEMA, SAMPLE_SCHEMA, Outcome
from synth_assets.core.verify.stage import verify_samples
from synth_assets.errors import RecipeError
from synth_assets.resources.frames import read_frame
from synth_assets.resources.generation.reporting import Reporter
from synth_assets.resources.kept_out.firewall import ProjectFirewall
from synth_assets.resources.kept_out.register import Register
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.sources.inputs import KEPT_SOURCES, Inputs
from synth_assets.resources.workshop import Workshop

_TEXTS = ("teacher", "prompt", "response", "context", "reference", "history", "rejected")

PREVIEW_SCHEMA = pl.Schema(
    {
        "sample_id": pl.String,
        "stage": pl.String,  # the last that it came to
        "outcome": pl.String,
        "reason": pl.String,  # null when kept
        "score": pl.Float64,
        "duplicate_of": pl.String,
        "detail": pl.String,
        **{name: SAMPLE_SCHEMA[name] for name in _TEXTS},  # null where no sample was made
        "answer": pl.String,  # of the first completion, as the teacher wrote it
        "cost_usd": pl.Float64,  # of all its calls, whenever they were paid; null: unknown
    }
)


@dataclass(frozen=True)
class Preview:
    """What a few rows came to.

    Attributes:
        recipe: id of the recipe.
        rows: columns of `PREVIEW_SCHEMA`, in the order of the plan.
        calls_bought: calls that were paid for now.
        calls_from_ledger: answers that had been paid before.
        bought_usd: what the former cost.
    """

    recipe: str
    rows: pl.DataFrame
    calls_bought: int
    calls_from_ledger: int
    bought_usd: float

    @property
    def kept(self) -> int:
        """Rows that every stage kept."""
        return self.rows.filter(outcome=Outcome.KEPT).height

    @property
    def usd_per_kept(self) -> float | None:
        """What a kept row costs, if all calls had to be bought; None where nobody knows."""
        costs = self.rows["cost_usd"]
        return None if costs.null_count() or not self.kept else float(costs.sum()) / self.kept


def preview_recipe(
    workshop: Workshop, name: str, rows: int, announce: Callable[[str], None] = lambda _: None
) -> Preview:
    """Make the first rows of a recipe's plan, verify, deduplicate and decontaminate them.

    They are the rows that filling the recipe makes first, and what is bought for them stays in the
    ledger: filling it buys no request again. Duplicates are looked for among them, and among the
    candidates of other recipes that there are. Recipes that work over batches are asked live.

    Args:
        workshop: catalogue and places.
        name: of the recipe.
        rows: how many are planned.
        announce: told how far it is.

    Raises:
        UnknownNameError: if there is no such recipe.
        RecipeError: if it has no seed.
        BudgetError: if a budget cannot be held.
        TeacherError: if a teacher cannot be used.
    """
    recipe = _shortened(workshop.catalogue.recipe(name), rows)
    alone = replace(workshop.catalogue, recipes=(recipe,))
    trying = replace(workshop, at_hand=alone)
    run = workshop.run or f"preview-{secrets.token_hex(6)}"
    home = workshop.home
    inputs = Inputs(
        workshop.catalogue, home.root / KEPT_SOURCES, keeps=True, register=Register(home.kept_out)
    )
    plan = Plan.of(recipe, inputs.seeds(recipe))
    if plan.is_empty:
        raise RecipeError(
            f"{recipe.label}: no seed is left: each is held out, a benchmark's or a repetition. "
            "Give the recipe others."
        )
    with trying.buying(recipe.key, run) as ledger:
        filled = trying.filler(recipe.key, ledger, run, Reporter(recipe.id, announce)).fill(plan)
        made = filled.parts.table("samples").lazy().collect()
        planned = filled.parts.table("decisions").lazy().collect()
        calls = filled.parts.table("calls").lazy().collect()
        filled.parts.remove()
    with trying.verifying(recipe, run) as using:
        verified = verify_samples(
            made, recipe.key, recipe.spec.verifiers, recipe.files, using.tools
        ).stage
    unique = deduplicate(
        verified.kept, workshop.catalogue.selection.dedup.rule, known=_known(workshop, recipe.id)
    )
    firewall = ProjectFirewall.of(workshop, inputs.real.held_out, inputs.benchmarks)
    clean = firewall.decontaminate(unique.kept)
    decisions = [planned, verified.decisions, unique.decisions, clean.decisions]
    return Preview(
        recipe.id,
        _table(decisions, made, _with_answers(calls, workshop)),
        filled.spending.bought,
        filled.spending.from_ledger,
        filled.spending.cost_usd,
    )


def _shortened(recipe: Recipe, rows: int) -> Recipe:
    """The recipe, planned for a few rows: more rows move no earlier one."""
    teachers = {
        name: teacher.model_copy(update={"delivery": "live"})
        for name, teacher in recipe.teachers.items()
    }
    spec = recipe.spec.model_copy(update={"samples": rows})
    return replace(recipe, spec=spec, teachers=teachers)


def _known(workshop: Workshop, recipe: str) -> Known:
    """Candidates of other recipes and real ones, as far as they were selected."""
    path = workshop.home.asset("decontaminated_samples")
    if not path.exists():
        return Known()
    others = read_frame(path).filter(pl.col("recipe") != recipe)
    return Known(others["sample_id"].to_list(), compared_texts(others))


def _with_answers(calls: pl.DataFrame, workshop: Workshop) -> pl.DataFrame:
    """What each sample's calls cost, and what the first was answered."""
    each = calls.group_by("sample_id", maintain_order=True).agg(
        pl.col("fingerprint").first(),
        pl.when(pl.col("cost_usd").null_count() == 0).then(pl.col("cost_usd").sum()),
    )
    ledger = Ledger(workshop.home.ledger)
    try:
        bought = [ledger.get(fingerprint) for fingerprint in each["fingerprint"]]
    finally:
        ledger.close()
    texts = [None if one is None else one.text for one in bought]
    return each.select("sample_id", pl.Series("answer", texts, pl.String), "cost_usd")


def _table(
    decisions: list[pl.DataFrame], made: pl.DataFrame, answers: pl.DataFrame
) -> pl.DataFrame:
    """The last decision on each row, with its texts."""
    stages = pl.concat([each.select(DECISION_SCHEMA.names()) for each in decisions])
    last = stages.unique("sample_id", keep="last", maintain_order=True)
    order = decisions[0].select("sample_id").unique(maintain_order=True)
    return (
        order.join(last, on="sample_id", how="full", coalesce=True, maintain_order="left_right")
        .join(made.select("sample_id", *_TEXTS), on="sample_id", how="left")
        .join(answers, on="sample_id", how="left")
        .select(pl.col(name).cast(kind) for name, kind in PREVIEW_SCHEMA.items())
    )
