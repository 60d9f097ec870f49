"""How long processes waited for a processor; a run that got none has not shown that it is slow."""

import os
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

_PROCESSES = Path("/proc")


@dataclass(frozen=True)
class _Process:
    number: int
    parent: int
    began_s: float


def waited_s(ancestor: int, young_s: float) -> float:
    """The longest that a young process under another has waited, ready to run.

    Zero where the kernel does not say (`/proc/PID/schedstat`).

    Args:
        ancestor: a process id.
        young_s: the age up to which a process counts: the waits of others are of earlier runs too.
    """
    children: dict[int, list[_Process]] = defaultdict(list)
    for name in os.listdir(_PROCESSES):
        process = _process(int(name)) if name.isdecimal() else None
        if process is not None:
            children[process.parent].append(process)
    below = list(children[ancestor])
    for process in below:
        below += children[process.number]
    youngest = time.clock_gettime(time.CLOCK_BOOTTIME) - young_s
    return max((_waited_s(p.number) for p in below if p.began_s >= youngest), default=0.0)


def _process(number: int) -> _Process | None:
    try:
        text = (_PROCESSES / str(number) / "stat").read_text("utf-8", "replace")
    except OSError:
        return None
    # The name before it may hold anything, brackets among it.
    fields = text.rpartition(")")[2].split()
    return _Process(number, int(fields[1]), int(fields[19]) / os.sysconf("SC_CLK_TCK"))


def _waited_s(process: int) -> float:
    """Of the thread that waited longest."""
    try:
        threads = list((_PROCESSES / str(process) / "task").iterdir())
        return max(int((each / "schedstat").read_text().split()[1]) for each in threads) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
