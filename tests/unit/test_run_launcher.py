"""Runs whose process is gone are noticed."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import EngineEventData
from dagster._core.launcher import WorkerStatus

from synth_assets.defs.run_launcher import WatchedRunLauncher
from synth_assets.defs.running import open_instance
from synth_assets.resources.home import Home


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with open_instance(Home(tmp_path)) as opened:
        yield opened


def health(instance: dg.DagsterInstance, *pids: int) -> WorkerStatus:
    """Of a run of which processes wrote, one after the other."""
    run = instance.create_run_for_job(dg.GraphDefinition(name="nothing").to_job())
    for pid in pids:
        instance.report_engine_event("Started", run, EngineEventData({"pid": str(pid)}))
    assert isinstance(instance.run_launcher, WatchedRunLauncher)
    return instance.run_launcher.check_run_worker_health(run).status


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    return process.pid


def test_run_whose_process_ended_is_failed_and_others_are_running(instance: dg.DagsterInstance):
    dead = ended_process()
    assert health(instance, dead) is WorkerStatus.FAILED
    assert health(instance, os.getpid()) is WorkerStatus.RUNNING
    assert health(instance, dead, os.getpid()) is WorkerStatus.RUNNING
    assert health(instance, os.getpid(), dead) is WorkerStatus.FAILED
    assert health(instance) is WorkerStatus.RUNNING


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="no /proc to ask")
def test_process_that_took_over_a_number_is_not_the_runs(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    an_hour_ago = time.time() - 3_600
    monkeypatch.setattr(time, "time", lambda: an_hour_ago)
    process = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert health(instance, process.pid) is WorkerStatus.FAILED
    finally:
        process.kill()
        process.wait()
