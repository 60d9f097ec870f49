import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.collapse.intervals import over_seeds, paired_difference


def test_paired_difference_of_two_models_is_bits_over_bytes_within_its_interval():
    rng = np.random.default_rng(1)
    sizes = rng.integers(50, 500, 300).astype(float)
    theirs = sizes * rng.normal(2.0, 0.3, 300)
    found = paired_difference(theirs + sizes * 0.1, theirs, sizes)
    assert found.value == pytest.approx(0.1)
    assert found.low == pytest.approx(0.1)
    assert found.high == pytest.approx(0.1)


def test_paired_difference_of_noise_covers_nothing_as_often_as_it_says():
    covered = 0
    for trial in range(200):
        rng = np.random.default_rng(trial)
        sizes = np.full(100, 100.0)
        theirs = rng.normal(200, 20, 100)
        found = paired_difference(theirs + rng.normal(0, 5, 100), theirs, sizes, seed=trial)
        covered += found.low <= 0.0 <= found.high
    assert 180 <= covered <= 199


def test_paired_difference_without_bytes_is_refused():
    with pytest.raises(ValueError, match="not all empty"):
        paired_difference(np.ones(2), np.ones(2), np.zeros(2))


def test_over_seeds_gives_students_interval():
    # scipy.stats.t.interval(.95, 3, loc=2.5, scale=sem([1, 2, 3, 4]))
    found = over_seeds([1.0, 2.0, 3.0, 4.0])
    assert (found.value, found.low, found.high) == pytest.approx(
        (2.5, 0.445739, 4.554261), abs=2e-3
    )


def test_over_seeds_of_one_seed_knows_nothing():
    found = over_seeds([3.0])
    assert (found.value, found.low, found.high) == (3.0, float("-inf"), float("inf"))
    assert not found.clear_of(-1e9)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40))
@settings(deadline=None)
def test_over_seeds_holds_its_mean(values: list[float]):
    found = over_seeds(values)
    assert found.low <= found.value <= found.high
