"""Single faults of a server, on both lanes to a teacher: retried, dropped or errored as stated."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.sample import Seed
from synth_assets.core.schema import Reason
from synth_assets.errors import ConfigurationError, TeacherError
from synth_assets.resources import teachers as teachers_module
from synth_assets.resources.catalogue import load_catalogue
from synth_assets.resources.generation.engine import Generated, generate
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.settings import SHIPPED_RECIPES
from synth_assets.resources.sources.seeds import read_seeds_file
from synth_assets.resources.teachers import Teachers
from tests.integration.chat_server import (
    ChatServer,
    Fault,
    Reply,
    Said,
    chat_server,
    embedded_answer,
)
from tests.integration.own_project import (
    KEY,
    KEY_ENV,
    own_project,
)


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teachers_module, "_FIRST_PAUSE_S", 0.005)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.close()


@pytest.fixture(params=["lean", "litellm"])
def kitchen(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    quick_retries: None,
    request: pytest.FixtureRequest,
) -> "_Kitchen":
    """Both lanes to a teacher must mean the same."""
    monkeypatch.setenv(KEY_ENV, KEY)
    return _Kitchen(tmp_path, request.param)


class _Kitchen:
    """Generation alone, with real teachers against a server."""

    def __init__(self, root: Path, lane: str) -> None:
        self._root = root
        self._lane = lane

    def recipe(self, server: ChatServer, samples: int = 8, **teacher: object) -> Recipe:
        project = own_project(self._root, server.base_url, samples)
        project.write_teachers(server.base_url, **teacher)
        recipe = load_catalogue([SHIPPED_RECIPES, project.recipes]).recipe("sums")
        if self._lane == "lean":
            return recipe
        served = {name: _through_litellm(t) for name, t in recipe.teachers.items()}
        return replace(recipe, teachers=served)

    def generate(self, recipe: Recipe, ledger: Ledger) -> Generated:
        rows = read_seeds_file(self._root / "recipes" / "sums" / "seeds.jsonl", "seeds")
        seeds = [Seed.of("recipe", row) for row in rows]
        return generate(recipe, seeds, Teachers(recipe.teachers), ledger)


COMPLETION = {
    "id": "x",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
PASSING = {
    "rate limit": Fault(429),
    "server error": Fault(500),
    "overloaded": Fault(503),
    "cut in the body": Fault(200, b'{"id": "x", "obj', cut=True),
    "cut before the body": Fault(200, b"", cut=True),
    "html": Fault(200, b"<html>Bad gateway</html>"),
    "empty body": Fault(200, b""),
    "no choices": Fault(200, json.dumps({**COMPLETION, "choices": []}).encode()),
    "null": Fault(200, b"null"),
    "text for a number": Fault(
        200, json.dumps({**COMPLETION, "usage": {"prompt_tokens": "many"}}).encode()
    ),
    "an error as 200": Fault(200, b'{"error": {"message": "try later", "code": 429}}'),
}


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_generate_after_a_fault_that_passes_has_every_sample(
    kitchen: _Kitchen, ledger: Ledger, fault: Fault
):
    seen: set[str] = set()

    def answer(body: dict[str, Any]) -> Reply:
        key = json.dumps(body, sort_keys=True)
        if key in seen:
            return embedded_answer(body)
        seen.add(key)
        return fault

    with chat_server(answer) as server:
        made = kitchen.generate(kitchen.recipe(server, samples=4), ledger)

        assert made.stage.counts == {"kept": 4, "dropped": 0, "errored": 0}
        assert len(server.served) == ledger.stats().completions == 8
        assert server.asked == 16


@pytest.mark.parametrize(
    ("reply", "outcome", "reason"),
    [
        (Fault(500), "errored", Reason.PROVIDER_ERROR),
        (Fault(200, b"<html>"), "errored", Reason.PROVIDER_ERROR),
        (Fault(400, b'{"error": {"message": "bad field"}}'), "errored", Reason.PROVIDER_ERROR),
        (
            Fault(400, b'{"error": {"message": "no", "code": "context_length_exceeded"}}'),
            "errored",
            Reason.CONTEXT_OVERFLOW,
        ),
        (Fault(413), "errored", Reason.PROVIDER_ERROR),
        (
            Fault(400, b'{"error": {"message": "withheld", "code": "content_filter"}}'),
            "errored",
            Reason.CONTENT_FILTERED,
        ),
        (Said("<problem>cut", "length"), "dropped", Reason.TRUNCATED),
        (Said("", "content_filter"), "dropped", Reason.CONTENT_FILTERED),
        (Said(""), "dropped", Reason.EMPTY_COMPLETION),
        (Said(None), "dropped", Reason.EMPTY_COMPLETION),
        (Said("I'm sorry, but I can't help with that."), "dropped", Reason.REFUSAL),
    ],
)
def test_generate_with_one_kind_of_prompt_failing_loses_only_its_samples(
    kitchen: _Kitchen, ledger: Ledger, reply: Reply, outcome: str, reason: Reason
):
    def answer(body: dict[str, Any]) -> Reply:
        hard = "<level>\nhard" in body["messages"][-1]["content"]
        return reply if hard else embedded_answer(body)

    with chat_server(answer) as server:
        made = kitchen.generate(kitchen.recipe(server, samples=8), ledger)

        hard = made.stage.decisions.filter(pl.col("reason").is_not_null())
        assert 1 <= hard.height < 8
        assert set(hard["outcome"]) == {outcome}
        assert set(hard["reason"]) == {reason}
        assert made.stage.kept.height == 8 - hard.height
        asked_twice = hard.height if reason is Reason.EMPTY_COMPLETION else 0
        assert len(server.served) == ledger.stats().completions + asked_twice
        asked, told = server.tokens
        assert ledger.account("all").tokens == asked + told


def test_generate_at_a_server_that_says_when_to_come_back_waits_for_it(
    kitchen: _Kitchen, ledger: Ledger
):
    arrivals: list[float] = []

    def answer(body: dict[str, Any]) -> Reply:
        arrivals.append(time.monotonic())
        late = len(arrivals) > 1
        return embedded_answer(body) if late else Fault(429, headers={"Retry-After": "1"})

    with chat_server(answer) as server:
        made = kitchen.generate(kitchen.recipe(server, samples=1), ledger)

    assert made.stage.kept.height == 1
    assert arrivals[1] - arrivals[0] >= 0.95


def test_generate_at_a_server_slower_than_its_timeout_errors_the_sample(
    kitchen: _Kitchen, ledger: Ledger
):
    with chat_server(embedded_answer, delay_s=0.6) as server:
        made = kitchen.generate(kitchen.recipe(server, samples=1, timeout_s=0.1), ledger)

    assert made.stage.reasons == {"provider_error": 1}
    assert "4 attempts" in made.stage.decisions["detail"][0]
    assert "imeout" in made.stage.decisions["detail"][0]


@pytest.mark.parametrize("model", ["openai/scholar", "hosted_vllm/scholar"])
def test_generate_with_a_model_that_nobody_prices_has_an_unknown_cost(
    kitchen: _Kitchen, ledger: Ledger, model: str
):
    with chat_server(embedded_answer) as server:
        recipe = kitchen.recipe(server, samples=2, price=None)
        unpriced = {name: replace_model(t, model) for name, t in recipe.teachers.items()}
        made = kitchen.generate(replace(recipe, teachers=unpriced), ledger)

    assert made.stage.kept.height + made.stage.counts["dropped"] == 2
    assert made.calls["cost_usd"].null_count() == made.calls.height > 0


def _through_litellm(teacher: Any) -> Any:
    """The same teacher under a name that the lean lane leaves to LiteLLM."""
    return replace_model(teacher, f"litellm_proxy/{teacher.model.partition('/')[2]}")


def replace_model(teacher: Any, model: str) -> Any:
    return teacher.model_copy(update={"model": model})


def test_generate_without_usage_has_an_unknown_cost_and_not_none(kitchen: _Kitchen, ledger: Ledger):
    without = {name: value for name, value in COMPLETION.items() if name != "usage"}
    with chat_server(lambda _: Fault(200, json.dumps(without).encode())) as server:
        made = kitchen.generate(kitchen.recipe(server, samples=1), ledger)

    assert made.calls["cost_usd"].to_list() == [None]


# --- a teacher that cannot be used --------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Fault(401),
        Fault(402),
        Fault(403),
        Fault(404),
        Fault(429, b'{"error": {"message": "You exceeded it", "code": "insufficient_quota"}}'),
    ],
    ids=["401", "402", "403", "404", "no quota"],
)
def test_generate_at_a_server_that_refuses_stops_at_once_and_keeps_what_was_bought(
    kitchen: _Kitchen, ledger: Ledger, fault: Fault
):
    def answer(body: dict[str, Any]) -> Reply:
        return embedded_answer(body) if len(server.served) < 5 else fault

    with chat_server(answer) as server:
        recipe = kitchen.recipe(server, samples=60)
        with pytest.raises(TeacherError, match=r"cannot be used: .*\n.*teachers\.yaml"):
            kitchen.generate(recipe, ledger)

        assert ledger.stats().completions == len(server.served) >= 5
        # 3 teachers with 4 calls on their way each; nothing new is sent after the refusal
        assert server.asked <= len(server.served) + 12
        server.answer = embedded_answer
        paid = len(server.served)
        made = kitchen.generate(recipe, ledger)
        assert made.calls["from_ledger"].sum() == paid


def test_generate_when_one_teacher_is_refused_waits_out_no_pause_of_another(
    kitchen: _Kitchen, ledger: Ledger
):
    def answer(body: dict[str, Any]) -> Reply:
        if body["model"] == "scholar":
            return Fault(429, headers={"Retry-After": "50"})
        return Fault(401) if server.asked > 6 else Fault(500)

    with chat_server(answer) as server:
        recipe = kitchen.recipe(server, samples=20)
        started = time.monotonic()
        with pytest.raises(TeacherError, match="cannot be used"):
            kitchen.generate(recipe, ledger)
    assert time.monotonic() - started < 45


def test_generate_at_a_dead_address_stops_after_a_few_requests(kitchen: _Kitchen, ledger: Ledger):
    with chat_server(embedded_answer) as server:
        recipe = kitchen.recipe(server, samples=60)
    with pytest.raises(TeacherError, match=r"8 requests in a row.*\n.*synth doctor"):
        kitchen.generate(recipe, ledger)


def test_generate_with_an_unknown_provider_names_the_entry(kitchen: _Kitchen, ledger: Ledger):
    with chat_server(embedded_answer) as server:
        recipe = kitchen.recipe(server, samples=4)
        strange = {name: replace_model(t, "nonsense/m") for name, t in recipe.teachers.items()}
        with pytest.raises(TeacherError, match=r"\(nonsense/m\) cannot be used"):
            kitchen.generate(replace(recipe, teachers=strange), ledger)
        assert server.asked == 0


def test_generate_without_the_key_names_its_variable_and_asks_nothing(
    kitchen: _Kitchen, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv(KEY_ENV)
    with chat_server(embedded_answer) as server:
        with pytest.raises(ConfigurationError, match=f"{KEY_ENV} is not set. Export the key there"):
            kitchen.generate(kitchen.recipe(server, samples=2), ledger)
        assert server.asked == 0


def test_generate_at_a_server_that_quotes_the_key_in_its_answers_keeps_it_nowhere(
    kitchen: _Kitchen, ledger: Ledger
):
    def answer(body: dict[str, Any]) -> Reply:
        return f"{embedded_answer(body)} Your key is {KEY}, or {json.dumps(KEY)}."

    with chat_server(answer) as server:
        made = kitchen.generate(kitchen.recipe(server, samples=3), ledger)

        assert set(server.keys) == {f"Bearer {KEY}"}
    entries = [ledger.entry(name) for name in made.calls["fingerprint"]]
    told = [f"{entry.completion.text} {entry.response}" for entry in entries if entry is not None]
    assert len(told) == made.calls.height > 0
    assert all("Your key is [key]" in text for text in told)
    assert not any(KEY in text or json.dumps(KEY)[1:-1] in text for text in told)
    assert not any(KEY in str(row) for row in made.stage.kept.rows())
