"""The stage that drops samples which overlap with rows that are kept out."""

from collections.abc import Sequence
from typing import Protocol

import polars as pl

from synth_assets.core.decontaminate.finding import Overlap
from synth_assets.core.sample import history_of
from synth_assets.core.schema import Decision, Outcome, Stage
from synth_assets.core.stage import StageResult, close_stage

_READ = ["prompt", "response", "context", "history", "rejected"]


class Guard(Protocol):
    """Knows what is kept out: a `Firewall`, or a `Screen`, which sees more, and is quicker."""

    def look(self, rows: Sequence[Sequence[str]]) -> Sequence[Overlap | None]:
        """What each row, given as its texts, shares with an item; none where it may pass."""
        ...


def decontaminate(samples: pl.DataFrame, guard: Guard) -> StageResult:
    """Drop every sample that overlaps with an item kept out.

    Looked at are its prompt, response and context, the chat before the prompt, and the worse
    response of a preference pair.

    Args:
        samples: columns of `SAMPLE_SCHEMA`, real and synthetic alike.
        guard: what is kept out.

    Returns:
        Decisions of the partition `all`; a dropped row's `duplicate_of` is the item it overlaps
        with, `score` how sure that is, and `detail` the method and what they share. Errored are
        rows on which a judge was to decide and did not.
    """
    names = samples.select("sample_id", "recipe").iter_rows()
    found = guard.look([_texts(*row) for row in samples.select(_READ).iter_rows()])
    decisions = [
        _decision(sample_id, recipe, overlap)
        for (sample_id, recipe), overlap in zip(names, found, strict=True)
    ]
    return close_stage(Stage.DECONTAMINATE, "all", samples, decisions)


def rows_by_method(decisions: pl.DataFrame) -> dict[str, int]:
    """How many rows each method found, most first.

    Args:
        decisions: of this stage, columns of `DECISION_SCHEMA`.
    """
    methods = decisions.drop_nulls("reason").select(pl.col("detail").str.extract(r"^(\w+):"))
    counts = methods.group_by("detail").len().sort(["len", "detail"], descending=[True, False])
    return dict(counts.iter_rows())


def leaks(training_rows: pl.DataFrame, guard: Guard) -> pl.DataFrame:
    """The rows of a finished training set that ought not to be there.

    Returns:
        The violating rows, with the columns `reason`, `duplicate_of` and `detail` of their
        decision appended; no rows when the set is clean.
    """
    decisions = decontaminate(training_rows, guard).decisions
    evidence = decisions.filter(pl.col("outcome") == Outcome.DROPPED.value).select(
        "sample_id", "reason", "duplicate_of", "detail"
    )
    return training_rows.join(evidence, on="sample_id", maintain_order="left")


def _texts(
    prompt: str, response: str, context: str, history: str, rejected: str
) -> tuple[str, ...]:
    """All that a student would see of a row."""
    try:
        chat = [turn.content for turn in history_of(history)]
    except ValueError:
        chat = [history]
    return prompt, response, *(text for text in (context, rejected, *chat) if text)


def _decision(sample_id: str, recipe: str, overlap: Overlap | None) -> Decision:
    if overlap is None:
        return Decision(sample_id, Outcome.KEPT, recipe=recipe)
    return Decision(
        sample_id,
        overlap.outcome,
        overlap.reason,
        overlap.score,
        overlap.item_id,
        f"{overlap.method}: {overlap.evidence}",
        recipe,
    )
