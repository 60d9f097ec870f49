"""Dagster's launcher of runs in processes of this machine, quicker, and aware of those that died.

Dagster's own starts an interpreter for each run. And it cannot tell that one is gone: a run whose
process and code server were killed stays "started" for ever, with its place in the queue, and its
backfill never ends.
"""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

import os
import signal
import sys
from pathlib import Path

import dagster as dg
from dagster._core.errors import DagsterLaunchFailedError
from dagster._core.events import EngineEventData
from dagster._core.launcher import (
    CheckRunHealthResult,
    DefaultRunLauncher,
    LaunchRunContext,
    WorkerStatus,
)
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import serialize_value

from synth_assets.defs.run_forks import RunForks

_PROC = Path("/proc")
# Of this process, as threads that launch their first runs at once make a launcher each.
_FORKS = RunForks()
# Elsewhere libraries of the system do not bear a fork after they were loaded.
_FORKS_ARE_SAFE = sys.platform == "linux"


class WatchedRunLauncher(DefaultRunLauncher):
    """Launches each run in a process of its own, and tells Dagster's monitoring whether it lives.

    Runs that `synth` makes in its own process are watched as well, and end when asked to.
    """

    def launch_run(self, context: LaunchRunContext) -> None:
        """See `RunLauncher`.

        Raises:
            DagsterLaunchFailedError: if no process can be started.
        """
        run, origin = context.dagster_run, context.job_code_origin
        if not _FORKS_ARE_SAFE or origin is None:
            super().launch_run(context)
            return
        told = ExecuteRunArgs(origin, run.run_id, self._instance.get_ref())
        try:
            pid = _FORKS.fork(serialize_value(told))
        except OSError as exc:
            raise DagsterLaunchFailedError(f"No process for the run: {exc}") from exc
        self._instance.report_engine_event(
            "Forked a process for the run.", run, EngineEventData.in_process(pid)
        )

    def terminate(self, run_id: str) -> bool:
        """See `RunLauncher`: interrupt the process of the run, as Ctrl-C does."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        if GRPC_INFO_TAG in run.tags:
            return super().terminate(run_id)
        self._instance.report_run_canceling(run)
        seen = self._last_seen(run)
        if seen is None or not _is_alive(*seen):
            self._instance.report_engine_event("No process of this run lives.", run)
            return False
        os.kill(seen[0], signal.SIGINT)
        return True

    def dispose(self) -> None:
        """See `RunLauncher`."""
        _FORKS.close()

    @property
    def supports_check_run_worker_health(self) -> bool:
        """See `RunLauncher`."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the process that wrote of the run last is alive; without a word of any, it is."""
        seen = self._last_seen(run)
        if seen is None or _is_alive(*seen):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, f"its process {seen[0]} is no more")

    def _last_seen(self, run: dg.DagsterRun) -> tuple[int, float] | None:
        """The process that wrote of a run last, and when."""
        events = self._instance.all_logs(run.run_id, of_type={dg.DagsterEventType.ENGINE_EVENT})
        for entry in reversed(events):
            event = entry.dagster_event
            data = None if event is None else event.engine_event_data
            told = None if data is None else data.metadata.get("pid")
            if told is not None:
                return int(str(told.value)), entry.timestamp
        return None


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
