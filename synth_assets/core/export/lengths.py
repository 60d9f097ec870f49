"""How long the rows of a training set are, in tokens."""

import polars as pl

LENGTH_SCHEMA = pl.Schema(
    {
        "split": pl.String,
        "part": pl.String,  # row, prompt (with the chat before it) or response
        "rows": pl.Int64,
        "tokens": pl.Int64,
        "min": pl.Int64,
        "mean": pl.Float64,
        "median": pl.Int64,
        "p90": pl.Int64,
        "p99": pl.Int64,
        "max": pl.Int64,
    }
)
"""Tokens, without those that a chat template adds. Quantiles are lengths of rows: nearest rank."""

ROW, PROMPT, RESPONSE = "row", "prompt", "response"


def length_statistics(counts: pl.DataFrame) -> pl.DataFrame:
    """Tell how long rows are.

    Args:
        counts: a row each: `split`, and tokens of `prompt` and `response`.

    Returns:
        Columns of `LENGTH_SCHEMA`: three rows for each split, in the order of first appearance.
    """
    parts = counts.with_columns((pl.col(PROMPT) + pl.col(RESPONSE)).alias(ROW))
    told = [
        parts.filter(split=split).select(_statistics(split, part)).cast(LENGTH_SCHEMA)
        for split in counts["split"].unique(maintain_order=True)
        for part in (ROW, PROMPT, RESPONSE)
    ]
    return pl.concat([LENGTH_SCHEMA.to_frame(), *told])


def _statistics(split: str, part: str) -> list[pl.Expr]:
    tokens = pl.col(part).cast(pl.Int64)
    ranks = {"median": 0.5, "p90": 0.9, "p99": 0.99}
    return [
        pl.lit(split).alias("split"),
        pl.lit(part).alias("part"),
        pl.len().alias("rows"),
        tokens.sum().alias("tokens"),
        tokens.min().alias("min"),
        tokens.mean().alias("mean"),
        *(tokens.quantile(rank, "nearest").alias(name) for name, rank in ranks.items()),
        tokens.max().alias("max"),
    ]
