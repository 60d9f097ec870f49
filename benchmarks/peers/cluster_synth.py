"""Synth Assets: in one process (`one`), or on a Dask cluster of worker processes."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.cluster_job import Find, Job, Kept, chunks_of, run_engine
from synth_assets.core.dedup.near import duplicates_among
from synth_assets.resources.cluster.sketches import find_duplicates_on


@contextmanager
def engine(job: Job) -> Iterator[Find]:
    """Start as many workers as the job says."""
    if job.lane == "one":
        yield lambda files: _in_one_process(job, files)
        return
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=job.workers,
        threads_per_worker=1,
        dashboard_address=None,
        local_directory=str(job.folder),
        silence_logs=logging.ERROR,
    ) as cluster:
        address = cluster.scheduler_address
        yield lambda files: find_duplicates_on(address, lambda: chunks_of(files), job.rule).kept


def _in_one_process(job: Job, files: Sequence[Path]) -> Kept:
    texts = [text for chunk in chunks_of(files) for text in chunk]
    return duplicates_among(texts, job.rule).kept


if __name__ == "__main__":
    run_engine(engine)
