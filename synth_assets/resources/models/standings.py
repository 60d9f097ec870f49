"""What the rows at hand are to a mixture, by all that the catalogue and the registry say."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.config.names import partition_key
from synth_assets.core.mixture.reviewed import with_reviews
from synth_assets.core.mixture.standing import ANCESTORS_SCHEMA, standing_of
from synth_assets.core.terms.declared import ANSWERS_SCHEMA, Declared
from synth_assets.errors import StorageError
from synth_assets.resources.models.registry import ModelRegistry
from synth_assets.resources.reviews import Reviews
from synth_assets.resources.workshop import Workshop


def declared(workshop: Workshop) -> Declared:
    """Teachers and sources of the catalogue, and the registry of models.

    Raises:
        RegistryError: if the registry cannot be read.
    """
    catalogue = workshop.catalogue
    sources = {name: located.spec for name, located in catalogue.sources.items()}
    history = ModelRegistry(workshop.home.root).history()
    return Declared(catalogue.teachers, sources, history)


def standings(workshop: Workshop, samples: pl.DataFrame, mixture: Mixture) -> pl.DataFrame:
    """What each candidate is to a mixture; see `standing_of`, and what experts said of it.

    Raises:
        RegistryError: if the registry cannot be read, or contradicts itself or teachers.yaml.
        TermsError: if terms leave nothing of what the mixture names, or forbid the whole set.
        StorageError: if what was recorded of the rows cannot be read.
    """
    known = declared(workshop)
    home = workshop.home
    made = [Path(str(home.asset("raw_generations", key))) for key in _versions(samples)]
    answers = answers_of(workshop, samples)
    # Where nobody was trained on a set of any depth, a row's place in its line is its depth.
    has_learned = any(
        known.history.depth_of(known.writer(name))
        for name in {*samples["teacher"].unique(), *answers["teacher"].unique()}
    )
    standing = standing_of(
        samples,
        mixture,
        known,
        on_request=workshop.catalogue.on_request,
        answers=answers,
        ancestors=_recorded(made, ANCESTORS_SCHEMA) if has_learned else None,
    )
    return with_reviews(standing, Reviews(home.reviews).known())


def answers_of(workshop: Workshop, rows: pl.DataFrame) -> pl.DataFrame:
    """Who answered the requests of these rows' recipe versions: `ANSWERS_SCHEMA`.

    Raises:
        StorageError: if the records of calls cannot be read.
    """
    calls = [workshop.home.root / "calls" / f"{key}.parquet" for key in _versions(rows)]
    return _recorded(calls, ANSWERS_SCHEMA)


def _versions(rows: pl.DataFrame) -> list[str]:
    versions = rows.select("recipe", "recipe_version").unique().sort("recipe", "recipe_version")
    return [partition_key(recipe, version) for recipe, version in versions.iter_rows() if recipe]


def _recorded(paths: Iterable[Path], schema: pl.Schema) -> pl.DataFrame:
    """These columns of the files that are there."""
    there = [pl.scan_parquet(path, glob=False) for path in paths if path.is_file()]
    if not there:
        return schema.to_frame()
    try:
        return pl.concat([frame.select(schema.names()) for frame in there]).collect()
    except (pl.exceptions.PolarsError, OSError) as exc:
        raise StorageError(
            f"What was recorded of the rows cannot be read: {exc}. Materialize raw_generations "
            "again."
        ) from exc
