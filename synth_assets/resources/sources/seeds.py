"""What a recipe's samples start from: rows of its own file, or of a data source."""

import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.fingerprint import canonical_json
from synth_assets.core.sample import Seed
from synth_assets.core.schema import SEED_SCHEMA
from synth_assets.errors import RecipeError, SourceError
from synth_assets.resources.catalogue import Catalogue
from synth_assets.resources.recipe_loading import SOURCE_FIELDS
from synth_assets.resources.sources.reading import read_source
from synth_assets.resources.sources.records import read_records

OWN_FILE = "recipe"
"""The source of seeds that come from a recipe's own file."""


def seed_rows(recipe: Recipe, catalogue: Catalogue, real_data: pl.DataFrame) -> pl.DataFrame:
    """The seeds a recipe asks for, before any is left out.

    Fields bear the names of the file or source; `seeds: columns:` is applied when a sample is
    planned, so that a change of it leaves the ids of the seeds alone.

    Args:
        recipe: a recipe of the catalogue.
        catalogue: says where its seeds lie.
        real_data: rows of the pool sources, held-out rows removed; columns of `SAMPLE_SCHEMA`.

    Returns:
        Columns of `SEED_SCHEMA`, in the order of the file or source.

    Raises:
        SourceError: if there are no seeds, or a row is malformed.
        RecipeError: if `columns` names a field that the seeds do not have.
    """
    source = recipe.spec.seeds.source or OWN_FILE
    rows = (
        read_seeds_file(catalogue.seed_files[recipe.id], f"{recipe.label}: seeds")
        if recipe.spec.seeds.source is None
        else _source_rows(catalogue, source, real_data)
    )
    _check_columns(recipe, rows[0])
    seeds = (Seed.of(source, fields) for fields in rows)
    return pl.DataFrame(
        [
            (seed.seed_id, recipe.id, recipe.version, source, position, canonical_json(seed.fields))
            for position, seed in enumerate(seeds)
        ],
        schema=SEED_SCHEMA,
        orient="row",
    )


def seeds_of(frame: pl.DataFrame) -> tuple[Seed, ...]:
    """Read a frame of `SEED_SCHEMA` back into seeds."""
    columns = frame.select("seed_id", "source", "fields")
    return tuple(
        Seed(seed_id, source, json.loads(fields)) for seed_id, source, fields in columns.iter_rows()
    )


def read_seeds_file(path: Path, label: str) -> tuple[Mapping[str, str], ...]:
    """Read a recipe's JSONL file: one object of text fields a line, the same fields in each.

    Raises:
        SourceError: naming file, line and mend.
    """
    rows: list[dict[str, str]] = []
    for record in read_records(path, label):
        if not record.values:
            raise SourceError(f"{record.where}: has no fields. Write at least one.")
        row = {name: record.text(name) for name in record.values}
        if rows and (other := set(row) ^ set(rows[0])):
            raise SourceError(
                f"{record.where}: fields differ from those of the first row in "
                f"{', '.join(json.dumps(name[:80]) for name in sorted(other))}. Give every row the "
                "same fields."
            )
        rows.append(row)
    return tuple(rows)


def _source_rows(
    catalogue: Catalogue, name: str, real_data: pl.DataFrame
) -> tuple[Mapping[str, str], ...]:
    located = catalogue.sources[name]
    pooled = "pool" in located.spec.uses
    frame = real_data.filter(pl.col("source") == name) if pooled else read_source(located)
    if frame.is_empty():
        raise SourceError(
            f"source {name}: real_data holds no row of it. Materialize real_data again; if it "
            "stays so, held_out_share leaves nothing."
        )
    return tuple(frame.select(SOURCE_FIELDS).iter_rows(named=True))


def _check_columns(recipe: Recipe, fields: Mapping[str, str]) -> None:
    if hidden := sorted(set(recipe.space.by_name) & (set(fields) | set(recipe.spec.seeds.columns))):
        raise RecipeError(
            f"{recipe.label}: variations: {hidden[0]} is a field of the seeds too, which templates "
            "would not see. Rename the variation."
        )
    if absent := sorted(set(recipe.spec.seeds.columns.values()) - set(fields)):
        raise RecipeError(
            f"{recipe.label}: seeds: columns: names {', '.join(absent)}, but the seeds have "
            f"{', '.join(sorted(fields))}. Mend the name."
        )
