"""What experts said of samples, kept for good."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
from filelock import FileLock

from synth_assets.core.export.review import REVIEW_SCHEMA
from synth_assets.resources.frames import read_frame, write_frame


@dataclass(frozen=True)
class Reviews:
    """Verdicts of experts under a home.

    Attributes:
        path: a Parquet file of `REVIEW_SCHEMA`, over all versions of recipes: a sample whose
            request did not change keeps its id, and so its review.
    """

    path: Path

    def add(self, found: pl.DataFrame) -> None:
        """Keep what an expert said; what was said of the same samples before gives way.

        Args:
            found: columns of `REVIEW_SCHEMA`.

        Raises:
            StorageError: if the file cannot be read or written.
        """
        with FileLock(self.path.with_suffix(".lock")):
            kept = self.known().join(found, on="sample_id", how="anti")
            write_frame(self.path, pl.concat([kept, found]).sort("recipe", "sample_id"))

    def known(self) -> pl.DataFrame:
        """All that was ever said, columns of `REVIEW_SCHEMA`.

        Raises:
            StorageError: if the file cannot be read.
        """
        return read_frame(self.path) if self.path.exists() else REVIEW_SCHEMA.to_frame()
