"""What generation came to, from lineage and from what was measured of each recipe."""

import polars as pl

from synth_assets.core.diversity.measure import DIVERSITY_SCHEMA
from synth_assets.resources.dashboards.generation_figures import GenerationRun
from synth_assets.resources.frames import read_frame
from synth_assets.resources.home import Home
from synth_assets.resources.lineage.database import LineageDatabase

RECIPE_DIVERSITY = "recipe_diversity"
"""Asset with the diversity of each recipe version."""


def generation_run(lineage: LineageDatabase, home: Home) -> GenerationRun:
    """Collect what the live recipe versions came to.

    Raises:
        LineageError: if there is no lineage yet.
        StorageError: if a record cannot be read.
    """
    cost = lineage.query("cost")
    return GenerationRun(cost, lineage.query("drop_reasons"), _diversity(cost, home))


def _diversity(cost: pl.DataFrame, home: Home) -> dict[str, pl.DataFrame]:
    places = {
        recipe: home.asset(RECIPE_DIVERSITY, key)
        for recipe, key in cost.select("recipe", "partition").iter_rows()
    }
    return {
        recipe: read_frame(place).select(DIVERSITY_SCHEMA.names())
        for recipe, place in places.items()
        if place.exists()
    }
