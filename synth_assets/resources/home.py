"""Where things lie under `SYNTH_HOME`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from synth_assets.core.schema import Stage
from synth_assets.core.stage import StageResult
from synth_assets.resources.frames import FrameParts, FramePath, write_frame, write_parts
from synth_assets.resources.generation.parts import Parts

ALL = "all"
"""Partition name in the records of stages that see every recipe at once."""


@dataclass(frozen=True)
class Home:
    """The layout of everything this project keeps.

    `assets/<asset>/<partition>.parquet` and `assets/<asset>.parquet` hold the rows;
    `decisions/<stage>/<partition>.parquet`, `verdicts/`, `calls/`, `judge_calls/` and
    `recipe_versions/` hold what lineage is built from; the rest are databases and what users take
    away.
    """

    root: Path

    @property
    def assets(self) -> Path:
        """Root of the assets' Parquet files."""
        return self.root / "assets"

    @property
    def ledger(self) -> Path:
        """The SQLite file of completions."""
        return self.root / "ledger.sqlite"

    @property
    def locks(self) -> Path:
        """Lock files of recipe versions that are being generated."""
        return self.root / "locks"

    @property
    def generating(self) -> Path:
        """Parts of recipe versions that are being generated, one folder each."""
        return self.root / "generating"

    @property
    def dashboards(self) -> Path:
        """The Evidently workspace."""
        return self.root / "evidently"

    @property
    def exports(self) -> Path:
        """What users take away: one folder per mixture."""
        return self.root / "exports"

    @property
    def recipe_versions(self) -> Path:
        """Recipe versions ever materialized, one file each."""
        return self.root / "recipe_versions"

    @property
    def error_rate(self) -> Path:
        """How often decontamination erred when it last ran, on rows made for measuring."""
        return self.root / "evidence" / "error_rate.parquet"

    @property
    def dagster(self) -> Path:
        """Dagster's own storage."""
        return self.root / "dagster"

    @property
    def kept_out(self) -> Path:
        """The register of rows that were ever kept out, one file a source."""
        return self.root / "kept_out"

    @property
    def known_rows(self) -> Path:
        """Rows of earlier sets that samples were found to repeat."""
        return self.root / "known_rows.parquet"

    @property
    def reviews(self) -> Path:
        """What experts said of samples."""
        return self.root / "reviews.parquet"

    @property
    def vectors(self) -> Path:
        """Vectors of the texts that were last compared by meaning."""
        return self.root / "vectors.parquet"

    def asset(self, name: str, partition: str | None = None) -> FramePath:
        """The file of an asset, or of one partition of it."""
        if partition is None:
            return self.assets / f"{name}.parquet"
        return self.assets / name / f"{partition}.parquet"

    def decisions(self, stage: Stage, partition: str) -> FramePath:
        """The file of a stage's decisions."""
        return self.root / "decisions" / stage / f"{partition}.parquet"

    def record_decisions(self, stage: Stage, partition: str, result: StageResult) -> None:
        """Write a stage's decisions where lineage finds them."""
        write_frame(self.decisions(stage, partition), result.decisions)

    def record(
        self,
        table: Literal["verdicts", "calls", "judge_calls", "recipe_versions"],
        partition: str,
        frame: pl.DataFrame,
    ) -> None:
        """Write verdicts, calls or recipe versions where lineage finds them."""
        write_frame(self.root / table / f"{partition}.parquet", frame)

    def plan(self, partition: str) -> Path:
        """The planned samples of a recipe version as they were last filled."""
        return self.root / "plans" / f"{partition}.parquet"

    def record_generation(self, partition: str, parts: Parts) -> FrameParts:
        """Write samples, decisions, calls and plan of a recipe version from its parts.

        Returns:
            The samples, where they are to stay.
        """
        write_parts(self.decisions(Stage.GENERATE, partition), parts.table("decisions"))
        write_parts(self.root / "calls" / f"{partition}.parquet", parts.table("calls"))
        write_parts(self.plan(partition), parts.table("plan"))
        samples = parts.table("samples")
        place = self.asset("raw_generations", partition)
        write_parts(place, samples)
        return FrameParts((place,), samples.schema)
