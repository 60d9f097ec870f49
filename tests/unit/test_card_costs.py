import polars as pl
import pytest

from synth_assets.core.config.mixtures import ManualCollection
from synth_assets.core.export.card_costs import ManualCost, Spending, cost_sections
from tests.samples import real_row, synthetic_row
from tests.unit.card_examples import facts, mixture, stages, teacher, training_rows


def told(**other):
    return "\n".join(cost_sections(facts(**other)))


def test_spending_adds_up_recipes_and_divides_by_what_was_kept():
    cost = pl.concat([stages().cost, stages("other").cost])
    spent = Spending.of(cost, rows=40)
    assert (spent.cost_usd, spent.bought_usd, spent.calls) == (1.0, 0.8, 2468)
    assert (spent.tokens, spent.candidates) == (100_000, 200)
    assert (spent.usd_per_candidate, spent.usd_per_row) == (0.005, 0.025)


def test_spending_on_nothing_kept_has_no_price_of_a_row():
    spent = Spending.of(stages().cost.clear(), rows=0)
    assert (spent.cost_usd, spent.usd_per_candidate, spent.usd_per_row) == (0.0, None, None)


def test_manual_cost_follows_from_minutes_and_wage():
    manual = ManualCollection(minutes_per_row=15, usd_per_hour=40)
    assert ManualCost.of(120, manual) == ManualCost(hours=30.0, usd=1200.0)


def test_cost_chapter_tells_what_was_paid_when_and_for_each_row():
    said = told()
    assert "In all 0.50 USD for 1,234 completions of 50,000 tokens" in said
    assert "0.005 USD for each candidate that came through decontamination" in said
    assert "0.25 USD for each synthetic row of this set" in said
    assert "Of it 0.40 USD were paid when the recipes were last filled" in said
    assert "| plain | 1,234 | 1,000 | 234 | 40,000 | 10,000 | 0.5 | 0.4 | 0.1 |" in said


def test_cost_chapter_states_what_rows_by_people_are_taken_to_cost_and_why():
    usual = told(mixture=mixture(manual={}))
    assert "2 rows would take 0 hours and cost 1.20 USD, at 4 minutes a row and 9.00 USD" in usual
    assert "arXiv:1606.05250" in usual
    own = {"minutes_per_row": 90, "usd_per_hour": 80.5, "source": "our clinic's rates of 2026"}
    said = told(mixture=mixture(manual=own))
    assert "2 rows would take 3 hours and cost 241.50 USD, at 90 minutes a row" in said
    assert "That is an assumption: our clinic's rates of 2026." in said
    assert "1606.05250" not in said


def test_cost_chapter_without_synthetic_rows_reckons_no_work_by_hand():
    assert "Written by people" not in told(rows=training_rows(real_row("r", "p", "r")))


@pytest.mark.parametrize(
    ("price", "free"),
    [({"input_usd": 0, "output_usd": 0}, True), ({"input_usd": 0, "output_usd": 1}, False)],
)
def test_cost_chapter_says_what_a_price_of_nothing_means(price, free):
    rows = training_rows(synthetic_row("s", "p", "r", teacher="scholar"))
    said = told(rows=rows, teachers={"scholar": teacher("scholar", price=price)})
    assert ("says nothing of what a language model costs" in said) is free


def test_manual_figures_are_no_identity_of_a_mixture():
    dear = mixture(manual={"usd_per_hour": 500})
    assert dear.key == mixture(manual={"minutes_per_row": 1}).key
