"""Decisions on the rows of files that were deduplicated."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from synth_assets.core.dedup.explanation import REASONS, ShinglesOf, details
from synth_assets.core.dedup.join import Int64s, Matches, Method
from synth_assets.core.schema import Outcome, Reason, Stage
from synth_assets.resources.dedup.files import FileDedup
from synth_assets.resources.row_files.decisions import (
    EXPLAINED_SCHEMA,
    decision_frame,
    row_names,
)
from synth_assets.resources.row_files.streams import Chunk
from synth_assets.resources.row_files.values import without_halves


def decision_frames(work: FileDedup, found: Matches) -> Iterator[pl.DataFrame]:
    """Decisions on the rows of the files, some rows at a time, in their order.

    Args:
        work: whose rows.
        found: what was decided.

    Returns:
        Frames of `FILE_DECISION_SCHEMA`; the files are read anew for the texts.

    Raises:
        SourceError: if a file is not what it was.
        StorageError: if the disk for temporary files is full.
        ClusterError: if the cluster that has the rows ends.
    """
    shingles = work.explaining(found)
    for chunk in work.files.chunks():
        explained = _explained(work, found, chunk, shingles)
        yield decision_frame(Stage.DEDUP, work.files, chunk, explained)


def names_of(work: FileDedup, rows: Int64s) -> list[str]:
    """What rows are called; those known are counted first."""
    known, own = work.ids
    names = np.empty(len(rows), object)
    is_known = rows < work.known
    if work.against is not None:
        names[is_known] = row_names(work.against, known, rows[is_known].tolist())
    names[~is_known] = row_names(work.files, own, (rows[~is_known] - work.known).tolist())
    return names.tolist()


def _explained(work: FileDedup, found: Matches, chunk: Chunk, shingles: ShinglesOf) -> pl.DataFrame:
    first = work.known + chunk.first_row
    rows = np.arange(first, first + len(chunk.texts))
    dropped = rows[found.kept[rows] >= 0]
    numbers: list[int] = dropped.tolist()
    texts = [chunk.texts[row - first] for row in numbers]
    said = details(found, dropped, texts, work.rule.shingling, shingles)
    explained = {
        "number": dropped - work.known,
        "outcome": [Outcome.DROPPED.value] * len(numbers),
        "reason": _reasons(found, dropped, work.known),
        "score": found.similarity[dropped],
        "duplicate_of": names_of(work, found.kept[dropped]),
        "detail": [without_halves(each) for each in said],
    }
    return pl.DataFrame(explained, EXPLAINED_SCHEMA)


def _reasons(found: Matches, rows: Int64s, known: int) -> list[str]:
    methods: list[int] = found.method[rows].tolist()
    kept: list[int] = found.kept[rows].tolist()
    return [
        (Reason.NOT_NOVEL if to < known else REASONS[Method(method)]).value
        for method, to in zip(methods, kept, strict=True)
    ]
