"""Calls of the Linux kernel that Python does not offer."""

import ctypes
import os
from functools import cache
from typing import Any, TypeAlias

_PR_SET_NO_NEW_PRIVS, _PR_SET_PDEATHSIG = 38, 1
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_CAPABILITY_VERSION = 0x20080522
_SYS_MOUNT_SETATTR = 442
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_SYS_CAPSET = {"x86_64": 126, "aarch64": 91}
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT = 1, 2, 4, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2

Argument: TypeAlias = Any
"""A number, bytes, or what ctypes makes of something; ctypes has no name for it."""


class _MountAttributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("user_namespace", ctypes.c_uint64),
    )


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def call(function: str, *arguments: Argument) -> int:
    """Call the C library.

    Raises:
        OSError: where it returns -1, or has no such function.
    """
    try:
        result = getattr(_library(), function)(*arguments)
    except AttributeError as exc:
        raise OSError(f"this system has no {function}") from exc
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")
    return result


def system_call(number: int, *arguments: Argument) -> int:
    """Make a system call by its number; raises OSError where it fails."""
    given = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return call("syscall", ctypes.c_long(number), *given)


def prctl(option: int, *arguments: Argument) -> int:
    """Change this process; raises OSError where the kernel refuses."""
    given = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments]
    missing = [ctypes.c_ulong(0)] * (4 - len(given))
    return call("prctl", ctypes.c_int(option), *given, *missing)


def refuse_new_privileges() -> None:
    """No program that this process starts can be more than it is."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def die_with_parent(signal: int) -> None:
    """Get a signal when the thread that started this process ends."""
    prctl(_PR_SET_PDEATHSIG, signal)


def drop_capabilities() -> None:
    """Give up every capability, for good."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    nothing = (ctypes.c_uint32 * 6)()
    prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    system_call(_SYS_CAPSET[os.uname().machine], ctypes.byref(header), ctypes.byref(nothing))


def mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    """See `man 2 mount`; raises OSError where the kernel refuses."""
    encoded = kind.encode() if kind else None
    call(
        "mount",
        source.encode(),
        os.fsencode(target),
        encoded,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )


def unmount(target: str) -> None:
    """Take a mount out of the tree at once; raises OSError where the kernel refuses."""
    call("umount2", os.fsencode(target), MNT_DETACH)


def make_read_only(target: str) -> None:
    """Make a mount and all below it read-only, without devices and set-user-id programs."""
    wanted = _MountAttributes(MS_RDONLY | MS_NOSUID | MS_NODEV, 0, 0, 0)
    system_call(
        _SYS_MOUNT_SETATTR,
        _AT_FDCWD,
        os.fsencode(target),
        _AT_RECURSIVE,
        ctypes.byref(wanted),
        ctypes.sizeof(wanted),
    )


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root and put the old one at `old`; raises OSError where refused."""
    system_call(_SYS_PIVOT_ROOT[os.uname().machine], os.fsencode(new), os.fsencode(old))


def unshare(flags: int) -> None:
    """Leave namespaces; raises OSError where the kernel refuses."""
    call("unshare", ctypes.c_int(flags))
