"""How fast decisions become lineage, beside writing the same rows to Parquet and nothing else."""

import tempfile
import time
from pathlib import Path

import polars as pl

from benchmarks.timing import table
from synth_assets.core.schema import DECISION_SCHEMA, Stage
from synth_assets.resources.frames import write_frame
from synth_assets.resources.lineage.database import LineageDatabase
from synth_assets.resources.workshop import project_file

_SIZES = (10_000, 100_000, 1_000_000)


def measure() -> str:
    """Measure and return a section of Markdown."""
    rows = [_measure(size) for size in _SIZES]
    head = ["decisions", "Parquet s", "ingest s", "ingest again s", "rows/s", "ingest : Parquet"]
    return "\n\n".join(
        ["## Lineage", "One file of decisions, snapshot for readers included.", table(head, rows)]
    )


def _measure(size: int) -> list[str]:
    frame = _decisions(size)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        path = home / "decisions" / Stage.GENERATE / "bench~00000000.parquet"
        started = time.perf_counter()
        write_frame(path, frame)
        written = time.perf_counter() - started
        lineage = LineageDatabase(home, project_file("sql"))
        first, again = lineage.ingest().seconds, lineage.ingest().seconds
    rate = f"{size / first:,.0f}"
    return [
        f"{size:,}",
        f"{written:.2f}",
        f"{first:.2f}",
        f"{again:.2f}",
        rate,
        f"{first / written:.1f}",
    ]


def _decisions(size: int) -> pl.DataFrame:
    number = pl.int_range(size, eager=True)
    dropped = number % 4 == 0
    return (
        pl.DataFrame({"number": number, "dropped": dropped})
        .select(
            pl.format("{}", pl.col("number").hash(1)).alias("sample_id"),
            pl.lit(Stage.GENERATE.value).alias("stage"),
            pl.lit("bench~00000000").alias("partition"),
            pl.lit("bench").alias("recipe"),
            pl.when("dropped").then(pl.lit("dropped")).otherwise(pl.lit("kept")).alias("outcome"),
            pl.when("dropped").then(pl.lit("refusal")).alias("reason"),
            pl.lit(None, pl.Float64).alias("score"),
            pl.lit(None, pl.String).alias("duplicate_of"),
            pl.lit("").alias("detail"),
        )
        .cast(dict(DECISION_SCHEMA))
    )
