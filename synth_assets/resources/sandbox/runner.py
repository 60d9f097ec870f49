"""Runs untrusted programs: a few warm servers, and what their reports mean."""

import json
import os
import re
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from synth_assets.core.verify.programs import (
    CallTests,
    DoesNotRun,
    Failed,
    Limit,
    LimitReached,
    NotRun,
    Passed,
    ProgramJob,
    ProgramOutcome,
    StreamCase,
    StreamTests,
    TestStyle,
)
from synth_assets.errors import SandboxError
from synth_assets.resources.sandbox import batch
from synth_assets.resources.sandbox.orders import FAULT, STARVED, Bounds, Mode, Report
from synth_assets.resources.sandbox.process import ZygoteProcess, text_file

_RUNS_OF_ONE = 1000
_TRIES = 2
_MOST_SERVERS = 16
_WRITTEN = {"calls": slice(2, 3), "batch": slice(2, 3), "script": slice(2, 4)}
"""Which descriptors of an order are written to."""
_BUSY = (
    "The time was over while the program waited for a processor, alone as well: the machine is too "
    "busy to tell. Verify again when it is not, or raise wall_s."
)
_MOST_TOLD = 300
_MOST_OF_ERRORS = 65_536

_IMPORTS = re.compile(r"^[ \t]*(?:import|from)[ \t]+(\w+)", re.M | re.A)
_MOST_MODULES = 20

_REFUSAL = (
    "Programs cannot be run safely on this machine, so none is run. Use Linux 5.13 or newer with "
    "Landlock, or allow user namespaces, or install bubblewrap. On a machine that may be lost, "
    'set SYNTH_UNSAFE_EXECUTION="this machine is disposable". Tried: '
)


class Sandbox:
    """Runs programs where they can do no harm; see `ProgramRunner`. Any thread may ask.

    Args:
        size: how many programs at once.
        unsafe: whether programs may run where nothing holds them.
        modes: which surroundings to try, in order.
    """

    def __init__(
        self,
        size: int | None = None,
        *,
        unsafe: bool = False,
        modes: tuple[Mode, ...] = (Mode.NAMESPACES, Mode.BUBBLEWRAP, Mode.LANDLOCK),
    ) -> None:
        self._size = size or max(1, min(_MOST_SERVERS, len(os.sched_getaffinity(0))))
        self._slots = threading.BoundedSemaphore(self._size)
        self._exclusion = threading.Lock()
        self._modes = (*modes, Mode.NOTHING) if unsafe else modes
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._idle: list[ZygoteProcess] = []
        self._mode: Mode | None = None
        self._refusal = ""

    @property
    def mode(self) -> Mode:
        """What keeps programs from the machine.

        Raises:
            SandboxError: if nothing does.
        """
        with self._server():
            pass
        if self._mode is None:
            raise SandboxError(self._refusal)
        return self._mode

    def run(self, job: ProgramJob) -> ProgramOutcome:
        """Put a program to its tests; every fault of the machinery is `NotRun`."""
        try:
            if isinstance(job.tests, CallTests):
                return self._called(job, job.tests)
            return self._streamed(job, job.tests)
        except SandboxError as exc:
            return NotRun(str(exc))

    def run_all(self, jobs: Sequence[ProgramJob]) -> list[ProgramOutcome]:
        """What `run` says of each, in their order; as many at once as there are servers."""
        # Where there are few, each server has some.
        most = max(1, min(batch.MOST, len(jobs) // self._size))
        parts = [jobs[at : at + most] for at in range(0, len(jobs), most)]
        if self._size == 1 or len(parts) <= 1:
            return [outcome for part in parts for outcome in self._together(part)]
        with ThreadPoolExecutor(self._size) as pool:
            return [outcome for found in pool.map(self._together, parts) for outcome in found]

    def _together(self, jobs: Sequence[ProgramJob]) -> list[ProgramOutcome]:
        """What `run` says of each; those that batches do not tell of are run by themselves."""
        outcomes: list[ProgramOutcome] = []
        most = batch.MOST
        while len(outcomes) < len(jobs):
            left = _as_many_as_fit(jobs[len(outcomes) : len(outcomes) + most])
            found = self._batched(left) if _is_for_batches(left) else []
            # Whatever stopped a batch is the first that it does not come to.
            told = [*found, None] if found else [None] * len(left)
            outcomes += [o or self.run(job) for job, o in zip(left, told, strict=False)]
            # What is read of a batch that stops is read in vain.
            is_whole = len(found) == len(left)
            most = min(batch.MOST, 2 * most) if is_whole else max(2, 2 * len(found))
        return outcomes

    def _batched(self, jobs: Sequence[ProgramJob]) -> list[ProgramOutcome | None]:
        """Of the first of the jobs, as many as a batch comes to; none where it does not tell."""
        with ExitStack() as files:
            programs = _file(files, "programs", batch.as_file(job.candidate for job in jobs))
            papers = batch.as_file(json.dumps(vars(job.tests)) for job in jobs)
            verdicts = _file(files, "verdicts")
            try:
                self._tried(
                    "batch",
                    _bounds(jobs[0]),
                    [programs, _file(files, "tests", papers), verdicts],
                    [name for job in jobs for name in _modules(job)],
                )
            except SandboxError:
                return []
            lines = _read(verdicts, os.fstat(verdicts).st_size).split(b"\n")[:-1]
        report = Report("done", "", None, 0, 0.0)
        return [None if line == batch.ALONE else _meaning(report, line) for line in lines]

    def close(self) -> None:
        """End all servers; the next run starts others."""
        with self._lock:
            idle, self._idle = self._idle, []
        for server in idle:
            server.close()

    @contextmanager
    def _server(self) -> Generator[ZygoteProcess]:
        with self._slots:
            with self._lock:
                if self._owner != os.getpid():
                    # A fork would talk into the other's conversations.
                    self._owner, self._idle = os.getpid(), []
                server = self._idle.pop() if self._idle else None
            server = server or self._started()
            keep = False
            try:
                yield server
                keep = server.runs < _RUNS_OF_ONE and not server.is_closed
            finally:
                if keep:
                    with self._lock:
                        self._idle.append(server)
                else:
                    server.close()

    def _started(self) -> ZygoteProcess:
        """A new server, in the best surroundings that there are."""
        with self._lock:
            if self._refusal:
                raise SandboxError(self._refusal)
            faults: list[str] = []
            for mode in (self._mode,) if self._mode else self._modes:
                try:
                    started = ZygoteProcess(mode)
                except SandboxError as exc:
                    faults.append(str(exc))
                else:
                    self._mode = mode
                    return started
            if self._mode is None:
                self._refusal = _REFUSAL + "; ".join(faults)
            raise SandboxError(self._refusal or "; ".join(faults))

    def _ordered(self, kind: str, job: ProgramJob, descriptors: list[int]) -> Report:
        bounds, modules = _bounds(job), _modules(job)
        report = self._tried(kind, bounds, descriptors, modules)
        if report.ended != STARVED.decode():
            return report
        with self._alone():
            report = self._tried(kind, bounds, descriptors, modules)
        if report.ended == STARVED.decode():
            raise SandboxError(_BUSY)
        return report

    def _tried(
        self, kind: str, bounds: Bounds, descriptors: list[int], modules: list[str]
    ) -> Report:
        """What a server reports; if it ends itself, what another does."""
        for attempt in range(_TRIES):
            with self._server() as server:
                try:
                    for descriptor in descriptors[_WRITTEN[kind]]:
                        os.ftruncate(descriptor, 0)
                        os.lseek(descriptor, 0, os.SEEK_SET)
                    return server.run(kind, bounds, descriptors, modules)
                except SandboxError:
                    if attempt == _TRIES - 1:
                        raise
        raise SandboxError("unreachable")

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Keep all others waiting, but for one place."""
        with self._exclusion, ExitStack() as places:
            for _ in range(self._size - 1):
                places.enter_context(self._slots)
            yield

    def _called(self, job: ProgramJob, tests: CallTests) -> ProgramOutcome:
        with ExitStack() as files:
            program = _file(files, "program", job.candidate)
            paper = _file(files, "tests", json.dumps(vars(tests)))
            verdict = _file(files, "verdict")
            report = self._ordered("calls", job, [program, paper, verdict])
            return _meaning(report, _read(verdict, 65_536))

    def _streamed(self, job: ProgramJob, tests: StreamTests) -> ProgramOutcome:
        for number, case in enumerate(tests.cases, 1):
            outcome = self._case(job, case, f"case {number}: input {_clipped(case.stdin, 80)!r}")
            if not isinstance(outcome, Passed):
                return outcome
        return Passed() if tests.cases else Failed("the tests", "there is no case in them")

    def _case(self, job: ProgramJob, case: StreamCase, where: str) -> ProgramOutcome:
        with ExitStack() as files:
            program = _file(files, "program", job.candidate)
            given, printed = _file(files, "input", case.stdin), _file(files, "output")
            errors = _file(files, "errors")
            report = self._ordered("script", job, [program, given, printed, errors])
            most = job.limits.output_kb << 10
            said, told = _read(printed, most + 1), _read(errors, _MOST_OF_ERRORS, at_end=True)
        limit = _limit(report)
        if limit:
            return limit
        if len(said) >= most:
            return LimitReached(Limit.OUTPUT, f"{where}: it prints over {job.limits.output_kb} KiB")
        if report.program == FAULT:
            return NotRun("the program's process could not be set up")
        if report.program != 0:
            last = told.decode(errors="replace").strip().splitlines()[-1:]
            why = _clipped(last[0], _MOST_TOLD) if last else f"it ends with {_end(report)}"
            if "MemoryError" in why:
                return LimitReached(Limit.MEMORY, where)
            return DoesNotRun(f"{where}: {why}")
        text = said.decode(errors="replace")
        if _lines(text) == _lines(case.stdout):
            return Passed()
        return Failed(where, f"it prints {_clipped(text, 200)!r}")


def _meaning(report: Report, written: bytes) -> ProgramOutcome:
    """What a run of tests came to: the tests' process has the word, if it came to one."""
    if not written or report.tests != 0:
        limit = _limit(report)
        return limit or NotRun(f"the tests' process ended with {report.tests} and no verdict")
    told = json.loads(written)
    where, what = told["where"], told["what"]
    match told["kind"]:
        case "passed":
            return Passed()
        case "memory":
            return LimitReached(Limit.MEMORY, where or what)
        case "not_run":
            return NotRun(what)
        case kind:
            if report.program == FAULT:
                return NotRun("the program's process could not be set up")
            limit = _limit(report)
            if limit:
                return limit
            ended = f" with {_end(report)}" if what == "the program ended itself" else ""
            return (
                DoesNotRun(what + ended) if kind == "does_not_run" else Failed(where, what + ended)
            )


def _limit(report: Report) -> LimitReached | None:
    if report.ended != "done":
        return LimitReached(Limit(report.ended), f"the {report.who} ran out of time")
    # The kernel's own clock, which a program cannot stop.
    if -24 in (report.program, report.tests) or -9 in (report.program, report.tests):
        return LimitReached(Limit.CPU, "the kernel ended the process")
    return None


def _end(report: Report) -> str:
    code = report.program
    if code is None:
        return "no exit code"
    return f"exit code {code}" if code >= 0 else f"signal {-code}"


def _bounds(job: ProgramJob) -> Bounds:
    most = job.limits
    return Bounds(most.cpu_s, most.wall_s, most.memory_mb, most.output_kb)


def _is_for_batches(jobs: Sequence[ProgramJob]) -> bool:
    """Whether several plain ones may be among them, and what a batch may take is allowed."""
    most = jobs[0].limits
    return (
        len(jobs) > 1
        and most.cpu_s >= batch.LEAST_S
        and most.wall_s >= batch.LEAST_S
        and most.output_kb >= batch.LEAST_OUTPUT_KB
        and all(
            isinstance(job.tests, CallTests)
            and job.tests.style == TestStyle.ASSERTS
            and job.limits == most
            for job in jobs
        )
    )


def _as_many_as_fit(jobs: Sequence[ProgramJob]) -> Sequence[ProgramJob]:
    """The first of them, as many as may be read before the first is begun."""
    size = 0
    for number, job in enumerate(jobs):
        size += len(job.candidate)
        if isinstance(job.tests, CallTests):
            size += len(job.tests.source) + len(job.tests.support)
        if number and size > batch.MOST_CHARACTERS:
            return jobs[:number]
    return jobs


def _modules(job: ProgramJob) -> list[str]:
    """What a program and its tests import, at a glance; a server may load it beforehand."""
    found = set(_IMPORTS.findall(job.candidate))
    if isinstance(job.tests, CallTests):
        found.update(_IMPORTS.findall(job.tests.source))
        if job.tests.style != TestStyle.ASSERTS:
            found.add(job.tests.style)
    return sorted(found)[:_MOST_MODULES]


def _file(files: ExitStack, name: str, text: str | bytes = b"") -> int:
    descriptor = text_file(name, text)
    files.callback(os.close, descriptor)
    return descriptor


def _read(descriptor: int, most: int, *, at_end: bool = False) -> bytes:
    start = max(0, os.fstat(descriptor).st_size - most) if at_end else 0
    return os.pread(descriptor, most, start)


def _lines(text: str) -> list[str]:
    """Blanks at the ends of lines and of the whole do not count."""
    return [line.rstrip() for line in text.rstrip().splitlines()]


def _clipped(text: str, most: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"
