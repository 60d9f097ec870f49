"""What recipes start from and what is kept out of them, straight from the data sources."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.sources import (
    DocumentSource,
    EmbeddedProbeSource,
    FileSource,
    Source,
)
from synth_assets.core.decontaminate.finders import FinderRules
from synth_assets.core.decontaminate.finding import Guard, Method
from synth_assets.core.decontaminate.kept_out import REGISTER_SCHEMA, KeptOut
from synth_assets.core.decontaminate.screen import ScreenRules
from synth_assets.core.fingerprint import fingerprint, short_id
from synth_assets.core.real_data import RealSplit, split_held_out
from synth_assets.core.sample import Seed
from synth_assets.core.schema import SAMPLE_SCHEMA
from synth_assets.core.seed_selection import select_seeds
from synth_assets.core.stage import StageResult
from synth_assets.resources.catalogue import Catalogue
from synth_assets.resources.frames import read_frame, write_frame
from synth_assets.resources.kept_out.register import Register
from synth_assets.resources.sources import docstrings, exchange, reference
from synth_assets.resources.sources.located import LocatedSource, source_digest
from synth_assets.resources.sources.reading import read_source
from synth_assets.resources.sources.seeds import seed_rows, seeds_of

KEPT_SOURCES = "sources"
"""Folder under `SYNTH_HOME` of rows that were slow to read."""

_SLOW_READERS = frozenset({"stdlib_docstrings", "stdlib_reference"})
"""They parse the standard library: two seconds of CPU."""


@dataclass(frozen=True)
class Inputs:
    """Rows of the catalogue's sources.

    Attributes:
        catalogue: says which sources there are, and what each is for.
        kept: folder of rows that were slow to read, by their identity; never read where they
            are not what the source would give now.
        keeps: whether to put such rows there.
        register: what was ever kept out; without one, what the sources hold now is.
    """

    catalogue: Catalogue
    kept: Path
    keeps: bool = False
    register: Register | None = None

    @cached_property
    def real(self) -> RealSplit:
        """Real rows: those to train on, and those never trained on, declared ones included.

        Raises:
            SourceError: if a source cannot be read.
        """
        pools = self._named("pool")
        shares = {
            source.id: source.held_out_share
            for source in pools
            if source.reader != "embedded_probe"
        }
        split = split_held_out(self._rows(pools), shares)
        declared = self._rows(self._named("held_out"))
        return RealSplit(pool=split.pool, held_out=pl.concat([split.held_out, declared]))

    @cached_property
    def benchmarks(self) -> pl.DataFrame:
        """Public test items that no training set may hold.

        Raises:
            SourceError: if a source cannot be read.
        """
        return self._rows(self._named("benchmark"))

    @cached_property
    def firewall(self) -> Guard:
        """What seeds must not share with rows that are kept out."""
        before = REGISTER_SCHEMA.to_frame() if self.register is None else self.register.read()
        kept_out = KeptOut.of(self.real.held_out, self.benchmarks, before)
        return kept_out.firewall(screen_rules(self.catalogue).run_words)

    def seeds(self, recipe: Recipe) -> tuple[Seed, ...]:
        """What the samples of a recipe start from.

        Raises:
            SourceError: if a source or the seeds cannot be read.
            RecipeError: if `columns` names a field that the seeds do not have.
        """
        kept = recipe_seeds(recipe, self.catalogue, self.real.pool, self.firewall).kept
        return seeds_of(kept)

    def _named(self, use: str) -> list[Source]:
        located = self.catalogue.sources.values()
        return [source.spec for source in located if use in source.spec.uses]

    def _rows(self, sources: list[Source]) -> pl.DataFrame:
        frames = [self._read(self.catalogue.sources[source.id]) for source in sources]
        return pl.concat([pl.DataFrame(schema=SAMPLE_SCHEMA), *frames])

    def _read(self, source: LocatedSource) -> pl.DataFrame:
        if source.spec.reader not in _SLOW_READERS:
            return read_source(source)
        path = self.kept / f"{short_id([source_digest(source), _readers_digest()])}.parquet"
        if path.is_file():
            return read_frame(path)
        rows = read_source(source)
        if self.keeps:
            write_frame(path, rows)
        return rows


def screen_rules(catalogue: Catalogue) -> ScreenRules:
    """How the items of each benchmark are looked for, as its source says."""
    kept_out = {
        name: source.spec.kept_out
        for name, source in catalogue.sources.items()
        if isinstance(source.spec, FileSource | DocumentSource | EmbeddedProbeSource)
    }
    methods = {name: tuple(map(Method, said.look_for)) for name, said in kept_out.items()}
    return ScreenRules(
        {name: said.ngram for name, said in kept_out.items()}, FinderRules(by_source=methods)
    )


def recipe_seeds(
    recipe: Recipe, catalogue: Catalogue, real_data: pl.DataFrame, firewall: Guard
) -> StageResult:
    """Decide which seeds a recipe starts from.

    Args:
        recipe: a recipe of the catalogue.
        catalogue: says where its seeds lie.
        real_data: rows of the pool sources, held-out rows removed; columns of `SAMPLE_SCHEMA`.
        firewall: what is kept out.

    Raises:
        SourceError: if there are no seeds, or a row is malformed.
        RecipeError: if `columns` names a field that the seeds do not have.
    """
    rows = seed_rows(recipe, catalogue, real_data)
    return select_seeds(recipe.key, rows, firewall, recipe.spec.seeds.limit)


def _readers_digest() -> str:
    """Identity of the program that reads: its rows may change with it."""
    modules = (docstrings, exchange, reference)
    return fingerprint([Path(str(module.__file__)).read_text("utf-8") for module in modules])
