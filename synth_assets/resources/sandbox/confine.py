"""What a process does to itself before it runs code that nobody vouches for."""

import fcntl
import math
import os
import resource
import signal
from dataclasses import dataclass

from synth_assets.resources.sandbox import landlock, seccomp
from synth_assets.resources.sandbox.kernel import (
    die_with_parent,
    drop_capabilities,
    refuse_new_privileges,
)
from synth_assets.resources.sandbox.orders import Bounds, Mode
from synth_assets.resources.sandbox.places import DEVICES, SCRATCH, readable

_MOST_FILES = 64
_MOST_THREADS = 64
_SPARE = 64
# Above all that systems give to people and services.
_FIRST_USER = 2_000_000_000
_USERS = 100_000_000


@dataclass
class Cage:
    """What holds for every process that is made here.

    Attributes:
        mode: what the surroundings are.
        user: first of the three users that processes become, of programs, of tests and of plain
            programs; none where they cannot.
        tests_rules: Landlock's rules for tests and plain programs, a descriptor; none where there
            is no Landlock.
        program_rules: for other programs; they may write to the scratch folder.
    """

    mode: Mode
    user: int | None
    tests_rules: int | None
    program_rules: int | None

    @classmethod
    def build(cls, mode: Mode, user: int | None) -> "Cage":
        """Make the rules once for all processes; raises OSError if the kernel refuses."""
        if mode != Mode.NOTHING:
            seccomp.filter_of(0, may_mark=mode.has_own_root)
        if mode == Mode.NOTHING or not landlock.version():
            return cls(mode, user, None, None)
        tests = landlock.make_rules(readable(), (), DEVICES)
        return cls(mode, user, tests, cls._rules_of_programs(mode))

    @staticmethod
    def _rules_of_programs(mode: Mode) -> int:
        writable = (SCRATCH,) if mode.has_own_root else ()
        return landlock.make_rules(readable(), writable, DEVICES)

    def scratch_was_renewed(self) -> None:
        """Rules name a folder, not its path: make those of programs anew."""
        if self.program_rules is not None:
            os.close(self.program_rules)
            self.program_rules = self._rules_of_programs(self.mode)


def user_for(number: int) -> int:
    """The first of three users that nobody else is."""
    return _FIRST_USER + 3 * (number % _USERS)


def arrange(descriptors: list[int]) -> None:
    """Make these the descriptors 0, 1, 2 ... and close all others."""
    high = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, _SPARE) for each in descriptors]
    for place, descriptor in enumerate(high):
        os.dup2(descriptor, place, inheritable=False)
    os.closerange(len(high), os.sysconf("SC_OPEN_MAX"))


def confine(
    cage: Cage, bounds: Bounds, rules: int | None, user: int | None, *, bears: bool = False
) -> None:
    """Give up all that can be given up; the filter of system calls comes last.

    Args:
        cage: the surroundings.
        bounds: what may be used.
        rules: Landlock's, a descriptor, which is closed.
        user: whom to become.
        bears: whether programs are forked from it: then it keeps what that takes, processor time
            among it, and each program gives it up.

    Raises:
        OSError: if the kernel refuses any of it.
    """
    signal.set_wakeup_fd(-1)
    _bound(bounds, lasting=bears, threads=user is not None or cage.mode == Mode.NAMESPACES)
    refuse_new_privileges()
    if rules is not None:
        landlock.restrict(rules)
        os.close(rules)
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    if cage.mode != Mode.NOTHING:
        drop_capabilities()
    die_with_parent(signal.SIGKILL)
    os.chdir(SCRATCH if cage.mode.has_own_root else "/")
    if cage.mode != Mode.NOTHING:
        own_root = cage.mode.has_own_root
        if bears:
            seccomp.install(seccomp.filter_of_parent(may_mark=own_root))
        else:
            seccomp.install(seccomp.filter_of(os.getpid(), may_mark=own_root))


def allow_time(cpu_s: float, *, for_good: bool) -> None:
    """Have the kernel end this process where it takes longer from now on, and nobody else does.

    Args:
        cpu_s: what it may use, and a little more.
        for_good: whether the process can never be allowed more.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    before, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime + cpu_s) + 2
    soft = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
    if for_good or soft != before:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, soft if for_good else hard))


def _bound(bounds: Bounds, *, lasting: bool, threads: bool) -> None:
    seconds = math.ceil(bounds.cpu_s) + 1
    memory = bounds.memory_mb << 20
    limits = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_FSIZE: bounds.output_kb << 10,
        resource.RLIMIT_NOFILE: _MOST_FILES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    if threads:
        limits[resource.RLIMIT_NPROC] = _MOST_THREADS
    if lasting:
        del limits[resource.RLIMIT_CPU]
    for limit, most in limits.items():
        _, hard = resource.getrlimit(limit)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (most, most))
