"""Diversity of a set of rows, slice by slice, at equal amounts of text."""

import polars as pl

from synth_assets.core.diversity.metrics import Basis, DiversityMetric, evaluate, spec_of
from synth_assets.core.diversity.slices import DEFAULT_SIZE, SampleSize, draw_slices

DIVERSITY_SCHEMA = pl.Schema(
    {
        "slice": pl.String,
        "metric": pl.String,
        "value": pl.Float64,  # null where the slice has too little text for the metric
        "rows": pl.Int64,  # rows measured
        "words": pl.Int64,  # words measured
    }
)


def measure_diversity(
    rows: pl.DataFrame,
    reference: pl.DataFrame | None = None,
    size: SampleSize = DEFAULT_SIZE,
) -> pl.DataFrame:
    """Measure every metric on every slice that has rows.

    Args:
        rows: frame of `SAMPLE_SCHEMA`.
        reference: frame of `SAMPLE_SCHEMA` to compare to, as slice `reference`.
        size: how much of each slice is measured.

    Returns:
        Frame of `DIVERSITY_SCHEMA`, independent of the order of `rows`. Two slices compare where
        `words` (or `rows`, for metrics of that basis) are about equal; `rows` and `words` say
        when a slice was too small for the draw.
    """
    sliced = draw_slices(rows, reference, size)
    parts = sliced.partition_by("slice", maintain_order=True)
    return pl.concat([DIVERSITY_SCHEMA.to_frame(), *map(_measured, parts)])


def _measured(part: pl.DataFrame) -> pl.DataFrame:
    texts = part.select("prompt", "response", "within_words").to_dict(as_series=False)
    amounts = {Basis.ROWS: part, Basis.WORDS: part.filter("within_words")}
    rows: list[tuple[str, str, float | None, int, int]] = []
    for metric in DiversityMetric:
        value = evaluate(metric, texts["prompt"], texts["response"], texts["within_words"])
        used = amounts[spec_of(metric).basis]
        rows.append((part["slice"][0], metric, value, used.height, int(used["words"].sum())))
    return pl.DataFrame(rows, schema=DIVERSITY_SCHEMA, orient="row")
