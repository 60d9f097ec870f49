"""Caps are held before a call, whatever the call turns out to cost."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.config.budgets import Budgets, Cap
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.teachers import Price
from synth_assets.core.generation.budget import Amount, Budget, Payer, most_tokens, price_of
from synth_assets.core.generation.failures import Billed, FailureClass
from synth_assets.core.planning import Plan
from synth_assets.core.sample import Seed
from synth_assets.core.schema import Reason
from synth_assets.errors import BudgetError
from synth_assets.resources.generation.engine import generate_parts
from synth_assets.resources.generation.funds import check_funds
from synth_assets.resources.generation.parts import MemorySink, PartResult
from synth_assets.resources.generation.shop import Spending
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.teachers import CallFailedError, FailedAttempt
from tests.fakes import TEACHERS, FakeChatModel, tiny_recipe

SEEDS = [Seed.of("recipe", {"problem": f"seed {n}"}) for n in range(4)]
PRICE = Price(input_usd=1_000.0, output_usd=10_000.0)
PRICED = {
    name: entry.model_copy(update={"price": PRICE, "parameters": {"max_tokens": 20}})
    for name, entry in TEACHERS.items()
}
COST_USD = (7 * 1_000 + 11 * 10_000) / 1e6
"""Of each call: the fake model answers 7 and 11 tokens."""


def _budget(**budgets: object) -> Budget:
    return Budget.of(Budgets.model_validate(budgets), "run-1")


def _generate(
    path: Path, budget: Budget, samples: int = 12, model: FakeChatModel | None = None
) -> tuple[PartResult, Spending]:
    ledger = Ledger(path / "ledger.sqlite", budget)
    sink = MemorySink()
    plan = Plan.of(tiny_recipe(samples, PRICED), SEEDS)
    try:
        spending = generate_parts(
            plan,
            0,
            samples,
            model or FakeChatModel(cost_usd=COST_USD),
            ledger,
            sink,
            run="run-1",
        )
    finally:
        ledger.close()
    return sink.whole(), spending


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.close()


@pytest.mark.parametrize(
    "budgets",
    [
        {"all": {"usd": 1.6}},
        {"run": {"usd": 1.6}},
        {"recipes": {"tiny": {"usd": 1.6}}},
        {"teachers": {name: {"usd": 0.5} for name in TEACHERS}},
        {"all": {"tokens": 260}},
    ],
    ids=["all", "run", "recipe", "teacher", "tokens"],
)
def test_generate_at_a_cap_stops_below_it_and_keeps_what_it_has(
    tmp_path: Path, budgets: dict[str, object]
):
    budget = _budget(**budgets)
    made, spending = _generate(tmp_path, budget)

    assert spending.over
    assert made.stage.reasons == {"budget_reached": 12 - made.stage.kept.height}
    assert spending.bought > 0
    ledger = Ledger(tmp_path / "ledger.sqlite")
    for scope, cap in budget.caps.items():
        account = ledger.account(scope)
        assert account.reserved_usd_pico == account.reserved_tokens == 0
        assert cap.usd is None or account.usd <= cap.usd
        assert cap.tokens is None or account.tokens <= cap.tokens
    assert ledger.account("all").usd == pytest.approx(spending.cost_usd)
    assert spending.cost_usd == pytest.approx(COST_USD * spending.bought)


def test_generate_with_the_cap_raised_buys_only_what_was_left(tmp_path: Path):
    first, little = _generate(tmp_path, _budget(all={"usd": 1.6}))
    again, more = _generate(tmp_path, _budget(all={"usd": 100}))

    assert again.stage.counts == {"kept": 12, "dropped": 0, "errored": 0}
    assert little.bought + more.bought == 24
    kept = set(first.stage.kept["sample_id"])
    assert kept <= set(again.stage.kept["sample_id"])


def test_generate_under_a_cap_that_suffices_buys_everything(tmp_path: Path):
    made, spending = _generate(tmp_path, _budget(all={"usd": 24 * COST_USD + 0.5}))

    assert made.stage.kept.height == 12
    assert spending.over == {}


def test_generate_under_a_cap_of_nothing_buys_nothing(tmp_path: Path):
    model = FakeChatModel()
    made, spending = _generate(tmp_path, _budget(all={"usd": 0}), model=model)

    assert model.history == []
    assert spending.bought == 0
    assert made.stage.reasons == {"budget_reached": 12}
    assert "0.0000 USD spent and 0.0000 reserved of 0" in made.stage.decisions["detail"][0]


def test_failed_attempts_that_may_be_billed_count_against_the_cap(tmp_path: Path):
    class Cut(FakeChatModel):
        async def complete(self, request, watch):
            watch.sent()
            lost = FailedAttempt(FailureClass.TIMEOUT, "late", Billed.PERHAPS, None, again=True)
            await watch.failed(lost)
            return await super().complete(request, watch)

    made, spending = _generate(tmp_path, _budget(all={"usd": 2.0}), model=Cut(cost_usd=COST_USD))
    account = Ledger(tmp_path / "ledger.sqlite").account("all")

    assert spending.perhaps_usd > 0
    assert account.perhaps_usd_pico == spending.perhaps_usd_pico
    assert account.usd <= 2.0
    assert made.stage.counts["errored"] > 0


def test_failed_calls_release_their_reservation(tmp_path: Path):
    refusals: list[str | Exception] = [CallFailedError(Reason.PROVIDER_ERROR, "no")] * 3
    model = FakeChatModel(enqueued=refusals, cost_usd=COST_USD)
    made, spending = _generate(tmp_path, _budget(all={"usd": 100}), model=model)

    account = Ledger(tmp_path / "ledger.sqlite").account("all")
    assert made.stage.counts["errored"] == 3
    assert account.reserved_usd_pico == 0
    assert account.usd_pico == spending.spent_usd_pico


# --- what cannot be held ------------------------------------------------------------------------


def _recipe(**teacher: object) -> Recipe:
    entries = {name: t.model_copy(update=teacher) for name, t in TEACHERS.items()}
    return tiny_recipe(4, entries)


def test_check_funds_of_an_unknown_price_is_refused_with_the_line_to_add():
    with pytest.raises(BudgetError, match=r"has no known price(.|\n)*price: \{input_usd"):
        check_funds(_recipe(), _budget(all={"usd": 1}), Payer("tiny", "run-1"))


def test_check_funds_without_a_bound_of_the_answer_is_refused_with_the_lines_to_add():
    recipe = _recipe(price=PRICE)
    with pytest.raises(BudgetError, match=r"max_tokens: 1024(.|\n)*context_limit: 8192"):
        check_funds(recipe, _budget(all={"tokens": 1}), Payer("tiny", "run-1"))


@pytest.mark.parametrize(
    ("teacher", "budgets"),
    [
        ({}, {}),
        ({}, {"recipes": {"other": {"usd": 1}}}),
        ({"price": Price(input_usd=0, output_usd=0)}, {"all": {"usd": 1}}),
        ({"price": PRICE, "context_limit": 4096}, {"all": {"usd": 1}}),
        ({"model": "openai/gpt-4o-mini"}, {"all": {"usd": 1, "tokens": 5}}),
        ({"context_limit": 4096}, {"all": {"tokens": 5}}),
    ],
)
def test_check_funds_of_what_can_be_held_refuses_nothing(
    teacher: Mapping[str, object], budgets: Mapping[str, object]
):
    recipe, budget, payer = _recipe(**teacher), _budget(**budgets), Payer("tiny", "run-1")
    refused: list[BudgetError] = []
    try:
        check_funds(recipe, budget, payer)
    except BudgetError as exc:
        refused.append(exc)

    assert refused == []


# --- amounts ------------------------------------------------------------------------------------


@given(
    prompt=st.integers(0, 10**6),
    completion=st.integers(0, 10**6),
    input_usd=st.floats(0, 1_000),
    output_usd=st.floats(0, 1_000),
)
def test_price_of_is_never_below_the_exact_price(
    prompt: int, completion: int, input_usd: float, output_usd: float
):
    amount = price_of((prompt, completion), Price(input_usd=input_usd, output_usd=output_usd))
    exact = prompt * input_usd + completion * output_usd
    assert amount.tokens == prompt + completion
    assert amount.usd_pico >= exact * 1e6 * (1 - 1e-9) - 1
    assert amount.usd_pico <= exact * 1e6 * (1 + 1e-9) + 1


def test_price_of_one_cheap_token_is_exact():
    price = Price(input_usd=0.0375, output_usd=0.15)
    assert price_of((1, 0), price) == Amount(37_500, 1)
    assert price_of((0, 2), price) == Amount(300_000, 2)


@settings(max_examples=50)
@given(texts=st.lists(st.text(max_size=200), min_size=1, max_size=4))
def test_most_tokens_bounds_what_a_byte_tokenizer_counts(texts: list[str]):
    prompt, completion = most_tokens(texts, {"max_tokens": 5, "n": 3}, 4)
    assert prompt >= sum(len(text.encode("utf-8", "replace")) for text in texts)
    assert completion == 12


def test_budgets_of_a_later_folder_win_where_they_speak():
    ours = Budgets(all=Cap(usd=1), recipes={"a": Cap(usd=2)})
    theirs = Budgets(all=Cap(usd=9), run=Cap(tokens=5), recipes={"a": Cap(usd=7), "b": Cap(usd=3)})
    both = ours.over(theirs)
    assert (both.all, both.run) == (Cap(usd=1), Cap(tokens=5))
    assert both.recipes == {"a": Cap(usd=2), "b": Cap(usd=3)}
