"""The system calls that untrusted code may make, as a filter for the kernel (seccomp).

What is not named is refused with EPERM: sockets, other processes, programs, mounts, tracing, keys,
shared memory, the clock. Assembled by hand, as libseccomp is not on every machine; see
`man 2 seccomp`, and the kernel's `Documentation/userspace-api/seccomp_filter.rst`.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass

from synth_assets.errors import SandboxError
from synth_assets.resources.sandbox.kernel import prctl

# name:number on x86_64:number on aarch64
_FREE = """
    read:0:63 write:1:64 readv:19:65 writev:20:66 pread64:17:67 pwrite64:18:68 open:2:-
    openat:257:56 close:3:57 close_range:436:436 stat:4:- fstat:5:80 lstat:6:- newfstatat:262:79
    statx:332:291 lseek:8:62 poll:7:- ppoll:271:73 select:23:- pselect6:270:72 mmap:9:222
    mprotect:10:226 munmap:11:215 mremap:25:216 madvise:28:233 brk:12:214 rt_sigaction:13:134
    rt_sigprocmask:14:135 rt_sigreturn:15:139 rt_sigtimedwait:128:137 rt_sigsuspend:130:133
    rt_sigpending:127:136 sigaltstack:131:132 access:21:- faccessat:269:48 faccessat2:439:439
    pipe:22:- pipe2:293:59 dup:32:23 dup2:33:- dup3:292:24 sched_yield:24:124
    sched_getaffinity:204:123 nanosleep:35:101 clock_nanosleep:230:115 clock_gettime:228:113
    clock_getres:229:114 gettimeofday:96:169 time:201:- getitimer:36:102 setitimer:38:103
    alarm:37:- pause:34:- getpid:39:172 getppid:110:173 gettid:186:178 getuid:102:174
    geteuid:107:175 getgid:104:176 getegid:108:177 getresuid:118:148 getresgid:120:150
    getgroups:115:158 getpgrp:111:- getpgid:121:155 getsid:124:156 uname:63:160 flock:73:32
    fsync:74:82 fdatasync:75:83 ftruncate:77:46 getdents:78:- getdents64:217:61
    getcwd:79:17 chdir:80:49 fchdir:81:50 rename:82:- renameat:264:38 renameat2:316:276 mkdir:83:-
    mkdirat:258:34 rmdir:84:- unlink:87:- unlinkat:263:35 symlink:88:- symlinkat:266:36 link:86:-
    linkat:265:37 readlink:89:- readlinkat:267:78
    umask:95:166 getrlimit:97:163 getrusage:98:165 times:100:153 sysinfo:99:179
    futex:202:98 futex_waitv:449:449 set_robust_list:273:99 get_robust_list:274:100
    set_tid_address:218:96 rseq:334:293 exit:60:93 exit_group:231:94 getrandom:318:278
    epoll_create:213:- epoll_create1:291:20 epoll_ctl:233:21 epoll_wait:232:- epoll_pwait:281:22
    eventfd2:290:19 membarrier:324:283 arch_prctl:158:- sendfile:40:71 statfs:137:43
    fstatfs:138:44 fallocate:285:47 fadvise64:221:223 mincore:27:232 msync:26:227 recvfrom:45:207
    shutdown:48:210 getsockopt:55:209 setsockopt:54:208 getsockname:51:204 getpeername:52:205
    wait4:61:260 waitid:247:95 getcpu:309:168 restart_syscall:219:128
"""
# What Landlock does not look at: only where no file of anybody's is in sight.
_MARKS = """
    chmod:90:- fchmod:91:52 fchmodat:268:53 utimensat:280:88
"""
# What it takes to be handed orders and to fork; programs give it up.
_PARENTS = """
    recvmsg:47:212
"""
_RECEIVES = """
    recvmsg:47:212
"""
_CHECKED = """
    clone:56:220 clone3:435:435 kill:62:129 tgkill:234:131 socketpair:53:199 sendto:44:206
    fcntl:72:25 ioctl:16:29 prctl:157:167 prlimit64:302:261
"""

_MACHINES = {"x86_64": (0xC000003E, 1), "aarch64": (0xC00000B7, 2)}
_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_REFUSE = 0x00050000

_LOAD, _EQUAL, _ABOVE_EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE = 0, 4
_X32 = 0x40000000
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

_CLONE_THREAD = 0x10000
_SOMEBODY = 0x7FFFFFFF
"""No process has this id."""
_UNIX, _STREAM = 1, 1
_STREAM_FLAGS = (_STREAM, _STREAM | 0o4000, _STREAM | 0o2000000, _STREAM | 0o2004000)
_OWN_NAME = (15, 16)
"""PR_SET_NAME, PR_GET_NAME."""
_TERMINAL_AND_FLAGS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX."""
_FILE_FLAGS = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
"""Of a descriptor and its locks; not F_SETOWN or F_SETSIG, which send signals to others."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


@dataclass(frozen=True)
class _Filter:
    """Instructions under way."""

    code: list[bytes]

    def add(self, operation: int, value: int, if_true: int = 0, if_false: int = 0) -> None:
        self.code.append(struct.pack("<HBBI", operation, if_true, if_false, value))

    def allow(self, number: int) -> None:
        self.add(_EQUAL, number, 0, 1)
        self.add(_RETURN, _ALLOW)

    def check(self, number: int, tests: "_Filter") -> None:
        """Where the call is this one, only the tests decide; they end by refusing."""
        self.add(_EQUAL, number, 0, len(tests.code))
        self.code.extend(tests.code)

    def argument(self, place: int, *, upper: bool = False) -> None:
        self.add(_LOAD, 16 + 8 * place + (4 if upper else 0))

    def allow_values(self, *values: int) -> None:
        for value in values:
            self.allow(value)

    def refuse(self, number: int = errno.EPERM) -> None:
        self.add(_RETURN, _REFUSE | number)


def is_known_machine() -> bool:
    """Whether the numbers of this machine's system calls are known here."""
    return os.uname().machine in _MACHINES


def filter_of(own_pid: int, *, may_mark: bool) -> bytes:
    """The filter of a process for tests, which are handed programs; it may signal itself alone.

    Args:
        own_pid: of the process.
        may_mark: whether it may change modes and times of files.

    Raises:
        SandboxError: on a machine whose system calls have other numbers.
    """
    return _made(_FREE + (_MARKS if may_mark else "") + _RECEIVES, _checks(own_pid))


def filter_of_parent(*, may_mark: bool) -> bytes:
    """The filter of the process that programs are forked from.

    What it allows beyond what programs may do, `rest` takes away from each.
    """
    return _made(_FREE + (_MARKS if may_mark else "") + _PARENTS, _checks_of_parent())


def rest() -> Callable[[int], None]:
    """What puts a program under the rest of its filter, given its own process id."""
    _, column = _MACHINES[os.uname().machine]
    somebody = struct.pack("<HBBI", _EQUAL, 0, 1, _SOMEBODY)
    made = _Filter([])
    made.add(_LOAD, _NUMBER)
    for number in _numbers(_PARENTS, column).values():
        refused = _Filter([])
        refused.refuse()
        made.check(number, refused)
    checked = _numbers(_CHECKED, column)
    for name in ("clone", "kill", "tgkill", "prctl"):
        made.check(checked[name], _checks(_SOMEBODY)[name])
    made.add(_RETURN, _ALLOW)
    code = bytearray(b"".join(made.code))
    places = [at + 4 for at in range(0, len(code), 8) if code.startswith(somebody, at)]
    data = (ctypes.c_char * len(code)).from_buffer(code)
    program = _Program(len(code) // 8, ctypes.cast(data, ctypes.c_char_p))
    given = ctypes.byref(program)

    def install_for(own_pid: int) -> None:
        for place in places:
            struct.pack_into("<I", code, place, own_pid)
        prctl(_PR_SET_SECCOMP, _MODE_FILTER, given)

    return install_for


def _made(free: str, checks: dict[str, _Filter]) -> bytes:
    if not is_known_machine():
        raise SandboxError(
            f"Programs cannot be run safely on a {os.uname().machine} processor: its system calls "
            "are not known here. Use x86_64 or aarch64."
        )
    machine, column = _MACHINES[os.uname().machine]
    made = _Filter([])
    made.add(_LOAD, _MACHINE)
    made.add(_EQUAL, machine, 1, 0)
    made.add(_RETURN, _KILL)
    made.add(_LOAD, _NUMBER)
    made.add(_ABOVE_EQUAL, _X32, 0, 1)
    made.add(_RETURN, _KILL)
    for number in _numbers(free, column).values():
        made.allow(number)
    checked = _numbers(_CHECKED, column)
    for name, tests in checks.items():
        made.check(checked[name], tests)
    made.refuse()
    return b"".join(made.code)


def install(program: bytes) -> None:
    """Put this process under a filter, for good; it must have given up new privileges.

    Raises:
        OSError: if the kernel refuses.
    """
    length = len(program) // 8
    prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(_Program(length, program)))


def _numbers(table: str, column: int) -> dict[str, int]:
    rows = (entry.split(":") for entry in table.split())
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


def _among(place: int, *values: int) -> _Filter:
    tests = _Filter([])
    tests.argument(place)
    tests.allow_values(*values)
    tests.refuse()
    return tests


def _checks_of_parent() -> dict[str, _Filter]:
    return _checks(_SOMEBODY) | {
        name: _everything() for name in ("clone", "kill", "tgkill", "prctl")
    }


def _everything() -> _Filter:
    tests = _Filter([])
    tests.add(_RETURN, _ALLOW)
    return tests


def _checks(own_pid: int) -> dict[str, _Filter]:
    clone = _Filter([])
    clone.argument(0)
    clone.add(_ANY_BIT, _CLONE_THREAD, 0, 1)
    clone.add(_RETURN, _ALLOW)
    clone.refuse()
    clone3 = _Filter([])
    # Its flags lie in memory, where a filter cannot look; the C library then takes `clone`.
    clone3.refuse(errno.ENOSYS)
    pair = _Filter([])
    pair.argument(0)
    pair.add(_EQUAL, _UNIX, 1, 0)
    pair.refuse()
    pair.code.extend(_among(1, *_STREAM_FLAGS).code)
    send = _Filter([])
    for upper in (False, True):
        send.argument(4, upper=upper)
        send.add(_EQUAL, 0, 1, 0)
        send.refuse()
    send.add(_RETURN, _ALLOW)
    return {
        "clone": clone,
        "clone3": clone3,
        "socketpair": pair,
        "sendto": send,
        "kill": _among(0, own_pid),
        "tgkill": _among(0, own_pid),
        "fcntl": _among(1, *_FILE_FLAGS),
        "ioctl": _among(1, *_TERMINAL_AND_FLAGS),
        "prctl": _among(0, *_OWN_NAME),
        "prlimit64": _among(0, 0),
    }
