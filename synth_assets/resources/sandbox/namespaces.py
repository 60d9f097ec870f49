"""A world of its own for programs: no network, no other process, a root that holds Python alone.

Needs root, or a kernel that lets users make namespaces. See `man 7 namespaces`.
"""

import os

from synth_assets.resources.sandbox.kernel import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    MS_BIND,
    MS_NODEV,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    make_read_only,
    mount,
    pivot_root,
    unmount,
    unshare,
)
from synth_assets.resources.sandbox.places import DEVICES, SCRATCH, readable

_ALL = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP
_SAFE = MS_NOSUID | MS_NODEV
# Always there, and never a folder above Python's own.
_NEW_ROOT = "/proc"
_OLD = "/.old"
_SCRATCH_SIZE = "size=16m,nr_inodes=4k,mode=1777"


def enter() -> None:
    """Move this process to a new world; its next child is the first process of it.

    Raises:
        OSError: if the kernel refuses.
    """
    wanted = readable()
    user, group = os.geteuid(), os.getegid()
    unshare(_ALL | (CLONE_NEWUSER if user else 0))
    if user:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", _NEW_ROOT, "tmpfs", _SAFE, "size=1m,mode=755")
    for path in sorted(wanted, key=len):
        _show(path)
    for path in DEVICES:
        _show(path, is_device=True)
    os.makedirs(_NEW_ROOT + SCRATCH, exist_ok=True)
    os.mkdir(_NEW_ROOT + _OLD)
    pivot_root(_NEW_ROOT, _NEW_ROOT + _OLD)
    os.chdir("/")
    unmount(_OLD)
    os.rmdir(_OLD)
    mount("none", "/", None, MS_REMOUNT | MS_RDONLY | _SAFE)
    mount_scratch()


def mount_scratch() -> None:
    """Lay an empty folder of bounded size over whatever lies at `SCRATCH`."""
    mount("tmpfs", SCRATCH, "tmpfs", _SAFE, _SCRATCH_SIZE)


def renew_scratch() -> None:
    """Empty the folder, whatever was made of it."""
    unmount(SCRATCH)
    mount_scratch()


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _show(path: str, *, is_device: bool = False) -> None:
    """Put what lies at a path at the same path of the new root."""
    place = _NEW_ROOT + path
    if os.path.exists(place):
        return
    if os.path.isdir(path):
        os.makedirs(place)
    else:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o644))
    mount(path, place, None, MS_BIND | MS_REC)
    if not is_device:
        make_read_only(place)
