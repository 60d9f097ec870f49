import numpy as np
import pytest
from scipy import stats

from synth_assets.core.drift.chance import discoveries, tail_chance, unlike_earlier


@pytest.mark.parametrize("law", [stats.norm(2.0, 3.0), stats.chi2(9), stats.chi2(3)])
def test_tail_chance_of_splits_is_near_that_of_their_law(law: stats.rv_continuous):
    splits = law.rvs(2_000, random_state=0)
    for chance in (0.2, 0.05, 0.01, 0.001):
        found = tail_chance(float(law.isf(chance)), splits)
        assert chance / 2 < found < chance * 2


def test_tail_chance_of_a_few_hundred_splits_is_uniform_where_nothing_changed():
    rng = np.random.default_rng(0)
    draws = rng.chisquare(9, (1_000, 201))
    found = np.array([tail_chance(each[0], each[1:]) for each in draws])
    for level in (0.5, 0.1, 0.02):
        assert np.mean(found <= level) == pytest.approx(level, abs=4 * (level / 1_000) ** 0.5)


def test_tail_chance_of_splits_that_are_alike_is_one_or_zero():
    assert tail_chance(0.2, np.full(50, 0.2)) == 1.0
    assert tail_chance(0.3, np.full(50, 0.2)) == 0.0


def test_discoveries_are_those_of_the_example_of_benjamini_and_hochberg():
    chances = [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459),
        *(0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
    ]
    assert discoveries(chances, 0.05) == [True] * 4 + [False] * 11
    assert discoveries(chances[::-1], 0.05) == [False] * 11 + [True] * 4
    assert discoveries([], 0.05) == []


def test_unlike_earlier_is_as_rare_as_it_says_where_runs_differ_by_noise_alone():
    rng = np.random.default_rng(0)
    draws = rng.normal(0.4, 0.1, (4_000, 7))
    found = np.array([unlike_earlier(each[0], 0.1, each[1:].tolist()) for each in draws])
    assert np.mean(found <= 0.05) == pytest.approx(0.05, abs=0.015)
    assert np.mean(found <= 0.005) == pytest.approx(0.005, abs=0.004)


def test_unlike_earlier_bears_with_runs_that_differ_by_more_than_noise():
    steady, restless = [0.4, 0.41, 0.39, 0.4, 0.4], [0.2, 0.6, 0.3, 0.5, 0.4]
    assert unlike_earlier(0.6, 0.02, steady) < 1e-5
    assert unlike_earlier(0.6, 0.02, restless) > 0.01
