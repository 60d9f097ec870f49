"""Rows of training sets to be exported."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from synth_assets.core.completion import Message
from synth_assets.core.config.mixtures import ExportSpec
from synth_assets.core.sample import Sample, history_text
from synth_assets.core.schema import TRAINING_SCHEMA
from synth_assets.resources.exports import Export, export_training_set
from tests.samples import frame_of

CHAT = history_text(
    [Message("system", "Be brief."), Message("user", "Hi."), Message("assistant", "Hello.")]
)


def training_frame(*rows: Sample, splits: Iterable[str] = ()) -> pl.DataFrame:
    """Rows of a training set; in `train` where nothing else is said."""
    named = [*splits] or ["train"] * len(rows)
    frame = frame_of(*rows).with_columns(split=pl.Series(named, dtype=pl.String))
    return frame.with_columns(copy=pl.lit(1, dtype=pl.Int64)).select(TRAINING_SCHEMA.names())


def exported(folder: Path, rows: pl.DataFrame, **spec: object) -> Export:
    """Export rows into `folder / out`."""
    place = folder / "rows.parquet"
    rows.write_parquet(place)
    return export_training_set(folder / "out", place, ExportSpec.model_validate(spec))
