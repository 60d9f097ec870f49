"""Processes behind the Dagster UI that a test strikes down."""

import re
from collections.abc import Iterable

from tests.e2e.daily_loop import Loop
from tests.processes import parent_of, processes_with

_COMMANDS = {
    "daemon": re.compile(r"dagster\._daemon run"),
    "code server": re.compile(r"dagster api grpc"),
    "step": re.compile(r"synth_assets\.defs\.run_forks"),
}


def victims(loop: Loop, which: str) -> list[int]:
    """Ids of the processes of a kind; of a step: of the runs under way."""
    found = processes_with("SYNTH_HOME", str(loop.own.home))
    alike = {pid for pid, command in found.items() if _COMMANDS[which].search(command)}
    return runs_among(alike) if which == "step" else sorted(alike)


def runs_among(forked: Iterable[int]) -> list[int]:
    """Those whose parent is what all were forked from; a child that a run just made is none."""
    parents = {pid: parent_of(pid) for pid in forked}
    first = {pid for pid, parent in parents.items() if parent not in parents}
    return sorted(pid for pid, parent in parents.items() if parent in first)
