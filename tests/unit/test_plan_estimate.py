import math
import random

import pytest

from synth_assets.core.config.budgets import Cap
from synth_assets.core.config.teachers import Price
from synth_assets.core.generation.bill import Bill, CapOutlook, Fit
from synth_assets.core.generation.estimate import (
    NOTHING,
    Each,
    Estimate,
    Moments,
    Reach,
    counted_in_part,
)


def moments(values: list[float]) -> Moments:
    return Moments(len(values), sum(values), sum(value**2 for value in values))


def lengths(chance: random.Random, count: int) -> list[float]:
    """Skewed, as lengths of answers are."""
    return [chance.lognormvariate(5, 0.6) for _ in range(count)]


@pytest.mark.parametrize(("observed", "bought"), [(5, 300), (40, 300), (400, 20), (500, 1_000)])
def test_estimate_of_sum_holds_the_true_sum_nine_times_in_ten(observed: int, bought: int):
    chance = random.Random(f"{observed} {bought}")
    trials, held = 600, 0
    for _ in range(trials):
        each = Each.measured(moments(lengths(chance, observed)))
        told = each.of(Estimate(bought))
        held += told.low <= sum(lengths(chance, bought)) <= told.high
    # Four standard errors of a share of 0.9; skew costs a little with five observations.
    assert (0.85 if observed > 5 else 0.80) <= held / trials <= 0.95


@pytest.mark.parametrize(
    ("observed", "student"), [(3, 2.920), (5, 2.132), (10, 1.833), (61, 1.671)]
)
def test_each_measured_of_few_is_as_wide_as_students_distribution(observed: int, student: float):
    values = [10.0 + n for n in range(observed)]
    each = Each.measured(moments(values))
    spread = math.sqrt(moments(values).variance)
    half = each.of(Estimate(1e9)).high / 1e9 - each.mean

    assert half == pytest.approx(student * spread / math.sqrt(observed), rel=0.06)


def test_counted_in_part_holds_the_true_count_nine_times_in_ten():
    chance = random.Random("part")
    whole = [n < 700 for n in range(4_000)]
    held = 0
    for _ in range(500):
        told = counted_in_part(sum(chance.sample(whole, 400)), 400, 4_000)
        held += told.low <= 700 <= told.high
    assert 0.85 <= held / 500 <= 0.95


def test_counted_in_part_none_found_is_not_none_there():
    told = counted_in_part(0, 100, 10_000)
    assert told.expected == 0
    assert 50 < told.high < 300


def test_counted_in_part_of_all_is_exact():
    told = counted_in_part(7, 40, 40)
    assert (told.low, told.expected, told.high) == (7, 7, 7)


def test_reach_of_step_never_seen_is_from_none_to_all():
    told = Reach({}, {}).later(Estimate(40.0), "write", "solve")
    assert (told.low, told.expected, told.high) == (0, 20, 40)


def test_reach_of_observed_step_follows_its_share():
    told = Reach({"write": 400}, {"write": 400, "solve": 300}).later(
        Estimate(100.0), "write", "solve"
    )
    assert told.expected == 75
    # 1.645 * sqrt(0.75 * 0.25 * (100 + 100 ** 2 / 400)) = 7.96, and half a count
    assert told.high - 75 == pytest.approx(8.46, abs=0.05)
    assert 75 - told.low == pytest.approx(8.46, abs=0.05)


@pytest.mark.parametrize(("waiting", "share"), [(1, 0.9), (4, 0.9), (12, 0.5), (200, 0.97)])
def test_reach_holds_the_true_count_nine_times_in_ten(waiting: int, share: float):
    chance = random.Random(f"{waiting} {share}")
    held = 0
    for _ in range(1_000):
        seen = sum(chance.random() < share for _ in range(60))
        reach = Reach({"write": 60}, {"write": 60, "solve": seen})
        told = reach.later(Estimate(float(waiting)), "write", "solve")
        held += told.low <= sum(chance.random() < share for _ in range(waiting)) <= told.high
    assert held / 1_000 >= 0.87


def test_reach_from_request_asked_again_counts_from_the_step_it_repeats():
    reach = Reach({"write": 10}, {"write": 10, "write/again": 2, "solve": 8})
    assert reach.later(Estimate(5.0), "write/again", "solve").expected == 4


def test_reach_with_several_requests_a_sample_counts_them_all():
    reach = Reach({"ask": 100}, {"ask": 100, "judge": 300})
    told = reach.later(Estimate(10.0), "ask", "judge")
    assert told.expected == 30
    assert told.low < 30 < told.high


def test_estimates_bounded_add_their_bounds_and_measured_ones_their_variances():
    bounded = Estimate.between(10, 30) + Estimate.between(10, 30)
    measured = Estimate(20, 100) + Estimate(20, 100)
    assert (bounded.low, bounded.high) == (20, 60)
    assert measured.high - 40 == pytest.approx(1.645 * math.sqrt(200), abs=0.01)


def test_each_bounded_of_bounded_count_reaches_to_both_ends():
    told = Each.between(10, 50).of(Estimate.between(0, 20))
    assert (told.low, told.high) == (0, 1_000)


def test_bill_prices_tokens_by_the_million():
    bill = Bill.of(NOTHING, Estimate(10), Estimate(2e6), Estimate.between(0, 1e6), Price(
        input_usd=0.5, output_usd=4
    ))  # fmt: skip
    assert bill.usd is not None
    assert (bill.usd.low, bill.usd.expected, bill.usd.high) == (1.0, 3.0, 5.0)


def test_bill_of_unknown_price_is_unknown_also_in_sums_but_nothing_costs_nothing():
    unknown = Bill.of(NOTHING, Estimate(1), Estimate(5), Estimate(5), None)
    nothing = Bill.of(Estimate(9), NOTHING, NOTHING, NOTHING, None)
    assert unknown.usd is None
    assert (unknown + nothing).usd is None
    assert nothing.usd == NOTHING
    assert (unknown + nothing).requests.expected == 10


@pytest.mark.parametrize(
    ("usd", "tokens", "spent_usd", "fit"),
    [
        (10.0, None, 0.0, Fit.FITS),
        (10.0, None, 7.5, Fit.MAY_EXCEED),
        (10.0, None, 9.5, Fit.EXCEEDS),
        (100.0, 500, 0.0, Fit.EXCEEDS),
        (None, 5_000, 0.0, Fit.FITS),
    ],
)
def test_cap_outlook_tells_the_worse_of_dollars_and_tokens(
    usd: float | None, tokens: int | None, spent_usd: float, fit: Fit
):
    bill = Bill(to_buy=Estimate(1), prompt_tokens=Estimate(1_000), usd=Estimate.between(1, 3))
    assert CapOutlook("all", Cap(usd=usd, tokens=tokens), spent_usd, 0, bill).fit is fit


def test_cap_outlook_in_dollars_without_a_price_is_unknown():
    bill = Bill(to_buy=Estimate(1), prompt_tokens=Estimate(1_000), usd=None)
    assert CapOutlook("all", Cap(usd=5), 0.0, 0, bill).fit is Fit.UNKNOWN
    assert CapOutlook("all", Cap(tokens=5_000), 0.0, 0, bill).fit is Fit.FITS
