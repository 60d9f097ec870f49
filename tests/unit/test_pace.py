import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.generation.failures import FailureClass, policy_of
from synth_assets.core.generation.pace import AdaptiveLimit, Circuit, RateLimit


def test_adaptive_limit_doubles_each_round_until_the_first_refusal():
    limit = AdaptiveLimit(most=100, limit=8)
    for _ in range(8):
        limit.succeeded(0.2)
    assert limit.allowed == 16
    for _ in range(200):
        limit.succeeded(0.2)
    assert limit.allowed == 100


def test_adaptive_limit_after_a_refusal_grows_by_one_a_round_up_to_the_most():
    limit = AdaptiveLimit(most=12, limit=16)
    limit.overloaded(now_s=0.0)
    assert limit.allowed == 6
    for _ in range(7):
        limit.succeeded(0.2)
    assert limit.allowed == 7
    for _ in range(200):
        limit.succeeded(0.2)
    assert limit.allowed == 12


def test_adaptive_limit_halves_once_for_a_burst_of_refusals():
    limit = AdaptiveLimit(most=64, limit=64)
    for _ in range(30):
        limit.overloaded(now_s=100.0)
    assert limit.allowed == 32
    limit.overloaded(now_s=101.5)
    assert limit.allowed == 16


def test_adaptive_limit_never_falls_below_one_request():
    limit = AdaptiveLimit(most=4)
    for second in range(0, 100, 2):
        limit.overloaded(float(second))
    assert limit.allowed == 1


def test_adaptive_limit_does_not_grow_while_answers_get_slower():
    limit = AdaptiveLimit(most=100, limit=10)
    for _ in range(5):
        limit.succeeded(0.1)
    before = limit.allowed
    for _ in range(300):
        limit.succeeded(2.0)
    slow = limit.limit
    for _ in range(50):
        limit.succeeded(2.0)
    assert limit.limit == slow
    assert limit.allowed <= before + 2


@given(
    per_minute=st.floats(1, 1e5),
    steps=st.lists(st.tuples(st.floats(0, 5), st.floats(0.1, 50)), min_size=1, max_size=60),
)
def test_rate_limit_uses_never_exceed_the_rate(per_minute: float, steps: list[tuple[float, float]]):
    limit = RateLimit(per_minute)
    now, used = 0.0, []
    for pause, units in steps:
        now += pause
        used.append((now + limit.reserve(now, units), units))
    first, rate = used[0][0], per_minute / 60
    largest = max(units for _, units in used)
    total = 0.0
    for at, units in used:
        total += units
        assert total <= rate * (at - first + limit.burst_s) + largest + 1e-6 * total


def test_rate_limit_below_the_rate_never_waits():
    limit = RateLimit(60)
    assert [limit.reserve(float(second)) for second in range(20)] == [0.0] * 20


def test_rate_limit_settled_upwards_makes_the_next_wait_longer():
    limit = RateLimit(6_000, burst_s=0)
    limit.reserve(0.0, 100)
    limit.settle(50)
    assert limit.reserve(0.0, 1) == pytest.approx(1.5)


def test_circuit_opens_after_the_minimum_when_more_than_the_share_failed():
    circuit = Circuit(share=0.5, minimum=10)
    for _ in range(9):
        circuit.record(failed=True)
    assert not circuit.is_open
    circuit.record(failed=True)
    assert circuit.is_open
    fair = Circuit(share=0.5, minimum=10)
    for number in range(100):
        fair.record(failed=number % 2 == 0)
    assert not fair.is_open


@pytest.mark.parametrize("failure", list(FailureClass))
def test_failure_policy_is_stated_for_every_class(failure: FailureClass):
    policy = policy_of(failure)
    assert policy.attempts >= 1
    assert not (policy.stops_teacher and policy.slows_down)
    assert math.isfinite(policy.attempts)


@pytest.mark.parametrize(("most", "first"), [(4, 4), (16, 8), (64, 16), (512, 128)])
def test_adaptive_limit_starts_at_eight_or_a_quarter_of_the_most(most: int, first: int):
    assert AdaptiveLimit(most).allowed == first
