"""Candidates to compose training sets from."""

import polars as pl

from synth_assets.core.schema import STANDING_SCHEMA
from tests.samples import frame_of, real_row, synthetic_row


def candidates(real=0, **written):
    """Rows to choose from: `real` is a number or source -> number, `math__scholar=5` five rows."""
    sources = {"people": real} if isinstance(real, int) else real
    rows = [
        real_row(f"{source}-{n}", f"{source} {n}", "r", source=source)
        for source, count in sources.items()
        for n in range(count)
    ]
    for name, count in written.items():
        recipe, teacher = name.split("__")
        rows += [
            synthetic_row(f"{name}-{n}", f"{name} {n}", "r", recipe=recipe, teacher=teacher)
            for n in range(count)
        ]
    return frame_of(*rows)


def plain_standing(samples, families=None, own=()):
    """A standing in which every row may take part; `families` is teacher -> family."""
    families = families or {}
    return samples.select(
        "sample_id",
        pl.col("teacher").replace_strict(families, default="").alias("family"),
        pl.col("synthetic_depth").alias("depth"),
        pl.col("sample_id").is_in(list(own)).alias("own_voice"),
        pl.lit(None, pl.String).alias("reason"),
        pl.lit("").alias("detail"),
    ).match_to_schema(STANDING_SCHEMA)
