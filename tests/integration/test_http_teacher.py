"""A user's own recipe on an OpenAI-compatible server: paid once, told to the cent, no key told."""

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.sample import Seed
from synth_assets.core.schema import Reason
from synth_assets.errors import ConfigurationError, TeacherError
from synth_assets.resources import teachers as teachers_module
from synth_assets.resources.catalogue import load_catalogue
from synth_assets.resources.generation import Generated, generate
from synth_assets.resources.ledger import Ledger
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
    INPUT_USD,
    KEY,
    KEY_ENV,
    OUTPUT_USD,
    OwnProject,
    own_project,
)
from tests.integration.whole_run import Finished

# --- whole runs ---------------------------------------------------------------------------------


def _quotes(content: str) -> bool:
    """The one seed whose first prompt the server refuses, quoting the key."""
    return "A snail climbs" in content


def _answer(body: dict[str, Any]) -> Reply:
    refused = _quotes(body["messages"][-1]["content"]) and body["seed"] == 0
    return _echo(400) if refused else embedded_answer(body)


def _echo(status: int) -> Fault:
    """An error that quotes the key in every form a careless server might."""
    forms = [KEY, quote(KEY, safe=""), quote(KEY), KEY[:12], KEY[9:], json.dumps(KEY)]
    said = f"Incorrect API key: {' | '.join(forms)}. Also: {KEY.upper()}"
    return Fault(status, json.dumps({"error": {"message": said, "code": "x"}}).encode())


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with chat_server(_answer) as server:
        yield server


@pytest.fixture(scope="module")
def project(server: ChatServer, tmp_path_factory: pytest.TempPathFactory) -> OwnProject:
    return own_project(tmp_path_factory.mktemp("own"), server.base_url)


@pytest.fixture(scope="module")
def first(project: OwnProject) -> Finished:
    done = project.synth(*project.arguments, "--json")
    assert done.code == 0, done.err
    return done


def _cost(record: dict[str, Any]) -> dict[str, Any]:
    [row] = [row for row in record["cost"] if row["recipe"] == "sums"]
    return row


def test_run_over_http_pays_for_each_call_once_and_tells_the_cost_to_the_cent(
    server: ChatServer, project: OwnProject, first: Finished
):
    asked, told = server.tokens
    usd = (asked * INPUT_USD + told * OUTPUT_USD) / 1_000_000
    funnel = project.synth("funnel", "--json")

    assert first.record["failures"] == []
    assert len(server.served) == project.ledger_stats().completions == 22
    assert server.asked == 23
    assert {body["model"] for body in server.served} == {"scholar", "clerk", "solver"}
    cost = _cost(funnel.record)
    assert cost["partition"] == _cost(first.record)["partition"]
    assert (cost["calls"], cost["calls_bought"]) == (22, 22)
    assert (cost["prompt_tokens"], cost["completion_tokens"]) == (asked, told)
    assert usd > 1.0
    assert cost["cost_usd"] == pytest.approx(usd, abs=1e-9)
    assert set(server.keys) == {f"Bearer {KEY}"}


def test_trace_over_http_shows_what_was_asked_and_the_raw_completion(
    server: ChatServer, project: OwnProject, first: Finished
):
    rows = project.training_rows().filter(pl.col("origin") == "synthetic")
    row = rows.row(0, named=True)
    trace = project.synth("trace", row["sample_id"], "--json").record

    said = [entry["completion"]["text"] for entry in trace["completions"]]
    replies = [embedded_answer(body) for body in server.served]
    assert len(said) == 2
    assert set(said) <= set(replies)
    assert trace["sample"]["prompt"] in said[0]
    assert trace["sample"]["reference"] == said[1]
    asked = json.loads(trace["completions"][0]["request"])["messages"][-1][1]
    assert asked in [body["messages"][-1]["content"] for body in server.served]
    assert trace["decisions"][-1]["outcome"] == "kept"


def test_run_again_over_http_pays_nothing_and_exports_the_same_rows(
    server: ChatServer, project: OwnProject, first: Finished
):
    before = project.training_rows()
    paid = len(server.served)
    code, told = project.start().finish()

    assert code == 0, told
    assert len(server.served) == paid
    assert server.asked == paid + 2, "only what failed is asked again"
    assert project.training_rows().equals(before)


# --- what an edit costs -------------------------------------------------------------------------


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[tuple[ChatServer, OwnProject]]:
    """A project whose recipe has been filled, with nothing counted yet."""
    with chat_server(embedded_answer) as server:
        project = own_project(tmp_path, server.base_url)
        assert project.fill()["from_ledger"].sum() == 0
        server.served.clear()
        yield server, project


def test_fill_after_an_edit_that_changes_some_prompts_buys_exactly_those(
    filled: tuple[ChatServer, OwnProject],
):
    server, project = filled
    template = project.recipes / "sums" / "write.md.j2"
    added = '{% if level == "hard" %}Tell of the sea.{% endif %}\n'
    template.write_text(template.read_text() + added)
    calls = project.fill()

    raw = project.home / "assets" / "raw_generations" / f"{calls['partition'][0]}.parquet"
    hard = pl.read_parquet(raw).filter(pl.col("attributes").str.contains("hard")).height
    writes = [body for body in server.served if body["model"] != "solver"]
    problems = [embedded_answer(body) for body in writes]
    solves = [body for body in server.served if body["model"] == "solver"]
    assert len(writes) == hard
    assert 0 < hard < 12
    assert all("Tell of the sea." in body["messages"][-1]["content"] for body in writes)
    for body in solves:
        [question] = re.findall(r"<problem>\n(.*)\n</problem>", body["messages"][-1]["content"])
        assert any(question in problem for problem in problems)
    assert calls.filter(~pl.col("from_ledger")).height == len(server.served) == 2 * hard


def test_fill_after_a_change_of_address_pace_and_key_name_buys_nothing(
    filled: tuple[ChatServer, OwnProject],
):
    server, project = filled
    with chat_server(embedded_answer) as elsewhere:
        project.write_teachers(
            elsewhere.base_url, parallelism=2, timeout_s=5, api_key_env="SYNTH_TEST_OTHER_KEY"
        )
        calls = project.fill()

        assert elsewhere.asked == 0
    assert server.served == []
    assert calls["from_ledger"].all()
    assert len(list((project.home / "calls").iterdir())) == 1, "and it is the same version"


def test_fill_with_another_teacher_for_all_makes_a_version_of_its_own(
    filled: tuple[ChatServer, OwnProject],
):
    server, project = filled
    calls = project.fill(SYNTH_TEACHER="second")

    assert {body["model"] for body in server.served} == {"clerk"}
    assert set(calls["teacher"]) == {"second"}
    assert calls["sample_id"].n_unique() == 12
    assert len(list((project.home / "calls").iterdir())) == 2
    assert calls["from_ledger"].any(), "what the second teacher wrote before is not bought again"


# --- one request that fails ---------------------------------------------------------------------


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
            Reason.PROVIDER_ERROR,
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
        assert len(server.served) == ledger.stats().completions


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
    assert time.monotonic() - started < 25


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


# --- keys ---------------------------------------------------------------------------------------


def _bytes_at_rest(home: Path) -> Iterator[tuple[str, str]]:
    """Every file as it lies there, and what compressed files hold."""
    import duckdb

    for path in (path for path in home.rglob("*") if path.is_file()):
        yield str(path), path.read_bytes().decode("utf-8", "replace")
        if path.suffix == ".parquet":
            yield f"{path}:rows", str(pl.read_parquet(path).rows())
        elif path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                for (table,) in connection.sql("SELECT table_name FROM duckdb_tables()").fetchall():
                    yield f"{path}:{table}", str(connection.table(table).fetchall())


def _pieces(text: str) -> set[str]:
    """Pieces of six characters of the key that stand in a text."""
    forms = (KEY, quote(KEY, safe=""))
    return {
        form[start : start + 6]
        for form in forms
        for start in range(len(form) - 5)
        if form[start : start + 6].lower() in text.lower()
    }


def test_run_at_a_server_that_quotes_the_key_in_one_refusal_tells_it_nowhere(
    project: OwnProject, first: Finished
):
    told = dict(_bytes_at_rest(project.home))
    decisions = [told[place] for place in told if re.search("decisions/generate.*:rows", place)]

    assert _pieces(first.out + first.err) == set()
    assert {place: found for place, text in told.items() if (found := _pieces(text))} == {}
    assert ["Incorrect API key: [key]" in text for text in decisions] == [True]
    suffixes = {Path(place.partition(":")[0]).suffix for place in told}
    assert suffixes >= {".sqlite", ".duckdb", ".parquet", ".db", ".jsonl", ".md"}


def test_run_at_a_server_that_refuses_the_key_stops_and_tells_it_nowhere(tmp_path: Path):
    def answer(body: dict[str, Any]) -> Reply:
        hard = "<level>\nhard" in body["messages"][-1]["content"]
        return _echo(401) if hard else embedded_answer(body)

    with chat_server(answer) as server:
        project = own_project(tmp_path, server.base_url, samples=8)
        done = project.synth(*project.arguments)

        assert set(server.keys) == {f"Bearer {KEY}"}
        assert project.ledger_stats().completions == len(server.served)
    assert done.code == 1
    assert "cannot be used: HTTP 401" in done.err
    assert "Mend its entry in teachers.yaml, its key or its server" in done.err
    assert "Traceback" not in done.out + done.err
    assert _pieces(done.out + done.err) == set()
    told = dict(_bytes_at_rest(project.home))
    assert {place: found for place, text in told.items() if (found := _pieces(text))} == {}


def test_generate_without_the_key_names_its_variable_and_asks_nothing(
    kitchen: _Kitchen, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv(KEY_ENV)
    with chat_server(embedded_answer) as server:
        with pytest.raises(ConfigurationError, match=f"{KEY_ENV} is not set. Export the key there"):
            kitchen.generate(kitchen.recipe(server, samples=2), ledger)
        assert server.asked == 0


def test_ledger_over_http_holds_no_key_and_no_address(project: OwnProject, first: Finished):
    with sqlite3.connect(project.home / "ledger.sqlite") as connection:
        held = str(connection.execute("SELECT * FROM completions").fetchall())
    assert len(held) > 1_000
    assert "127.0.0.1" not in held
    assert _pieces(held) == set()
