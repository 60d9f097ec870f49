"""Rows of the catalogue's data sources, for verifiers that learn from them."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import polars as pl

from synth_assets.core.sample import Sample, samples_of
from synth_assets.errors import UnknownNameError
from synth_assets.resources.catalogue import Catalogue
from synth_assets.resources.recipe_loading import TRAINING_USES
from synth_assets.resources.sources.inputs import Inputs
from synth_assets.resources.sources.reading import read_source


class SourceRows:
    """See `RealRows`; a source is read once, when it is first asked for.

    Args:
        catalogue: gives the catalogue; not asked for before a row is.
        kept: folder of rows that were slow to read.
    """

    def __init__(self, catalogue: Callable[[], Catalogue], kept: Path) -> None:
        self._catalogue = catalogue
        self._kept = kept
        self._rows: dict[str, tuple[Sample, ...]] = {}

    def rows(self, source: str) -> Sequence[Sample]:
        """See `RealRows`.

        Raises:
            UnknownNameError: if no source is called so, or it is kept out of training.
            SourceError: if it cannot be read.
        """
        if source not in self._rows:
            self._rows[source] = tuple(samples_of(self._read(source)))
        return self._rows[source]

    @cached_property
    def _inputs(self) -> Inputs:
        return Inputs(self._catalogue(), self._kept)

    def _read(self, name: str) -> pl.DataFrame:
        sources = self._inputs.catalogue.sources
        usable = sorted(each for each in sources if TRAINING_USES & set(sources[each].spec.uses))
        if name not in usable:
            fault = "is kept out of training" if name in sources else "is declared nowhere"
            raise UnknownNameError(
                f"source {name} {fault}. Name one of: {', '.join(usable) or 'none'}."
            )
        if "pool" not in sources[name].spec.uses:
            return read_source(sources[name])
        return self._inputs.real.pool.filter(pl.col("source") == name)
