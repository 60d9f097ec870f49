"""The Parquet files that stages leave under the home folder, and the tables they fill."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import polars as pl

from synth_assets.core.config.names import is_partition_key
from synth_assets.core.schema import (
    CALL_SCHEMA,
    DECISION_SCHEMA,
    RECIPE_VERSION_SCHEMA,
    SAMPLE_SCHEMA,
    SEED_SCHEMA,
    TRAINING_SCHEMA,
    VERDICT_SCHEMA,
    Split,
    Stage,
)
from synth_assets.errors import LineageError

EVERYTHING = "all"
"""The partition of what belongs to no single recipe or mixture version."""


class Table(StrEnum):
    """The tables that files fill; `sql/ingest/insert_<table>.sql` says how."""

    RECIPE_VERSIONS = "recipe_versions"
    SEEDS = "seeds"
    SAMPLES = "samples"
    CALLS = "calls"
    VERDICTS = "verdicts"
    DECISIONS = "decisions"
    TRAINING_ROWS = "training_rows"
    KEPT_OUT = "kept_out"


SCHEMAS: dict[Table, pl.Schema] = {
    Table.RECIPE_VERSIONS: RECIPE_VERSION_SCHEMA,
    Table.SEEDS: SEED_SCHEMA,
    Table.SAMPLES: SAMPLE_SCHEMA,
    Table.CALLS: CALL_SCHEMA,
    Table.VERDICTS: VERDICT_SCHEMA,
    Table.DECISIONS: DECISION_SCHEMA,
    Table.TRAINING_ROWS: TRAINING_SCHEMA,
    Table.KEPT_OUT: SAMPLE_SCHEMA,
}

_FOLDERS: tuple[tuple[str, Table], ...] = (
    *((f"decisions/{stage}", Table.DECISIONS) for stage in Stage),
    ("verdicts", Table.VERDICTS),
    ("calls", Table.CALLS),
    ("judge_calls", Table.CALLS),
    ("recipe_versions", Table.RECIPE_VERSIONS),
    ("assets/seeds", Table.SEEDS),
    ("assets/raw_generations", Table.SAMPLES),
    ("assets/training_sets", Table.TRAINING_ROWS),
)

_SINGLE_FILES: tuple[tuple[str, Table, str], ...] = (
    ("assets/real_data.parquet", Table.SAMPLES, EVERYTHING),
    ("assets/held_out_real.parquet", Table.KEPT_OUT, Split.HELD_OUT),
    ("assets/benchmarks.parquet", Table.KEPT_OUT, Split.BENCHMARK),
    ("known_rows.parquet", Table.KEPT_OUT, Split.KNOWN),
)


@dataclass(frozen=True)
class LineageFile:
    """A Parquet file on disk, as it was when it was looked at.

    Attributes:
        path: where it is.
        relative: its path under the home folder, with forward slashes.
        table: what it fills.
        partition: recipe version, mixture version, `all`, or the split it keeps out.
        size_bytes: of the file.
        mtime_ns: when it was last written, in nanoseconds.
    """

    path: Path
    relative: str
    table: Table
    partition: str
    size_bytes: int
    mtime_ns: int

    def check_columns(self) -> None:
        """Hold the file to the schema of its table; reads the footer only.

        Raises:
            LineageError: if it is no Parquet file, or has other columns or types.
        """
        expected = dict(SCHEMAS[self.table])
        try:
            # Polars would take brackets and stars of a path for patterns; an open file has none.
            with self.path.open("rb") as file:
                found = dict(pl.read_parquet_schema(file))
        except (pl.exceptions.PolarsError, OSError) as exc:
            raise LineageError(
                f"{self.path}: is not readable Parquet ({exc}). Delete it and materialize the "
                "asset that wrote it again."
            ) from exc
        if found != expected:
            raise LineageError(
                f"{self.path}: has other columns than {self.table} needs: "
                f"{'; '.join(_differences(found, expected))}. Materialize the asset that wrote "
                "it again with this version of synth-assets."
            )


def find_files(home: Path) -> tuple[LineageFile, ...]:
    """All files the lineage database is made of, in the order of their paths.

    Hidden files are passed over: writers rename them into place when they are whole.

    Raises:
        LineageError: if a file is named after no partition.
    """
    return tuple(sorted(_found(home), key=lambda file: file.relative))


def _found(home: Path) -> Iterator[LineageFile]:
    for folder, table in _FOLDERS:
        for path in (home / folder).glob("[!.]*.parquet"):
            if path.stem != EVERYTHING and not is_partition_key(path.stem):
                raise LineageError(
                    f"{path}: '{path.stem}' is no partition (recipe~8hex, mixture~8hex or "
                    f"{EVERYTHING}). Move the file elsewhere."
                )
            yield _look_at(path, home, table, path.stem)
    for relative, table, partition in _SINGLE_FILES:
        if (home / relative).exists():
            yield _look_at(home / relative, home, table, partition)


def _look_at(path: Path, home: Path, table: Table, partition: str) -> LineageFile:
    seen = path.stat()
    return LineageFile(
        path=path,
        relative=path.relative_to(home).as_posix(),
        table=table,
        partition=partition,
        size_bytes=seen.st_size,
        mtime_ns=seen.st_mtime_ns,
    )


def _differences(found: dict[str, pl.DataType], expected: dict[str, pl.DataType]) -> Iterator[str]:
    for name in expected.keys() - found.keys():
        yield f"{name} is missing"
    for name in found.keys() - expected.keys():
        yield f"{name} is unknown"
    for name in expected.keys() & found.keys():
        if found[name] != expected[name]:
            yield f"{name} is {found[name]}, not {expected[name]}"
