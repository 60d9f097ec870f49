"""Rows as the trainers of TRL take them, each text a chat (`conversational`)."""

import polars as pl

from synth_assets.core.export.turns import alone, asked, earlier, joined
from synth_assets.errors import StageContractError


def sft(rows: pl.DataFrame) -> pl.DataFrame:
    """`prompt` and `completion`, so that the loss is of the answer alone."""
    return pl.DataFrame({"prompt": _prompt(rows), "completion": _answer(rows["response"])})


def dpo(rows: pl.DataFrame) -> pl.DataFrame:
    """`prompt`, `chosen` and `rejected`.

    Raises:
        StageContractError: if a row has no rejected answer.
    """
    lacking = rows.filter(rejected="")
    if not lacking.is_empty():
        raise StageContractError(
            f"{lacking['sample_id'][0]} has no rejected answer, and trl_dpo needs one in each row. "
            "Compose a mixture of preference pairs alone (recipes:), export its pairs alone (synth "
            "export --pairs-only), or take another format, such as trl_kto."
        )
    return pl.DataFrame(
        {
            "prompt": _prompt(rows),
            "chosen": _answer(rows["response"]),
            "rejected": _answer(rows["rejected"]),
        }
    )


def kto(rows: pl.DataFrame) -> pl.DataFrame:
    """`prompt`, `completion` and `label`, of rows from `labelled`."""
    return sft(rows).with_columns(rows["label"])


def labelled(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with `label`: true of an answer, and after it false of the rejected one if there is one.

    A rejected answer stands as the `response` of a row of its own.
    """
    good = rows.with_row_index("row").with_columns(label=pl.lit(value=True))
    bad = good.filter(pl.col("rejected") != "")
    bad = bad.with_columns(response="rejected", label=pl.lit(value=False))
    return pl.concat([good, bad]).sort("row", maintain_order=True).drop("row")


def _prompt(rows: pl.DataFrame) -> pl.Series:
    return joined(earlier(rows), ("user", asked(rows)))


def _answer(texts: pl.Series) -> pl.Series:
    return alone("assistant", texts)
