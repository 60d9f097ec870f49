"""`synth` in processes that have their imports behind them: a real process, killable, in no time.

Importing this module imports what takes seconds; the fork server does so once for all.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from synth_assets.cli.main import main
from synth_assets.cli.run import run_and_report  # noqa: F401  warms Dagster
from synth_assets.resources.settings import switch_off_telemetry

_FORKS = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Started:
    """A `synth` in the background.

    Attributes:
        process: it.
        log: what it prints, both streams.
    """

    process: BaseProcess
    log: Path

    def finish(self) -> tuple[int | None, str]:
        """Wait for it: its exit code and all it printed."""
        self.process.join(timeout=240)
        return self.process.exitcode, self.log.read_text()

    def stop_when(self, ready: Callable[[], bool], after_s: float, number: int) -> None:
        """Send a signal a moment after something is so; a run that ends first is a failed test."""
        deadline = time.monotonic() + 120
        while not ready():
            assert self.process.is_alive(), self.finish()
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(after_s)
        assert self.process.pid is not None
        os.kill(self.process.pid, number)


def start(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Started:
    """Start `synth`; the variables are set on top of this process's own."""
    switch_off_telemetry()  # before the fork server, which hands its environment on
    _FORKS.set_forkserver_preload([__name__, "tests.integration.warm_libraries"])
    process = _FORKS.Process(target=_run, args=(tuple(arguments), dict(environment), str(log)))
    process.start()
    return Started(process, log)


def _run(arguments: tuple[str, ...], environment: dict[str, str], log: str) -> None:
    os.environ.update(environment)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    main(list(arguments))
