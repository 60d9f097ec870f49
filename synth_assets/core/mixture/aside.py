"""Rows that a technique kept aside stand in no training set that does not ask for them."""

import polars as pl

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.mixture.cells import column_value, mentioned_columns
from synth_assets.core.schema import Reason

_HARD = "attribute.hard"
_TELLS_HARD = "self_consistency"
"""Only here is `hard` a finding; elsewhere it may be a variation of the user's own."""


def with_hard_aside(
    standing: pl.DataFrame, samples: pl.DataFrame, mixture: Mixture
) -> pl.DataFrame:
    """The standing of rows, where those that `self_consistency` kept as hard are barred for it.

    A mixture with a quota or weights on `attribute.hard` says itself how many it wants, and all
    stand as they stood.

    Args:
        standing: with `reason` and `detail`; a reason that a row has already stays.
        samples: columns of `SAMPLE_SCHEMA`, the same rows in the same order.
        mixture: the policy.
    """
    if _HARD in mentioned_columns(mixture):
        return standing
    is_hard = (pl.col("technique") == _TELLS_HARD) & (column_value(_HARD) == "yes")
    bars = samples.select(is_hard.fill_null(value=False)).to_series()
    if not bars.any():
        return standing
    told = f"its solutions did not agree; a mixture with a quota on {_HARD} takes it"
    here = bars & standing["reason"].is_null()
    return standing.with_columns(
        pl.when(here).then(pl.lit(Reason.KEPT_ASIDE.value)).otherwise("reason").alias("reason"),
        pl.when(here).then(pl.lit(told)).otherwise("detail").alias("detail"),
    )
