"""Samples for experts to judge: a table that any spreadsheet opens."""

import csv
import io

import polars as pl

from synth_assets.core.sample import samples_of

MARK = "expert_review"
"""The attribute of samples that are marked for review; its value is `yes`."""

COLUMNS = ("id", "context", "question", "answer", "quote", "verdict", "comment")

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def marked_for_review(samples: pl.DataFrame) -> pl.DataFrame:
    """The samples of a frame of `SAMPLE_SCHEMA` that are marked, by id."""
    marked = [each.sample_id for each in samples_of(samples) if each.drawn.get(MARK) == "yes"]
    return samples.filter(pl.col("sample_id").is_in(marked)).sort("sample_id")


def review_csv(samples: pl.DataFrame) -> str:
    """Lay samples out for review, with `verdict` and `comment` left empty.

    A text that a spreadsheet would take for a formula is given an apostrophe in front: a teacher
    wrote it, and nobody has read it yet.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for sample in samples_of(samples):
        texts = (sample.context, sample.prompt, sample.response, sample.reference)
        writer.writerow([sample.sample_id, *map(_as_text, texts), "", ""])
    return out.getvalue()


def _as_text(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
