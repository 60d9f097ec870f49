"""Dagster's launcher of runs in processes of this machine, which also notices when one is gone.

Dagster's own cannot tell: a run whose process and code server were killed stays "started" for ever,
with its place in the queue, and its backfill never ends.
"""

import os
from pathlib import Path

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus

_PROC = Path("/proc")


class WatchedRunLauncher(DefaultRunLauncher):
    """Launches each run in a process of its own, and tells Dagster's monitoring whether it lives.

    Runs that `synth` makes in its own process are watched as well.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        """See `RunLauncher`."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the process that wrote of the run last is alive; without a word of any, it is."""
        events = self._instance.all_logs(run.run_id, of_type={dg.DagsterEventType.ENGINE_EVENT})
        for entry in reversed(events):
            event = entry.dagster_event
            data = None if event is None else event.engine_event_data
            told = None if data is None else data.metadata.get("pid")
            if told is None:
                continue
            pid = int(str(told.value))
            if _is_alive(pid, entry.timestamp):
                return CheckRunHealthResult(WorkerStatus.RUNNING)
            return CheckRunHealthResult(WorkerStatus.FAILED, f"its process {pid} is no more")
        return CheckRunHealthResult(WorkerStatus.RUNNING)


def _is_alive(pid: int, seen_at: float) -> bool:
    """Whether a process that ran at a time still does.

    Another may have its number by now, as after a restart of the machine; where the system tells
    when a process began, one that began later is another.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    began = _began_at(pid)
    return began is None or began <= seen_at + 1


def _began_at(pid: int) -> float | None:
    """Seconds since the epoch; none where the system does not tell, as on macOS."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
        boot = next(
            line for line in (_PROC / "stat").read_text().splitlines() if line.startswith("btime")
        )
    except (OSError, StopIteration):
        return None
    # The second field, the program's name, may hold blanks and brackets.
    ticks = int(stat.rpartition(")")[2].split()[19])
    return int(boot.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")
