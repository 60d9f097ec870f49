"""Ray: the very program of `resources/cluster`, its tasks run by Ray instead of Dask."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import getitem
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import ray

from benchmarks.peers.cluster_job import Find, Job, Kept, chunks_of, run_engine
from synth_assets.resources.cluster.sketches import ClusterSketches

Handle: TypeAlias = ray.ObjectRef

_STORE_BYTES = 1_000_000_000


class RayCluster:
    """As `resources.cluster.engine.Cluster`, without its care for errors."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._run = ray.remote(_run)

    def send(self, value: object) -> Handle:
        """Have Ray keep a value."""
        return ray.put(value)

    def submit(self, task: Callable[..., object], *arguments: object) -> Handle:
        """Have a worker run a function."""
        return self._run.remote(task, *arguments)

    def parts(self, whole: Handle, count: int) -> list[Handle]:
        """The first parts of a sequence, each to go where it is used."""
        return [self.submit(getitem, whole, number) for number in range(count)]

    def has_lost(self, handle: Handle) -> bool:
        """Nothing is ever lost here."""
        return False

    def fetch(self, handle: Handle) -> Any:  # noqa: ANN401
        """Wait for what a task gives, and bring it here."""
        return ray.get(handle)


def _run(task: Callable[..., object], *arguments: object) -> object:
    return task(*arguments)


@contextmanager
def engine(job: Job) -> Iterator[Find]:
    """Start Ray with as many processors as the job says."""
    ray.init(
        num_cpus=job.workers,
        include_dashboard=False,
        logging_level="error",
        object_store_memory=_STORE_BYTES,
    )
    try:
        yield lambda files: _find(job, files)
    finally:
        ray.shutdown()


def _find(job: Job, files: Sequence[Path]) -> Kept:
    sketches = ClusterSketches(RayCluster(job.workers), job.rule)  # type: ignore[arg-type]
    sketches.add(chunks_of(files))
    return sketches.find_duplicates(np.arange(sketches.rows)).kept


if __name__ == "__main__":
    run_engine(engine)
