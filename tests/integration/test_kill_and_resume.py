"""Runs that are killed, interrupted, or two at once: nothing paid is lost, nothing half is used."""

import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from tests.integration.chat_server import ChatServer, chat_server, embedded_answer
from tests.integration.own_project import OwnProject, own_project

SAMPLES = 16
ON_THEIR_WAY = 3
"""Calls in flight at any moment: three teachers, one call each."""


def _project(root: Path, server: ChatServer) -> OwnProject:
    project = own_project(root, server.base_url, SAMPLES)
    project.write_teachers(server.base_url, parallelism=1)
    return project


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    """A server that takes its time, so that a kill finds calls on their way."""
    with chat_server(embedded_answer, delay_s=0.1) as server:
        yield server


@pytest.fixture(scope="module")
def undisturbed(server: ChatServer, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """The training set of two runs that nothing kills, started at the same moment."""
    project = _project(tmp_path_factory.mktemp("undisturbed"), server)
    runs = [project.start(), project.start()]
    ended = [run.finish() for run in runs]

    assert [code for code, _ in ended] == [0, 0], ended
    assert len(server.served) == project.ledger_stats().completions
    server.served.clear()
    return project.training_rows()


def _kill_when_written(project: OwnProject, pattern: str, after_s: float) -> None:
    """Kill a run a moment after it wrote a file; one that ends sooner makes its export anew."""
    for _ in range(5):
        run = project.start()
        run.stop_when(lambda: any(project.home.glob(pattern)), after_s, signal.SIGKILL)
        code, out = run.finish()
        if code == -signal.SIGKILL:
            return
        assert code == 0, out
        shutil.rmtree(project.export)
    pytest.fail("each run ended before it was killed")


def _whole_frames(home: Path) -> int:
    """Read every frame that any stage would take for whole."""
    paths = [path for path in home.rglob("*.parquet") if not path.name.startswith(".")]
    return sum(1 for path in paths if pl.read_parquet(path).width > 0)


def test_two_runs_at_once_both_end_well_and_pay_once(undisturbed: pl.DataFrame):
    assert set(undisturbed["origin"]) == {"real", "synthetic"}
    assert undisturbed.height > SAMPLES
    assert undisturbed["sample_id"].is_unique().all()


def test_run_killed_again_and_again_ends_with_the_rows_of_an_undisturbed_one(
    server: ChatServer, undisturbed: pl.DataFrame, tmp_path: Path
):
    project = _project(tmp_path, server)
    home = project.home
    moments = random.Random(29)
    while_buying = [lambda: len(server.served) >= 8, lambda: len(server.served) >= 14]
    later = [
        "assets/raw_generations/*.parquet",
        "decisions/dedup/*.parquet",
        "lineage.duckdb",
        "exports/.all.part/train.jsonl",
        "exports/all/train.jsonl",
    ]

    for ready in while_buying:
        run = project.start()
        run.stop_when(ready, moments.uniform(0, 0.15), signal.SIGKILL)
        assert run.finish()[0] == -signal.SIGKILL
        time.sleep(2 * server.delay_s)  # what was on its way is now served, and paid
        # Beside what is on its way, answers of the last 50 ms may not be on disk yet.
        lost_each = 2 * ON_THEIR_WAY
        kept = project.ledger_stats().completions if (home / "ledger.sqlite").exists() else 0
        assert kept >= len(server.served) - lost_each * (1 + while_buying.index(ready))
        assert kept > 0
    for pattern in later:
        _kill_when_written(project, pattern, moments.uniform(0, 0.1))
        assert _whole_frames(home) > 0
    paid = len(server.served)
    code, out = project.start().finish()

    assert code == 0, out
    assert len(server.served) == paid, "all was bought before the kills that came later"
    assert paid <= project.ledger_stats().completions + 2 * 2 * ON_THEIR_WAY
    assert project.training_rows().equals(undisturbed)


@pytest.mark.parametrize("asked_to_stop", [signal.SIGINT, signal.SIGTERM])
def test_run_interrupted_keeps_every_completion_it_paid_for(tmp_path: Path, asked_to_stop: int):
    # Answers take long beside the time that a signal takes to be heard.
    with chat_server(embedded_answer, delay_s=0.3) as server:
        project = _project(tmp_path, server)
        run = project.start()
        run.stop_when(lambda: len(server.served) >= 5, 0.0, asked_to_stop)
        code, out = run.finish()

    assert code == 130, out
    assert "What was bought is kept" in out
    assert "Traceback" not in out
    assert project.ledger_stats().completions == len(server.served)
    assert 5 <= len(server.served) <= 5 + 2 * ON_THEIR_WAY, "and nothing new was asked"


@pytest.mark.parametrize("asked_to_stop", [signal.SIGINT, signal.SIGTERM])
def test_run_interrupted_while_answers_are_far_away_does_not_wait_for_them(
    tmp_path: Path, asked_to_stop: int
):
    with chat_server(embedded_answer, delay_s=25) as slow:
        project = _project(tmp_path, slow)
        run = project.start()
        run.stop_when(lambda: slow.asked >= 2, 0.2, asked_to_stop)
        told_to_stop = time.monotonic()
        code, out = run.finish()

        # The promise is five seconds; the rest is for a busy machine. Answers take 25.
        assert time.monotonic() - told_to_stop < 15
        assert code == 130, out
        assert "What was bought is kept" in out
        assert slow.served == []
    with sqlite3.connect(project.home / "ledger.sqlite") as ledger:
        failures = ledger.execute("SELECT failure, times FROM failures").fetchall()
        leases = ledger.execute("SELECT * FROM leases").fetchall()
    assert failures == [("interrupted", 1)] * slow.asked
    assert leases == []
