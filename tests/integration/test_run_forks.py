"""Runs in processes forked from one that has its imports behind it."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.reconstruct import ReconstructableJob
from dagster._core.launcher import LaunchRunContext

from synth_assets.defs import run_launcher
from synth_assets.defs.run_forks import RunForks
from synth_assets.defs.running import open_instance
from synth_assets.resources.home import Home

pytestmark = pytest.mark.skipif(not run_launcher._FORKS_ARE_SAFE, reason="runs are not forked here")

JOBS = """
import os, time, sys
from pathlib import Path
import dagster as dg

@dg.op
def say(context):
    import polars as pl
    said = pl.DataFrame({"n": [3, 4]}).lazy().select(pl.col("n").sum()).collect().item()
    loaded = "scipy.stats" in sys.modules
    Path(os.environ["SAID"]).write_text(f"{os.getpid()} {said} {loaded} {os.getcwd()}")

@dg.op
def last(context):
    Path(os.environ["SAID"]).write_text(str(os.getpid()))
    time.sleep(600)

@dg.op
def fail(context):
    raise ValueError("as it should")

@dg.job(executor_def=dg.in_process_executor)
def saying():
    say()

@dg.job(executor_def=dg.in_process_executor)
def lasting():
    last()

@dg.job(executor_def=dg.in_process_executor)
def failing():
    fail()
"""


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "jobs.py").write_text(JOBS)
    monkeypatch.setenv("SAID", str(tmp_path / "said"))
    return tmp_path / "said"


@pytest.fixture
def instance(tmp_path: Path, said: Path) -> Iterator[dg.DagsterInstance]:
    with open_instance(Home(tmp_path / "home")) as opened:
        yield opened


def launch(instance: dg.DagsterInstance, job: str, folder: Path) -> str:
    recon = ReconstructableJob.for_file(str(folder / "jobs.py"), job)
    run = instance.create_run_for_job(
        recon.get_definition(), job_code_origin=recon.get_python_origin()
    )
    instance.run_launcher.launch_run(LaunchRunContext(run, workspace=None))
    return run.run_id


def wait_until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def ended(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    def is_over() -> bool:
        run = instance.get_run_by_id(run_id)
        return run is not None and run.is_finished

    wait_until(is_over)
    return status(instance, run_id)


def test_runs_have_processes_of_their_own_and_their_outcome(
    instance: dg.DagsterInstance, said: Path
):
    pids: set[str] = set()
    for _ in range(2):
        run = launch(instance, "saying", said.parent)
        assert ended(instance, run) is dg.DagsterRunStatus.SUCCESS
        pid, total, _, folder = said.read_text().split(" ", 3)
        assert (total, folder) == ("7", os.getcwd())
        pids.add(pid)
    assert len({*pids, str(os.getpid())}) == 3

    failed = launch(instance, "failing", said.parent)
    assert ended(instance, failed) is dg.DagsterRunStatus.FAILURE


def test_imports_of_later_runs_are_made_beforehand(instance: dg.DagsterInstance, said: Path):
    loaded = "False"
    deadline = time.monotonic() + 300
    while loaded == "False" and time.monotonic() < deadline:
        assert ended(instance, launch(instance, "saying", said.parent))
        loaded = said.read_text().split(" ", 3)[2]
    assert loaded == "True"


def test_run_ends_as_canceled_when_asked_to(instance: dg.DagsterInstance, said: Path):
    run = launch(instance, "lasting", said.parent)
    wait_until(lambda: said.exists() and said.read_text() != "")
    assert instance.run_launcher.terminate(run)
    assert ended(instance, run) is dg.DagsterRunStatus.CANCELED
    assert not instance.run_launcher.terminate(run)


def test_run_goes_on_where_the_server_of_forks_was_closed_or_killed(
    instance: dg.DagsterInstance, said: Path
):
    launcher = instance.run_launcher
    assert isinstance(launcher, run_launcher.WatchedRunLauncher)
    first = launch(instance, "lasting", said.parent)
    wait_until(lambda: said.exists() and said.read_text() != "")
    server = run_launcher._FORKS._server
    assert server is not None
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    said.unlink()
    second = launch(instance, "lasting", said.parent)
    wait_until(lambda: said.exists() and said.read_text() != "")
    launcher.dispose()
    for run in (first, second):
        assert status(instance, run) is dg.DagsterRunStatus.STARTED
        assert launcher.terminate(run)
        assert ended(instance, run) is dg.DagsterRunStatus.CANCELED


def test_launchers_of_a_process_share_a_server_and_runs_have_its_environment(
    instance: dg.DagsterInstance, said: Path, monkeypatch: pytest.MonkeyPatch
):
    assert ended(instance, launch(instance, "saying", said.parent))
    server = run_launcher._FORKS._server
    with dg.DagsterInstance.from_ref(instance.get_ref()) as other:
        assert other.run_launcher is not instance.run_launcher
        assert ended(other, launch(other, "saying", said.parent))
        assert run_launcher._FORKS._server is server
        monkeypatch.setenv("SAID", str(said.parent / "elsewhere"))
        assert ended(other, launch(other, "saying", said.parent))
    assert (said.parent / "elsewhere").read_text().split()[1] == "7"
    assert server is not None
    assert server.poll() is not None


def test_server_that_cannot_start_fails_the_launch_and_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    with pytest.raises(FileNotFoundError):
        RunForks().fork("{}")
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(OSError, match="forks runs ended"):
        RunForks().fork("{}")
