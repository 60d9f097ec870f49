"""What users take away: a folder for each mixture, laid out as a Hugging Face dataset."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import polars as pl

from synth_assets.core.config.mixtures import ExportSpec
from synth_assets.core.export.data_file import WrittenRows
from synth_assets.core.export.layout import columns_of, lay_out
from synth_assets.core.export.lengths import LENGTH_SCHEMA, length_statistics
from synth_assets.core.schema import TRAINING_SCHEMA
from synth_assets.errors import StageContractError, StorageError
from synth_assets.resources.exporting.data_files import DataFiles
from synth_assets.resources.exporting.folder import swapped_in
from synth_assets.resources.exporting.row_groups import RowGroups
from synth_assets.resources.row_files.arrow import (
    ARROW_ERROR,
    ArrowTable,
    ParquetSource,
    frame_of,
)
from synth_assets.resources.token_lengths import TokenCounter, token_parts

_UNREAD = ("position", "request_fingerprints", "reference", "attributes")
"""Columns that no layout has a place for."""


@dataclass(frozen=True)
class Export:
    """An exported training set.

    Attributes:
        folder: where it lies.
        rows: its data files.
        beside: texts written beside them: file name -> text.
    """

    folder: Path
    rows: WrittenRows
    beside: Mapping[str, str]


Describe: TypeAlias = Callable[[WrittenRows], Mapping[str, str]]
"""Gives the texts to be written beside data files: file name -> text."""


def export_training_set(
    folder: Path,
    rows: Path,
    spec: ExportSpec,
    *,
    counter: TokenCounter | None = None,
    describe: Describe = lambda _: {},
    pairs_only: bool = False,
    patience_s: float = 0,
) -> Export:
    """Write a training set as files for trainers; the folder is whole or as it was.

    Rows are read, laid out and written some at a time. Equal rows give equal files.

    Args:
        folder: where to; an earlier export there is replaced.
        rows: Parquet with the columns of `TRAINING_SCHEMA`.
        spec: what the files look like.
        counter: counts tokens; without one lengths are not told.
        describe: gives what is written beside the data files.
        pairs_only: leave out rows without a rejected answer.
        patience_s: how long to wait for another process that writes the same folder.

    Raises:
        StorageError: if the rows cannot be read, or the folder cannot be written.
        StageContractError: if there are no rows, or one does not fit the format.
    """
    with swapped_in(folder, patience_s) as part:
        written = _write_rows(part, rows, spec, counter, pairs_only)
        beside = describe(written)
        for name, text in beside.items():
            (part / name).write_text(text, encoding="utf-8", newline="\n")
    return Export(folder, written, beside)


def _write_rows(
    folder: Path, rows: Path, spec: ExportSpec, counter: TokenCounter | None, pairs_only: bool
) -> WrittenRows:
    counts = list[pl.DataFrame]()
    with DataFiles(folder, spec) as files:
        for split, group in _groups(rows, pairs_only):
            files.write(split, lay_out(group, spec.format, provenance=spec.provenance))
            if counter is not None:
                counts.append(_counted(split, group, counter))
        written = files.close()
    if not written:
        lack = "preference pairs" if pairs_only else "rows"
        raise StageContractError(f"{rows}: a training set without {lack} is not exported.")
    columns = columns_of(spec.format, provenance=spec.provenance)
    if counter is None:
        return WrittenRows(spec.format, written, columns, LENGTH_SCHEMA.to_frame())
    lengths = length_statistics(pl.concat(counts))
    return WrittenRows(spec.format, written, columns, lengths, counter.name)


def _counted(split: str, rows: pl.DataFrame, counter: TokenCounter) -> pl.DataFrame:
    parts = token_parts(rows, counter).cast(pl.UInt32)
    return parts.select(pl.lit(split).alias("split"), "prompt", "response")


def _groups(rows: Path, pairs_only: bool) -> Iterator[tuple[str, pl.DataFrame]]:
    """Rows of one split at a time."""
    groups = dict[str, RowGroups]()
    for table in _tables(rows):
        for split, part in _by_split(table, pairs_only):
            gathering = groups.setdefault(split, RowGroups())
            yield from ((split, each) for each in gathering.add(part))
    for split, gathering in groups.items():
        yield from ((split, each) for each in gathering.rest())


def _by_split(table: ArrowTable, pairs_only: bool) -> Iterator[tuple[str, pl.DataFrame]]:
    rows = frame_of(table)
    wanted = rows["rejected"] != "" if pairs_only else pl.repeat(True, rows.height, eager=True)
    for split in rows["split"].filter(wanted).unique(maintain_order=True):
        chosen = wanted & (rows["split"] == split)
        # Arrow copies the rows it keeps, while those of a frame hold on to all the others. The
        # mask is Arrow's, as one of numpy makes pyarrow import pandas.
        yield split, rows if chosen.all() else frame_of(table.filter(chosen.to_arrow()))


def _tables(rows: Path) -> Iterator[ArrowTable]:
    try:
        with ParquetSource(rows) as source:
            _refuse_other_columns(rows, source.schema.names)
            yield from source.tables([name for name in TRAINING_SCHEMA if name not in _UNREAD])
    except FileNotFoundError as exc:
        raise StorageError(f"{rows}: not there. Materialize what makes it first.") from exc
    except (OSError, ARROW_ERROR) as exc:
        raise StorageError(f"{rows}: cannot be read: {exc}. Materialize it again.") from exc


def _refuse_other_columns(rows: Path, names: Collection[str]) -> None:
    if lacking := [name for name in TRAINING_SCHEMA if name not in names]:
        raise StorageError(
            f"{rows}: is no training set as this version makes them: it lacks "
            f"{', '.join(lacking)}. Materialize it again."
        )
