"""The stage that drops samples which overlap with rows that are kept out."""

import polars as pl

from synth_assets.core.decontaminate.firewall import Firewall
from synth_assets.core.schema import Decision, Outcome, Reason, Split, Stage
from synth_assets.core.stage import StageResult, close_stage

_REASONS = {
    Split.BENCHMARK: Reason.BENCHMARK_OVERLAP,
    Split.HELD_OUT: Reason.HELD_OUT_OVERLAP,
}


def decontaminate(samples: pl.DataFrame, firewall: Firewall) -> StageResult:
    """Drop every sample whose prompt, response or context overlaps with an item kept out.

    Args:
        samples: columns of `SAMPLE_SCHEMA`, real and synthetic alike.
        firewall: what is kept out.

    Returns:
        Decisions of the partition `all`; a dropped row's `duplicate_of` is the item it overlaps
        with and `detail` what they share.
    """
    columns = samples.select("sample_id", "recipe", "prompt", "response", "context")
    decisions = [_decide(*row, firewall=firewall) for row in columns.iter_rows()]
    return close_stage(Stage.DECONTAMINATE, "all", samples, decisions)


def leaks(training_rows: pl.DataFrame, firewall: Firewall) -> pl.DataFrame:
    """The rows of a finished training set that ought not to be there.

    Returns:
        The violating rows, with the columns `reason`, `duplicate_of` and `detail` of their
        decision appended; no rows when the set is clean.
    """
    decisions = decontaminate(training_rows, firewall).decisions
    evidence = decisions.filter(pl.col("outcome") == Outcome.DROPPED.value).select(
        "sample_id", "reason", "duplicate_of", "detail"
    )
    return training_rows.join(evidence, on="sample_id", maintain_order="left")


def _decide(
    sample_id: str, recipe: str, prompt: str, response: str, context: str, *, firewall: Firewall
) -> Decision:
    texts = (prompt, response, context) if context else (prompt, response)
    found = firewall.overlap(texts)
    if found is None:
        return Decision(sample_id, Outcome.KEPT, recipe=recipe)
    return Decision(
        sample_id,
        Outcome.DROPPED,
        _REASONS[found.split],
        duplicate_of=found.item_id,
        detail=found.evidence,
        recipe=recipe,
    )
