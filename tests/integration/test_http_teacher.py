"""A user's own recipe on an OpenAI-compatible server: paid once, told to the cent, no key told."""

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest

from tests.integration.chat_server import (
    ChatServer,
    Fault,
    Price,
    PriceList,
    Reply,
    chat_server,
    embedded_answer,
)
from tests.integration.own_project import (
    INPUT_USD,
    KEY,
    OUTPUT_USD,
    OwnProject,
    own_project,
)
from tests.integration.warm_processes import Finished

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


# --- budgets ------------------------------------------------------------------------------------


def test_run_with_a_budget_that_could_not_be_held_buys_nothing_and_says_which_line_to_add(
    tmp_path: Path,
):
    with chat_server(embedded_answer) as server:
        project = own_project(tmp_path, server.base_url)
        done = project.synth(*project.arguments, "--budget-usd", "5")

        assert server.asked == 0
    assert done.code == 1
    assert "parameters: {max_tokens: 1024}" in done.err
    assert "Traceback" not in done.err


def test_run_at_its_cap_ends_below_it_and_a_higher_cap_buys_the_rest(tmp_path: Path):
    prices = PriceList(other=Price(INPUT_USD, OUTPUT_USD))
    with chat_server(embedded_answer, prices=prices) as server:
        project = own_project(tmp_path, server.base_url)
        project.write_recipe(parameters={"temperature": 0.5, "max_tokens": 400})
        project.write("budgets.yaml", {"recipes": {"sums": {"usd": 2.0}}})
        capped = project.synth(*project.arguments)
        spent, paid = server.stats().usd, len(server.served)
        project.write("budgets.yaml", {"recipes": {"sums": {"usd": 200.0}}})
        code, told = project.start().finish()

        assert capped.code == 0, capped.err
        assert 0 < spent <= 2.0
        assert "planned samples were not generated: budget of recipe:sums" in capped.err
        assert "Raise the cap and run again" in capped.err
        assert code == 0, told
        assert "not generated" not in told
        assert len(server.served) > paid
        assert set(server.paid.values()) == {1}


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


def test_ledger_over_http_holds_no_key_and_no_address(project: OwnProject, first: Finished):
    with sqlite3.connect(project.home / "ledger.sqlite") as connection:
        held = str(connection.execute("SELECT * FROM completions").fetchall())
    assert len(held) > 1_000
    assert "127.0.0.1" not in held
    assert _pieces(held) == set()
