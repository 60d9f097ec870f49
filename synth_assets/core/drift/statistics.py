"""How far two sets of rows are apart, of many pairs of sets at once.

Each function takes weights: one row for each pair of sets, one column for each row of data. So the
sets as they are, A/A splits (the same rows dealt anew) and bootstrap resamples are one call.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

_RIDGE_PER_ROW = 0.02
_FOLDS = 5
_SMOOTHING = 0.5
_MEDIAN_ROWS = 500


@dataclass(frozen=True)
class Pairs:
    """Pairs of sets of the same rows.

    Attributes:
        old: pairs by rows: how often the row is in the old set; 0 or 1 but for resamples.
        new: of the same rows, in the new set.
    """

    old: Floats
    new: Floats

    @classmethod
    def as_they_are(cls, is_new: NDArray[np.bool_]) -> "Pairs":
        """One pair: the sets themselves."""
        new = is_new[None, :].astype(np.float64)
        return cls(1.0 - new, new)

    @classmethod
    def splits(cls, is_new: NDArray[np.bool_], count: int, rng: np.random.Generator) -> "Pairs":
        """A/A: all rows dealt anew into sets of the same sizes, so that only chance is left."""
        dealt = np.tile(is_new.astype(np.float64), (count, 1))
        new = rng.permuted(dealt, axis=1)
        return cls(1.0 - new, new)

    @classmethod
    def resamples(cls, is_new: NDArray[np.bool_], count: int, rng: np.random.Generator) -> "Pairs":
        """Bootstrap: each set drawn from itself, with replacement."""
        return cls(_drawn(~is_new, count, rng), _drawn(is_new, count, rng))


def _drawn(members: NDArray[np.bool_], count: int, rng: np.random.Generator) -> Floats:
    size = int(members.sum())
    drawn = np.zeros((count, len(members)))
    drawn[:, members] = rng.multinomial(size, np.full(size, 1.0 / size), count)
    return drawn


def category_counts(codes: Integers, categories: int, weights: Floats) -> Floats:
    """Rows of each category: pairs by categories.

    Args:
        codes: of each row its category, 0 and up.
        categories: how many there are.
        weights: pairs by rows.
    """
    return weights @ np.eye(categories)[codes]


def js_divergence(old: Floats, new: Floats) -> Floats:
    """Jensen-Shannon divergence of counts by category, in bits, 0..1; its root is a distance.

    Lin, 1991, «Divergence Measures Based on the Shannon Entropy». Chance alone gives about
    (categories - 1) (1/rows + 1/rows) / (8 ln 2).
    """
    p, q = _shares(old), _shares(new)
    middle = (p + q) / 2
    return (_kullback_leibler(p, middle) + _kullback_leibler(q, middle)) / 2


def population_stability(old: Floats, new: Floats) -> Floats:
    """Population stability index of counts by category, 0 and up; Jeffreys' divergence, in nats.

    Half a row is added to each category, so that one that is empty on a side does not make it
    infinite. Chance alone gives about (categories - 1) (1/rows + 1/rows). Yurdakul, 2018,
    «Statistical Properties of Population Stability Index».
    """
    p, q = _shares(old + _SMOOTHING), _shares(new + _SMOOTHING)
    return ((p - q) * np.log(p / q)).sum(axis=1)


def rbf_kernel(vectors: NDArray[np.floating], seed: int = 0) -> Floats:
    """exp(-d²/2s²) of each two rows, s being the median distance of (at most 500) rows."""
    points = vectors.astype(np.float64)
    lengths = (points**2).sum(axis=1)
    squares = np.maximum(lengths[:, None] + lengths[None, :] - 2.0 * points @ points.T, 0.0)
    some = np.random.default_rng(seed).permutation(len(points))[:_MEDIAN_ROWS]
    among = squares[np.ix_(some, some)][np.triu_indices(len(some), 1)]
    apart = among[among > 0]
    return np.exp(squares / (-2.0 * (float(np.median(apart)) if len(apart) else 1.0)))


def mean_discrepancy(kernel: Floats, pairs: Pairs) -> Floats:
    """Squared maximum mean discrepancy, unbiased: about 0, and at times below, by chance alone.

    Gretton et al., 2012, «A Kernel Two-Sample Test», equation 3. A row that is drawn several times
    is not set beside itself.
    """
    old, new = pairs.old, pairs.new
    # A constant changes nothing but the digits that are left for the difference.
    centred = kernel - kernel.mean()
    own = np.diag(centred)
    by_old, by_new = old @ centred, new @ centred

    def within(weights: Floats, weighted: Floats) -> Floats:
        squares = weights**2
        total = weights.sum(axis=1) ** 2 - squares.sum(axis=1)
        return ((weighted * weights).sum(axis=1) - squares @ own) / total

    across = (by_old * new).sum(axis=1) / (old.sum(axis=1) * new.sum(axis=1))
    return within(old, by_old) + within(new, by_new) - 2.0 * across


def cross_fitted_scores(
    vectors: NDArray[np.floating], new: Floats, texts: Integers, seed: int = 0
) -> Floats:
    """How new each row looks to a classifier that did not see it: pairs by rows.

    The classifier is least squares on which set a row is of, with a ridge (Fisher's discriminant);
    five folds. Its scores are linear in the sets, so those of a hundred splits cost little more
    than those of one.

    Args:
        vectors: one a row.
        new: pairs by rows, 1 where the row is in the new set, else 0.
        texts: of each row the number of its text, from 0 on without a gap. Equal texts are of one
            fold: a row in both sets would otherwise be taken for the side of its twin, wrongly.
        seed: of the folds.
    """
    points = vectors.astype(np.float64)
    points = points - points.mean(axis=0)
    wanted = (new - new.mean(axis=1, keepdims=True)).T
    folds = np.random.default_rng(seed).permutation(int(texts.max()) + 1)[texts] % _FOLDS
    everything, answers = points.T @ points, points.T @ wanted
    ridge = _RIDGE_PER_ROW * len(points) * np.eye(points.shape[1])
    scores = np.zeros(new.shape)
    for fold in range(_FOLDS):
        unseen = folds == fold
        gram = everything - points[unseen].T @ points[unseen] + ridge
        rest = answers - points[unseen].T @ wanted[unseen]
        learnt = np.asarray(np.linalg.solve(gram, rest), np.float64)
        scores[:, unseen] = (points[unseen] @ learnt).T
    return scores


def area_under_curve(scores: Floats, pairs: Pairs) -> Floats:
    """Chance that a new row scores above an old one, ties halved: .5 where nothing is told apart.

    Args:
        scores: pairs by rows, or one row for all pairs.
        pairs: the sets.
    """
    every = np.broadcast_to(scores, pairs.new.shape)
    return np.array(
        [_area(*each) for each in zip(every, pairs.old, pairs.new, strict=True)], dtype=np.float64
    )


def _area(scores: Floats, old: Floats, new: Floats) -> float:
    # What is equal but for the last digits is a tie.
    _, places = np.unique(scores.round(12), return_inverse=True)
    olds, news = np.bincount(places, old), np.bincount(places, new)
    below = np.cumsum(olds) - olds / 2
    return float((news * below).sum() / (olds.sum() * news.sum()))


def _shares(counts: Floats) -> Floats:
    return counts / counts.sum(axis=1, keepdims=True)


def _kullback_leibler(p: Floats, q: Floats) -> Floats:
    terms = np.zeros_like(p)
    there = p > 0
    terms[there] = p[there] * np.log2(p[there] / q[there])
    return terms.sum(axis=1)
