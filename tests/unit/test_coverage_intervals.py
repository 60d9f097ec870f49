import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.coverage.intervals import Interval, one_sided_z, share_ratio, wilson


def test_one_sided_z_of_known_confidences_is_the_normal_quantile():
    assert one_sided_z(0.975) == pytest.approx(1.959964, abs=1e-6)
    assert one_sided_z(0.95, 20) == pytest.approx(2.807034, abs=1e-6)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Newcombe, 1998, «Two-sided confidence intervals for the single proportion», method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_of_published_examples_gives_the_published_bounds(successes, trials, low, high):
    found = wilson(successes, trials, 1.959964)
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


def test_wilson_without_trials_knows_nothing():
    assert wilson(0, 0, 2.0) == Interval(0.0, 1.0)


def test_share_ratio_of_none_against_twenty_is_bounded_below_a_half():
    # Wilson of 0 in 20 at z = 2.8 is z² / (20 + z²); as odds z² / 20.
    assert share_ratio(0, 400, 20, 400, 2.8) == Interval(0.0, pytest.approx(2.8**2 / 20))


def test_share_ratio_without_rows_is_unbounded():
    assert share_ratio(0, 0, 5, 10, 2.0) == Interval(0.0, None)
    assert share_ratio(5, 10, 0, 10, 2.0).high is None


@given(st.integers(0, 50), st.integers(0, 50), st.integers(50, 90), st.integers(50, 90))
def test_share_ratio_of_any_counts_holds_the_estimate(part, other, whole, other_whole):
    found = share_ratio(part, whole, other, other_whole, 1.0)
    if other:
        assert found.low <= part / whole * other_whole / other + 1e-9
        assert found.high is not None
        assert part / whole * other_whole / other <= found.high + 1e-9
