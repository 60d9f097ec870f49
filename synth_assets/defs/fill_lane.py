"""A process that fills recipe versions, one after the other, for a backfill with several.

It is a program of its own, as generation's workers are: a fork would share locks of Polars and
SQLite, and `spawn` would run the main module again. Its imports are paid once for all it fills.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from queue import SimpleQueue

from synth_assets.core.config.budgets import Cap
from synth_assets.defs.running import JobRun
from synth_assets.resources.settings import Settings

_PATIENCE_S = 6.0
"""Generation stops within five."""

_START = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from synth_assets.defs.fill_lane import serve; serve(int(sys.argv[1]))"
)


@dataclass(frozen=True)
class LaneOrder:
    """What a lane works with.

    Attributes:
        settings: what the environment says.
        run: the account that is charged.
        cap: the most that the whole backfill may spend.
        tags: of its runs.
    """

    settings: Settings
    run: str
    cap: Cap | None
    tags: dict[str, str]


class FillLane:
    """A lane as whoever started it has it in hand; it ends with whoever started it."""

    def __init__(self, order: LaneOrder, announce: Callable[[str], None]) -> None:
        self._announce = announce
        self._pipe, theirs = multiprocessing.Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, str(theirs.fileno()), *sys.path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                process_group=0,
            )
        self._pipe.send(order)

    def fill(self, key: str) -> JobRun:
        """Fill one recipe version; a process that dies at it is a failure of that version."""
        started = time.monotonic()
        with suppress(OSError):
            self._pipe.send(key)
        while True:
            try:
                said: JobRun | str = self._pipe.recv()
            except (EOFError, OSError):
                return self._died(key, time.monotonic() - started)
            if isinstance(said, JobRun):
                return said
            self._announce(said)

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Have it store what was bought and end, within some seconds."""
        self._process.terminate()

    def close(self) -> None:
        """Wait for its end."""
        self._pipe.close()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _died(self, key: str, seconds: float) -> JobRun:
        code = self._process.wait()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        told = f"{key}: its process {how}. Backfill again: nothing paid for is lost."
        return JobRun("fill_recipe", key, seconds, (told,), "")


def serve(descriptor: int) -> None:
    """Fill what is asked for until nobody asks any more.

    Args:
        descriptor: of the pipe to whoever asks.
    """
    from synth_assets.defs.build import build_definitions
    from synth_assets.defs.running import open_instance, run_job
    from synth_assets.resources.settings import switch_off_telemetry
    from synth_assets.resources.workshop import Workshop

    switch_off_telemetry()
    pipe: Connection[object, object] = Connection(descriptor)
    order = pipe.recv()
    assert isinstance(order, LaneOrder)
    keys: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, keys), daemon=True).start()
    workshop = Workshop(order.settings, announce=pipe.send, run=order.run, run_cap=order.cap)
    definitions = build_definitions(workshop)
    with suppress(KeyboardInterrupt), open_instance(workshop.home) as instance:
        while True:
            pipe.send(run_job(definitions, instance, "fill_recipe", keys.get(), order.tags))


def _listen(pipe: "Connection[object, object]", keys: "SimpleQueue[str]") -> None:
    """Hand keys on; when whoever asks is gone, end as at Ctrl-C."""
    while True:
        try:
            keys.put(str(pipe.recv()))
        except (EOFError, OSError):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(_PATIENCE_S)
            os._exit(1)
