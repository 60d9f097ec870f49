"""Training rows as chat messages, each with where it came from."""

import json
from collections.abc import Iterator

import polars as pl

from synth_assets.core.fingerprint import normalised
from synth_assets.core.sample import history_of

_MESSAGES = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
_PROVENANCE = (
    "rejected",
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
)


def export_frame(rows: pl.DataFrame) -> pl.DataFrame:
    """Lay training rows out for trainers.

    Args:
        rows: columns of `SAMPLE_SCHEMA`.

    Returns:
        A row each, in the order given: `messages` (a list of `role`, `content`: the chat before,
        the user's turn, then the assistant's), `rejected` (of a preference pair, the worse last
        turn; else empty) and the columns that say where the row came from.
    """
    columns = rows.select("history", "prompt", "response", "context")
    chats = [
        [
            *({"role": said.role, "content": said.content} for said in history_of(history)),
            {"role": "user", "content": _user_turn(prompt, context)},
            {"role": "assistant", "content": response},
        ]
        for history, prompt, response, context in columns.iter_rows()
    ]
    # JSON has no NaN.
    score = pl.col("score").fill_nan(None)
    return rows.select(pl.Series("messages", chats, dtype=_MESSAGES), *_PROVENANCE, score)


def jsonl_lines(rows: pl.DataFrame) -> Iterator[str]:
    """Write training rows as JSON Lines, with the fields of `export_frame`.

    Equal rows give equal lines. A line ends in a line feed and holds no other.
    """
    for row in export_frame(rows).iter_rows(named=True):
        yield f"{json.dumps(row, ensure_ascii=False, allow_nan=False)}\n"


def _user_turn(prompt: str, context: str) -> str:
    if not context.strip() or normalised(context) in normalised(prompt):
        return prompt
    return f"Passage:\n{context}\n\nQuestion: {prompt}"
