"""What the Dagster UI shows of money: calls, tokens, US dollars, and budgets."""

import dagster as dg
import polars as pl

from synth_assets.core.schema import Reason
from synth_assets.core.stage import reason_counts
from synth_assets.defs.display import count_table, stage_metadata, table
from synth_assets.defs.pair_bias import bias_metadata
from synth_assets.resources.frames import FrameParts
from synth_assets.resources.generation.fill import Filled
from synth_assets.resources.generation.shop import Spending

_BACKFILL = "dagster/backfill"


def run_account(run: dg.DagsterRun) -> str:
    """The account of a run: a backfill's, else that of the run it repeats, else its own."""
    return run.tags.get(_BACKFILL) or run.root_run_id or run.run_id


def generation_metadata(filled: Filled, samples: FrameParts) -> dict[str, dg.MetadataValue]:
    """Decisions, spending and rounds of a filled recipe version."""
    decisions = filled.parts.table("decisions")
    kept = int(samples.lazy().select(pl.len()).collect().item())
    shown = {
        **stage_metadata(decisions),
        **spending_metadata(filled.parts.table("calls"), filled.spending, kept),
        **bias_metadata(samples, decisions),
    }
    if filled.rounds[0].kept is not None:
        shown["rounds"] = table(
            [
                dg.TableRecord({"round": number, "planned": each.planned, "kept": each.kept})
                for number, each in enumerate(filled.rounds, 1)
            ]
        )
    return shown


def budget_shortage(recipe: str, filled: Filled) -> str:
    """What a cap left to do, and how to go on; empty where none did."""
    over = filled.spending.over
    if not over:
        return ""
    reasons = reason_counts(filled.parts.table("decisions").lazy())
    waiting = reasons.get(Reason.BUDGET_REACHED, 0)
    told = "; ".join(f"{scope}: {why}" for scope, why in sorted(over.items()))
    return (
        f"{recipe}: budget reached: {told}. {waiting:,} planned samples wait for it. Raise the cap "
        "in budgets.yaml and run again: nothing is bought twice."
    )


def spending_metadata(
    calls: FrameParts | pl.DataFrame, spending: Spending, kept: int
) -> dict[str, dg.MetadataValue]:
    """Calls, tokens and US dollars of a generation; what the ledger had is counted apart.

    Args:
        calls: columns of `CALL_SCHEMA`.
        spending: what this run saw.
        kept: samples made.
    """
    bought = ~pl.col("from_ledger")
    cost = pl.col("cost_usd").filter(bought).sum()
    [row] = (
        calls.lazy()
        .select(
            bought.sum().alias("calls_bought"),
            (~bought).sum().alias("calls_from_ledger"),
            pl.col("prompt_tokens").sum(),
            pl.col("completion_tokens").sum(),
            cost.alias("cost_usd"),
            pl.col("cost_usd").null_count().alias("calls_of_unknown_price"),
        )
        .collect()
        .to_dicts()
    )
    shown: dict[str, dg.MetadataValue] = {
        name: dg.MetadataValue.float(value)
        if isinstance(value, float)
        else dg.MetadataValue.int(value)
        for name, value in row.items()
    }
    shown["perhaps_paid_usd"] = dg.MetadataValue.float(spending.perhaps_usd)
    if kept:
        shown["cost_per_row_usd"] = dg.MetadataValue.float(row["cost_usd"] / kept)
    if spending.failures:
        shown["failed_attempts"] = count_table(spending.failures, "class", "attempts")
    return shown
