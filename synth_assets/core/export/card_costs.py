"""What a training set cost, beside what rows written by people would have cost."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from synth_assets.core.config.mixtures import ManualCollection
from synth_assets.core.export.card_facts import CardFacts
from synth_assets.core.export.markdown import inline, table

_MINUTES_AN_HOUR = 60

_USUAL_SOURCE = (
    "what SQuAD's crowdworkers were asked for and paid for one paragraph with its questions "
    "(Rajpurkar et al., 2016, arXiv:1606.05250). It is a low figure: rows that take an expert cost "
    "many times that"
)


@dataclass(frozen=True)
class Spending:
    """What was spent on the recipes of a set.

    Attributes:
        cost_usd: price of all completions.
        bought_usd: of those bought when the recipes were last filled; the ledger had the others.
        calls: completions.
        tokens: of prompts and completions.
        candidates: rows that came through decontamination.
        rows: synthetic rows in the set.
    """

    cost_usd: float
    bought_usd: float
    calls: int
    tokens: int
    candidates: int
    rows: int

    @classmethod
    def of(cls, cost: pl.DataFrame, rows: int) -> "Spending":
        """Add up what the recipes of a set cost; see `StageFacts.cost`."""
        return cls(
            cost_usd=float(cost["cost_usd"].sum()),
            bought_usd=float(cost["bought_usd"].sum()),
            calls=int(cost["calls"].sum()),
            tokens=int(cost["prompt_tokens"].sum()) + int(cost["completion_tokens"].sum()),
            candidates=int(cost["kept_by_decontaminate"].sum()),
            rows=rows,
        )

    @property
    def usd_per_candidate(self) -> float | None:
        """Of rows that a mixture could take; none where there are none."""
        return self.cost_usd / self.candidates if self.candidates else None

    @property
    def usd_per_row(self) -> float | None:
        """Of synthetic rows in the set; none where there are none."""
        return self.cost_usd / self.rows if self.rows else None


@dataclass(frozen=True)
class ManualCost:
    """What rows written by people would cost.

    Attributes:
        hours: of work.
        usd: for these hours.
    """

    hours: float
    usd: float

    @classmethod
    def of(cls, rows: int, manual: ManualCollection) -> "ManualCost":
        """Reckon for so many rows."""
        hours = rows * manual.minutes_per_row / _MINUTES_AN_HOUR
        return cls(hours, hours * manual.usd_per_hour)


def cost_sections(facts: CardFacts) -> Iterator[str]:
    """The chapter on costs."""
    spent = Spending.of(facts.stages.cost, facts.synthetic_rows)
    yield "## Cost"
    yield _in_words(spent)
    yield table(_by_recipe(facts.stages.cost))
    free = [name for name in facts.embedded_teachers if _is_free(facts, name)]
    if free:
        yield (
            f"{inline(', '.join(free))} cost nothing, because they are programs on this machine. "
            "That says nothing of what a language model costs: `synth plan` estimates it, with "
            "`SYNTH_TEACHER` set to that model."
        )
    yield from _by_hand(facts, spent)


def _in_words(spent: Spending) -> str:
    each = (
        ("candidate that came through decontamination", spent.usd_per_candidate),
        ("synthetic row of this set", spent.usd_per_row),
    )
    shares = [f"{_usd(usd)} for each {what}" for what, usd in each if usd is not None]
    return (
        f"In all {_usd(spent.cost_usd)} for {spent.calls:,} completions of {spent.tokens:,} tokens"
        f"{''.join(f', {share}' for share in shares)}; judges are included. Of it "
        f"{_usd(spent.bought_usd)} were paid when the recipes were last filled; the rest was paid "
        "before, and came from the ledger."
    )


def _by_recipe(cost: pl.DataFrame) -> pl.DataFrame:
    return cost.select(
        "recipe",
        "calls",
        pl.col("calls_bought").alias("bought now"),
        pl.col("calls_from_ledger").alias("from the ledger"),
        "prompt_tokens",
        "completion_tokens",
        "cost_usd",
        pl.col("bought_usd").alias("paid now usd"),
        pl.col("from_ledger_usd").alias("paid before usd"),
        "planned",
        pl.col("kept_by_decontaminate").alias("candidates kept"),
        (pl.col("cost_usd") / pl.col("kept_by_decontaminate")).alias("usd per kept"),
    )


def _by_hand(facts: CardFacts, spent: Spending) -> Iterator[str]:
    if not spent.rows:
        return
    manual = facts.mixture.manual
    cost = ManualCost.of(spent.rows, manual)
    source = inline(manual.source, 500) if manual.source else _USUAL_SOURCE
    yield (
        f"Written by people, {spent.rows:,} rows would take {cost.hours:,.0f} hours and cost "
        f"{_usd(cost.usd)}, at {manual.minutes_per_row:g} minutes a row and "
        f"{_usd(manual.usd_per_hour)} an hour. That is an assumption: {source}. Left out on both "
        "sides: the work of writing recipes, rows that are rejected by hand, and review. The "
        "mixture's `manual` says other figures."
    )


def _is_free(facts: CardFacts, teacher: str) -> bool:
    price = facts.teachers[teacher].price
    return price is not None and not price.input_usd and not price.output_usd


def _usd(amount: float) -> str:
    if 0 < amount < 0.1:
        return f"{amount:.2g} USD"
    return f"{amount:,.2f} USD"
