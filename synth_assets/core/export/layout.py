"""Training rows laid out for trainers, each with where it came from."""

from typing import assert_never

import polars as pl

from synth_assets.core.config.mixtures import Format
from synth_assets.core.export import trl
from synth_assets.core.export.alpaca import alpaca
from synth_assets.core.export.chat import messages, sharegpt
from synth_assets.core.export.plain import prompt_completion, text
from synth_assets.core.schema import TRAINING_SCHEMA

_PROVENANCE = (
    "sample_id",
    "origin",
    "recipe",
    "recipe_version",
    "technique",
    "source",
    "seed_id",
    "parent_ids",
    "teacher",
    "licence",
    "synthetic_depth",
    "difficulty",
    "content_hash",
    "copy",
)


def lay_out(rows: pl.DataFrame, layout: Format, *, provenance: bool = True) -> pl.DataFrame:
    """Lay training rows out for trainers.

    Args:
        rows: columns of `TRAINING_SCHEMA`; requests, position, reference and attributes may lack.
        layout: how; the functions named so tell the columns.
        provenance: whether columns follow that say where a row came from.

    Returns:
        Rows in the order given: one each, and of `trl_kto` two of a preference pair. With
        provenance, layouts that have no place for the worse answer of a pair have it as
        `rejected_response`, empty in other rows: TRL takes whatever has `rejected` for pairs.

    Raises:
        StageContractError: if a row does not fit the layout.
    """
    if layout == "trl_kto":
        rows = trl.labelled(rows)
    laid = _laid(rows, layout)
    if not provenance:
        return laid
    # JSON has no NaN.
    told = rows.select(*_PROVENANCE, pl.col("score").fill_nan(None), rejected_response="rejected")
    if layout in ("trl_dpo", "trl_kto"):
        told = told.drop("rejected_response")
    return pl.concat([laid, told], how="horizontal")


def columns_of(layout: Format, *, provenance: bool = True) -> pl.Schema:
    """The columns that `lay_out` gives."""
    return lay_out(TRAINING_SCHEMA.to_frame(), layout, provenance=provenance).schema


def _laid(rows: pl.DataFrame, layout: Format) -> pl.DataFrame:
    match layout:
        case "messages":
            return messages(rows)
        case "sharegpt":
            return sharegpt(rows)
        case "alpaca":
            return alpaca(rows)
        case "prompt_completion":
            return prompt_completion(rows)
        case "text":
            return text(rows)
        case "trl_sft":
            return trl.sft(rows)
        case "trl_dpo":
            return trl.dpo(rows)
        case "trl_kto":
            return trl.kto(rows)
        case _:
            assert_never(layout)
