"""Slices of a set of rows, and samples of equal size drawn from them.

Figures of diversity depend on the amount of text: twice the text has far less than twice the
different phrases. So the same number of rows is drawn from each slice; and because the rows of
one may be longer than those of another, a leading part of them with the same number of words is
marked, for the metrics that depend on words.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from synth_assets.core.diversity.formulas import words_of
from synth_assets.core.fingerprint import short_id
from synth_assets.core.schema import Origin

ALL = "all"
REAL = "real"
SYNTHETIC = "synthetic"
RAW = "raw"
"""Rows of a recipe as teachers wrote them, beside `all`, those that verifiers accepted."""

REFERENCE = "reference"
"""Rows outside the set that it is compared to, such as the held-out real set."""

SLICED_SCHEMA = pl.Schema(
    {
        "slice": pl.String,
        "slice_rows": pl.Int64,  # rows of the whole slice, of which these were drawn
        "sample_id": pl.String,
        "prompt": pl.String,
        "response": pl.String,
        "teacher": pl.String,  # empty for real rows
        "words": pl.Int64,  # of prompt and response
        "within_words": pl.Boolean,  # whether the row lies within the bound of words
    }
)


@dataclass(frozen=True)
class SampleSize:
    """How much of each slice is measured.

    Attributes:
        rows: how many are drawn.
        words: the row with which the words reach this is the last within the bound of words.
        seed: of the draw.
    """

    rows: int = 200
    words: int = 6_000
    seed: int = 0


DEFAULT_SIZE = SampleSize()

LEAST_APART = 100
"""Rows of a sample of real rows that is worth having beside another."""


def equal_size(rows: pl.DataFrame, reference: pl.DataFrame | None, size: SampleSize) -> SampleSize:
    """The largest sample that both have, up to a size.

    Half of the reference is left, where that is `LEAST_APART` rows or more, so that the reference
    can be held beside real rows too.

    Args:
        rows: with the columns `sample_id`, `prompt`, `response` and `teacher`.
        reference: the same columns.
        size: what would be drawn of enough.
    """
    if reference is None:
        return size
    half = reference.height // 2
    at_most = half if half >= LEAST_APART else reference.height
    size = replace(size, rows=min(size.rows, rows.height, at_most))
    drawn = draw_named({"": rows, REFERENCE: reference}, size)
    words = drawn.group_by("slice").agg(pl.col("words").sum())["words"]
    return replace(size, words=min([size.words, *words.to_list()]))


def recipe_slice(recipe: str) -> str:
    """Name of a recipe's slice; prefixed, as a recipe may be called `real`."""
    return f"recipe:{recipe}"


def draw_slices(
    rows: pl.DataFrame,
    reference: pl.DataFrame | None = None,
    size: SampleSize = DEFAULT_SIZE,
) -> pl.DataFrame:
    """Draw a sample of each slice that has rows.

    Slices are `all`, `real`, `synthetic`, `reference` if it is given, and `recipe:<id>` for each
    recipe. Which rows are drawn, and their order, is decided by a hash of seed and `sample_id`, so
    the order of the input does not matter, and adding rows changes few of those drawn.

    Args:
        rows: frame of `SAMPLE_SCHEMA`.
        reference: frame of `SAMPLE_SCHEMA` to compare to.
        size: how much to draw; a slice with less is taken whole.

    Returns:
        Frame of `SLICED_SCHEMA`: slices one after the other; a row may stand in several.
    """
    return draw_named(dict(_slices(rows, reference)), size)


def draw_named(slices: Mapping[str, pl.DataFrame], size: SampleSize = DEFAULT_SIZE) -> pl.DataFrame:
    """Draw a sample of each slice that has rows, as `draw_slices` does.

    Args:
        slices: name -> frame of `SAMPLE_SCHEMA`.
        size: how much to draw; a slice with less is taken whole.

    Returns:
        Frame of `SLICED_SCHEMA`: slices one after the other.
    """
    parts = [_drawn(name, part, size) for name, part in slices.items() if part.height]
    return pl.concat(parts) if parts else SLICED_SCHEMA.to_frame()


def _slices(
    rows: pl.DataFrame, reference: pl.DataFrame | None
) -> Iterator[tuple[str, pl.DataFrame]]:
    yield ALL, rows
    yield REAL, rows.filter(pl.col("origin") == Origin.REAL)
    yield SYNTHETIC, rows.filter(pl.col("origin") == Origin.SYNTHETIC)
    if reference is not None:
        yield REFERENCE, reference
    for recipe in sorted(set(rows["recipe"]) - {""}):
        yield recipe_slice(recipe), rows.filter(pl.col("recipe") == recipe)


def _drawn(name: str, part: pl.DataFrame, size: SampleSize) -> pl.DataFrame:
    order = pl.Series(
        "order", [short_id([size.seed, key]) for key in part["sample_id"]], dtype=pl.String
    )
    drawn = (
        part.select("sample_id", "prompt", "response", "teacher")
        .with_columns(order)
        .sort("order", "sample_id", "prompt", "response")
        .head(size.rows)
    )
    words = [
        len(words_of(prompt)) + len(words_of(response))
        for prompt, response in drawn.select("prompt", "response").iter_rows()
    ]
    counts = pl.Series("words", words, dtype=pl.Int64)
    return drawn.with_columns(
        pl.lit(name).alias("slice"),
        pl.lit(part.height, pl.Int64).alias("slice_rows"),
        counts,
        (counts.cum_sum() - counts < size.words).alias("within_words"),
    ).select(SLICED_SCHEMA.names())
