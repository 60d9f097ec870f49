"""`synth` in processes that have their imports behind them: a real process, killable, in no time.

The fork server imports what takes half a minute, once for all processes of a worker's tests.
"""

import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

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
        self.process.join(timeout=600)
        return self.process.exitcode, self.log.read_text()

    def stop_when(self, ready: Callable[[], bool], after_s: float, number: int) -> None:
        """Send a signal a moment after something is so; the run may have ended by then."""
        deadline = time.monotonic() + 300
        while not ready():
            assert self.process.is_alive(), self.finish()
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(after_s)
        assert self.process.pid is not None
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, number)


@dataclass(frozen=True)
class Finished:
    """A `synth` that ended, and what it wrote to its two streams."""

    code: int
    out: str
    err: str

    @property
    def record(self) -> dict[str, Any]:
        return json.loads(self.out)


def start(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Started:
    """Start `synth`; the variables are set on top of this process's own."""
    process = _forked(arguments, environment, log, log)
    return Started(process, log)


def run(arguments: Sequence[str], environment: Mapping[str, str], timeout_s: float) -> Finished:
    """Run `synth` to its end; the variables are set on top of this process's own."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = _forked(arguments, environment, out, err)
        process.join(timeout=timeout_s)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"synth {' '.join(arguments)}: {out.read_text()}{err.read_text()}")
        return Finished(process.exitcode, out.read_text("utf-8"), err.read_text("utf-8"))


def _forked(
    arguments: Sequence[str], environment: Mapping[str, str], out: Path, err: Path
) -> BaseProcess:
    switch_off_telemetry()  # before the fork server, which hands its environment on
    _FORKS.set_forkserver_preload(["tests.integration.warm_libraries"])
    variables = {**os.environ, **environment}
    told = (tuple(arguments), variables, os.getcwd(), str(out), str(err))
    process = _FORKS.Process(target=_run, args=told)
    process.start()
    return process


def _run(
    arguments: tuple[str, ...], environment: dict[str, str], folder: str, out: str, err: str
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for stream, name in ((1, out), (2, err)):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    from synth_assets.cli.main import main

    main(list(arguments))
