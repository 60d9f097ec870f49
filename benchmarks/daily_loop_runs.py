"""What a run of its own costs, as the UI launches one for each missing partition of a backfill.

`python -m benchmarks.daily_loop_runs --recipes 8`: CPU seconds of each run's process, and of the
one that they are forked from; recipes of twelve rows, teachers that answer at once.
"""

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.timing import table
from tests.e2e.dagster_api import backfill_status, launch_backfill, missing
from tests.e2e.daily_loop import Loop, only_own, refresh_inputs, written_loop
from tests.e2e.project import user_interfaces
from tests.integration.chat_server import chat_server, embedded_answer
from tests.integration.own_project import WRITE
from tests.processes import processes_with

_PATIENCE_S = 1_800
_TICKS = os.sysconf("SC_CLK_TCK")


def measure(recipes: int = 8) -> str:
    """Fill that many recipes from the UI, and say what each run cost."""
    names = [f"r{number:02d}" for number in range(recipes)]
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        chat_server(embedded_answer) as server,
    ):
        loop = written_loop(Path(folder), server, names)
        for name in names:
            loop.own.write(f"{name}/write.md.j2", f"{WRITE}\nFor {name}.\n")
        with only_own(loop):
            refresh_inputs(loop)
            with user_interfaces(loop.project), _watched(loop) as cpu:
                began = time.monotonic()
                _backfill(loop)
                wall = time.monotonic() - began
    runs = sorted(seconds for parent, seconds in cpu.values() if parent in cpu)
    servers = [seconds for parent, seconds in cpu.values() if parent not in cpu]
    rows = [
        ["runs", str(len(runs))],
        [
            "CPU s of the cheapest, median, dearest",
            f"{runs[0]:.1f}, {runs[len(runs) // 2]:.1f}, {runs[-1]:.1f}",
        ],
        ["CPU s of the process that forks them", " and ".join(f"{s:.1f}" for s in servers)],
        ["wall s of the backfill", f"{wall:.0f}"],
    ]
    return table(["", ""], rows)


def _backfill(loop: Loop) -> None:
    made = launch_backfill(loop.project, missing(loop.project, "raw_generations"))
    deadline = time.monotonic() + _PATIENCE_S
    while backfill_status(loop.project, made) != "COMPLETED_SUCCESS":
        if time.monotonic() > deadline:
            raise SystemExit(f"the backfill is {backfill_status(loop.project, made)}")
        time.sleep(1)


def _forked(loop: Loop) -> list[int]:
    found = processes_with("SYNTH_HOME", str(loop.own.home))
    return [pid for pid, command in found.items() if "synth_assets.defs.run_forks" in command]


@contextmanager
def _watched(loop: Loop) -> Generator[dict[int, tuple[int, float]]]:
    """Process -> its parent, and its CPU seconds when it was seen last."""
    seen: dict[int, tuple[int, float]] = {}
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            for pid in _forked(loop):
                try:
                    stat = Path(f"/proc/{pid}/stat").read_text()
                except OSError:  # it ended meanwhile
                    continue
                fields = stat.rpartition(")")[2].split()
                seen[pid] = int(fields[1]), (int(fields[11]) + int(fields[12])) / _TICKS

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    try:
        yield seen
    finally:
        over.set()
        watching.join()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipes", type=int, default=8)
    print(measure(parser.parse_args().recipes))
