"""Items of benchmarks among the rows of files, however many there are."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from synth_assets.core.decontaminate.finding import Overlap
from synth_assets.core.decontaminate.screen import Screen, contaminated
from synth_assets.core.schema import Outcome, Stage
from synth_assets.resources.row_files.decisions import EXPLAINED_SCHEMA, decision_frame
from synth_assets.resources.row_files.streams import Chunk, RowStream
from synth_assets.resources.row_files.text_rows import OnAdvance
from synth_assets.resources.row_files.values import without_halves

SEPARATOR = "\x00"
"""Between the columns of a row, which are looked at one by one."""

_CHUNK_ROWS = 2_048


@dataclass(frozen=True)
class Screened:
    """What was found in the rows of files.

    Attributes:
        files: whose rows.
        overlaps: number of a row -> what it shares with an item.
        kept: bool, for each row whether nothing was found.
    """

    files: RowStream
    overlaps: dict[int, Overlap]
    kept: npt.NDArray[np.bool_]

    def decision_frames(self) -> Iterator[pl.DataFrame]:
        """Decisions on the rows, some at a time, in their order.

        Returns:
            Frames of `FILE_DECISION_SCHEMA`; the files are read anew for the names.

        Raises:
            SourceError: if a file is not what it was.
        """
        for chunk in self.files.chunks():
            yield decision_frame(Stage.DECONTAMINATE, self.files, chunk, self._explained(chunk))

    def _explained(self, chunk: Chunk) -> pl.DataFrame:
        rows = range(chunk.first_row, chunk.first_row + len(chunk.texts))
        found = [(row, self.overlaps[row]) for row in rows if row in self.overlaps]
        return pl.DataFrame(
            [
                (
                    row,
                    overlap.outcome.value,
                    overlap.reason.value,
                    overlap.score,
                    overlap.item_id,
                    without_halves(f"{overlap.method}: {overlap.evidence}"),
                )
                for row, overlap in found
            ],
            EXPLAINED_SCHEMA,
            orient="row",
        )

    @property
    def errored(self) -> int:
        """Rows on which a judge was to decide and did not."""
        return sum(each.outcome is Outcome.ERRORED for each in self.overlaps.values())


def screen_files(files: RowStream, screen: Screen, on_advance: OnAdvance | None = None) -> Screened:
    """Look for items of benchmarks in all rows.

    Args:
        files: whose rows; their columns are apart by `SEPARATOR`.
        screen: what is kept out.
        on_advance: told how far the files are read.

    Raises:
        SourceError: if a file cannot be read.
    """
    rows = 0

    def texts() -> Iterator[tuple[range, list[list[str]]]]:
        nonlocal rows
        for chunk in files.chunks(_CHUNK_ROWS, on_advance):
            rows = chunk.first_row + len(chunk.texts)
            yield range(chunk.first_row, rows), [text.split(SEPARATOR) for text in chunk.texts]

    overlaps = {found.row: found.overlap for found in contaminated(texts(), screen)}
    kept = np.ones(rows, np.bool_)
    kept[list(overlaps)] = False
    return Screened(files, overlaps, kept)
