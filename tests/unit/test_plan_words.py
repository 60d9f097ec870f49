import pytest

from synth_assets.core.config.budgets import Cap
from synth_assets.core.generation.bill import Bill, CapOutlook
from synth_assets.core.generation.estimate import Estimate
from synth_assets.core.generation.outlook import RecipePlan
from synth_assets.core.generation.plan_words import basis, cap_words, changed, money, span
from synth_assets.core.plan_changes import Change, PlanChanges


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (1_234, 1_234, "1,234"),
        (0, 0, "0"),
        (1_234, 5_678, "1,230-5,680"),
        (123_456, 123_457, "123,000-124,000"),
        (0.4, 12.2, "0-13"),
        (12.6, 12.9, "12-13"),
        (37.99999999, 40.00000001, "38-40"),
    ],
)
def test_span_rounds_outwards_to_three_digits(low: float, high: float, text: str):
    assert span(Estimate.between(low, high)) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0, 0, "0"),
        (0.00123, 0.0456, "0.0012-0.046"),
        (0, 1_234.567, "0-1,235"),
        (0.5, 0.5, "0.50"),
    ],
)
def test_money_keeps_two_digits_of_small_sums(low: float, high: float, text: str):
    assert money(Estimate.between(low, high)) == text


def test_money_of_unknown_price_says_so():
    assert money(None) == "unknown"


def test_changed_lists_reasons_and_what_goes_away():
    counts = {Change.PROMPT: Estimate(3), Change.SEED: Estimate(1)}
    plan = RecipePlan("tiny", "tiny~00000000", 10, 10, {}, PlanChanges("tiny~1", counts, 2))
    assert changed(plan) == "3 prompt, 1 seed, 2 gone"
    nothing = RecipePlan("tiny", "tiny~00000000", 10, 10, {}, PlanChanges("tiny~1", {}, 0))
    assert changed(nothing) == "nothing"
    assert changed(RecipePlan("tiny", "tiny~00000000", 10, 10, {})) == "never filled"


def test_basis_says_that_a_part_was_looked_at():
    plan = RecipePlan("tiny", "tiny~00000000", 1_000_000, 20_000, {})
    assert basis(plan) == ("estimated from 20,000 of 1,000,000 samples",)


def test_cap_words_tell_dollars_and_tokens_where_they_are_capped():
    bill = Bill(prompt_tokens=Estimate(1_000), usd=Estimate(0.25))
    both = CapOutlook("all", Cap(usd=2, tokens=5_000), 0.5, 70, bill)
    assert cap_words(both) == (
        "2 USD, 5,000 tokens",
        "0.50 USD, 70 tokens",
        "0.25 USD, 1,000 tokens",
    )
