"""Batch delivery through real LiteLLM and HTTP: to the end of a run, and through kills."""

import asyncio
import json
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from synth_assets.cli.main import main
from synth_assets.core.config.teachers import Teacher
from synth_assets.defs.running import open_instance
from synth_assets.defs.sensors import batch_sensor
from synth_assets.resources.batches.courier import Courier
from synth_assets.resources.batches.lane import LiteLLMBatchLane
from synth_assets.resources.batches.round_trip import poll
from synth_assets.resources.batches.states import BatchState
from synth_assets.resources.home import Home
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.settings import switch_off_telemetry
from tests.integration.chat_server import BatchPlan, ChatServer, Fault, chat_server, embedded_answer
from tests.integration.own_project import (
    INPUT_USD,
    KEY,
    KEY_ENV,
    OUTPUT_USD,
    OwnProject,
    own_project,
)
from tests.unit.batch_provider import PAYER, TEACHER, Waiting, defer

_FORKS = multiprocessing.get_context("forkserver")


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server(embedded_answer) as server:
        yield server


@pytest.fixture
def project(server: ChatServer, tmp_path: Path) -> OwnProject:
    project = own_project(tmp_path, server.base_url)
    project.write_teachers(server.base_url, delivery="batch")
    return project


@pytest.fixture
def environment(project: OwnProject, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**project.synth.environment, "SYNTH_HOME": str(project.home)}.items():
        monkeypatch.setenv(name, value)


def _complete_all(server: ChatServer) -> None:
    for name, batch in server.batches.made.items():
        if batch.status in ("validating", "in_progress"):
            server.batches.complete(name)


def _spent(project: OwnProject) -> dict[str, tuple[float, float]]:
    """US dollars spent and reserved by account."""
    ledger = Ledger(project.home / "ledger.sqlite")
    try:
        accounts = {name: ledger.account(name) for name in ("all", "recipe:sums", "teacher:writer")}
        return {name: (each.usd, each.reserved_usd) for name, each in accounts.items()}
    finally:
        ledger.close()


# --- whole runs ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("environment")
def test_run_over_batches_waits_is_fetched_and_ends_with_every_row_paid_once(
    server: ChatServer, project: OwnProject
):
    first = project.synth(*project.arguments)
    assert first.code == 75
    assert "12 planned samples wait for 12 requests in 2 batches" in first.err
    assert "synth batches --wait" in first.err
    assert "Traceback" not in first.err + first.out
    assert len(server.batches.made) == 2
    named = {batch.asked["metadata"]["synth_batch"] for batch in server.batches.made.values()}
    listed = project.synth("batches", "--json").record
    assert {batch["name"] for batch in listed["batches"]} == named
    assert {batch["state"] for batch in listed["batches"]} == {"submitted"}

    _complete_all(server)
    polled = project.synth("batches", "--poll", "--json")
    assert (polled.code, {b["state"] for b in polled.record["batches"]}) == (0, {"fetched"})
    assert "Warning" not in polled.err
    second = project.synth(*project.arguments)
    assert second.code == 75, second.err
    assert "12 requests in 1 batches" in second.err

    _sensor_fetches_and_starts_the_recipe(server, project)
    last = project.synth(*project.arguments, "--json")
    assert (last.code, last.record["pending"], last.record["failures"]) == (0, [], [])

    asked, told = server.tokens
    usd = (asked * INPUT_USD + told * OUTPUT_USD) / 1_000_000
    assert (server.paid.total(), len(server.paid), server.asked) == (24, 24, 0)
    assert _spent(project)["recipe:sums"] == (pytest.approx(usd, abs=1e-9), 0)
    [cost] = [row for row in last.record["cost"] if row["recipe"] == "sums"]
    assert cost["cost_usd"] == pytest.approx(usd, abs=1e-9)
    assert project.training_rows()["origin"].to_list().count("synthetic") == 12
    _holds_no_key(project.home)


def _sensor_fetches_and_starts_the_recipe(server: ChatServer, project: OwnProject) -> None:
    with open_instance(Home(project.home)) as instance:
        context = dg.build_sensor_context(instance=instance, sensor_name="batch_sensor")
        early = batch_sensor(context)
        assert isinstance(early, dg.SensorResult)
        assert early.skip_reason == dg.SkipReason("0 batches fetched, 1 open.")

        _complete_all(server)
        context = dg.build_sensor_context(
            instance=instance, cursor=early.cursor, sensor_name="batch_sensor"
        )
        ready = batch_sensor(context)
        assert isinstance(ready, dg.SensorResult)
        [wanted] = ready.run_requests or []
        assert str(wanted.partition_key).startswith("sums~")
        assert wanted.partition_key in instance.get_dynamic_partitions("recipe_versions")

        context = dg.build_sensor_context(
            instance=instance, cursor=ready.cursor, sensor_name="batch_sensor"
        )
        later = batch_sensor(context)
        assert isinstance(later, dg.SensorResult)
        assert (later.skip_reason, later.cursor) == (
            dg.SkipReason("No batch is open."),
            ready.cursor,
        )


def _holds_no_key(home: Path) -> None:
    files = [path for path in home.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


@pytest.mark.slow
def test_sensor_without_an_open_batch_imports_no_litellm_and_asks_nobody(project: OwnProject):
    Ledger(project.home / "ledger.sqlite").close()
    code = (
        "import sys, dagster as dg\n"
        "from synth_assets.defs.sensors import batch_sensor\n"
        "told = batch_sensor(dg.build_sensor_context())\n"
        "print(told.skip_reason.skip_message, 'litellm' in sys.modules)"
    )
    variables = {**os.environ, **project.synth.environment, "SYNTH_HOME": str(project.home)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, timeout=240
    )
    assert done.stdout.strip() == "No batch is open. False", done.stderr


# --- kills --------------------------------------------------------------------------------------


def _run_synth(arguments: tuple[str, ...], variables: dict[str, str], log: str) -> None:
    os.environ.update(variables)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    main(list(arguments))


def _die_at(point: str, arguments: tuple[str, ...], variables: dict[str, str], log: str) -> None:
    """Run `synth` in this process, and kill it before (`+`) or after (`-`) a call."""
    name = point[1:]
    method = getattr(LiteLLMBatchLane, name)

    async def dying(lane: LiteLLMBatchLane, *told: Any, **other: Any) -> Any:
        if point[0] == "+":
            os.kill(os.getpid(), signal.SIGKILL)
        got = await method(lane, *told, **other)
        os.kill(os.getpid(), signal.SIGKILL)
        return got

    async def dying_pieces(lane: LiteLLMBatchLane, file_id: str) -> Any:
        async for piece in method(lane, file_id):
            if point[0] == "+":
                os.kill(os.getpid(), signal.SIGKILL)
            yield piece
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(LiteLLMBatchLane, name, dying_pieces if name == "content" else dying)
    _run_synth(arguments, variables, log)


@pytest.mark.slow
def test_kill_9_at_every_call_of_a_batch_pays_each_request_once(
    server: ChatServer, project: OwnProject
):
    switch_off_telemetry()  # before the fork server, which hands its environment on
    _FORKS.set_forkserver_preload(["tests.integration.warm_processes"])
    variables = {**project.synth.environment, "SYNTH_HOME": str(project.home)}
    log = project.root / "killed.log"

    def killed(point: str, *arguments: str) -> None:
        told = (point, arguments or project.arguments, variables, str(log))
        process = _FORKS.Process(target=_die_at, args=told)
        process.start()
        process.join(timeout=240)
        assert process.exitcode == -signal.SIGKILL, (point, log.read_text())

    for point in ("+upload", "-upload", "+submit"):
        killed(point)
    _forget_the_doubt(project)
    killed("-submit")
    assert len(server.batches.made) == 1
    done = project.synth(*project.arguments)
    assert done.code == 75, done.err
    assert len(server.batches.made) == 2, "the first was adopted"
    _complete_all(server)
    for point in ("+look", "-look", "+content", "-content"):
        killed(point, "batches", "--poll")
    for _ in range(2):
        assert project.synth("batches", "--poll").code == 0
        last = project.synth(*project.arguments)
        _complete_all(server)
    assert last.code == 0, last.err
    assert (server.paid.total(), len(server.paid)) == (24, 24)
    assert len(server.batches.made) == 3
    asked, told = server.tokens
    usd = (asked * INPUT_USD + told * OUTPUT_USD) / 1_000_000
    assert _spent(project)["all"] == (pytest.approx(usd, abs=1e-9), 0)


def _forget_the_doubt(project: OwnProject) -> None:
    """As if the two minutes had passed after which a batch that is in no list is made again."""
    ledger = Ledger(project.home / "ledger.sqlite")
    with ledger.writing() as connection:
        query = "UPDATE batches SET changed_at = '2026-01-01T00:00:00+00:00' WHERE state = ?"
        assert connection.execute(query, (BatchState.SUBMITTING,)).rowcount == 1
    ledger.close()


# --- the lane -----------------------------------------------------------------------------------


@pytest.fixture
def waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Waiting]:
    monkeypatch.setenv(KEY_ENV, KEY)
    waiting = Waiting.at(tmp_path / "ledger.sqlite")
    yield waiting
    waiting.ledger.close()


def _teacher(server: ChatServer) -> Teacher:
    more = {"api_base": server.base_url, "api_key_env": KEY_ENV}
    return TEACHER.model_copy(update=more)


def test_lane_finds_a_batch_whose_acknowledgement_was_lost_among_hundreds(
    server: ChatServer, waiting: Waiting
):
    teacher = _teacher(server)
    server.answer = partial(_said, "yes")
    defer(waiting.ledger, range(3))
    batch = waiting.books.assign(teacher, PAYER)
    assert batch is not None
    courier = _courier(waiting, teacher)

    async def work() -> None:
        uploaded = await courier.submit(batch)
        assert uploaded.state == BatchState.SUBMITTED
        lane = LiteLLMBatchLane(teacher, server.base_url)
        other_file = server.batches.files.store("other.jsonl", "batch", b"{}").file_id
        for number in range(120):
            await lane.submit(f"other-{number}", other_file)
        found = await lane.find(uploaded)
        assert found is not None
        assert found.provider_id == uploaded.provider_id

    asyncio.run(work())


def test_lane_submits_once_where_the_acknowledgement_is_lost(server: ChatServer, waiting: Waiting):
    teacher = _teacher(server)
    server.batches.losing = 1
    defer(waiting.ledger, range(3))
    batch = waiting.books.assign(teacher, PAYER)
    assert batch is not None
    done = asyncio.run(_courier(waiting, teacher).submit(batch))
    [made] = server.batches.made
    assert (done.state, done.provider_id) == (BatchState.SUBMITTED, made)


def test_lane_keeps_a_partial_result_and_submits_the_rest_again(
    server: ChatServer, waiting: Waiting
):
    teacher = _teacher(server)
    server.answer = partial(_said, "yes")
    server.batches.plan = BatchPlan(expires_after=30, shuffle_seed=7)
    defer(waiting.ledger, range(50))
    for _ in range(2):
        batch = waiting.books.assign(teacher, PAYER)
        assert batch is not None
        courier = _courier(waiting, teacher)
        batch = asyncio.run(courier.submit(batch))
        server.batches.complete(batch.provider_id)
        server.batches.plan = BatchPlan()
        polled = asyncio.run(poll(courier))
        assert [each.state for each in polled.closed] == [BatchState.FETCHED]
    counts = [(each.requests, each.answered, each.failed) for each in waiting.books.all()]
    assert counts == [(50, 30, 20), (20, 20, 0)]
    assert (server.paid.total(), len(server.paid)) == (50, 50)
    assert waiting.ledger.stats().completions == 50


def test_lane_with_a_refused_key_tells_without_it_and_keeps_the_batch(
    server: ChatServer, waiting: Waiting
):
    teacher = _teacher(server)
    defer(waiting.ledger, range(2))
    batch = waiting.books.assign(teacher, PAYER)
    assert batch is not None
    quoting = json.dumps({"error": {"message": f"bad key {KEY}", "code": "x"}}).encode()
    server.batches.faults += [Fault(401, quoting)]
    polled = asyncio.run(poll(_courier(waiting, teacher)))
    [said] = polled.failures.values()
    assert "401" in said
    assert KEY not in said
    kept = waiting.books.named(batch.name)
    assert kept is not None
    assert (kept.state, kept.said) == (BatchState.NEW, said)
    assert KEY.encode() not in waiting.ledger.path.read_bytes()


def _courier(waiting: Waiting, teacher: Teacher) -> Courier:
    return Courier(waiting.books, {"writer": teacher})


def _said(text: str, body: dict[str, Any]) -> str:
    return text
