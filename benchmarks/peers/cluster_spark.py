"""Spark: sketches by a function of ours over Arrow batches, buckets by its own grouping."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as f

from benchmarks.peers.cluster_frames import joined, sketch_columns
from benchmarks.peers.cluster_job import Find, Job, Kept, run_engine

_SCHEMA = "row long, one long, two long, keys array<long>, shingles array<long>"


@contextmanager
def engine(job: Job) -> Iterator[Find]:
    """Start Spark with as many worker threads of Java, and so processes of Python."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    spark = (
        SparkSession.builder.master(f"local[{job.workers}]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", str(4 * job.workers))
        .config("spark.driver.memory", "4g")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.local.dir", str(job.folder))
        .getOrCreate()
    )
    try:
        yield lambda files: _find(spark, job, files)
    finally:
        spark.stop()


def _find(spark: SparkSession, job: Job, files: Sequence[Path]) -> Kept:
    rule = job.rule

    def sketched(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            made = sketch_columns(batch.column("text").to_pylist(), rule)
            names = ("one", "two", "keys", "shingles")
            columns = [batch.column("row"), *(made.field(name) for name in names)]
            types = [pa.int64(), pa.int64(), pa.int64(), *[pa.list_(pa.int64())] * 2]
            cast = [each.cast(kind) for each, kind in zip(columns, types, strict=True)]
            yield pa.RecordBatch.from_arrays(cast, ["row", *names])

    rows = spark.read.schema("row long, text string").json([str(file) for file in files])
    sketches = rows.mapInArrow(sketched, _SCHEMA).persist()
    buckets = sketches.select("row", f.explode("keys").alias("key")).groupBy("key")
    shared = buckets.agg(f.collect_list("row").alias("rows")).where(f.size("rows") > 1)
    met = shared.select(f.explode("rows").alias("row")).distinct()
    found = joined(
        sketches.select("row", "one", "two").toArrow(),
        sketches.select("row", "keys", "shingles").join(met, on="row").toArrow(),
        rule,
    )
    sketches.unpersist()
    return found


if __name__ == "__main__":
    run_engine(engine)
