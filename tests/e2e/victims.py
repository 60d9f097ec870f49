"""Processes behind the Dagster UI that a test strikes down."""

import re

from tests.e2e.daily_loop import Loop
from tests.processes import processes_with

_COMMANDS = {
    "daemon": re.compile(r"dagster\._daemon run"),
    "code server": re.compile(r"dagster api grpc"),
    # The newest of them is a run, where one is under way; the eldest forks them.
    "step": re.compile(r"synth_assets\.defs\.run_forks"),
}


def victims(loop: Loop, which: str) -> list[int]:
    """Ids of the processes of a kind, the newest last."""
    found = processes_with("SYNTH_HOME", str(loop.own.home))
    return sorted(pid for pid, command in found.items() if _COMMANDS[which].search(command))
