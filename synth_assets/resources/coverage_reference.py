"""The real text that a recipe's samples are compared with."""

import polars as pl

from synth_assets.core.config.recipe import Recipe
from synth_assets.errors import UnknownNameError
from synth_assets.resources.kept_out.register import Register
from synth_assets.resources.sources.inputs import KEPT_SOURCES, Inputs
from synth_assets.resources.workshop import Workshop


def reference_texts(
    workshop: Workshop, recipe: Recipe, named: str | None = None
) -> dict[str, str] | None:
    """Row id -> text of the reference; none where the recipe has none.

    A reference is the source that is named here, or by the recipe, or that the recipe's seeds are
    from. Held-out rows take no part.

    Raises:
        UnknownNameError: if there is no such source, or it is no pool and feeds no seeds.
        SourceError: if it cannot be read.
    """
    spec = recipe.spec
    source = named or spec.coverage.reference or spec.seeds.source
    if source is None:
        return None
    catalogue = workshop.catalogue
    if source not in catalogue.sources:
        raise UnknownNameError(
            f"{recipe.label}: coverage: no source is called {source!r}. There are: "
            f"{', '.join(sorted(catalogue.sources))}."
        )
    home = workshop.home
    inputs = Inputs(catalogue, home.root / KEPT_SOURCES, register=Register(home.kept_out))
    field = spec.coverage.field
    if source == spec.seeds.source:
        return {seed.seed_id: seed.fields[field] for seed in inputs.seeds(recipe)}
    rows = inputs.real.pool.filter(pl.col("source") == source)
    if rows.is_empty():
        raise UnknownNameError(
            f"{recipe.label}: coverage: source {source} has no rows in the pool. Name one with "
            "the use pool."
        )
    return dict(rows.select("sample_id", field).iter_rows())
