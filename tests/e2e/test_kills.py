"""`kill -9` in the middle of a backfill of the UI: it goes on by itself."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from synth_assets.defs.run_launcher import _FORKS_ARE_SAFE
from tests.e2e.dagster_api import (
    FILLED,
    backfill_status,
    launch_backfill,
    missing,
    runs_of_backfill,
)
from tests.e2e.daily_loop import SAMPLES, only_own, refresh_inputs, written_loop
from tests.e2e.project import Project, user_interfaces
from tests.e2e.victims import victims
from tests.integration.chat_server import chat_server, embedded_answer
from tests.integration.own_project import WRITE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.e2e,
    pytest.mark.skipif(not _FORKS_ARE_SAFE, reason="processes of runs are told by their name"),
]

RECIPES = ("first", "second", "third")
ENDED = ("COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED")


def wait_until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 600
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def states_after_the_first(project: Project, made: str) -> list[str]:
    """Of runs that follow on one that failed, with its partition."""
    found = runs_of_backfill(project, made)
    failed = {partition for partition, status in found if status == "FAILURE"}
    return [status for key, status in found if key in failed and status != "FAILURE"]


def test_backfill_survives_the_end_of_its_code_server_and_of_a_run(tmp_path: Path):
    with chat_server(embedded_answer, delay_s=0.3) as server:
        loop = written_loop(tmp_path, server, RECIPES)
        for name in RECIPES:
            loop.own.write(f"{name}/write.md.j2", f"{WRITE}\nFor {name}.\n")
        with only_own(loop):
            refresh_inputs(loop)
            with user_interfaces(loop.project) as terminal:
                made = launch_backfill(loop.project, missing(loop.project, "raw_generations"))
                # The moment at which something was bought, and not all of it.
                wait_until(lambda: len(server.served) > 0 and len(victims(loop, "step")) > 0)
                os.kill(victims(loop, "step")[-1], signal.SIGKILL)
                wait_until(lambda: "STARTED" in states_after_the_first(loop.project, made))
                os.kill(victims(loop, "code server")[-1], signal.SIGKILL)
                terminal.wait_for("The code server is gone; it is started again.")
                wait_until(lambda: backfill_status(loop.project, made) in ENDED)
                status = backfill_status(loop.project, made)
                runs = Counter(status for _, status in runs_of_backfill(loop.project, made))

    assert (status, runs) == ("COMPLETED_SUCCESS", {"SUCCESS": len(RECIPES), "FAILURE": 1})
    for asset in FILLED:
        paths = (loop.own.home / "assets" / asset).glob("*~*.parquet")
        keys = {path.stem.partition("~")[0] for path in paths if pl.read_parquet(path).height}
        assert keys == set(RECIPES)
    needed = 2 * SAMPLES * len(RECIPES)
    in_flight = server.stats().paid_twice
    assert needed <= server.stats().served <= needed + in_flight
    assert in_flight <= SAMPLES
