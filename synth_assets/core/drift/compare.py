"""Two windows of rows side by side: effect sizes, less what chance alone gives.

Topics, bins, kernel and vectors are learnt of both windows together, without a look at which row
is of which. So dealing the rows anew is an exact A/A split: what it gives is what two sets of one
kind differ by, and it is taken off. Were they learnt of one window, the other would look foreign
by that alone.
"""

# scikit-learn and threadpoolctl have no type stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from synth_assets.core.drift.chance import tail_chance
from synth_assets.core.drift.coding import coded
from synth_assets.core.drift.measures import Against, DriftMeasure
from synth_assets.core.drift.moved import moved_rows
from synth_assets.core.drift.schema import MOVED_SCHEMA
from synth_assets.core.drift.statistics import (
    Floats,
    Integers,
    Pairs,
    area_under_curve,
    category_counts,
    cross_fitted_scores,
    js_divergence,
    mean_discrepancy,
    population_stability,
    rbf_kernel,
)
from synth_assets.core.drift.window import OF_TEXT, Scalar, texts_of, with_scalars
from synth_assets.core.embedding.protocol import Embedder

TOPIC = "topic"
EMBEDDING = "embedding"

LEAST_ROWS = 20
"""Rows of a window below which nothing is compared."""

SPLITS = 200
RESAMPLES = 100

_MOST_TOPICS = 20
_ROWS_PER_TOPIC = 50
_SIDE = "_side"


@dataclass(frozen=True)
class Effect:
    """One measured quantity.

    Attributes:
        against: what with.
        measure: how.
        column: of what.
        value: the distance, less what A/A splits differ by in the mean.
        low: of its 95 % interval over resampled rows.
        high: of the same.
        chance: what A/A splits differ by, mean.
        noise: standard deviation of that.
        p: of the value under the null of A/A splits.
    """

    against: Against
    measure: DriftMeasure
    column: str
    value: float
    low: float
    high: float
    chance: float
    noise: float
    p: float

    @property
    def error(self) -> float:
        """Standard error of the value, as its interval says."""
        return (self.high - self.low) / (2 * 1.96)


@dataclass(frozen=True)
class Compared:
    """A window beside another.

    Attributes:
        against: what the other one is.
        rows_old: of the other.
        rows_new: of the window.
        effects: none where either has too few rows.
        moved: frame of `MOVED_SCHEMA`, the rows that moved most.
    """

    against: Against
    rows_old: int
    rows_new: int
    effects: tuple[Effect, ...]
    moved: pl.DataFrame


def series_of(against: Against) -> tuple[tuple[DriftMeasure, str], ...]:
    """What is measured beside a window, in order: measure and column."""
    scalars = OF_TEXT if against is Against.REAL else tuple(Scalar)
    return (
        (DriftMeasure.JENSEN_SHANNON, TOPIC),
        (DriftMeasure.MEAN_DISCREPANCY, EMBEDDING),
        (DriftMeasure.TOLD_APART, EMBEDDING),
        *((DriftMeasure.POPULATION_STABILITY, column.value) for column in scalars),
    )


def compare(
    new: pl.DataFrame, others: dict[Against, pl.DataFrame], embedder: Embedder, moved: int = 20
) -> tuple[Compared, ...]:
    """Compare a window with others.

    The order of rows does not matter, and the figures of a pair are those of the pair the other
    way round. Of `REAL` only what any rows have is compared: texts, and what follows from them.

    Args:
        new: frame of `WINDOW_SCHEMA`.
        others: frames of `WINDOW_SCHEMA`.
        embedder: makes vectors; it may learn from the texts, all of which it is given at once.
        moved: rows to show at most, of each side.
    """
    windows = [new, *others.values()]
    sides = [window.with_columns(pl.lit(n).alias(_SIDE)) for n, window in enumerate(windows)]
    # In an order that follows from the rows, as clusters, folds and draws go by place.
    together = pl.concat(sides).sort("sample_id", "prompt", "response", _SIDE)
    with _one_thread():
        vectors = embedder.embed(texts_of(together))
        topics = _topics(vectors, min(window.height for window in windows))
        scalars = with_scalars(together)
        found: list[Compared] = []
        for number, against in enumerate(others, 1):
            chosen = np.flatnonzero(together[_SIDE].is_in([0, number]).to_numpy())
            pair = _Pair(against, scalars[chosen], vectors[chosen], topics[chosen])
            found.append(pair.compared(moved))
    return tuple(found)


@dataclass(frozen=True)
class _Pair:
    """Rows of two windows; those of side 0 are new."""

    against: Against
    rows: pl.DataFrame
    vectors: NDArray[np.float32]
    topics: Integers

    def compared(self, moved: int) -> Compared:
        is_new = (self.rows[_SIDE] == 0).to_numpy()
        sizes = (int((~is_new).sum()), int(is_new.sum()))
        if min(sizes) < LEAST_ROWS:
            return Compared(self.against, *sizes, (), MOVED_SCHEMA.to_frame())
        rng = np.random.default_rng(0)
        looks = _Looks(
            Pairs.as_they_are(is_new),
            Pairs.splits(is_new, SPLITS, rng),
            Pairs.resamples(is_new, RESAMPLES, rng),
        )
        _, texts = np.unique(texts_of(self.rows), return_inverse=True)
        scores = cross_fitted_scores(self.vectors, looks.real.new, texts)
        effects = [
            self._of_categories(looks, DriftMeasure.JENSEN_SHANNON, TOPIC, self.topics),
            self._of_kernel(looks),
            self._of_classifier(looks, scores, texts),
            *(
                self._of_categories(looks, measure, column, coded(self.rows[column]).codes)
                for measure, column in series_of(self.against)
                if measure is DriftMeasure.POPULATION_STABILITY
            ),
        ]
        shown = moved_rows(self.against, self.rows, scores[0], is_new, moved)
        return Compared(self.against, *sizes, tuple(effects), shown)

    def _of_categories(
        self, looks: "_Looks", measure: DriftMeasure, column: str, codes: Integers
    ) -> Effect:
        categories = int(codes.max()) + 1
        formula = js_divergence if measure is DriftMeasure.JENSEN_SHANNON else population_stability

        def distances(pairs: Pairs) -> Floats:
            old, new = (
                category_counts(codes, categories, weights) for weights in (pairs.old, pairs.new)
            )
            return formula(old, new)

        return self._effect(measure, column, *map(distances, looks.all))

    def _of_kernel(self, looks: "_Looks") -> Effect:
        kernel = rbf_kernel(self.vectors)
        found = (mean_discrepancy(kernel, pairs) for pairs in looks.all)
        return self._effect(DriftMeasure.MEAN_DISCREPANCY, EMBEDDING, *found)

    def _of_classifier(self, looks: "_Looks", scores: Floats, texts: Integers) -> Effect:
        split_scores = cross_fitted_scores(self.vectors, looks.splits.new, texts)
        return self._effect(
            DriftMeasure.TOLD_APART,
            EMBEDDING,
            area_under_curve(scores, looks.real),
            area_under_curve(split_scores, looks.splits),
            area_under_curve(scores, looks.resamples),
        )

    def _effect(
        self, measure: DriftMeasure, column: str, real: Floats, splits: Floats, drawn: Floats
    ) -> Effect:
        raw, chance = float(real[0]), float(splits.mean())
        # A resample is farther from the other set than the set itself, by chance once more.
        low, high = np.quantile(drawn - drawn.mean(), (0.025, 0.975))
        return Effect(
            self.against,
            measure,
            column,
            raw - chance,
            raw - chance + float(low),
            raw - chance + float(high),
            chance,
            float(splits.std(ddof=1)),
            tail_chance(raw, splits),
        )


@dataclass(frozen=True)
class _Looks:
    """The sets as they are, dealt anew, and resampled."""

    real: Pairs
    splits: Pairs
    resamples: Pairs

    @property
    def all(self) -> tuple[Pairs, Pairs, Pairs]:
        return self.real, self.splits, self.resamples


def _topics(vectors: NDArray[np.float32], rows: int) -> Integers:
    """Of each row its cluster; rows without a word are one of their own, number 0."""
    from sklearn.cluster import KMeans

    worded = np.asarray(vectors, bool).any(axis=1)
    topics = np.zeros(len(vectors), np.int64)
    distinct = len(np.unique(vectors[worded].round(4), axis=0))
    if not distinct:
        return topics
    wanted = min(max(2, min(_MOST_TOPICS, rows // _ROWS_PER_TOPIC)), distinct)
    means = KMeans(wanted, n_init=4, random_state=0)  # pyright: ignore[reportArgumentType]
    topics[worded] = means.fit_predict(vectors[worded]) + 1
    return topics


def _one_thread():  # noqa: ANN202  threadpoolctl has no types
    # Sums of several threads come out in any order; what is loaded later would not be limited.
    import sklearn.cluster  # noqa: F401  # pyright: ignore[reportUnusedImport]
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)
