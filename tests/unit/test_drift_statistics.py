from itertools import combinations, product
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from synth_assets.core.drift.statistics import (
    Pairs,
    area_under_curve,
    category_counts,
    cross_fitted_scores,
    js_divergence,
    mean_discrepancy,
    population_stability,
    rbf_kernel,
)

_COUNTS = st.lists(st.integers(0, 40), min_size=4, max_size=4).filter(lambda each: sum(each) > 0)


def _some(rows: int, shift: float = 0.0, seed: int = 0) -> np.ndarray:
    points = np.random.default_rng(seed).normal(size=(rows, 5))
    points[:, 0] += shift
    return points


def _two_sets(shift: float) -> tuple[np.ndarray, np.ndarray]:
    points = np.concatenate([_some(60), _some(50, shift, seed=1)])
    return points, np.arange(110) >= 60


@given(_COUNTS, _COUNTS)
def test_js_divergence_is_the_square_of_scipys_distance(old: list[int], new: list[int]):
    found = js_divergence(np.array([old], float), np.array([new], float))[0]
    assert found == pytest.approx(jensenshannon(old, new, base=2) ** 2, abs=1e-9)


@given(_COUNTS, _COUNTS)
def test_divergences_are_symmetric_and_never_below_zero(old: list[int], new: list[int]):
    one, other = np.array([old], float), np.array([new], float)
    for formula in (js_divergence, population_stability):
        assert formula(one, other)[0] == pytest.approx(formula(other, one)[0], abs=1e-12)
        assert formula(one, other)[0] >= -1e-12


@given(_COUNTS, st.integers(1, 5))
def test_divergences_of_equal_shares_are_zero(counts: list[int], times: int):
    one = np.array([counts], float)
    assert js_divergence(one, one * times)[0] == pytest.approx(0.0, abs=1e-12)
    assert population_stability(one, one)[0] == 0.0


def test_population_stability_equals_one_worked_by_hand():
    # Half a row more in each: 30.5, 50.5, 20.5 of 101.5 and 20.5, 50.5, 30.5 of 101.5.
    by_hand = 2 * (10 / 101.5) * log(30.5 / 20.5)
    found = population_stability(np.array([[30.0, 50.0, 20.0]]), np.array([[20.0, 50.0, 30.0]]))
    assert found[0] == pytest.approx(by_hand, rel=1e-12)


def test_mean_discrepancy_equals_sums_over_all_pairs_of_rows():
    points, is_new = _two_sets(1.0)
    kernel = rbf_kernel(points)
    old, new = np.flatnonzero(~is_new), np.flatnonzero(is_new)
    within = [np.mean([kernel[i, j] for i, j in combinations(side, 2)]) for side in (old, new)]
    across = np.mean([kernel[i, j] for i, j in product(old, new)])
    found = mean_discrepancy(kernel, Pairs.as_they_are(is_new))[0]
    assert found == pytest.approx(sum(within) - 2 * across, rel=1e-9)


def test_kernel_at_the_median_distance_is_exp_of_minus_one_half():
    points = _some(80)
    apart = [float(np.linalg.norm(points[i] - points[j])) for i, j in combinations(range(80), 2)]
    i, j = min(
        combinations(range(80), 2),
        key=lambda pair: abs(np.linalg.norm(points[pair[0]] - points[pair[1]]) - np.median(apart)),
    )
    assert rbf_kernel(points)[i, j] == pytest.approx(np.exp(-0.5), abs=2e-3)


def test_mean_discrepancy_of_splits_is_zero_in_the_mean():
    points, is_new = _two_sets(1.0)
    splits = Pairs.splits(is_new, 400, np.random.default_rng(0))
    found = mean_discrepancy(rbf_kernel(points), splits)
    assert abs(found.mean()) < 3 * found.std() / 20


def test_area_under_curve_equals_sklearns_ties_and_repetitions_too():
    rng = np.random.default_rng(0)
    scores, is_new = rng.integers(0, 12, 90) / 7.0, rng.random(90) < 0.4
    found = area_under_curve(scores[None, :], Pairs.as_they_are(is_new))[0]
    assert found == pytest.approx(roc_auc_score(is_new, scores), rel=1e-12)
    drawn = Pairs.resamples(is_new, 3, rng)
    weights = drawn.old[1] + drawn.new[1]
    by_sklearn = roc_auc_score(is_new, scores, sample_weight=weights)
    assert area_under_curve(scores[None, :], drawn)[1] == pytest.approx(by_sklearn, rel=1e-9)


def test_cross_fitted_scores_tell_as_much_apart_as_logistic_regression():
    points, is_new = np.concatenate([_some(300), _some(300, 0.8, seed=1)]), np.arange(600) >= 300
    pairs = Pairs.as_they_are(is_new)
    ours = area_under_curve(cross_fitted_scores(points, pairs.new, np.arange(600)), pairs)[0]
    chances = cross_val_predict(LogisticRegression(), points, is_new, method="predict_proba")
    assert ours == pytest.approx(roc_auc_score(is_new, chances[:, 1]), abs=0.01)
    assert ours > 0.68


def test_cross_fitted_scores_of_splits_tell_nothing_apart():
    points, is_new = _two_sets(3.0)
    splits = Pairs.splits(is_new, 200, np.random.default_rng(0))
    areas = area_under_curve(cross_fitted_scores(points, splits.new, np.arange(110)), splits)
    assert abs(areas.mean() - 0.5) < 0.02


def test_pairs_keep_the_sizes_of_both_sets():
    is_new = np.arange(30) < 12
    rng = np.random.default_rng(0)
    for pairs in (Pairs.splits(is_new, 5, rng), Pairs.resamples(is_new, 5, rng)):
        assert set(pairs.old.sum(axis=1)) == {18.0}
        assert set(pairs.new.sum(axis=1)) == {12.0}
    assert not Pairs.resamples(is_new, 5, rng).new[:, ~is_new].any()


def test_category_counts_count_by_weight():
    found = category_counts(np.array([0, 2, 2]), 3, np.array([[1.0, 1.0, 1.0], [0.0, 2.0, 1.0]]))
    assert found.tolist() == [[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]]
