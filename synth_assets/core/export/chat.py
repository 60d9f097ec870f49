"""Rows as chats: as OpenAI has them, and as ShareGPT had them."""

import polars as pl

from synth_assets.core.export.turns import alternating, asked, earlier, joined

_SHAREGPT_ROLES = {"user": "human", "assistant": "gpt"}


def messages(rows: pl.DataFrame) -> pl.DataFrame:
    """`messages`: the chat before, the user's turn and the assistant's, each `role`, `content`."""
    return pl.DataFrame({"messages": _whole(rows)})


def sharegpt(rows: pl.DataFrame) -> pl.DataFrame:
    """`conversations`: the same, each turn `from` (`system`, `human`, `gpt`) and `value`.

    Turns of one role that follow on each other are one, since readers drop chats in which human
    and model do not take turns.
    """
    turn = pl.element().struct
    renamed = pl.struct(
        turn.field("role").replace(_SHAREGPT_ROLES).alias("from"),
        turn.field("content").alias("value"),
    )
    chats = _whole(rows)
    if (rows["history"] != "").any():
        chats = alternating(chats)
    return pl.DataFrame({"conversations": chats.list.eval(renamed)})


def _whole(rows: pl.DataFrame) -> pl.Series:
    return joined(earlier(rows), ("user", asked(rows)), ("assistant", rows["response"]))
