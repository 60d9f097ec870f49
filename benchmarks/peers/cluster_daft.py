"""Daft: sketches by a function of ours, buckets by its own grouping; alone or on Ray."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import daft
from daft import DataType, Series, col

from benchmarks.peers.cluster_frames import COLUMNS, joined, sketch_columns
from benchmarks.peers.cluster_job import Find, Job, Kept, run_engine

_STORE_BYTES = 1_000_000_000


@contextmanager
def engine(job: Job) -> Iterator[Find]:
    """Start what runs Daft."""
    if job.lane != "ray":
        daft.set_runner_native(job.workers)
        yield lambda files: _find(job, files)
        return
    import ray

    ray.init(
        num_cpus=job.workers,
        include_dashboard=False,
        logging_level="error",
        object_store_memory=_STORE_BYTES,
    )
    daft.set_runner_ray()
    try:
        yield lambda files: _find(job, files)
    finally:
        ray.shutdown()


def _find(job: Job, files: Sequence[Path]) -> Kept:
    rule = job.rule

    @daft.func.batch(return_dtype=DataType.from_arrow_type(COLUMNS), batch_size=10_000)
    def sketched(texts: Series) -> object:
        return sketch_columns(texts.to_pylist(), rule)

    rows = daft.read_json([str(file) for file in files]).select("row", made=sketched(col("text")))
    named = {name: col("made").get(name) for name in ("one", "two", "keys", "shingles")}
    sketches = rows.select("row", **named).collect()
    buckets = sketches.select("row", "keys").explode("keys").groupby("keys")
    shared = buckets.agg(col("row").count().alias("size"), col("row").list_agg().alias("rows"))
    met = shared.where(col("size") > 1).select(col("rows").alias("row")).explode("row").distinct()
    return joined(
        sketches.select("row", "one", "two").to_arrow(),
        sketches.select("row", "keys", "shingles").join(met, on="row").to_arrow(),
        rule,
    )


if __name__ == "__main__":
    run_engine(engine)
