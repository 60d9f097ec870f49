"""The rows of a set that are looked at: a fixed number, as most figures depend on how many."""

from enum import StrEnum

import polars as pl

from synth_assets.core.diversity.formulas import words_of
from synth_assets.core.fingerprint import fingerprint, short_id
from synth_assets.core.stage import without_copies

WINDOW_ROWS = 1_000

WINDOW_SCHEMA = pl.Schema(
    {
        "sample_id": pl.String,
        "prompt": pl.String,
        "response": pl.String,
        "origin": pl.String,
        "recipe": pl.String,
        "technique": pl.String,
        "source": pl.String,
        "teacher": pl.String,
        "synthetic_depth": pl.Float64,
        "difficulty": pl.Float64,
        "score": pl.Float64,
    }
)
"""What of a row drift is measured on; null where a set does not say."""

_MARKS = {
    "list": r"(?m)^[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+\S",
    "heading": r"(?m)^#{1,6}[ \t]+\S",
    "bold": r"\*\*[^\s*][^*\n]*\*\*",
    "code": r"```",
    "table": r"(?m)^[ \t]*\|.*\|[ \t]*$",
    "formula": r"\\\(|\\\[|\$\$|\\boxed|\\frac",
}
_OPENING_WORDS = 3


class Scalar(StrEnum):
    """A column of which each row has one value; a category, or a number."""

    PROMPT_WORDS = "prompt_words"
    RESPONSE_WORDS = "response_words"
    OPENING = "opening"
    FORMATTING = "formatting"
    ORIGIN = "origin"
    RECIPE = "recipe"
    TECHNIQUE = "technique"
    SOURCE = "source"
    TEACHER = "teacher"
    SYNTHETIC_DEPTH = "synthetic_depth"
    DIFFICULTY = "difficulty"
    SCORE = "score"


OF_TEXT = (Scalar.PROMPT_WORDS, Scalar.RESPONSE_WORDS, Scalar.OPENING, Scalar.FORMATTING)
"""What any rows have, so what two sets compare by that were not made the same way."""


def window_of(rows: pl.DataFrame, most: int = WINDOW_ROWS) -> pl.DataFrame:
    """Draw the rows of a set that are looked at.

    Which are drawn follows from a hash of `sample_id`: neither the order of rows nor repetitions
    matter, and of two sets that share rows the windows do too.

    Args:
        rows: some columns of `TRAINING_SCHEMA`, `prompt`, `response` and `sample_id` among them.
        most: rows that are looked at.

    Returns:
        Frame of `WINDOW_SCHEMA`.
    """
    once = without_copies(rows)
    missing = [pl.lit(None).alias(name) for name in WINDOW_SCHEMA if name not in once.columns]
    laid_out = once.with_columns(missing).select(WINDOW_SCHEMA.names()).cast(WINDOW_SCHEMA)
    draw = [short_id(["drift", name]) for name in laid_out["sample_id"]]
    drawn = laid_out.with_columns(pl.Series("_draw", draw, dtype=pl.String))
    return drawn.sort("_draw", "prompt", "response").head(most).drop("_draw")


def content_key(rows: pl.DataFrame) -> str:
    """What tells two runs of equal content: a hash of all rows' ids and texts, in any order."""
    hashed = without_copies(rows).select("sample_id", "prompt", "response").hash_rows(seed=0)
    return fingerprint([int(hashed.sum()) % 2**63, len(hashed)])[:20]


def with_scalars(window: pl.DataFrame) -> pl.DataFrame:
    """A window with a column for each `Scalar`."""
    marks = [
        pl.when(pl.col("response").str.contains(pattern)).then(pl.lit(name))
        for name, pattern in _MARKS.items()
    ]
    return window.with_columns(
        _word_counts(window["prompt"]).alias(Scalar.PROMPT_WORDS),
        _word_counts(window["response"]).alias(Scalar.RESPONSE_WORDS),
        pl.Series(Scalar.OPENING, map(_opening, window["response"]), dtype=pl.String),
        pl.concat_str(marks, separator="+", ignore_nulls=True)
        .replace("", "plain")
        .alias(Scalar.FORMATTING),
    )


def texts_of(window: pl.DataFrame) -> list[str]:
    """What is embedded of each row."""
    text = pl.concat_str(["prompt", "response"], separator="\n").str.strip_chars()
    return window.select(text.alias("text"))["text"].to_list()


def _word_counts(texts: pl.Series) -> pl.Series:
    return pl.Series([len(words_of(text)) for text in texts], dtype=pl.Float64)


def _opening(text: str) -> str:
    return " ".join(words_of(text[:200])[:_OPENING_WORDS])
