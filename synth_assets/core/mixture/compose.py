"""The stage that composes a training set from candidates, by a mixture's bounds."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import polars as pl

from synth_assets.core.config.mixtures import Curriculum, Mixture
from synth_assets.core.mixture.allotment import Demand, allot, largest_size
from synth_assets.core.mixture.bounds import Bound
from synth_assets.core.mixture.cells import Cells, Ints, cell_keys
from synth_assets.core.mixture.conflict import Conflict, conflict_in
from synth_assets.core.mixture.draws import Draws, draws
from synth_assets.core.mixture.feasibility import can_be_met, demand_of
from synth_assets.core.mixture.order import order_rows
from synth_assets.core.mixture.splits import split_rows
from synth_assets.core.mixture.standing import takes_part
from synth_assets.core.mixture.token_budget import TokenSums, largest_within
from synth_assets.core.schema import SAMPLE_SCHEMA, TRAINING_SCHEMA, Origin, Outcome, Reason, Stage
from synth_assets.core.stage import StageResult, close_stage
from synth_assets.errors import MixtureInfeasibleError

TokenCounts: TypeAlias = Callable[[pl.DataFrame], pl.Series]
"""Tokens of rows of `SAMPLE_SCHEMA`, in their order."""

_FACTS = ("family", "depth", "own_voice")


def compose(
    samples: pl.DataFrame,
    mixture: Mixture,
    standing: pl.DataFrame,
    on_request: Collection[str] = (),
    count_tokens: TokenCounts | None = None,
) -> StageResult:
    """Choose, order and split the rows of a training set.

    Every bound is met exactly, or within one row where whole rows cannot meet it. Within that,
    recipes share the synthetic rows and sources the real ones as evenly as they can, and cells of
    rows that no bound tells apart give as many as an even draw from their recipe or source would.
    Which rows stand for a cell, and their order, is drawn by hash of seed and id: the order of
    `samples` plays no part, and a few more candidates move few rows.

    Args:
        samples: columns of `SAMPLE_SCHEMA`; real and synthetic candidates.
        mixture: the policy.
        standing: columns of `STANDING_SCHEMA`, a row for each of `samples`, in any order.
        on_request: recipes that take part only where the mixture names them.
        count_tokens: for mixtures of so many tokens.

    Returns:
        The training set in its order, columns of `TRAINING_SCHEMA`, with `synthetic_depth` as the
        standing has it; decisions of the partition `mixture.key`. A row left out has the reason of
        its standing, `not_in_mixture` if its recipe or source has no part in it, the reason of the
        bound that left it no room, else `beyond_target`.

    Raises:
        MixtureInfeasibleError: if the bounds cannot all be met; it names those that conflict, and
            each single change that would do.
    """
    told = _with_standing(samples, standing)
    candidates = told.filter(_may(mixture, on_request))
    chosen = _choose(candidates, mixture, count_tokens)
    rows = candidates.with_columns(pl.Series("_copies", chosen.copies)).filter(
        pl.col("_copies") > 0
    )
    kept = _laid_out(rows, mixture)
    decisions = _decisions(told, candidates.select("sample_id"), chosen, mixture)
    return close_stage(Stage.MIX, mixture.key, samples, decisions, kept=kept)


def why_infeasible(
    samples: pl.DataFrame,
    mixture: Mixture,
    standing: pl.DataFrame,
    on_request: Collection[str] = (),
) -> Conflict | None:
    """Why a mixture's bounds cannot all be met; none if they can. Arguments as of `compose`.

    How many tokens a set has plays no part.
    """
    candidates = _with_standing(samples, standing).filter(_may(mixture, on_request))
    cells = Cells.of(cell_keys(candidates, mixture))
    return None if can_be_met(demand_of(mixture, cells)) else conflict_in(mixture, cells)


def _with_standing(samples: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    facts = samples.select("sample_id").join(
        standing, on="sample_id", how="left", maintain_order="left", validate="1:1"
    )
    return samples.with_columns(facts[name] for name in (*_FACTS, "reason", "detail"))


def _may(mixture: Mixture, on_request: Collection[str]) -> pl.Expr:
    return pl.col("reason").is_null() & takes_part(mixture, on_request)


@dataclass(frozen=True)
class _Chosen:
    """What is taken of candidates.

    Attributes:
        demand: that was met.
        taken: rows of each cell, copies included.
        cells: number of the cell of each candidate.
        copies: how often each candidate is taken; 0 where it is not.
    """

    demand: Demand
    taken: Ints
    cells: Ints
    copies: Ints


def _choose(
    candidates: pl.DataFrame, mixture: Mixture, count_tokens: TokenCounts | None
) -> _Chosen:
    keys = cell_keys(candidates, mixture)
    cells = Cells.of(keys)
    numbers = cells.numbers_of(keys)
    ranks = _ranks(numbers, draws(candidates["sample_id"], mixture.seed, "draw"))
    demand = demand_of(mixture, cells)
    if mixture.tokens is not None:
        sums = TokenSums.of(_tokens(candidates, count_tokens), numbers, ranks, cells.supply)
        size = _size_in_tokens(mixture, demand, sums)
    else:
        size = largest_size(demand) if mixture.rows is None else mixture.rows
    demand = replace(demand, rows=(size, size))
    taken = allot(demand) if size else None
    if taken is None:
        raise MixtureInfeasibleError(conflict_in(mixture, cells).told)
    return _Chosen(demand, taken, numbers, copies_of(numbers, ranks, taken, cells.supply))


def _tokens(candidates: pl.DataFrame, count_tokens: TokenCounts | None) -> Ints:
    if count_tokens is None:
        raise TypeError("a mixture of so many tokens needs count_tokens")
    counted = count_tokens(candidates.select(SAMPLE_SCHEMA.names()))
    return counted.cast(pl.Int64).to_numpy()


def _size_in_tokens(mixture: Mixture, demand: Demand, sums: TokenSums) -> int:
    assert mixture.tokens is not None
    found = largest_within(demand, sums, mixture.tokens)
    if found.fewest > mixture.tokens:
        raise MixtureInfeasibleError(
            f"Mixture {mixture.id} cannot have at most {mixture.tokens:,} tokens: the fewest rows "
            f"that meet its other bounds have {found.fewest:,}. Set tokens: {found.fewest}."
        )
    return found.size


def _ranks(numbers: Ints, drawn: Draws) -> Ints:
    """The place of each row among those of its cell, from 0, in the order of their draws."""
    order = np.lexsort((drawn, numbers))
    ordered = numbers[order]
    starts = np.searchsorted(ordered, ordered, side="left")
    ranks = np.empty(len(numbers), np.int64)
    ranks[order] = np.arange(len(numbers)) - starts
    return ranks


def copies_of(numbers: Ints, ranks: Ints, taken: Ints, supply: Ints) -> Ints:
    """How often each row is taken: every row of a cell once, before any is twice."""
    rounds, more = np.divmod(taken, np.maximum(supply, 1))
    return rounds[numbers] + (ranks < more[numbers])


def _laid_out(rows: pl.DataFrame, mixture: Mixture) -> pl.DataFrame:
    """The rows in their order and splits, copies behind each other."""
    deep = rows.with_columns(pl.col("depth").alias("synthetic_depth"))
    splits = split_rows(deep, deep["_copies"].to_numpy(), mixture.splits, mixture.seed)
    numbered = deep.select(
        *SAMPLE_SCHEMA.names(),
        splits.alias("split"),
        pl.int_ranges(1, pl.col("_copies") + 1, dtype=pl.Int64).alias("copy"),
    ).explode("copy")
    curriculum = mixture.order if isinstance(mixture.order, Curriculum) else None
    ordered = numbered[order_rows(numbered, curriculum, mixture.seed)]
    return ordered.select(TRAINING_SCHEMA.names())


def _decisions(
    told: pl.DataFrame, candidates: pl.DataFrame, chosen: _Chosen, mixture: Mixture
) -> pl.DataFrame:
    """Columns of `DECISION_SCHEMA`, a row for each sample, but for stage and partition."""
    cells = pl.DataFrame(_why_left(chosen.demand, chosen.taken), _WHY, orient="row")
    decided = candidates.with_columns(
        pl.Series("_cell", chosen.cells), pl.Series("_kept", chosen.copies > 0)
    ).join(cells.with_row_index("_cell").cast({"_cell": pl.Int64}), on="_cell", how="left")
    rows = told.select("sample_id", "origin", "recipe", "source", "reason", "detail").join(
        decided, on="sample_id", how="left", maintain_order="left"
    )
    kept, barred = pl.col("_kept").fill_null(value=False), pl.col("reason").is_not_null()
    real = pl.col("origin") == Origin.REAL
    what = pl.when(real).then(pl.lit("source")).otherwise(pl.lit("recipe"))
    name = pl.when(real).then("source").otherwise("recipe")
    no_part = pl.format("{} {} has no part in {}", what, name, pl.lit(mixture.id))
    outside = pl.col("_cell").is_null()
    return rows.select(
        "sample_id",
        "recipe",
        pl.when(kept)
        .then(pl.lit(Outcome.KEPT.value))
        .otherwise(pl.lit(Outcome.DROPPED.value))
        .alias("outcome"),
        pl.when(barred)
        .then("reason")
        .when(outside)
        .then(pl.lit(Reason.NOT_IN_MIXTURE.value))
        .when(~kept)
        .then("_reason")
        .alias("reason"),
        pl.when(barred)
        .then("detail")
        .when(outside)
        .then(no_part)
        .when(kept)
        .then(pl.lit(""))
        .otherwise("_detail")
        .alias("detail"),
    )


_WHY = pl.Schema({"_reason": pl.String, "_detail": pl.String})


def _why_left(demand: Demand, taken: Ints) -> list[tuple[str, str]]:
    """Of each cell, why rows of it were left out."""
    real = demand.cells.real
    reasons: list[tuple[str, str]] = []
    for name, cells in ((Origin.SYNTHETIC, ~real), (Origin.REAL, real)):
        told = f"the mixture takes {int(taken[cells].sum())} {name} rows"
        reasons.append((Reason.BEYOND_TARGET.value, told))
    of_cell = real.astype(np.int64)
    for bound in reversed(_full(demand, taken)):
        of_cell[bound.rows] = len(reasons)
        told = f"there are {bound.count(taken)} {bound.kind} already"
        reasons.append((bound.reason.value, told))
    return [reasons[at] for at in of_cell.tolist()]


def _full(demand: Demand, taken: Ints) -> list[Bound]:
    """The bounds that leave no room for one row more, those first that look at the row alone."""
    full = [
        bound
        for bound in demand.bounds.linear
        if bound.clause.side == "at_most"
        and bound.reason != Reason.BEYOND_TARGET
        and bound.room(taken) < 1
    ]
    first = (Reason.OWN_VOICE, Reason.TOO_DEEP)
    return sorted(full, key=lambda bound: bound.reason not in first)
