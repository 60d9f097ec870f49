"""The process that programs are forked from: confined itself already, and nothing but small.

What a process touches after a fork is copied page by page, on both sides, which is most of what a
short run costs. So whoever forks does as little as can be, and what can be given up for good is
given up once, here; a program gives up the rest, what the fork itself takes.
"""

import array
import math
import os
import resource
import signal
import socket
import struct
from collections.abc import Callable

from synth_assets.resources.sandbox import candidate, seccomp
from synth_assets.resources.sandbox.children import used_by
from synth_assets.resources.sandbox.confine import Cage, arrange, confine
from synth_assets.resources.sandbox.kernel import die_with_parent
from synth_assets.resources.sandbox.orders import FAULT, Bounds, Mode

_CONTROL = 3
_FIRST = _CONTROL + 1
_PID = struct.Struct("<q")
_END = struct.Struct("<qd")
_ROOM = socket.CMSG_SPACE(4 * 4)
_COLLECT = b"c"


class Born:
    """A program's process.

    Attributes:
        who: what it is called in reports.
        handle: a descriptor that tells of its end.
        code: its exit code, or minus the signal that ended it; none where it was stopped here.
        is_over: whether it was collected.
        cpu_s: processor time in all, once it is over.
    """

    who = "program"

    def __init__(self, pid: int, control: socket.socket) -> None:
        self._pid = pid
        self._control = control
        self.handle = os.pidfd_open(pid)
        self.code: int | None = None
        self.is_over = False
        self.cpu_s = 0.0

    def used_s(self) -> float:
        """Processor time so far."""
        return self.cpu_s if self.is_over else used_by(self._pid)

    def collect(self, *, stop: bool) -> None:
        """Take note of its end; `stop` makes it end."""
        if self.is_over:
            return
        if stop:
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)
        self.is_over = True
        os.close(self.handle)
        self._control.send(_COLLECT)
        status, self.cpu_s = _END.unpack(_answer(self._control, _END.size))
        code = os.waitstatus_to_exitcode(status)
        self.code = None if stop and code == -signal.SIGKILL else code


class Nursery:
    """The server's hold on the process that programs are forked from.

    Args:
        cage: the surroundings.
        bounds: of each program.
        null: a descriptor of nothing.
    """

    def __init__(self, cage: Cage, bounds: Bounds, null: int) -> None:
        self.bounds = bounds
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._pid = os.fork()
        if self._pid == 0:
            try:
                _be(cage, bounds, null, theirs)
            finally:
                os._exit(FAULT)
        theirs.close()

    def bear(self, kind: str, descriptors: list[int]) -> Born:
        """Start a program.

        Args:
            kind: of the order.
            descriptors: of a `script`'s order; of `calls` the channel and the program.

        Raises:
            OSError: if the process that forks is gone.
        """
        socket.send_fds(self._control, [kind.encode()], descriptors)
        return Born(_PID.unpack(_answer(self._control, _PID.size))[0], self._control)

    def end(self) -> None:
        """End it; no program may be under way."""
        self._control.close()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def _answer(control: socket.socket, size: int) -> bytes:
    data = control.recv(64)
    if len(data) != size:
        raise OSError("the process that programs are forked from is gone")
    return data


def _be(cage: Cage, bounds: Bounds, null: int, control: socket.socket) -> None:
    """Be that process; never comes back."""
    rules = [] if cage.program_rules is None else [cage.program_rules]
    arrange([null] * 3 + [control.detach(), *rules])
    confine(cage, bounds, _CONTROL + 1 if rules else None, cage.user, bears=True)
    finish = _finisher(cage, bounds)
    orders = socket.socket(fileno=_CONTROL)
    # There is one function more between here and the program than where plain ones are served.
    candidate.give_frames(candidate.FRAMES + 1)
    while True:
        told, handed, _, _ = orders.recvmsg(16, _ROOM)
        if not told:
            os._exit(0)
        descriptors = array.array("i", handed[0][2])
        pid = os.fork()
        if pid == 0:
            _live(told, finish)
        for descriptor in descriptors:
            os.close(descriptor)
        orders.send(_PID.pack(pid))
        if not orders.recv(1):
            os._exit(0)
        _, status, usage = os.wait4(pid, 0)
        orders.send(_END.pack(status, usage.ru_utime + usage.ru_stime))


def _finisher(cage: Cage, bounds: Bounds) -> Callable[[], None]:
    """What each program still has to give up, made ready before it is there."""
    seconds = math.ceil(bounds.cpu_s) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard != resource.RLIM_INFINITY:
        seconds = min(seconds, hard)
    install = seccomp.rest() if cage.mode != Mode.NOTHING else None

    def finish() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        die_with_parent(signal.SIGKILL)
        if install:
            install(os.getpid())

    return finish


def _live(told: bytes, finish: Callable[[], None]) -> None:
    """Be a program; its descriptors are the lowest that were free."""
    code = FAULT
    try:
        if told == b"script":
            for place in range(3):
                os.dup2(_FIRST + 1 + place, place, inheritable=False)
            os.dup2(_FIRST, 3, inheritable=False)
            os.closerange(4, 1 << 20)
            finish()
            code = candidate.run_script(candidate.read_whole(3))
        else:
            # The channel takes the place of the way to the server.
            os.dup2(_FIRST, 3, inheritable=False)
            os.dup2(_FIRST + 1, 4, inheritable=False)
            os.closerange(5, 1 << 20)
            finish()
            candidate.serve_calls(candidate.read_whole(4), 3)
            code = 0
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else 1
    finally:
        os._exit(code)
