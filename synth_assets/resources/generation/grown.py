"""What growing techniques made: rounds on disk, less what later rounds dropped."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.recipe_spec import KeptSamples, RecipeSpec
from synth_assets.core.sample import Sample, samples_of
from synth_assets.core.schema import DECISION_SCHEMA, Outcome
from synth_assets.core.techniques.protocol import Unusable
from synth_assets.core.verify.stage import verify_samples
from synth_assets.core.verify.tools import Tools
from synth_assets.resources.frames import FrameParts, write_frame
from synth_assets.resources.generation.parts import PartsFolder

_MOST_A_WANTED = 50


def most_planned(spec: RecipeSpec) -> int:
    """How many samples a growing technique may plan: fifty for each wanted, unless told."""
    return (
        spec.samples.most if isinstance(spec.samples, KeptSamples) else _MOST_A_WANTED * spec.wanted
    )


def accepted_samples(recipe: Recipe, parts: PartsFolder, tools: Tools) -> list[Sample]:
    """Samples of a round that the recipe's verifiers accept, in the order of their starts."""
    return [
        sample
        for frame in parts.table("samples").frames()
        for sample in samples_of(
            verify_samples(frame, recipe.key, recipe.spec.verifiers, recipe.files, tools).stage.kept
        )
    ]


class GrownParts:
    """The rounds of a growing technique; see `parts.Parts`.

    Args:
        folder: one folder a recipe version.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rounds: list[PartsFolder] = []
        self._dropped: dict[str, Unusable] = {}

    def round(self, plan: str) -> PartsFolder:
        """Where the parts of the next round lie; `plan` is its identity."""
        parts = PartsFolder(self._folder / f"round-{len(self._rounds):04d}", plan)
        self._rounds.append(parts)
        return parts

    def drop(self, dropped: Mapping[str, Unusable]) -> None:
        """Take samples back that generation had kept: id -> why."""
        self._dropped.update(dropped)

    def table(self, name: str) -> FrameParts:
        """See `Parts`; written anew from all rounds."""
        tables = [parts.table(name) for parts in self._rounds]
        if not self._dropped or name not in ("samples", "decisions"):
            paths = tuple(path for table in tables for path in table.paths)
            return FrameParts(paths, tables[0].schema)
        edit = self._kept if name == "samples" else self._decided
        edited: list[Path] = []
        for number, table in enumerate(tables):
            for place, frame in enumerate(table.frames()):
                path = self._folder / "grown" / f"{name}-{number:04d}-{place:04d}.parquet"
                write_frame(path, edit(frame))
                edited.append(path)
        return FrameParts(tuple(edited), tables[0].schema)

    def remove(self) -> None:
        """See `Parts`."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _kept(self, samples: pl.DataFrame) -> pl.DataFrame:
        return samples.filter(~pl.col("sample_id").is_in(list(self._dropped)))

    def _decided(self, decisions: pl.DataFrame) -> pl.DataFrame:
        rows = [
            (name, Outcome.DROPPED.value, why.reason.value, why.detail)
            for name, why in self._dropped.items()
        ]
        columns = ["sample_id", "outcome", "reason", "detail"]
        said = pl.DataFrame(rows, schema={c: DECISION_SCHEMA[c] for c in columns}, orient="row")
        return decisions.update(said, on="sample_id", how="left")
