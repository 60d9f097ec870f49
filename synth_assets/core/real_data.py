"""The split of real data into rows to train on and rows that are never trained on."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from synth_assets.core.decontaminate.firewall import is_telling
from synth_assets.core.fingerprint import content_hash
from synth_assets.errors import UnknownNameError

_HASH_RANGE = 16**20


@dataclass(frozen=True)
class RealSplit:
    """Real rows by the part they play; both frames have the columns of `SAMPLE_SCHEMA`."""

    pool: pl.DataFrame
    held_out: pl.DataFrame


def split_held_out(rows: pl.DataFrame, held_out_share_by_source: Mapping[str, float]) -> RealSplit:
    """Split real rows by a hash of what they say, so that adding rows moves none.

    Rows of equal `content_hash` are one row first: the smallest `sample_id` stays. The hash drawn
    by is that of the normalised response, so that rows which share one go the same way and no
    held-out response stands in the pool; a response of fewer than 8 words says too little, and
    then prompt and response are hashed together. A text found in several sources is held out at
    the largest of their shares.

    Args:
        rows: columns of `SAMPLE_SCHEMA`.
        held_out_share_by_source: source -> share of its rows to hold out, 0..1; met in
            expectation, not exactly.

    Raises:
        UnknownNameError: if a row's source has no share.
    """
    sources = set(rows["source"].unique())
    if unknown := sorted(sources - set(held_out_share_by_source)):
        raise UnknownNameError(
            f"Real rows come from {', '.join(unknown)}, for which no held-out share is given. "
            f"Given: {', '.join(sorted(held_out_share_by_source)) or 'none'}. "
            "Declare the source in sources.yaml."
        )
    keys = [_identity(*texts) for texts in rows.select("prompt", "response").iter_rows()]
    marked = rows.with_columns(
        pl.Series("_draw", [int(key, 16) / _HASH_RANGE for key in keys], dtype=pl.Float64),
        pl.Series("_key", keys, dtype=pl.String),
        pl.Series(
            "_share", [held_out_share_by_source[name] for name in rows["source"]], dtype=pl.Float64
        ),
    ).with_columns(pl.col("_share").max().over("_key"))
    unique = marked.sort("sample_id", "position").unique(
        "content_hash", keep="first", maintain_order=True
    )
    ordered = unique.sort("source", "position", "sample_id")
    is_held_out = ordered["_draw"] < ordered["_share"]
    split = ordered.select(rows.columns)
    return RealSplit(pool=split.filter(~is_held_out), held_out=split.filter(is_held_out))


def _identity(prompt: str, response: str) -> str:
    return content_hash(response) if is_telling(response) else content_hash(prompt, response)
