"""The stage that drops samples which overlap with rows that are kept out."""

from collections.abc import Mapping

import polars as pl

from synth_assets.core.decontaminate.finding import Guard, Overlap
from synth_assets.core.sample import history_of
from synth_assets.core.schema import Decision, Outcome, Stage
from synth_assets.core.stage import StageResult, close_stage

_READ = ["prompt", "response", "context", "history", "rejected"]

LEAK_SCHEMA = pl.Schema(
    {
        "sample_id": pl.String,  # the training row
        "item_id": pl.String,  # the held-out row or benchmark item
        "source": pl.String,  # of the item
        "split": pl.String,  # held_out or benchmark
        "how": pl.String,  # see `finding.Method`
        "similarity": pl.Float64,
        "evidence": pl.String,  # what they share, or by which seed or parent the row comes of it
    }
)


def decontaminate(
    samples: pl.DataFrame, guard: Guard, inherited: Mapping[str, Overlap] | None = None
) -> StageResult:
    """Drop every sample that overlaps with an item kept out, or comes of one.

    Looked at are its prompt, response and context, the chat before the prompt, and the worse
    response of a preference pair.

    Args:
        samples: columns of `SAMPLE_SCHEMA`, real and synthetic alike.
        guard: what is kept out.
        inherited: id of a sample -> the item that it comes of, see `descent.inherited`.

    Returns:
        Decisions of the partition `all`; a dropped row's `duplicate_of` is the item it overlaps
        with, `score` how sure that is, and `detail` the method and what they share. Errored are
        rows on which a judge was to decide and did not.
    """
    come_of = inherited or {}
    names = samples.select("sample_id", "recipe").iter_rows()
    found = guard.look(texts_of(samples))
    decisions = [
        _decision(sample_id, recipe, overlap or come_of.get(sample_id))
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


def leaks(
    training_rows: pl.DataFrame,
    guard: Guard,
    sources: Mapping[str, str] | None = None,
    inherited: Mapping[str, Overlap] | None = None,
) -> pl.DataFrame:
    """The rows of a finished training set that ought not to be there.

    Args:
        training_rows: columns of `SAMPLE_SCHEMA`; an id may stand there several times.
        guard: what is kept out.
        sources: id of an item -> its source.
        inherited: see `decontaminate`.

    Returns:
        Columns of `LEAK_SCHEMA`; no rows when the set is clean.
    """
    come_of, source_of = inherited or {}, sources or {}
    rows = training_rows.select("sample_id", *_READ).unique(maintain_order=True)
    ids: list[str] = rows["sample_id"].to_list()
    found = guard.look(texts_of(rows))
    told = ((name, overlap or come_of.get(name)) for name, overlap in zip(ids, found, strict=True))
    return pl.DataFrame(
        [
            (
                name,
                overlap.item_id,
                source_of.get(overlap.item_id, ""),
                overlap.split.value,
                overlap.method.value,
                overlap.score,
                overlap.evidence,
            )
            for name, overlap in told
            if overlap is not None
        ],
        LEAK_SCHEMA,
        orient="row",
    )


def texts_of(samples: pl.DataFrame) -> list[tuple[str, ...]]:
    """All that a student would see of each row, prompt and response first."""
    return [_texts(*row) for row in samples.select(_READ).iter_rows()]


def _texts(
    prompt: str, response: str, context: str, history: str, rejected: str
) -> tuple[str, ...]:
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
