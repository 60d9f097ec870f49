"""Rows as Alpaca has them, with the columns that LLaMA-Factory adds."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import polars as pl

from synth_assets.core.export.turns import earlier, passage
from synth_assets.errors import StageContractError

ALPACA_SCHEMA = pl.Schema(
    {
        "instruction": pl.String,
        "input": pl.String,  # the passage that the instruction refers to; may be empty
        "output": pl.String,
        "system": pl.String,  # may be empty
        "history": pl.List(pl.List(pl.String)),  # [[asked, answered], ...] of the chat before
    }
)


def alpaca(rows: pl.DataFrame) -> pl.DataFrame:
    """Columns of `ALPACA_SCHEMA`.

    Turns of one role that follow on each other are one, a blank line between; what a user said
    last before the prompt stands before it. A chat that the assistant began has an empty first
    question.

    Raises:
        StageContractError: if there is a turn in the midst of a chat that is neither the user's
            nor the assistant's.
    """
    numbered = rows.with_columns(passage(rows)).with_row_index("row")
    chatty = pl.col("history") != ""
    plain = numbered.filter(~chatty).select(
        "row",
        instruction="prompt",
        input="passage",
        output="response",
        system=pl.lit(""),
        history=pl.lit([], dtype=ALPACA_SCHEMA["history"]),
    )
    chats = numbered.filter(chatty)
    folded = [
        _folded(chat, row)
        for chat, row in zip(earlier(chats).to_list(), chats.iter_rows(named=True), strict=True)
    ]
    laid = pl.DataFrame(folded, schema={"row": pl.get_index_type(), **ALPACA_SCHEMA}, orient="row")
    return pl.concat([plain, laid]).sort("row").drop("row")


def _folded(chat: Sequence[Mapping[str, str]], row: Mapping[str, Any]) -> tuple[object, ...]:
    turns = [
        (role, "\n\n".join(turn["content"] for turn in run))
        for role, run in groupby(chat, key=itemgetter("role"))
    ]
    system = turns.pop(0)[1] if turns and turns[0][0] == "system" else ""
    last = turns.pop()[1] if turns and turns[-1][0] == "user" else ""
    if turns and turns[0][0] == "assistant":
        turns.insert(0, ("user", ""))
    for role, _ in turns:
        if role not in ("user", "assistant"):
            raise StageContractError(
                f"{row['sample_id']}: its chat has a turn of {role!r} in its midst, which alpaca "
                "has no place for. Export it as messages."
            )
    said = [text for _, text in turns]
    history = [list(pair) for pair in zip(said[::2], said[1::2], strict=True)]
    instruction = f"{last}\n\n{row['prompt']}" if last else row["prompt"]
    return row["row"], instruction, row["passage"], row["response"], system, history
