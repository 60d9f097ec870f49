"""Rows as plain text, without a chat template."""

import polars as pl

from synth_assets.core.export.turns import asked, earlier, joined, spoken


def prompt_completion(rows: pl.DataFrame) -> pl.DataFrame:
    """`prompt` and `completion`, texts as they are.

    Where there was a chat before, the prompt is «User: ...», «Assistant: ...» and so on, a blank
    line between, and ends in «Assistant:».
    """
    prompts = asked(rows)
    chatty = (rows["history"] != "").arg_true()
    if not chatty.is_empty():
        some = rows[chatty]
        told = spoken(joined(earlier(some), ("user", prompts[chatty])))
        prompts = prompts.clone().scatter(chatty, told + "\n\nAssistant:")
    return pl.DataFrame({"prompt": prompts, "completion": rows["response"]})


def text(rows: pl.DataFrame) -> pl.DataFrame:
    """`text`: what is asked, a blank line, and the answer; the answer alone where nothing is asked.

    Where there was a chat before: «User: ...», «Assistant: ...» and so on, a blank line between.
    """
    asked_answered = pl.DataFrame({"asked": asked(rows), "answer": rows["response"]})
    both = pl.format("{}\n\n{}", "asked", "answer")
    whole = pl.when(pl.col("asked") == "").then("answer").otherwise(both)
    texts = asked_answered.select(whole.alias("text"))["text"]
    chatty = (rows["history"] != "").arg_true()
    if not chatty.is_empty():
        some, turns = rows[chatty], asked_answered[chatty]
        chats = joined(earlier(some), ("user", turns["asked"]), ("assistant", turns["answer"]))
        texts = texts.clone().scatter(chatty, spoken(chats))
    return pl.DataFrame({"text": texts})
