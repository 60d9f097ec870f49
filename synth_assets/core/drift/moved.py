"""The rows that moved most: those a classifier is surest of."""

# scikit-learn has no type stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import numpy as np
import polars as pl
from numpy.typing import NDArray

from synth_assets.core.drift.measures import Against
from synth_assets.core.drift.schema import MOVED_SCHEMA

NEW = "new"
GONE = "gone"


def moved_rows(
    against: Against,
    rows: pl.DataFrame,
    scores: NDArray[np.float64],
    is_new: NDArray[np.bool_],
    most: int,
) -> pl.DataFrame:
    """Pick the rows that are most plainly of their own side.

    Args:
        against: what the old side is.
        rows: columns of `WINDOW_SCHEMA`, of both sides, some of each.
        scores: of the same rows, of a classifier that did not see the row; larger is newer.
        is_new: of the same rows.
        most: of each side.

    Returns:
        Frame of `MOVED_SCHEMA`, surest first, new ones before those that are gone. `score` is a
        probability: scores are fitted to the sides by logistic regression (Platt, 1999).
    """
    chances = _probabilities(scores, is_new)
    told = rows.select(
        pl.lit(against.value).alias("against"),
        pl.Series("direction", np.where(is_new, NEW, GONE)),
        "sample_id",
        pl.col("recipe").fill_null(""),
        "prompt",
        "response",
        pl.Series("score", np.where(is_new, chances, 1.0 - chances)),
    )
    ranked = told.sort(["score", "sample_id"], descending=[True, False])
    sides = [ranked.filter(pl.col("direction") == side).head(most) for side in (NEW, GONE)]
    return pl.concat(sides).select(MOVED_SCHEMA.names()).cast(MOVED_SCHEMA)


def _probabilities(scores: NDArray[np.float64], is_new: NDArray[np.bool_]) -> NDArray[np.float64]:
    from sklearn.linear_model import LogisticRegression

    spread = float(scores.std()) or 1.0
    scaled = ((scores - scores.mean()) / spread)[:, None]
    # Both sides count alike, however many rows they have.
    fitted = LogisticRegression(class_weight="balanced").fit(scaled, is_new)
    return np.asarray(fitted.predict_proba(scaled)[:, 1], np.float64)
