from collections.abc import Iterator
from pathlib import Path

import pytest

from synth_assets.core.completion import Completion, Message, Request
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.budget import Payer
from synth_assets.core.generation.estimate import Estimate
from synth_assets.resources.ledger.observed import Observations
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.token_counts import tokens_a_character

TEXTS = [
    "Write a word problem like this one: «Ana has 12 apples and gives 5 away.»",
    "def plus(a: int, b: int) -> int:\n    return a + b\n",
]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.close()


def put(
    ledger: Ledger, count: int, recipe: str, step: str, completion: int, first: int = 0
) -> None:
    """Completions of prompts of 100 characters, 25 tokens; answers vary by one token."""
    bought: list[tuple[Request, Completion]] = []
    for n in range(first, first + count):
        messages = (Message("system", "s" * 40), Message("user", f"{n:060}"))
        request = Request("writer", "openai/w", "", messages, "{}", 0, step)
        answer = Completion(request.fingerprint, "x", "stop", 25, completion + n % 2, 0.1, 0.0)
        bought.append((request, answer))
    ledger.put(bought, Payer(recipe))


@pytest.mark.parametrize("model", ["gpt-4o", "openai/gpt-4.1-mini", "gpt-3.5-turbo"])
def test_tokens_a_character_holds_what_litellm_counts(model: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm

    counted = sum(
        litellm.token_counter(model=model, messages=[{"role": "user", "content": text}])
        for text in TEXTS
    )
    each = tokens_a_character(Teacher(id="t", model=model), TEXTS)
    told = each.of(Estimate(float(sum(len(text) for text in TEXTS))))

    assert told.low <= counted <= told.high
    assert told.high < 1.1 * told.low


def test_tokens_a_character_of_unknown_model_is_a_wide_rule_of_thumb():
    each = tokens_a_character(Teacher(id="t", model="hosted_vllm/own"), TEXTS)
    assert each.mean - each.down == pytest.approx(1 / 6)
    assert each.mean + each.up == pytest.approx(1 / 2)


def test_observations_of_own_step_are_its_means(ledger: Ledger):
    put(ledger, 40, "tiny", "write", 100)
    put(ledger, 10, "tiny", "solve", 500, first=100)
    seen = Observations(ledger).of("writer", "tiny", "write")

    assert seen is not None
    assert seen.alike
    assert seen.prompt.mean == 25
    assert seen.a_character.mean == pytest.approx(0.25)
    assert seen.completion.mean == pytest.approx(100.5)
    assert seen.completion.variance == pytest.approx(0.25, rel=0.1)


def test_observations_of_other_recipes_are_wide_and_of_the_same_step_first(ledger: Ledger):
    put(ledger, 5, "tiny", "write", 100)
    put(ledger, 5, "other", "write", 300, first=100)
    put(ledger, 5, "other", "solve", 9_000, first=200)
    seen = Observations(ledger).of("writer", "third", "write")

    assert seen is not None
    assert not seen.alike
    assert seen.completion.mean - seen.completion.down == pytest.approx(100.4 / 3)
    assert seen.completion.mean + seen.completion.up == pytest.approx(300.4 * 3)


def test_observations_of_two_answers_are_none(ledger: Ledger):
    put(ledger, 2, "tiny", "write", 100)
    assert Observations(ledger).of("writer", "tiny", "write") is None
    assert Observations(None).of("writer", "tiny", "write") is None


def test_observations_of_large_ledger_are_spread_over_its_time(ledger: Ledger):
    put(ledger, 6_000, "tiny", "write", 100)
    put(ledger, 6_000, "tiny", "write", 300, first=6_000)
    seen = Observations(ledger).of("writer", "tiny", "write")

    assert seen is not None
    assert seen.completion.mean == pytest.approx(200.5, abs=2)
