"""What rows come of: their seeds, and the samples that they were made from, all the way up."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from synth_assets.core.decontaminate.descent import Forebears
from synth_assets.core.schema import SAMPLE_SCHEMA, SEED_SCHEMA
from synth_assets.errors import StorageError
from synth_assets.resources.home import Home


def read_forebears(home: Home, samples: pl.DataFrame) -> Forebears:
    """Find what samples come of, among all that was ever generated, superseded versions too.

    Args:
        home: where it lies.
        samples: columns of `SAMPLE_SCHEMA`.

    Raises:
        StorageError: if a file of seeds or generations cannot be read.
    """
    generations = _files(home, "raw_generations")
    levels = [SAMPLE_SCHEMA.to_frame()]
    known: set[str] = set()
    wanted = _parents(samples)
    while wanted:
        known |= wanted
        levels.append(_rows(generations, SAMPLE_SCHEMA, "sample_id", wanted))
        wanted = _parents(levels[-1]) - known
    parents = pl.concat(levels)
    seeds = {*samples["seed_id"].unique(), *parents["seed_id"].unique()} - {""}
    return Forebears(_rows(_files(home, "seeds"), SEED_SCHEMA, "seed_id", seeds), parents)


def _files(home: Home, asset: str) -> list[Path]:
    return sorted((home.assets / asset).glob("[!.]*.parquet"))


def _parents(samples: pl.DataFrame) -> set[str]:
    return set(samples["parent_ids"].explode().drop_nulls())


def _rows(files: Iterable[Path], schema: pl.Schema, column: str, values: set[str]) -> pl.DataFrame:
    """The rows of some files that have one of some values; the rest is never in memory at once."""
    frames = [schema.to_frame()]
    wanted = pl.Series(sorted(values), dtype=pl.String).implode()
    for path in files if values else ():
        try:
            rows = pl.scan_parquet(str(path), glob=False).select(schema.names())
            frames.append(rows.filter(pl.col(column).is_in(wanted)).collect())
        except (pl.exceptions.PolarsError, OSError) as exc:
            raise StorageError(
                f"{path}: cannot be read: {exc}. Delete it and materialize it again."
            ) from exc
    return pl.concat(frames).unique(maintain_order=True)
