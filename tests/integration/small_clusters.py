"""Clusters on this machine, started by the commands that the documentation names."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_START_S = 120.0


@dataclass(frozen=True)
class SmallCluster:
    """A scheduler and workers of one thread each, all of them processes.

    Attributes:
        folder: for their files.
        address: of the scheduler.
        scheduler: its process.
        workers: theirs; one that is killed is not started again.
    """

    folder: Path
    address: str
    scheduler: "subprocess.Popen[bytes]"
    workers: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def grow(self, workers: int, memory: str = "0", modules: Path | None = None) -> None:
        """Start workers until there are so many, and wait for them.

        Args:
            workers: how many there are to be.
            memory: limit of the new ones, such as `1GB`; 0 for none.
            modules: a folder that they look for modules in first.
        """
        from distributed import Client

        while len(self.workers) < workers:
            options = ("--nthreads", "1", "--no-nanny", "--memory-limit", memory)
            new = _dask(self.folder, "worker", self.address, *options, modules=modules)
            self.workers.append(new)
        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=_START_S)

    def kill_worker(self) -> None:
        """End a worker without notice."""
        _kill(self.workers.pop())

    def kill_scheduler(self) -> None:
        """End the scheduler without notice."""
        _kill(self.scheduler)


@contextmanager
def small_cluster(
    folder: Path, workers: int, modules: Path | None = None
) -> Iterator[SmallCluster]:
    """Start a cluster; at the end none of its processes is left.

    Args:
        folder: for its files.
        workers: how many it has.
        modules: a folder that the scheduler looks for modules in first.
    """
    told = folder / "scheduler.json"
    options = ("--scheduler-file", str(told), "--port", "0", "--idle-timeout", "10 minutes")
    scheduler = _dask(folder, "scheduler", *options, modules=modules)
    deadline = time.monotonic() + _START_S
    try:
        # The file is there before it is whole.
        while not told.exists() or not told.read_text("utf-8").rstrip().endswith("}"):
            assert scheduler.poll() is None, "the scheduler ended"
            assert time.monotonic() < deadline, "the scheduler does not start"
            time.sleep(0.05)
        cluster = SmallCluster(folder, json.loads(told.read_text("utf-8"))["address"], scheduler)
        try:
            if workers:
                cluster.grow(workers)
            yield cluster
        finally:
            for worker in cluster.workers:
                _kill(worker)
    finally:
        _kill(scheduler)


def _dask(
    folder: Path, what: str, *arguments: str, modules: Path | None = None
) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "dask", what, *arguments, "--host", "127.0.0.1"]
    environment = (
        dict(os.environ) if modules is None else {**os.environ, "PYTHONPATH": f"{modules}"}
    )
    with (folder / "cluster.log").open("ab") as log:
        return subprocess.Popen(
            [*command, "--no-dashboard"],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
