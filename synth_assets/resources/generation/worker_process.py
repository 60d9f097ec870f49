"""One of several processes that generate for a recipe: it makes the parts that it is given.

It is told its errand over a pipe, asks there for one part after another, and says there how far it
is. It stops at SIGTERM, as generation does, and by itself where whoever started it is no more.
"""

import os
import queue
import signal
import threading
import time
import traceback
from multiprocessing.connection import Connection

from synth_assets.errors import SynthError
from synth_assets.resources.generation.engine import Progress, generate_parts
from synth_assets.resources.generation.errand import (
    Count,
    Ended,
    Errand,
    PartWanted,
    PartWritten,
)
from synth_assets.resources.generation.parts import Part, PartsFolder
from synth_assets.resources.generation.shared_parts import TakenParts
from synth_assets.resources.generation.shop import Spending
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.settings import switch_off_telemetry
from synth_assets.resources.teachers import Teachers

_COUNT_EVERY_S = 0.25
_LOOK_FOR_PARENT_S = 1.0
_LAST_RESORT_S = 6.0
"""An orphan that has not stopped by then is ended; generation itself needs at most five seconds."""


def serve(handle: int) -> None:
    """Do one errand.

    Args:
        handle: file descriptor of the pipe's end.
    """
    switch_off_telemetry()
    pipe = _Pipe(Connection(handle))
    errand = pipe.errand()
    if errand is not None:
        pipe.tell(_Worker(errand, pipe).work())


class _Pipe:
    """The way to whoever started this process."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._writing = threading.Lock()
        self._parent = os.getppid()
        self._given: queue.SimpleQueue[Part | None] = queue.SimpleQueue()

    def errand(self) -> Errand | None:
        """What is to be done; from then on the other end is watched."""
        try:
            errand = self._connection.recv()
        except (EOFError, OSError):
            return None
        assert isinstance(errand, Errand)
        threading.Thread(target=self._watch, name="parent", daemon=True).start()
        return errand

    def tell(self, message: PartWanted | PartWritten | Count | Ended) -> None:
        """Say something; to nobody where the other end is closed."""
        try:
            with self._writing:
                self._connection.send(message)
        except OSError:
            return  # the watch ends this process

    def take(self, start: int) -> Part | None:
        """Ask for the next part."""
        self.tell(PartWanted(start))
        return self._given.get()

    def _watch(self) -> None:
        while os.getppid() == self._parent:
            try:
                if self._connection.poll(_LOOK_FOR_PARENT_S):
                    self._given.put(self._connection.recv())
            except (EOFError, OSError):
                break
        self._given.put(None)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_LAST_RESORT_S)
        os._exit(1)


class _Worker:
    def __init__(self, errand: Errand, pipe: _Pipe) -> None:
        self._errand = errand
        self._pipe = pipe
        self._told_at = float("-inf")
        self._progress = Progress(0, 0, 0, Spending())
        self._passed_over = 0

    def work(self) -> Ended:
        """Generate until no part is left, and say how it ended."""
        stopped, failure = False, None
        try:
            self._generate()
        except KeyboardInterrupt:
            stopped = True
        except Exception as exc:  # noqa: BLE001  it is raised again where the run is
            failure = _sendable(exc)
        return Ended(self._count(in_flight=0), stopped, failure)

    def _generate(self) -> None:
        errand = self._errand
        plan = errand.planned()
        folder = PartsFolder(errand.folder, errand.plan)
        self._parts = TakenParts(
            folder, self._pipe.take, lambda part: self._pipe.tell(PartWritten(part))
        )
        ledger = Ledger(errand.ledger, errand.budget)
        try:
            generate_parts(
                plan,
                errand.start,
                errand.stop,
                Teachers(plan.recipe.teachers),
                ledger,
                self._parts,
                run=errand.run,
                on_progress=self._note,
            )
        finally:
            ledger.close()

    def _note(self, progress: Progress) -> None:
        self._progress = progress
        self._passed_over = self._parts.passed_over
        now = time.monotonic()
        if now - self._told_at >= _COUNT_EVERY_S:
            self._told_at = now
            self._pipe.tell(self._count(progress.in_flight))

    def _count(self, in_flight: int) -> Count:
        finished = self._progress.finished - self._passed_over
        return Count(finished, in_flight, self._progress.spending)


def _sendable(exc: Exception) -> Exception:
    """An exception that survives the way; a mistake in the program keeps its traceback as text."""
    if isinstance(exc, SynthError):
        return type(exc)(*exc.args)
    told = "".join(traceback.format_exception(exc))
    return RuntimeError(f"a worker process failed\n{told}")
