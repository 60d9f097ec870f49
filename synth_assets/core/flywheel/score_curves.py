"""Scores of registered models by generation, as a lab's students have them."""

from typing import Literal

import polars as pl

from synth_assets.core.flywheel.history import TrainingHistory
from synth_assets.core.flywheel.records import ModelRecord

SCORE_SCHEMA = pl.Schema(
    {
        "score": pl.String,  # what was measured
        "generation": pl.Int64,  # 0 saw real rows alone
        "model": pl.String,
        "value": pl.Float64,
        "above_first": pl.Float64,  # less the mean of the earliest generation with this score
        "synthetic_share": pl.Float64,  # of the rows it was trained on; null if on no known set
    }
)
"""One row a score of a model; by score, generation and model."""


def score_curves(history: TrainingHistory) -> pl.DataFrame:
    """Lay scores of all registered models out by generation.

    A model's generation is the largest synthetic depth of the rows that it, or a model that it was
    trained from, saw: that of a student in a lab.

    Returns:
        Frame of `SCORE_SCHEMA`.

    Raises:
        RegistryError: if a reference names nothing.
    """
    rows = [
        (name, history.depth_of(model), model.name, value, _share(model, history))
        for model in history.models
        for name, value in model.scores.items()
    ]
    schema = {name: kind for name, kind in SCORE_SCHEMA.items() if name != "above_first"}
    found = pl.DataFrame(rows, schema, orient="row").sort("score", "generation", "model")
    earliest = pl.col("generation") == pl.col("generation").min().over("score")
    first = pl.col("value").filter(earliest).mean().over("score")
    return found.with_columns(above_first=pl.col("value") - first).select(SCORE_SCHEMA.names())


def mean_scores(scores: pl.DataFrame, by: Literal["generation", "synthetic_share"]) -> pl.DataFrame:
    """What the models of one generation, or of one share of written rows, have on average.

    Args:
        scores: columns of `SCORE_SCHEMA`.
        by: models of which it is not known are left out.

    Returns:
        Columns `score`, `by`, `value`; by score, least first.
    """
    means = scores.drop_nulls(by).group_by("score", by).agg(pl.col("value").mean())
    return means.sort("score", by)


def _share(model: ModelRecord, history: TrainingHistory) -> float | None:
    sets = [history.set_of(name) for name in model.trained_on]
    rows = sum(each.rows for each in sets)
    return sum(each.synthetic_rows for each in sets) / rows if rows else None
