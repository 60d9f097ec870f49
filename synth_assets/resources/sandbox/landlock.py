"""What files untrusted code may touch, as rules for the kernel (Landlock, Linux 5.13).

See `man 7 landlock`. What no rule allows is refused; rules hold for a process and its threads, and
can never be loosened.
"""

import ctypes
import os
import stat
from collections.abc import Iterable

from synth_assets.resources.sandbox.kernel import system_call

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1

_WRITE_FILE, _READ_FILE, _READ_FOLDER, _TRUNCATE = 1 << 1, 1 << 2, 1 << 3, 1 << 14
_RIGHTS_OF_FILES = 1 | _WRITE_FILE | _READ_FILE | _TRUNCATE | 1 << 15
_MAKE_DEVICES_AND_SOCKETS = 1 << 6 | 1 << 9 | 1 << 11
_EXECUTE, _DEVICE_CONTROL = 1, 1 << 15


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """Which Landlock the kernel has; 0 where none."""
    try:
        return system_call(_CREATE, None, 0, _ASK_VERSION)
    except OSError:
        return 0


def make_rules(readable: Iterable[str], writable: Iterable[str], devices: Iterable[str]) -> int:
    """Rules by which nothing else can be read or written; a descriptor, for `restrict`.

    Raises:
        OSError: if the kernel refuses.
    """
    known = _rights(version())
    asked = _Ruleset(known, 0b11 if version() >= 4 else 0, 0b11 if version() >= 6 else 0)
    rules = system_call(_CREATE, ctypes.byref(asked), ctypes.sizeof(asked), 0)
    for path in readable:
        _allow(rules, path, _READ_FILE | _READ_FOLDER, known)
    for path in devices:
        _allow(rules, path, _READ_FILE | _WRITE_FILE | _TRUNCATE, known)
    for path in writable:
        without = _EXECUTE | _MAKE_DEVICES_AND_SOCKETS | _DEVICE_CONTROL
        _allow(rules, path, known & ~without, known)
    return rules


def restrict(rules: int) -> None:
    """Put this process under rules, for good; it must have given up new privileges."""
    system_call(_RESTRICT, rules, 0)


def _rights(abi: int) -> int:
    """All that this kernel can refuse."""
    number = 13 + (abi >= 2) + (abi >= 3) + (abi >= 5)
    return (1 << number) - 1


def _allow(rules: int, path: str, rights: int, known: int) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(folder).st_mode):
            rights &= _RIGHTS_OF_FILES
        beneath = _Beneath(rights & known, folder)
        system_call(_ADD, rules, _PATH_BENEATH, ctypes.byref(beneath), 0)
    finally:
        os.close(folder)
