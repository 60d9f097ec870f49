"""Processes for runs that have their imports behind them.

A run of its own costs an interpreter with all imports: some 8 CPU s, more than most recipes take.
Here one process imports, runs nothing itself, and forks once for each run.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from typing import BinaryIO

from synth_assets.resources.settings import switch_off_telemetry

_IMPORTS = (
    "synth_assets.defs.build",
    "synth_assets.defs.run_storage",
    "dagster._cli.api",
    "dagster._grpc.impl",
    "synth_assets.core.dedup.kernels.compiled:load_compiler",
    "synth_assets.core.dedup.kernels.signatures",
    "synth_assets.core.dedup.kernels.texts",
    "synth_assets.core.dedup.kernels.joining",
    "synth_assets.core.decontaminate.kernels.copying",
    "synth_assets.core.decontaminate.kernels.matching",
    "synth_assets.resources.embedded.handler",
    "litellm",
    "duckdb",
    "sklearn.cluster",
    "scipy.stats",
)
"""What most runs import and call, as they do one after the other; no thread that works may start.

Evidently is not among it: it takes as long as all of these, and few runs use it.
"""


class RunForks:
    """A server of forks, started with the first run, and its client.

    It ends once this process does, or closes it; runs under way go on.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._environment: dict[str, str] = {}

    def fork(self, arguments: str) -> int:
        """Start a process for `dagster api execute_run ARGUMENTS`; its id.

        Raises:
            OSError: if the server cannot be started or is gone.
        """
        with self._lock:
            if self._environment != os.environ:
                # Runs have that of whoever launches them.
                self._close()
            if self._server is None or self._server.poll() is not None:
                command = [sys.executable, "-m", __name__]
                pipe = subprocess.PIPE
                self._environment = dict(os.environ)
                self._server = subprocess.Popen(command, stdin=pipe, stdout=pipe)
            asked, told = self._server.stdin, self._server.stdout
            assert asked is not None
            assert told is not None
            with suppress(BrokenPipeError):  # then it says nothing, either
                asked.write(json.dumps(arguments).encode() + b"\n")
                asked.flush()
            answer = told.readline()
        if not answer:
            raise OSError("the process that forks runs ended; why, its log says")
        return int(answer)

    def close(self) -> None:
        """Let the server end."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._server is not None:
            self._server.terminate()
            self._server.communicate()
            self._server = None


def main() -> None:
    """Fork for each line of standard input, until it ends; the forks run."""
    switch_off_telemetry()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Nobody waits for the runs; the kernel is to forget them when they end.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    mine = _fork_for_each(sys.stdin.buffer, sys.stdout.buffer)
    if mine is None:
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    from dagster._cli.api import execute_run_command

    execute_run_command([mine])


def _fork_for_each(asked: BinaryIO, told: BinaryIO) -> str | None:
    """In a fork: what it is to run. In the server: nothing, at the end."""
    for line in _lines_between_imports(asked):
        pid = os.fork()
        if not pid:
            return json.loads(line)
        told.write(b"%d\n" % pid)
        told.flush()
    return None


def _lines_between_imports(asked: BinaryIO) -> Iterator[bytes]:
    """Lines as they come; the first runs do not wait for what later ones import."""
    _load(_IMPORTS[0])
    for name in _IMPORTS[1:]:
        while select.select([asked], [], [], 0)[0]:
            if not (line := asked.readline()):
                return
            yield line
        _load(name)
    yield from iter(asked.readline, b"")


def _load(name: str) -> None:
    module, _, function = name.partition(":")
    loaded = import_module(module)
    if function:
        getattr(loaded, function)()


if __name__ == "__main__":
    main()
