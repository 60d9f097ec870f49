"""Questions to a process of its own, which a hostile one can end and nothing else.

The worker is bounded in processor time, memory and time on the clock; where it ends over a
question, that stays without an answer, and another worker gets the next one.
"""

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import weakref
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from synth_assets.resources.bounded.worker import OUT_OF_MEMORY

_START = (
    "import sys; sys.path[:] = sys.argv[3:]; "
    "from importlib import import_module; "
    "from synth_assets.resources.bounded.worker import serve; "
    "serve(int(sys.argv[1]), import_module(sys.argv[2]).answer)"
)


@dataclass(frozen=True)
class Bounds:
    """What one question may cost.

    Attributes:
        cpu_s: processor time of one question.
        memory_bytes: address space of the worker (Linux).
        patience_s: time on the clock, start of a worker included, for a machine that is busy.
        questions: a worker is replaced after so many, as what it keeps in memory grows.
    """

    cpu_s: float = 5.0
    memory_bytes: int = 1024**3
    patience_s: float = 120.0
    questions: int = 2_000


@dataclass(frozen=True)
class Unanswered:
    """There is no answer, and why."""

    why: str


@dataclass
class _Worker:
    """A running worker, how much it answered, and the process that started it."""

    process: subprocess.Popen[bytes]
    pipe: Connection
    owner: int
    answered: int = 0

    def end(self) -> int:
        """Its exit code; a negative one is a signal."""
        self.pipe.close()
        try:
            return self.process.wait(1)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class _LostWorker(Exception):
    """A worker ended over a question; with `may_be_chance` another one may do better."""

    def __init__(self, why: str, may_be_chance: bool = False) -> None:
        super().__init__(why)
        self.may_be_chance = may_be_chance


class BoundedProcess:
    """Answers questions, one at a time; the worker starts at the first one.

    Whoever does not close it has the worker ended with the object. May be used by several threads,
    and in a process that was forked since.
    """

    def __init__(self, module: str, name: str, bounds: Bounds) -> None:
        """Start nothing yet.

        Args:
            module: imported by the worker; its function `answer` takes the JSON of a question and
                returns that of an answer.
            name: what messages call it.
            bounds: of each question.
        """
        self._module = module
        self._name = name
        self._bounds = bounds
        self._lock = threading.Lock()
        self._workers: list[_Worker] = []
        self._at_end = weakref.finalize(self, _end_all, self._workers)

    @property
    def worker_pid(self) -> int | None:
        """The process that would get the next question, if one runs."""
        return next((w.process.pid for w in self._workers if w.owner == os.getpid()), None)

    def close(self) -> None:
        """End the worker; another one starts if there are more questions."""
        with self._lock:
            _end_all(self._workers)

    def ask(self, question: bytes) -> bytes | Unanswered:
        """Ask, with JSON; a worker that ends over a question leaves it unanswered."""
        with self._lock:
            worker = self._worker()
            is_used = worker.answered > 0
            try:
                return self._answer(worker, question)
            except _LostWorker as lost:
                if not (is_used and lost.may_be_chance):
                    return Unanswered(str(lost))
            try:
                return self._answer(self._worker(), question)
            except _LostWorker as lost:
                return Unanswered(str(lost))

    def _answer(self, worker: _Worker, question: bytes) -> bytes:
        try:
            worker.pipe.send_bytes(question)
            if not worker.pipe.poll(self._bounds.patience_s):
                worker.process.kill()
                self._drop(worker)
                raise _LostWorker(f"no answer of {self._name} within {self._bounds.patience_s:g} s")
            answer = worker.pipe.recv_bytes()
        except (EOFError, OSError) as fault:
            raise self._loss(self._drop(worker)) from fault
        worker.answered += 1
        if worker.answered >= self._bounds.questions:
            self._drop(worker)
        return answer

    def _loss(self, code: int) -> "_LostWorker":
        """What the exit code of a worker says; a negative one is a signal."""
        if code == -signal.SIGPROF:
            return _LostWorker(f"not decided within {self._bounds.cpu_s:g} s of processor time")
        if code == OUT_OF_MEMORY:
            megabytes = self._bounds.memory_bytes / 1024**2
            return _LostWorker(f"not decided within {megabytes:,.0f} MiB of memory", True)
        return _LostWorker(f"the process of {self._name} ended with code {code}", True)

    def _drop(self, worker: _Worker) -> int:
        self._workers.remove(worker)
        return worker.end()

    def _worker(self) -> _Worker:
        for worker in self._workers:
            if worker.owner == os.getpid():
                return worker
        self._workers.clear()  # a forked copy: the worker is the parent's
        mine, theirs = multiprocessing.Pipe()
        said = ["-W", "ignore", "-c", _START, str(theirs.fileno()), self._module]
        with theirs:
            process = subprocess.Popen(
                [sys.executable, *said, *sys.path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
        limits = {"cpu_s": self._bounds.cpu_s, "memory_bytes": self._bounds.memory_bytes}
        worker = _Worker(process, mine, os.getpid())
        mine.send_bytes(json.dumps(limits).encode())
        self._workers.append(worker)
        return worker


def _end_all(workers: list[_Worker]) -> None:
    while workers:
        worker = workers.pop()
        if worker.owner == os.getpid():
            with contextlib.suppress(OSError):
                worker.end()


class WorkerOwner:
    """What has a bounded process and asks it; the worker starts at the first question.

    A context manager; whoever does not use it as one has the worker ended with the object.
    """

    def __init__(self, module: str, name: str, bounds: Bounds) -> None:
        self._process = BoundedProcess(module, name, bounds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    @property
    def worker_pid(self) -> int | None:
        """The process that would get the next question, if one runs."""
        return self._process.worker_pid

    def close(self) -> None:
        """End the worker; another one starts if there are more questions."""
        self._process.close()
