"""The server that makes processes for programs and their tests: warm, small, and a program itself.

It is started with an empty environment, has Python's modules loaded, and for every order forks
what the order needs. Sources and verdicts pass through it as descriptors only: it never reads
them, so no program finds another's tests in the memory that it inherits. It ends with whoever
started it, and all that it made ends with it.

Orders and reports are JSON on the socket at descriptor 0; see `orders`.
"""

import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from synth_assets.errors import SandboxError
from synth_assets.resources.sandbox import batch, examiner, follower, namespaces
from synth_assets.resources.sandbox.children import Child
from synth_assets.resources.sandbox.confine import Cage, user_for
from synth_assets.resources.sandbox.kept import Follower, Tests
from synth_assets.resources.sandbox.kernel import die_with_parent
from synth_assets.resources.sandbox.nursery import Born, Nursery
from synth_assets.resources.sandbox.orders import LATE, READY, Bounds, Mode, Order, Report
from synth_assets.resources.sandbox.places import SCRATCH, installed

_MOST_BYTES = 65_536
_MOST_DESCRIPTORS = 4
_SHORTEST_LOOK_S, _LONGEST_LOOK_S = 0.01, 0.5
_SIGHTINGS = 2
_MAY_BE_KEPT = frozenset(
    (
        *("abc", "array", "ast", "asyncio", "base64", "bisect", "calendar", "cmath", "collections"),
        *("concurrent", "contextlib", "copy", "csv", "dataclasses", "datetime", "decimal"),
        *("difflib", "doctest", "enum", "fractions", "functools", "hashlib", "heapq", "inspect"),
        *("io", "itertools", "json", "logging", "math", "numbers", "operator", "pathlib"),
        *("pprint", "queue", "random", "re", "statistics", "string", "struct", "tempfile"),
        *("textwrap", "threading", "time", "traceback", "types", "typing", "unicodedata"),
        *("unittest", "uuid", "zlib"),
    )
)
"""Modules of Python's own that the server loads where programs keep asking for them. A process
is made faster the less there is of it, so nothing is loaded for a rainy day."""


@dataclass(frozen=True)
class _Watched:
    """How a run ended.

    Attributes:
        ended: as a `Report` has it, or what the process of plain programs said of the program.
        who: as a `Report` has it.
        answer: of the tests; empty where they gave none.
        code: the program's exit code, see `Report`.
        cpu_s: the program's processor time.
    """

    ended: str
    who: str
    answer: bytes
    code: int | None = None
    cpu_s: float = 0.0


_OTHER, _ALONE = follower.OTHER.decode(), follower.ALONE.decode()


class Zygote:
    """Serves one order at a time."""

    def __init__(self, control: socket.socket, cage: Cage) -> None:
        self._control = control
        self._cage = cage
        self._null = os.open("/dev/null", os.O_RDWR)
        self._tests: Tests | None = None
        self._follower: Follower | None = None
        self._nursery: Nursery | None = None
        self._is_littered = False
        self._seen: dict[str, int] = {}

    def serve(self) -> None:
        """Serve until nobody orders any more."""
        while True:
            data, descriptors, _, _ = socket.recv_fds(self._control, _MOST_BYTES, _MOST_DESCRIPTORS)
            if not data:
                return
            order = Order.of(data)
            self._warm(order.modules)
            report = self._run(order, descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
            report = replace(report, last=not self._clean())
            self._control.send(report.as_bytes())
            if report.last:
                return

    def _warm(self, modules: list[str]) -> None:
        """Load what programs keep asking for, so that each need not load it anew."""
        for name in modules:
            if name in sys.modules or name not in _MAY_BE_KEPT:
                continue
            self._seen[name] = self._seen.get(name, 0) + 1
            if self._seen[name] >= _SIGHTINGS:
                importlib.import_module(name)
                gc.freeze()
                self._end_nursery()

    def _clean(self) -> bool:
        """Empty the scratch folder; false where that takes a new server."""
        may_be, self._is_littered = self._is_littered, False
        if not (may_be and self._cage.mode.has_own_root and os.listdir(SCRATCH)):
            return True
        if self._cage.mode != Mode.NAMESPACES:
            return False
        self._end_nursery()
        namespaces.renew_scratch()
        self._cage.scratch_was_renewed()
        return True

    def _run(self, order: Order, descriptors: list[int]) -> Report:
        if order.kind == "script":
            return self._script(order.bounds, descriptors)
        if order.kind == "batch":
            return self._examined_many(order.bounds, *descriptors)
        report = self._examined(order.bounds, self._tests_for(order.bounds), descriptors)
        if report is None:
            os.ftruncate(descriptors[-1], 0)
            tests = Tests(self._cage, order.bounds, self._null)
            report = self._examined(order.bounds, tests, descriptors, is_alone=True)
            tests.end()
        return report or Report("done", "", None, 1, 0.0)

    def _tests_for(self, bounds: Bounds) -> Tests:
        kept = self._tests
        if kept and kept.may_serve(bounds):
            return kept
        self._end_tests()
        self._tests = made = Tests(self._cage, bounds, self._null)
        return made

    def _end_tests(self) -> None:
        if self._tests:
            self._tests.end()
            self._tests = None

    def _follower_for(self, bounds: Bounds) -> Follower:
        kept = self._follower
        if kept and kept.may_serve(bounds):
            return kept
        self._end_follower()
        self._follower = made = Follower(self._cage, bounds, self._null)
        return made

    def _end_follower(self) -> None:
        if self._follower:
            self._follower.end()
            self._follower = None

    def _nursery_for(self, bounds: Bounds) -> Nursery:
        if self._nursery and self._nursery.bounds != bounds:
            self._end_nursery()
        if not self._nursery:
            self._nursery = Nursery(self._cage, bounds, self._null)
        return self._nursery

    def _end_nursery(self) -> None:
        """What is forked from now on is forked from another."""
        if self._nursery:
            self._nursery.end()
            self._nursery = None

    def _examined(
        self, bounds: Bounds, tests: Tests, descriptors: list[int], *, is_alone: bool = False
    ) -> Report | None:
        """Put a program to its tests.

        Args:
            bounds: of each.
            tests: the process for them.
            descriptors: of the program, its tests and the verdict.
            is_alone: whether the program has a process of its own, plain or not.

        Returns:
            None where all is to be done anew, in processes that served nobody before.
        """
        program, paper, verdict = descriptors
        ours, theirs = socket.socketpair()
        tests.order([ours.fileno(), paper, verdict])
        ours.close()
        with theirs:
            watched = None if is_alone else self._followed(bounds, tests, theirs, program)
            watched = watched or self._borne(bounds, tests, theirs, program)
        cpu_s = watched.cpu_s + tests.child.used_s()
        if not (watched.answer and tests.may_serve_on):
            self._is_littered = True
            tests.end()
            self._tests = None if self._tests is tests else self._tests
        if watched.ended == _ALONE or watched.answer in (examiner.ANEW, examiner.AGAIN):
            return None
        code = 0 if watched.answer else tests.child.code
        return Report(watched.ended, watched.who, watched.code, code, cpu_s)

    def _examined_many(self, bounds: Bounds, programs: int, papers: int, verdicts: int) -> Report:
        """Put plain programs to their tests as long as all goes well and quickly."""
        tests, kept = self._tests_for(bounds), self._follower_for(bounds)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            tests.order([ours.fileno(), papers, verdicts], batch.MANY)
            kept.order([theirs.fileno(), programs], batch.MANY)
        if not self._is_answered(tests, kept, verdicts):
            tests.end()
            self._end_follower()
        told = os.pread(verdicts, os.fstat(verdicts).st_size, 0).count(b"\n")
        tests.served += told
        kept.served += told
        if not tests.may_serve_on or tests.child.is_over:
            self._end_tests()
        return Report("done", "", None, 0, 0.0)

    def _is_answered(self, tests: Tests, kept: Follower, verdicts: int) -> bool:
        """Wait for the end of a batch; false where one check takes long, or the tests ended."""
        poll = select.poll()
        poll.register(self._control, select.POLLHUP | select.POLLRDHUP)
        poll.register(tests.control, select.POLLIN)
        written, before_s, deadline = -1, 0.0, 0.0
        while True:
            used_s = tests.child.used_s() + kept.child.used_s()
            size = os.fstat(verdicts).st_size
            if size != written:
                written, before_s = size, used_s
                deadline = time.monotonic() + tests.bounds.wall_s
            elif used_s - before_s > batch.LOOK_S or time.monotonic() > deadline:
                return False
            told = {descriptor for descriptor, _ in poll.poll(batch.LOOK_S * 1000)}
            if self._control.fileno() in told:
                raise SystemExit(0)
            if told:
                return bool(tests.answer())

    def _followed(
        self, bounds: Bounds, tests: Tests, channel: socket.socket, program: int
    ) -> _Watched | None:
        """Have a program follow others; none where it is not plain."""
        kept = self._follower_for(bounds)
        kept.order([channel.fileno(), program])
        watched = self._watch([kept.child, tests.child], bounds, tests, kept)
        if watched.ended == _OTHER:
            return None
        cpu_s = kept.child.used_s()
        code = None if kept.is_done else kept.child.code
        if watched.ended != "done" or kept.child.is_over:
            self._end_follower()
        # A plain program does not sleep or end itself: what happened is not known.
        if watched.ended == "wall" or code not in (None, -signal.SIGXCPU):
            return _Watched(_ALONE, "", watched.answer)
        return replace(watched, code=code, cpu_s=cpu_s)

    def _borne(
        self, bounds: Bounds, tests: Tests, channel: socket.socket, program: int
    ) -> _Watched:
        """Have a program run in a process of its own."""
        self._is_littered = True
        child = self._nursery_for(bounds).bear("calls", [channel.fileno(), program])
        channel.close()
        try:
            watched = self._watch([child, tests.child], bounds, tests)
        finally:
            child.collect(stop=True)
        return replace(watched, code=child.code, cpu_s=child.cpu_s)

    def _script(self, bounds: Bounds, descriptors: list[int]) -> Report:
        self._is_littered = True
        child = self._nursery_for(bounds).bear("script", descriptors)
        try:
            watched = self._watch([child], bounds)
        finally:
            child.collect(stop=True)
        return Report(watched.ended, watched.who, child.code, None, child.cpu_s)

    def _watch(
        self,
        children: Sequence[Child | Born],
        bounds: Bounds,
        tests: Tests | None = None,
        kept: Follower | None = None,
    ) -> _Watched:
        """Wait until the last of the children is over or the tests answer; or for a limit."""
        deadline = time.monotonic() + bounds.wall_s
        poll = select.poll()
        poll.register(self._control, select.POLLHUP | select.POLLRDHUP)
        waiting = {child.handle: child for child in children}
        talking = {each.control.fileno(): each for each in (tests, kept) if each}
        for handle in (*waiting, *talking):
            poll.register(handle, select.POLLIN)
        used = 0.0
        while True:
            look = min(max(bounds.cpu_s - used, _SHORTEST_LOOK_S), _LONGEST_LOOK_S)
            told = {descriptor for descriptor, _ in poll.poll(look * 1000)}
            if self._control.fileno() in told:
                raise SystemExit(0)
            said = _answers(poll, [each for at, each in talking.items() if at in told])
            if said:
                return said
            for handle in told & waiting.keys():
                poll.unregister(handle)
                waiting.pop(handle).collect(stop=False)
            if children[-1].is_over or (kept and kept.child.is_over and not kept.is_done):
                return _Watched("done", "", b"")
            used, who = max((child.used_s(), child.who) for child in waiting.values())
            if used > bounds.cpu_s:
                return _Watched("cpu", who, b"")
            if time.monotonic() > deadline:
                return _Watched("wall" if kept else self._late(), "program", b"")

    def _late(self) -> str:
        """Which limit it is when the time is over; whoever ordered can see who had to wait."""
        self._control.send(LATE)
        answer = self._control.recv(64)
        if not answer:
            raise SystemExit(0)
        return answer.decode()


def _answers(poll: select.poll, telling: list[Follower | Tests]) -> _Watched | None:
    """What ends the run; the tests have the word before the process of plain programs."""
    found = None
    for each in telling:
        answer = each.answer()
        if each.is_silent:
            poll.unregister(each.control)
        if answer and not found:
            is_tests = isinstance(each, Tests)
            found = _Watched("done", "", answer) if is_tests else _Watched(answer.decode(), "", b"")
    return found


def main(mode: str) -> None:
    """Serve on the socket at descriptor 0, after saying that all is ready, or why it is not."""
    sys.dont_write_bytecode = True
    control = socket.socket(fileno=os.dup(0))
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.close(null)
    try:
        cage = _settle(Mode(mode), control)
        sys.path[:] = installed()
    except (OSError, SandboxError) as exc:
        control.send(str(exc).encode() or b"no reason given")
        return
    control.send(READY.encode())
    # Nothing was collected while modules were loaded: nearly all of it stays.
    gc.collect()
    gc.freeze()
    gc.enable()
    Zygote(control, cage).serve()


def _settle(mode: Mode, control: socket.socket) -> Cage:
    """Take the surroundings that the mode asks for; only the process that serves returns."""
    user = _other_user() if mode == Mode.NAMESPACES else None
    if mode == Mode.NAMESPACES:
        namespaces.enter()
        child = os.fork()
        if child:
            control.close()
            _, status = os.waitpid(child, 0)
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
        die_with_parent(signal.SIGKILL)
    return Cage.build(mode, user)


def _other_user() -> int | None:
    """A user that nobody else is, where this process may become one."""
    user = user_for(os.getpid())
    with open("/proc/self/uid_map", encoding="ascii") as file:
        ranges = [list(map(int, line.split())) for line in file]
    known = any(first <= user and user + 2 < first + number for first, _, number in ranges)
    return user if os.geteuid() == 0 and known else None
