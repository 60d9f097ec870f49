"""Several worker processes for one recipe: the rows of one process, whatever ends a worker."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from synth_assets.core.planning import Plan
from synth_assets.core.sample import Seed
from synth_assets.errors import TeacherError
from synth_assets.resources.generation.engine import Progress
from synth_assets.resources.generation.parts import PartsFolder
from synth_assets.resources.generation.workers import generate_with_workers
from synth_assets.resources.ledger.store import Ledger
from tests.integration.chat_process import ChatProcess, chat_process
from tests.integration.chat_server import Price as ServerPrice
from tests.integration.chat_server import PriceList, Rules
from tests.integration.endurance import PRICE, Job
from tests.integration.worker_jobs import RunningJob, WorkerJob

PRICES = PriceList(other=ServerPrice(PRICE.input_usd, PRICE.output_usd))
PART = 250
SAMPLES = 3_000


def _generate_here(job: Job, told: list[Progress]) -> PartsFolder:
    """The last and the first planned samples of two parts, by workers of the test's own process."""
    seeds = [Seed.of("recipe", {"passage": f"passage {n} of the run"}) for n in range(200)]
    plan = Plan.of(job.recipe, seeds)
    folder = job.root / "generating"
    parts = PartsFolder(folder, plan.fingerprint)
    ledger = job.ledger
    try:
        generate_with_workers(
            plan, 4_960, 5_060, 2, ledger, parts, folder, run="r", on_progress=told.append
        )
    finally:
        ledger.close()
    return parts


@pytest.fixture
def server() -> Iterator[ChatProcess]:
    with chat_process("echo", 0.02, prices=PRICES) as server:
        yield server


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> WorkerJob:
    """What one process makes."""
    with chat_process("echo") as server:
        root = str(tmp_path_factory.mktemp("alone"))
        return WorkerJob(root, "run", server.base_url, workers=1).done()


def _completions(job: WorkerJob) -> int:
    ledger: Ledger = job.ledger
    try:
        return ledger.stats().completions
    finally:
        ledger.close()


def _assert_same_rows(job: WorkerJob, alone: WorkerJob) -> None:
    assert job.table("samples").equals(alone.table("samples"))
    assert job.table("decisions").equals(alone.table("decisions"))
    measured = ("latency_s", "from_ledger")
    assert job.table("calls").drop(measured).equals(alone.table("calls").drop(measured))


def _wait_for_parts(job: WorkerJob, running: RunningJob, parts: int) -> None:
    running.wait_until(lambda: job.done_parts >= parts and len(running.workers()) == 2)


def _wait_for_no_workers(running: RunningJob, patience_s: float) -> float:
    """Seconds until the last worker is gone."""
    started = time.monotonic()
    while running.workers():
        assert time.monotonic() - started < patience_s, "a worker outlives the run"
        time.sleep(0.05)
    return time.monotonic() - started


def test_two_workers_make_what_one_process_makes_and_pay_once(
    server: ChatProcess, alone: WorkerJob, tmp_path: Path
):
    job = WorkerJob(str(tmp_path), "run", server.base_url).done()
    paid = server.paid()

    _assert_same_rows(job, alone)
    assert len(paid) == SAMPLES
    assert set(paid.values()) == {1}
    told, expected = job.outcome(), alone.outcome()
    for name in ("bought", "tokens", "spent_usd_pico", "from_ledger", "planned", "last_finished"):
        assert told[name] == expected[name], name
    assert told["bought"] == SAMPLES
    assert told["reserved_usd_pico"] == 0
    assert told["told_the_end"] == 1
    assert server.stats().most_at_once <= job.parallelism


def test_workers_of_a_process_that_is_no_program_of_ours_do_their_work(
    server: ChatProcess, tmp_path: Path
):
    told: list[Progress] = []
    job = Job(tmp_path, "here", server.base_url, 5_060)
    parts = _generate_here(job, told)

    positions = parts.table("samples").lazy().collect()["position"]
    assert sorted(positions) == list(range(4_960, 5_060))
    assert (told[-1].finished, told[-1].planned, told[-1].in_flight) == (100, 100, 0)
    assert told[-1].spending.bought == 100
    account = job.ledger.account("run:r")
    assert account.usd_pico == told[-1].spending.spent_usd_pico > 0


def test_workers_with_a_refused_key_stop_with_the_error_of_one_process(tmp_path: Path):
    with chat_process("echo", rules=Rules(api_key="another")) as server:
        job = Job(tmp_path, "here", server.base_url, 5_060)
        with pytest.raises(TeacherError, match=r"Teacher writer .* cannot be used: HTTP 401"):
            _generate_here(job, [])

    account = job.ledger.account("all")
    assert (account.usd_pico, account.reserved_usd_pico) == (0, 0)


def test_worker_killed_is_told_and_its_parts_are_made_by_another(
    server: ChatProcess, alone: WorkerJob, tmp_path: Path
):
    job = WorkerJob(str(tmp_path), "run", server.base_url)
    running = job.start()
    _wait_for_parts(job, running, 2)
    os.kill(running.workers()[0], signal.SIGKILL)

    assert running.finish() == 0, running.log.read_text()
    _assert_same_rows(job, alone)
    assert "warned: shared: a worker process was ended by signal 9 at work on samples:" in (
        running.log.read_text()
    )
    # In flight at the kill were at most half, and as many again may not have been on disk.
    # In flight, and answers of the last commit window.
    assert server.paid().total() - SAMPLES <= job.parallelism + 150
    assert job.outcome()["last_finished"] == SAMPLES


def test_workers_killed_again_and_again_end_the_run_with_what_to_do(
    server: ChatProcess, tmp_path: Path
):
    job = WorkerJob(str(tmp_path), "run", server.base_url)
    running = job.start()
    while running.process.poll() is None:
        for pid in running.workers():
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)

    assert running.finish() == 1, running.log.read_text()
    assert job.outcome()["error"] == "WorkerError"
    assert "set SYNTH_WORKERS=1" in job.outcome()["message"]
    assert "Traceback" not in running.log.read_text()


def test_run_killed_leaves_no_worker_and_loses_nothing(
    server: ChatProcess, alone: WorkerJob, tmp_path: Path
):
    job = WorkerJob(str(tmp_path), "run", server.base_url)
    running = job.start()
    _wait_for_parts(job, running, 2)
    running.process.kill()
    assert running.finish() == -signal.SIGKILL
    _wait_for_no_workers(running, 20.0)
    assert _completions(job) == server.paid().total()

    again = WorkerJob(str(tmp_path), "again", server.base_url).done()
    _assert_same_rows(again, alone)
    assert set(server.paid().values()) == {1}


@pytest.mark.parametrize("asked_to_stop", [signal.SIGINT, signal.SIGTERM])
def test_run_interrupted_stops_its_workers_and_the_next_one_goes_on(
    server: ChatProcess, alone: WorkerJob, tmp_path: Path, asked_to_stop: signal.Signals
):
    job = WorkerJob(str(tmp_path), "run", server.base_url)
    running = job.start()
    _wait_for_parts(job, running, 3)
    started = time.monotonic()
    if asked_to_stop == signal.SIGINT:
        running.press_ctrl_c()
    else:
        running.process.terminate()

    assert running.finish() == 130, running.log.read_text()
    assert time.monotonic() - started < 30
    assert running.workers() == []
    assert "Traceback" not in running.log.read_text()
    assert _completions(job) == server.paid().total() < SAMPLES

    done, kept = job.done_parts, _completions(job)
    again = WorkerJob(str(tmp_path), "again", server.base_url).done()
    _assert_same_rows(again, alone)
    assert set(server.paid().values()) == {1}
    told = again.outcome()
    assert told["bought"] == SAMPLES - kept
    assert told["from_ledger"] == kept - done * PART, "finished parts are not made again"
    assert told["first_finished"] > done * PART


def test_error_in_one_worker_stops_all_and_is_the_one_of_one_process(
    server: ChatProcess, tmp_path: Path
):
    told = []
    for workers in (1, 2):
        root = str(tmp_path / str(workers))
        job = WorkerJob(root, "run", server.base_url, workers=workers, bad_seed=True)
        running = job.start()
        assert running.finish() == 1, running.log.read_text()
        assert running.workers() == []
        assert running.log.read_text() == ""
        told.append(job.outcome())

    assert told[0] == told[1]
    assert told[0]["error"] == "RecipeError"
    assert "seeds have no field passage" in told[0]["message"]


def test_workers_under_one_cap_never_spend_beyond_it(server: ChatProcess, tmp_path: Path):
    cap = 10.0
    job = WorkerJob(str(tmp_path), "run", server.base_url, samples=1_500, usd=cap).done()
    spent = server.stats().usd

    assert 0.9 * cap < spent <= cap, "by the server's own count"
    assert job.outcome()["over"] == ["all"]
    decisions = job.table("decisions")
    assert decisions.height == 1_500
    assert set(decisions["reason"].drop_nulls()) == {"budget_reached"}
    assert decisions.filter(decisions["outcome"] == "kept").height == job.outcome()["bought"]

    raised = WorkerJob(str(tmp_path), "raised", server.base_url, samples=1_500, usd=1e4).done()
    assert raised.table("samples").height == 1_500
    assert set(server.paid().values()) == {1}


def test_workers_that_have_nothing_to_do_make_the_same_rows_again(
    server: ChatProcess, alone: WorkerJob, tmp_path: Path
):
    WorkerJob(str(tmp_path), "run", server.base_url, workers=3).done()
    again = WorkerJob(str(tmp_path), "again", server.base_url).done()

    _assert_same_rows(again, alone)
    assert again.outcome()["bought"] == 0
    assert len(server.paid()) == server.paid().total() == SAMPLES
