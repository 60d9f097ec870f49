"""Processes that the server makes: one for each program, and those that run tests."""

import os
import signal
import time
from collections.abc import Callable

from synth_assets.resources.sandbox.orders import FAULT


def used_by(pid: int) -> float:
    """Processor time of another process so far, see `clock_getcpuclockid(3)`; 0 if it is gone."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


class Child:
    """A process, until it was collected.

    Args:
        who: what it is called in reports.
        work: what it does; it never comes back from it.

    Attributes:
        handle: a descriptor that tells of its end.
        code: its exit code, or minus the signal that ended it; none where it was stopped here.
        is_over: whether it was collected.
        cpu_s: processor time in all, once it is over.
    """

    def __init__(self, who: str, work: Callable[[], None]) -> None:
        self.who = who
        self.code: int | None = None
        self.cpu_s = self._before_s = 0.0
        self.is_over = False
        self.pid = os.fork()
        if self.pid == 0:
            _be(work)
        self.handle = os.pidfd_open(self.pid)

    def begin(self) -> None:
        """Count processor time from now on."""
        self._before_s += self.used_s()

    def used_s(self) -> float:
        """Processor time so far, since it began."""
        return (self.cpu_s if self.is_over else used_by(self.pid)) - self._before_s

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
