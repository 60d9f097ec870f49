"""Decisions on the rows of files, as a table."""

from collections.abc import Sequence

import polars as pl

from synth_assets.core.schema import DECISION_SCHEMA, Outcome, Stage
from synth_assets.resources.row_files.streams import Chunk, RowStream

FILE_DECISION_SCHEMA = pl.Schema({**DECISION_SCHEMA, "file": pl.String, "row": pl.Int64})
"""As `DECISION_SCHEMA`, and where the row stands: the file, and its number there from 1.

`sample_id` is what the column of ids says, or else `FILE:ROW`.
"""

EXPLAINED_SCHEMA = pl.Schema(
    {
        "number": pl.Int64,  # of the row, counted through all files
        "outcome": pl.String,
        "reason": pl.String,
        "score": pl.Float64,
        "duplicate_of": pl.String,
        "detail": pl.String,
    }
)


def row_names(stream: RowStream, ids: Sequence[str], rows: Sequence[int]) -> list[str]:
    """What rows are called.

    Args:
        stream: whose rows, gone through once.
        ids: of all rows, where a column has them.
        rows: numbers of some.
    """
    if ids:
        return [ids[row] for row in rows]
    places = [stream.place(row) for row in rows]
    return [f"{place.path}:{place.row}" for place in places]


def decision_frame(
    stage: Stage, stream: RowStream, chunk: Chunk, explained: pl.DataFrame
) -> pl.DataFrame:
    """Decisions on the rows of a chunk.

    Args:
        stage: that decided.
        stream: whose chunk it is, gone through once.
        chunk: some rows.
        explained: columns of `EXPLAINED_SCHEMA`, of the rows that are not kept.

    Returns:
        Columns of `FILE_DECISION_SCHEMA`, one row for each of the chunk.
    """
    rows = range(chunk.first_row, chunk.first_row + len(chunk.texts))
    places = [stream.place(row) for row in rows]
    names = chunk.ids or [f"{place.path}:{place.row}" for place in places]
    given = pl.DataFrame(
        {
            "number": pl.Series(rows, dtype=pl.Int64),
            "sample_id": names,
            "file": [str(place.path) for place in places],
            "row": [place.row for place in places],
        }
    )
    frame = given.join(explained, on="number", how="left", maintain_order="left")
    return frame.select(
        "sample_id",
        pl.lit(stage.value).alias("stage"),
        pl.lit("file").alias("partition"),
        pl.lit("").alias("recipe"),
        pl.col("outcome").fill_null(Outcome.KEPT.value),
        "reason",
        "score",
        "duplicate_of",
        pl.col("detail").fill_null(""),
        "file",
        "row",
    )
