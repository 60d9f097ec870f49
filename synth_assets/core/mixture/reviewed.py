"""What experts rejected takes no part in any mixture."""

import polars as pl

from synth_assets.core.export.review import ExpertVerdict
from synth_assets.core.schema import Reason


def with_reviews(standing: pl.DataFrame, reviews: pl.DataFrame) -> pl.DataFrame:
    """The standing of rows, where those that an expert rejected are barred for it.

    Args:
        standing: columns of `STANDING_SCHEMA`; a reason that a row has already stays.
        reviews: columns of `REVIEW_SCHEMA`.
    """
    rejected = reviews.filter(pl.col("verdict") == ExpertVerdict.REJECT)
    if rejected.is_empty():
        return standing
    bars = pl.col("comment").is_not_null() & pl.col("reason").is_null()
    said = pl.when(pl.col("comment") == "").then(pl.lit("no comment")).otherwise("comment")
    told = standing.join(
        rejected.select("sample_id", "comment"), on="sample_id", how="left", maintain_order="left"
    )
    return told.with_columns(
        pl.when(bars)
        .then(pl.lit(Reason.EXPERT_REJECTED.value))
        .otherwise("reason")
        .alias("reason"),
        pl.when(bars).then(said).otherwise("detail").alias("detail"),
    ).select(standing.columns)
