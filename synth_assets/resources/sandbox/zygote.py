"""The server that makes processes for programs and their tests: warm, small, and a program itself.

It is started with an empty environment, has Python's modules loaded, and for every order forks
what the order needs. Sources and verdicts pass through it as descriptors only: it never reads
them, so no program finds another's tests in the memory that it inherits. It ends with whoever
started it, and all that it made ends with it.

Orders and reports are JSON on the socket at descriptor 0; see `orders`.
"""

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import asdict

from synth_assets.errors import SandboxError
from synth_assets.resources.sandbox import candidate, examiner, namespaces
from synth_assets.resources.sandbox.confine import Cage, arrange, confine, user_for
from synth_assets.resources.sandbox.kernel import die_with_parent
from synth_assets.resources.sandbox.orders import FAULT, Bounds, Mode, Order, Report
from synth_assets.resources.sandbox.places import SCRATCH, installed

_MOST_BYTES = 65_536
_MOST_DESCRIPTORS = 4
_SHORTEST_LOOK_S, _LONGEST_LOOK_S = 0.01, 0.5
_WARM = (
    *("abc", "array", "base64", "bisect", "calendar", "cmath", "collections", "contextlib"),
    *("copy", "csv", "dataclasses", "datetime", "decimal", "difflib", "enum", "fractions"),
    *("functools", "hashlib", "heapq", "inspect", "io", "itertools", "json", "math", "numbers"),
    *("operator", "pprint", "queue", "random", "re", "statistics", "string", "struct"),
    *("textwrap", "threading", "time", "typing", "unicodedata", "unittest", "uuid", "zlib"),
)


class _Child:
    def __init__(self, who: str, work: Callable[[], None]) -> None:
        self.who = who
        self.code: int | None = None
        self.cpu_s = 0.0
        self.is_over = False
        self.pid = os.fork()
        if self.pid == 0:
            _be(work)
        self.handle = os.pidfd_open(self.pid)

    def used_s(self) -> float:
        """Processor time so far; the clock of another process, see `clock_getcpuclockid(3)`."""
        try:
            return time.clock_gettime((~self.pid << 3) | 2)
        except OSError:
            return 0.0

    def collect(self, *, stop: bool) -> None:
        """Take note of its end; `stop` makes it end."""
        if self.is_over:
            return
        if stop:
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)
        _, status, usage = os.wait4(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self.code = None if stop and code == -signal.SIGKILL else code
        self.cpu_s = usage.ru_utime + usage.ru_stime
        self.is_over = True
        os.close(self.handle)


def _be(work: Callable[[], None]) -> None:
    """Do a child's work, and never come back."""
    code = FAULT
    try:
        work()
        code = 0
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else 1
    finally:
        os._exit(code)


class Zygote:
    """Serves one order at a time."""

    def __init__(self, control: socket.socket, cage: Cage) -> None:
        self._control = control
        self._cage = cage
        self._null = os.open("/dev/null", os.O_RDWR)

    def serve(self) -> None:
        """Serve until nobody orders any more."""
        while True:
            data, descriptors, _, _ = socket.recv_fds(self._control, _MOST_BYTES, _MOST_DESCRIPTORS)
            if not data:
                return
            told = json.loads(data)
            report = self._run(Order(told["kind"], Bounds(**told["bounds"])), descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
            last = not self._clean()
            self._control.send(json.dumps(asdict(report) | {"last": last}).encode())
            if last:
                return

    def _clean(self) -> bool:
        """Empty the scratch folder; false where that takes a new server."""
        if not self._cage.mode.has_own_root or not os.listdir(SCRATCH):
            return True
        if self._cage.mode != Mode.NAMESPACES:
            return False
        namespaces.renew_scratch()
        self._cage.scratch_was_renewed()
        return True

    def _run(self, order: Order, descriptors: list[int]) -> Report:
        if order.kind == "script":
            program, *streams = descriptors
            children = [_Child("program", lambda: self._script(order, program, streams))]
        else:
            program, tests, verdict = descriptors
            ours, theirs = socket.socketpair()
            serving, asking = theirs.fileno(), ours.fileno()
            children = [
                _Child("program", lambda: self._calls(order, program, serving)),
                _Child("tests", lambda: self._tests(order, tests, verdict, asking)),
            ]
            ours.close()
            theirs.close()
        try:
            ended, who = self._watch(children, order.bounds)
        finally:
            for child in children:
                child.collect(stop=True)
        codes = {child.who: child.code for child in children}
        cpu_s = sum(child.cpu_s for child in children)
        return Report(ended, who, codes["program"], codes.get("tests"), cpu_s)

    def _watch(self, children: list[_Child], bounds: Bounds) -> tuple[str, str]:
        """Wait until the last of the children, whose end ends the run, is over; or for a limit."""
        deadline = time.monotonic() + bounds.wall_s
        poll = select.poll()
        poll.register(self._control, select.POLLHUP | select.POLLRDHUP)
        waiting = {child.handle: child for child in children}
        for handle in waiting:
            poll.register(handle, select.POLLIN)
        while True:
            spare = min(bounds.cpu_s - child.used_s() for child in waiting.values())
            look = min(max(spare, _SHORTEST_LOOK_S), _LONGEST_LOOK_S)
            for descriptor, _ in poll.poll(look * 1000):
                if descriptor == self._control.fileno():
                    raise SystemExit(0)
                poll.unregister(descriptor)
                waiting.pop(descriptor).collect(stop=False)
            if children[-1].is_over:
                return "done", ""
            for child in waiting.values():
                if child.used_s() > bounds.cpu_s:
                    return "cpu", child.who
            if time.monotonic() > deadline:
                return "wall", "program"

    def _rules(self, rules: int | None) -> list[int]:
        return [] if rules is None else [rules]

    def _user(self, place: int) -> int | None:
        return None if self._cage.user is None else self._cage.user + place

    def _calls(self, order: Order, program: int, channel: int) -> None:
        rules = self._rules(self._cage.program_rules)
        arrange([self._null] * 3 + [channel, program, *rules])
        confine(self._cage, order.bounds, 5 if rules else None, self._user(0))
        candidate.serve_calls(candidate.read_whole(4), 3)

    def _script(self, order: Order, program: int, streams: list[int]) -> None:
        rules = self._rules(self._cage.program_rules)
        arrange([*streams, program, *rules])
        confine(self._cage, order.bounds, 4 if rules else None, self._user(0))
        raise SystemExit(candidate.run_script(candidate.read_whole(3)))

    def _tests(self, order: Order, tests: int, verdict: int, channel: int) -> None:
        rules = self._rules(self._cage.tests_rules)
        arrange([self._null] * 3 + [channel, tests, verdict, *rules])
        confine(self._cage, order.bounds, 6 if rules else None, self._user(1))
        examiner.examine(candidate.read_whole(4), 3, 5)


def main(mode: str) -> None:
    """Serve on the socket at descriptor 0, after saying that all is ready, or why it is not."""
    control = socket.socket(fileno=os.dup(0))
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.close(null)
    try:
        cage = _settle(Mode(mode), control)
        sys.path[:] = installed()
        for name in _WARM:
            importlib.import_module(name)
    except (OSError, SandboxError) as exc:
        control.send(json.dumps({"fault": str(exc)}).encode())
        return
    control.send(json.dumps({"ready": cage.mode}).encode())
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
