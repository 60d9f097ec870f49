"""Drift between files: their rows as windows."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from synth_assets.core.drift.compare import LEAST_ROWS, compare
from synth_assets.core.drift.measures import Against
from synth_assets.core.drift.schema import DRIFT_SCHEMA, MOVED_SCHEMA
from synth_assets.core.drift.sequence import judged
from synth_assets.core.drift.window import WINDOW_SCHEMA, window_of
from synth_assets.core.embedding.protocol import Embedder
from synth_assets.core.fingerprint import exact_hash
from synth_assets.errors import ConfigurationError
from synth_assets.resources.row_files.columns import TextColumns
from synth_assets.resources.row_files.inputs import InputFile, find_inputs
from synth_assets.resources.row_files.streams import RowStream, open_rows

_SAID = ("origin", "recipe", "technique", "source", "teacher", "synthetic_depth", "difficulty")


@dataclass(frozen=True)
class FileDrift:
    """What is between two sets of files.

    Attributes:
        drift: frame of `DRIFT_SCHEMA`.
        moved: frame of `MOVED_SCHEMA`.
    """

    drift: pl.DataFrame
    moved: pl.DataFrame


def drift_of_files(
    old: Sequence[str],
    new: Sequence[str],
    real: Sequence[str],
    columns: Sequence[str],
    moved: int,
    embedder: Embedder,
) -> FileDrift:
    """Compare the rows of files.

    Labels (recipe, teacher and their like) take part where both old and new files have them.

    Args:
        old: paths or globs.
        new: paths or globs.
        real: paths or globs; may be none.
        columns: whose text is read; by default the usual ones.
        moved: rows to show at most, of each side.
        embedder: makes vectors.

    Raises:
        SourceError: if a file is not there, has no rows or is malformed.
        ConfigurationError: if a column is not there, or none is known to hold text, or there are
            too few rows.
    """
    sets = {Against.EARLIER: find_inputs(old), None: find_inputs(new)}
    if real:
        sets[Against.REAL] = find_inputs(real)
    shared = _labels(sets[Against.EARLIER]) & _labels(sets[None])
    windows = {
        side: _window(files, columns, frozenset() if side is Against.REAL else shared)
        for side, files in sets.items()
    }
    for side, window in windows.items():
        if window.height < LEAST_ROWS:
            raise ConfigurationError(
                f"{sets[side][0].path}: {window.height} rows; at least {LEAST_ROWS} of each set "
                "are needed to tell drift from chance. Give more rows."
            )
    others = {side: window for side, window in windows.items() if side is not None}
    found = compare(windows[None], others, embedder, moved)
    shown = pl.concat([MOVED_SCHEMA.to_frame(), *(each.moved for each in found)])
    told = judged(DRIFT_SCHEMA.to_frame(), found)
    return FileDrift(told.filter(pl.col("value").is_not_null()), shown)


def _window(
    files: Sequence[InputFile], columns: Sequence[str], labels: frozenset[str]
) -> pl.DataFrame:
    prompts, responses = _prompts_and_responses(files, tuple(columns))
    said = {
        name: pl.Series(_column(files, (name,)))
        .replace("", None)
        .cast(WINDOW_SCHEMA[name], strict=False)
        for name in labels
    }
    names = [exact_hash(*texts) for texts in zip(prompts, responses, strict=True)]
    rows = {"sample_id": names, "prompt": prompts, "response": responses, **said}
    return window_of(pl.DataFrame(rows))


def _prompts_and_responses(
    files: Sequence[InputFile], columns: tuple[str, ...]
) -> tuple[list[str], list[str]]:
    """Two columns of texts are these two; any other number counts as responses."""
    chosen = {read.texts for read in RowStream(files, TextColumns(columns)).columns}
    if len(chosen) == 1 and len(both := next(iter(chosen))) == 2:
        prompts, responses = (_column(files, (name,)) for name in both)
        return prompts, responses
    texts = _column(files, columns)
    return [""] * len(texts), texts


def _column(files: Sequence[InputFile], columns: tuple[str, ...]) -> list[str]:
    stream = RowStream(files, TextColumns(columns))
    return [text for chunk in stream.chunks() for text in chunk.texts]


def _labels(files: Sequence[InputFile]) -> frozenset[str]:
    """Which labels all of the files have."""
    found = set(_SAID)
    for file in files:
        with open_rows(file) as rows:
            found &= set(rows.names() or ())
    return frozenset(found)
