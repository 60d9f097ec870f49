"""A training set of rows that were made elsewhere: the stages from rows at hand to a set."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.decontaminate.finders import FinderRules
from synth_assets.core.decontaminate.finding import FirstOf, Method
from synth_assets.core.decontaminate.firewall import LONG_RUN
from synth_assets.core.decontaminate.kept_out import KeptOut
from synth_assets.core.decontaminate.screen import Screen, ScreenRules
from synth_assets.core.decontaminate.stage import decontaminate
from synth_assets.core.mixture.compose import TokenCounts, compose
from synth_assets.core.mixture.standing import standing_of
from synth_assets.core.schema import DECISION_SCHEMA, Outcome, Reason, Stage
from synth_assets.core.terms.declared import Declared

ALL = "all"


@dataclass(frozen=True)
class MadeSet:
    """A set, and what became of every row that was given.

    Attributes:
        rows: columns of `TRAINING_SCHEMA`.
        standing: of the candidates, columns of `STANDING_SCHEMA`.
        decisions: columns of `DECISION_SCHEMA`; a row for each row and stage that it came to.
    """

    rows: pl.DataFrame
    standing: pl.DataFrame
    decisions: pl.DataFrame


def make_set(
    samples: pl.DataFrame,
    mixture: Mixture,
    declared: Declared,
    kept_out: KeptOut,
    count_tokens: TokenCounts,
    on_progress: Callable[[str], None] = lambda _: None,
) -> MadeSet:
    """Leave repeated and leaking rows out, and compose a set of the others.

    Args:
        samples: columns of `SAMPLE_SCHEMA`; of rows with equal text the first stays.
        mixture: the policy.
        declared: who writes, and what they learned.
        kept_out: rows that no set may hold.
        count_tokens: for mixtures of so many tokens.
        on_progress: told what is being done.

    Raises:
        MixtureInfeasibleError: if the bounds cannot all be met.
        TermsError: see `standing_of`.
        RegistryError: see `standing_of`.
    """
    different, repeated = _different(samples)
    on_progress(f"looking for kept-out items in {different.height:,} rows")
    clean = decontaminate(different, FirstOf((kept_out.copies, _screen(kept_out))))
    on_progress(f"composing a set of {clean.kept.height:,} rows")
    standing = standing_of(clean.kept, mixture, declared)
    made = compose(clean.kept, mixture, standing, count_tokens=count_tokens)
    decisions = pl.concat([repeated, clean.decisions, made.decisions])
    return MadeSet(made.kept, standing, decisions)


def _different(samples: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of which none has the text of another, and the decisions on all."""
    first = pl.col("sample_id").first().over("content_hash", "history", "rejected", "context")
    marked = samples.with_columns(_first=first)
    again = pl.col("_first") != pl.col("sample_id")
    decisions = marked.select(
        "sample_id",
        stage=pl.lit(Stage.DEDUP.value),
        partition=pl.lit(ALL),
        recipe="recipe",
        outcome=pl.when(again)
        .then(pl.lit(Outcome.DROPPED.value))
        .otherwise(pl.lit(Outcome.KEPT.value)),
        reason=pl.when(again).then(pl.lit(Reason.EXACT_DUPLICATE.value)),
        score=pl.when(again).then(pl.lit(1.0)),
        duplicate_of=pl.when(again).then("_first"),
        detail=pl.lit(""),
    ).cast(DECISION_SCHEMA)
    return marked.filter(~again).drop("_first"), decisions


def _screen(kept_out: KeptOut) -> Screen:
    sources: list[str] = kept_out.benchmarks["source"].unique().sort().to_list()
    methods = (Method.NEAR, Method.PERTURBED, Method.REPHRASED)
    finders = FinderRules(by_source=dict.fromkeys(sources, methods))
    rules = ScreenRules(dict.fromkeys(sources, LONG_RUN), finders)
    return Screen.build(kept_out.held_out, kept_out.benchmarks, rules)
