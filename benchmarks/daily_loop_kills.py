"""What `kill -9` in the middle of a backfill of the UI leaves behind.

`python -m benchmarks.daily_loop_kills --recipes 40`: the daemon, the code server and the process of
a step are killed, one after the other; the UI is started again where it ended, what failed is
filled again, and what lies on disk and was bought in the end is told.
"""

import argparse
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from benchmarks.timing import table
from tests.e2e.dagster_api import (
    FILLED,
    backfill_status,
    launch_backfill,
    missing,
    runs_of_backfill,
)
from tests.e2e.daily_loop import Loop, only_own, refresh_inputs, written_loop
from tests.e2e.project import user_interfaces
from tests.e2e.victims import victims
from tests.integration.chat_server import chat_server, embedded_answer
from tests.integration.own_project import WRITE

_ENDED = ("COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED")
_PATIENCE_S = 1_800
_AWAY_S = 45
_DELAY_S = 0.2
"""Of each answer, so that steps last long enough to be struck."""


@dataclass
class _Story:
    """What was seen."""

    lines: list[list[str]] = field(default_factory=list[list[str]])
    began: float = field(default_factory=time.monotonic)

    def tell(self, what: str) -> None:
        at = f"{time.monotonic() - self.began:.0f}"
        self.lines.append([at, what])
        print(f"{at:>5} s  {what}", flush=True)


def _wait(ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not ready():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {_PATIENCE_S} s for {what}")
        time.sleep(0.5)


def _states(loop: Loop, made: str) -> Counter[str]:
    return Counter(status for _, status in runs_of_backfill(loop.project, made))


def _strike(loop: Loop, made: str, victim: str, after: int, story: _Story) -> None:
    """Kill once so many runs have ended and others are under way."""

    def ready() -> bool:
        states = _states(loop, made)
        return states["SUCCESS"] >= after and states["STARTED"] > 0 and bool(victims(loop, victim))

    _wait(ready, f"{after} runs")
    for pid in victims(loop, victim)[-1:]:
        os.kill(pid, signal.SIGKILL)
    story.tell(f"killed: {victim}; runs then: {dict(_states_if_up(loop, made))}")


def _states_if_up(loop: Loop, made: str) -> Counter[str]:
    try:
        return _states(loop, made)
    except OSError:
        return Counter()


def measure(recipes: int = 40) -> str:
    """Kill all three, and say what was seen."""
    story = _Story()
    names = [f"r{number:02d}" for number in range(recipes)]
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        chat_server(embedded_answer, delay_s=_DELAY_S) as server,
    ):
        loop = written_loop(Path(folder), server, names)
        for name in names:
            loop.own.write(f"{name}/write.md.j2", f"{WRITE}\nFor {name}.\n")
        with only_own(loop):
            refresh_inputs(loop)
            _walk(loop, recipes, story)
    return table(["s", "what"], story.lines)


def _walk(loop: Loop, recipes: int, story: _Story) -> None:
    with user_interfaces(loop.project) as terminal:
        made = launch_backfill(loop.project, missing(loop.project, "raw_generations"))
        story.tell(f"launched {recipes} partitions")
        _strike(loop, made, "daemon", recipes // 10, story)
        story.tell(f"`synth ui` ended with code {terminal.wait_for_end()}")
    with user_interfaces(loop.project):
        story.tell(f"started again; runs then: {dict(_states(loop, made))}")
        _strike(loop, made, "code server", 3 * recipes // 10, story)
        time.sleep(_AWAY_S)
        story.tell(f"{_AWAY_S} s later: {dict(_states(loop, made))}")
        _strike(loop, made, "step", 6 * recipes // 10, story)
        _finish(loop, made, story)
        _look(loop, recipes, story)


def _finish(loop: Loop, made: str, story: _Story) -> None:
    _wait(lambda: backfill_status(loop.project, made) in _ENDED, "the end of the backfill")
    story.tell(f"{backfill_status(loop.project, made)}: {dict(_states(loop, made))}")
    if left := sorted({key for asset in FILLED for key in missing(loop.project, asset)}):
        story.tell(f"filled again: {len(left)} partitions that failed or are missing")
        _finish(loop, launch_backfill(loop.project, left), story)


def _look(loop: Loop, recipes: int, story: _Story) -> None:
    for asset in FILLED:
        paths = sorted((loop.own.home / "assets" / asset).glob("*.parquet"))
        rows = [pl.read_parquet(path, glob=False).height for path in paths]
        story.tell(f"{asset}: {len(paths)} files of {recipes}, all of them read, rows {sum(rows)}")
    parts = [path for path in loop.own.home.rglob("*") if path.suffix in (".part", ".tmp")]
    story.tell(f"half-written files: {len(parts)}; parts left: {_left(loop.own.home)}")
    stats = loop.server.stats()
    story.tell(f"completions served: {stats.served}, of these paid for twice: {stats.paid_twice}")


def _left(home: Path) -> int:
    folder = home / "generating"
    return len(list(folder.iterdir())) if folder.is_dir() else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipes", type=int, default=40)
    print(measure(parser.parse_args().recipes))
