"""The turns of training rows: the chat before, what is asked, and what is answered."""

import polars as pl

from synth_assets.core.completion import Message
from synth_assets.core.fingerprint import normalised
from synth_assets.core.sample import history_of, history_text
from synth_assets.errors import StageContractError

TURNS = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
"""A chat."""

# Polars reads the escape of half a surrogate pair as NUL.
_HALF = r"\\u[dD][89a-fA-F]"


def asked(rows: pl.DataFrame) -> pl.Series:
    """The user's last turn: the prompt, after the passage it refers to unless it holds that.

    Args:
        rows: columns `prompt` and `context`.

    Returns:
        Texts named `asked`, in the order of the rows.
    """
    passages = passage(rows)
    rows = pl.DataFrame({"prompt": rows["prompt"], "passage": passages})
    with_passage = pl.format("Passage:\n{}\n\nQuestion: {}", "passage", "prompt")
    told = pl.when(pl.col("passage") == "").then("prompt").otherwise(with_passage)
    return rows.select(told.alias("asked"))["asked"]


def passage(rows: pl.DataFrame) -> pl.Series:
    """The passage that a prompt refers to and does not hold; else nothing.

    Args:
        rows: columns `prompt` and `context`.

    Returns:
        Texts named `passage`, in the order of the rows.
    """
    contexts = rows["context"].alias("passage")
    there = (contexts != "").arg_true()
    if there.is_empty():
        return contexts
    pairs = rows.select("prompt", "context")[there]
    lacking = [text if _lacks(prompt, text) else "" for prompt, text in pairs.iter_rows()]
    return contexts.clone().scatter(there, pl.Series(lacking, dtype=pl.String))


def earlier(rows: pl.DataFrame) -> pl.Series:
    """The chat before what is asked.

    Halves of surrogate pairs, which no UTF-8 file can hold, become U+FFFD.

    Args:
        rows: columns `sample_id` and `history`.

    Returns:
        Lists of `role` and `content` named `earlier`, in the order of the rows; empty where there
        was no chat.

    Raises:
        StageContractError: if a history is not what `history_text` writes.
    """
    histories = rows["history"].alias("earlier")
    halved = histories.str.contains(_HALF).arg_true()
    try:
        if not halved.is_empty():
            mended = [_without_halves(text) for text in histories[halved]]
            histories = histories.clone().scatter(halved, pl.Series(mended, dtype=pl.String))
        chats = histories.replace("", "[]").str.json_decode(TURNS)
    except (pl.exceptions.ComputeError, ValueError) as exc:
        said = str(exc).partition("\n")[0]
        raise StageContractError(f"A history is no list of turns: {said}") from exc
    turn = pl.element().struct
    lacks = turn.field("role").is_null() | turn.field("content").is_null()
    broken = chats.is_null() | chats.list.eval(lacks).list.any()
    if broken.any():
        raise StageContractError(
            f"{rows['sample_id'].filter(broken)[0]}: a turn of its history has no role or no "
            "content. Make the row again."
        )
    return chats


def joined(before: pl.Series, *turns: tuple[str, pl.Series]) -> pl.Series:
    """Chats with more turns at their ends.

    Args:
        before: the chats, of type `TURNS`.
        turns: one or more: a role, and a text for each chat.

    Returns:
        Chats, in the order given.
    """
    # A hundred times as fast as `concat_list` of structs.
    said = [_of_chats(before), *(_of_texts(role, texts) for role, texts in turns)]
    return _chats(pl.concat(said).sort("chat", maintain_order=True))


def alone(role: str, texts: pl.Series) -> pl.Series:
    """Chats of one turn each."""
    return _chats(_of_texts(role, texts))


def alternating(chats: pl.Series) -> pl.Series:
    """The chats, with turns of one role that follow on each other made one, a blank line between.

    Args:
        chats: of type `TURNS`, none empty.
    """
    turns = _of_chats(chats).with_columns(run=pl.struct("chat", "role").rle_id())
    merged = turns.group_by("run", maintain_order=True).agg(
        pl.col("chat", "role").first(), pl.col("content").str.join("\n\n")
    )
    return _chats(merged)


def spoken(chats: pl.Series) -> pl.Series:
    """Chats as plain text: «User: ...», «Assistant: ...», a blank line between.

    Args:
        chats: of type `TURNS`, none empty.
    """
    line = pl.format("{}: {}", pl.col("role").str.to_titlecase(), "content")
    lines = _of_chats(chats).select("chat", line.alias("line"))
    return lines.group_by("chat", maintain_order=True).agg(pl.col("line").str.join("\n\n"))["line"]


def _of_chats(chats: pl.Series) -> pl.DataFrame:
    """Turns with the number of their chat."""
    turns = chats.alias("turn").to_frame().with_row_index("chat")
    return turns.explode("turn", empty_as_null=False).unnest("turn")


def _of_texts(role: str, texts: pl.Series) -> pl.DataFrame:
    rows = texts.alias("content").to_frame().with_row_index("chat")
    return rows.select("chat", pl.lit(role).alias("role"), "content")


def _chats(turns: pl.DataFrame) -> pl.Series:
    chats = turns.group_by("chat", maintain_order=True).agg(turn=pl.struct("role", "content"))
    return chats["turn"].cast(TURNS)


def _lacks(prompt: str, context: str) -> bool:
    return bool(context.strip()) and normalised(context) not in normalised(prompt)


def _without_halves(history: str) -> str:
    return history_text([Message(_whole(t.role), _whole(t.content)) for t in history_of(history)])


def _whole(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
