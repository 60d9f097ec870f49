"""Timing of whole processes by the operating system's own accounting."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds of wall and CPU, peak resident memory in MiB."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def run_process(arguments: Sequence[str], environment: Mapping[str, str]) -> Cost:
    """Run a command to its end; raises CalledProcessError if it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        arguments, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    per_mib = 1024 if sys.platform == "linux" else 1024**2
    wall = time.perf_counter() - started
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / per_mib)


def own_peak_mib() -> float:
    """Peak resident memory of this process in MiB, without that of whoever started it; Linux."""
    # The operating system's accounts of a process begin with the peak of the one that started it.
    status = Path("/proc/self/status").read_text("ascii")
    [peak] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peak.split()[1]) / 1024


def median(costs: Sequence[Cost]) -> Cost:
    """Medians of each figure."""
    return Cost(
        statistics.median(cost.wall_s for cost in costs),
        statistics.median(cost.cpu_s for cost in costs),
        statistics.median(cost.peak_mib for cost in costs),
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
