"""The real text that a recipe's samples are compared with."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.recipe_spec import ComparedField
from synth_assets.core.config.sources import holds_passages
from synth_assets.core.coverage.compared import reference_text
from synth_assets.core.sample import Seed
from synth_assets.errors import UnknownNameError
from synth_assets.resources.frames import read_frame
from synth_assets.resources.kept_out.register import Register
from synth_assets.resources.sources.inputs import KEPT_SOURCES, Inputs
from synth_assets.resources.sources.seeds import seeds_of
from synth_assets.resources.workshop import Workshop


@dataclass(frozen=True)
class Reference:
    """Real text, and which text of samples is compared with it.

    Attributes:
        texts: row id -> text.
        field: of samples.
    """

    texts: Mapping[str, str]
    field: ComparedField


def reference_texts(
    workshop: Workshop, recipe: Recipe, named: str | None = None
) -> Reference | None:
    """The reference; none where the recipe has none.

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
    field = spec.coverage.field
    if named:
        field = _field_against(field, passages=holds_passages(catalogue.sources[source].spec))
    home = workshop.home
    inputs = Inputs(catalogue, home.root / KEPT_SOURCES, register=Register(home.kept_out))
    if source == spec.seeds.source:
        seeds = _seeds(workshop, recipe, inputs)
        return Reference({s.seed_id: reference_text(s.fields, field) for s in seeds}, field)
    rows = inputs.real.pool.filter(pl.col("source") == source)
    if rows.is_empty():
        raise UnknownNameError(
            f"{recipe.label}: coverage: source {source} has no rows in the pool. Name one with "
            "the use pool."
        )
    columns = ("sample_id", "prompt", "response")
    return Reference(
        {
            name: reference_text({"prompt": prompt, "response": response}, field)
            for name, prompt, response in rows.select(columns).iter_rows()
        },
        field,
    )


def _seeds(workshop: Workshop, recipe: Recipe, inputs: Inputs) -> tuple[Seed, ...]:
    """Those that the version was filled from; where it was not, those it would be."""
    recorded = workshop.home.asset("seeds", recipe.key)
    return seeds_of(read_frame(recorded)) if recorded.exists() else inputs.seeds(recipe)


def _field_against(field: ComparedField, *, passages: bool) -> ComparedField:
    """The recipe's field is for its own reference; another one may be of another kind."""
    if passages:
        return "passage" if field == "prompt" else field
    return "prompt" if field == "passage" else field
