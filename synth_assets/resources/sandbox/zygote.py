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
from dataclasses import replace

from synth_assets.errors import SandboxError
from synth_assets.resources.sandbox import examiner, namespaces
from synth_assets.resources.sandbox.children import Child
from synth_assets.resources.sandbox.confine import Cage, arrange, confine, user_for
from synth_assets.resources.sandbox.kernel import die_with_parent
from synth_assets.resources.sandbox.nursery import Born, Nursery
from synth_assets.resources.sandbox.orders import LATE, READY, Bounds, Mode, Order, Report
from synth_assets.resources.sandbox.places import SCRATCH, installed

_MOST_BYTES = 65_536
_MOST_DESCRIPTORS = 4
_SHORTEST_LOOK_S, _LONGEST_LOOK_S = 0.01, 0.5
_MOST_EXAMINED = 200
_LASTING_S = 100_000.0
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


class _Examiner:
    """A process for tests, and the talk with it."""

    def __init__(self, cage: Cage, bounds: Bounds, null: int) -> None:
        self.bounds = bounds
        self.served = 0
        self.may_serve_on = True
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

        def work() -> None:
            rules = [] if cage.tests_rules is None else [cage.tests_rules]
            arrange([null] * 3 + [theirs.fileno(), *rules])
            lasting = Bounds(_LASTING_S, bounds.wall_s, bounds.memory_mb, bounds.output_kb)
            user = None if cage.user is None else cage.user + 1
            confine(cage, lasting, 4 if rules else None, user)
            examiner.serve(3)

        self.child = Child("tests", work)
        theirs.close()

    def order(self, descriptors: list[int]) -> None:
        """Hand over the channel to a program, its tests and the file for the verdict."""
        self.served += 1
        socket.send_fds(self.control, [str(self.bounds.cpu_s).encode()], descriptors)

    def answer(self, poll: select.poll) -> bytes:
        """What it says of itself at the end; nothing before, or where it says nothing more."""
        try:
            said = self.control.recv(16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return b""
        except ConnectionError:
            said = b""
        if not said:
            poll.unregister(self.control)
        self.may_serve_on &= said == examiner.FIT
        return b"" if said == examiner.OWN else said

    def end(self) -> None:
        """Make it end."""
        self.child.collect(stop=True)
        self.control.close()


class Zygote:
    """Serves one order at a time."""

    def __init__(self, control: socket.socket, cage: Cage) -> None:
        self._control = control
        self._cage = cage
        self._null = os.open("/dev/null", os.O_RDWR)
        self._examiner: _Examiner | None = None
        self._nursery: Nursery | None = None
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
        if not self._cage.mode.has_own_root or not os.listdir(SCRATCH):
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
        program, tests, verdict = descriptors
        while True:
            examiner_, is_new = self._examiner_for(order.bounds)
            report = self._examined(order.bounds, examiner_, program, tests, verdict)
            if report is not None or is_new:
                return report or Report("done", "", None, 1, 0.0)

    def _examiner_for(self, bounds: Bounds) -> tuple[_Examiner, bool]:
        kept = self._examiner
        if kept and kept.bounds == bounds and kept.served < _MOST_EXAMINED:
            return kept, False
        if kept:
            kept.end()
        self._examiner = made = _Examiner(self._cage, bounds, self._null)
        return made, True

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
        self, bounds: Bounds, tests: _Examiner, program: int, paper: int, verdict: int
    ) -> Report | None:
        """Put a program to its tests; none where those want a process of their own."""
        ours, theirs = socket.socketpair()
        tests.order([ours.fileno(), paper, verdict])
        ours.close()
        child = self._nursery_for(bounds).bear("calls", [theirs.fileno(), program])
        theirs.close()
        before = tests.child.used_s()
        answer = b""
        try:
            ended, who, answer = self._watch([(child, 0.0), (tests.child, before)], bounds, tests)
        finally:
            child.collect(stop=True)
            cpu_s = child.cpu_s + tests.child.used_s() - before
            if not (answer and tests.may_serve_on):
                tests.end()
                self._examiner = None
        if answer == examiner.ANEW:
            return None
        code = 0 if answer else tests.child.code
        return Report(ended, who, child.code, code, cpu_s)

    def _script(self, bounds: Bounds, descriptors: list[int]) -> Report:
        child = self._nursery_for(bounds).bear("script", descriptors)
        try:
            ended, who, _ = self._watch([(child, 0.0)], bounds)
        finally:
            child.collect(stop=True)
        return Report(ended, who, child.code, None, child.cpu_s)

    def _watch(
        self,
        children: list[tuple[Child | Born, float]],
        bounds: Bounds,
        tests: _Examiner | None = None,
    ) -> tuple[str, str, bytes]:
        """Wait until the last of the children is over or the tests answer; or for a limit."""
        deadline = time.monotonic() + bounds.wall_s
        poll = select.poll()
        poll.register(self._control, select.POLLHUP | select.POLLRDHUP)
        waiting = {child.handle: (child, before) for child, before in children}
        for handle in waiting:
            poll.register(handle, select.POLLIN)
        if tests:
            poll.register(tests.control, select.POLLIN)
        last = children[-1][0]
        while True:
            used = max(child.used_s() - before for child, before in waiting.values())
            look = min(max(bounds.cpu_s - used, _SHORTEST_LOOK_S), _LONGEST_LOOK_S)
            told = {descriptor for descriptor, _ in poll.poll(look * 1000)}
            if self._control.fileno() in told:
                raise SystemExit(0)
            answer = tests.answer(poll) if tests and tests.control.fileno() in told else b""
            if answer:
                return "done", "", answer
            for handle in told & waiting.keys():
                poll.unregister(handle)
                waiting.pop(handle)[0].collect(stop=False)
            if last.is_over:
                return "done", "", b""
            over = [c.who for c, before in waiting.values() if c.used_s() - before > bounds.cpu_s]
            if over:
                return "cpu", over[0], b""
            if time.monotonic() > deadline:
                return self._late(), "program", b""

    def _late(self) -> str:
        """Which limit it is when the time is over; whoever ordered can see who had to wait."""
        self._control.send(LATE)
        answer = self._control.recv(64)
        if not answer:
            raise SystemExit(0)
        return answer.decode()


def main(mode: str) -> None:
    """Serve on the socket at descriptor 0, after saying that all is ready, or why it is not."""
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
    gc.collect()
    gc.freeze()
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
    known = any(first <= user and user + 1 < first + number for first, _, number in ranges)
    return user if os.geteuid() == 0 and known else None
