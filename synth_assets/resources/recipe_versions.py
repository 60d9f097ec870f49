"""The record of every recipe version ever materialized, so that old rows keep their prompts."""

import polars as pl

from synth_assets.core.config.recipe import RECIPE_FILE, Recipe
from synth_assets.core.fingerprint import canonical_json
from synth_assets.core.schema import RECIPE_VERSION_SCHEMA
from synth_assets.resources.catalogue import Catalogue
from synth_assets.resources.frames import read_frame
from synth_assets.resources.home import Home


def record_recipe_versions(home: Home, catalogue: Catalogue) -> pl.DataFrame:
    """Write the live versions, mark the others superseded, and return them all.

    Returns:
        Columns of `RECIPE_VERSION_SCHEMA`, live versions first.
    """
    live = pl.DataFrame(
        [_row(recipe) for recipe in catalogue.recipes], schema=RECIPE_VERSION_SCHEMA, orient="row"
    )
    known = [read_frame(path) for path in sorted(home.recipe_versions.glob("*.parquet"))]
    old = pl.concat([live.clear(), *known]).filter(
        ~pl.col("partition").is_in(live["partition"].implode())
    )
    every = pl.concat([live, old.with_columns(live=pl.lit(False))])
    for [key], row in every.partition_by("partition", as_dict=True).items():
        if not any(row.equals(before) for before in known):
            home.record("recipe_versions", str(key), row)
    return every


def _row(recipe: Recipe) -> tuple[object, ...]:
    spec = recipe.spec
    return (
        recipe.key,
        recipe.id,
        recipe.version,
        spec.title,
        spec.technique.kind,
        recipe.files[RECIPE_FILE],
        canonical_json(recipe.templates),
        True,
    )
