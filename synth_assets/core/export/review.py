"""Samples for experts to judge, and what they said: a table that any spreadsheet opens."""

import csv
import io
from collections.abc import Collection, Iterator
from enum import StrEnum

import polars as pl

from synth_assets.core.sample import samples_of
from synth_assets.errors import ConfigurationError

MARK = "expert_review"
"""The attribute of samples that are marked for review; its value is `yes`."""

COLUMNS = ("id", "context", "question", "answer", "quote", "verdict", "comment")

REVIEW_SCHEMA = pl.Schema(
    {
        "recipe": pl.String,
        "sample_id": pl.String,
        "verdict": pl.String,  # see `ExpertVerdict`
        "comment": pl.String,
    }
)
"""What experts said, one row a sample."""


class ExpertVerdict(StrEnum):
    """What an expert may write into the column `verdict`."""

    ACCEPT = "accept"
    REJECT = "reject"


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


def reviews_in(text: str, recipe: str, known: Collection[str]) -> pl.DataFrame:
    """Read what an expert wrote into a table of `review_csv`.

    Separators may be commas, semicolons or tabs, as spreadsheets of other countries write them;
    other columns than `id`, `verdict` and `comment` are left alone.

    Args:
        text: of the file.
        recipe: whose samples these are.
        known: ids that may stand in it.

    Returns:
        `REVIEW_SCHEMA`; rows without a verdict are not in it.

    Raises:
        ConfigurationError: naming the line and what to do, if a column is missing, a verdict is
            neither of the two, or an id is unknown or stands twice.
    """
    lines = text.removeprefix("\ufeff")
    head = lines.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(lines, newline=""), delimiter=separator)
    missing = {"id", "verdict"} - set(reader.fieldnames or ())
    if missing:
        raise ConfigurationError(
            f"Line 1: there is no column {' and no column '.join(sorted(missing))}. Keep the first "
            "line as `synth review` wrote it."
        )
    found = [(recipe, *each) for each in _reviewed(reader, known)]
    return pl.DataFrame(found, schema=REVIEW_SCHEMA, orient="row")


def _reviewed(
    reader: "csv.DictReader[str]", known: Collection[str]
) -> Iterator[tuple[str, ExpertVerdict, str]]:
    seen = set[str]()
    for row in reader:
        name, said = (row["id"] or "").strip(), (row["verdict"] or "").strip().casefold()
        at = f"Line {reader.line_num}"
        if not said:
            continue
        if said not in set(ExpertVerdict):
            allowed = " or ".join(ExpertVerdict)
            raise ConfigurationError(f"{at}: verdict {said!r} is neither {allowed}. Write one.")
        if name not in known:
            raise ConfigurationError(
                f"{at}: {name!r} is no verified sample of the recipe as it is now. Take the line "
                "out, or go back to the version that was reviewed."
            )
        if name in seen:
            raise ConfigurationError(f"{at}: {name} stands twice. Leave one line of it.")
        seen.add(name)
        yield name, ExpertVerdict(said), (row.get("comment") or "").strip()
