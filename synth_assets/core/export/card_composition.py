"""What a training set is made of, column by column."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from synth_assets.core.config.teachers import Teacher
from synth_assets.core.judging.families import family_of_teacher
from synth_assets.core.verify.reading.language import language_of

MOST_VALUES = 20
"""Values of a column that are shown; the others are counted."""

MOST_ATTRIBUTES = 40
_BANDS = 4
_TELLING = 2
"""Rows that values must have on average for a table of some of them to say anything."""

UNKNOWN = "(unknown)"
NONE = "(none)"

LANGUAGE_SCHEMA = pl.Schema({"language": pl.String, "rows": pl.Int64})


@dataclass(frozen=True)
class Composition:
    """The rows of a set by the values of one column.

    Attributes:
        title: what the column is called.
        table: the column, `rows`, `share` of all; the most frequent values first. Empty where
            hardly any value is that of several rows.
        more_values: values that are not in the table.
        more_rows: rows with these.
    """

    title: str
    table: pl.DataFrame
    more_values: int = 0
    more_rows: int = 0


def compositions(rows: pl.DataFrame, teachers: Mapping[str, Teacher]) -> Iterator[Composition]:
    """Count the rows of a set by every column that tells them apart.

    Args:
        rows: columns of `TRAINING_SCHEMA`; texts are not looked at.
        teachers: id -> entry; says model, checkpoint and family.
    """
    yield _by("split", rows, "split")
    yield _by("origin", rows, "origin")
    yield _by("recipe and version", rows, "recipe", "recipe_version")
    yield _by("technique", rows, "technique")
    yield _by("source", rows, "source")
    yield _by("teacher", _with_entries(rows, teachers), *_TEACHER)
    yield _by("licence", rows, "licence")
    yield _by("synthetic depth", rows, "synthetic_depth")
    yield _difficulties(rows)
    yield _by("copies", rows, "copy")
    yield from _attributes(rows)


def attribute_names(rows: pl.DataFrame) -> tuple[str, ...]:
    """The attributes that rows have, those that most rows have first."""
    counts = Counter[str]()
    for name, by_value in _attribute_counts(rows).items():
        counts[name] = sum(by_value.values())
    return tuple(sorted(counts, key=lambda name: (-counts[name], name)))


def languages_among(rows: pl.DataFrame, most: int = 500) -> pl.DataFrame:
    """Find the languages of some rows, drawn by their content.

    Args:
        rows: columns `content_hash`, `prompt`, `response`.
        most: how many are looked at.

    Returns:
        `LANGUAGE_SCHEMA`, the most frequent first; ISO 639 codes, or `(unknown)` for rows of
        numbers, formulas, code or too few words.
    """
    drawn = rows.select("content_hash", "prompt", "response").bottom_k(most, by=pl.all())
    found = Counter(
        told.code if (told := language_of(f"{prompt}\n{response}")) else UNKNOWN
        for prompt, response in drawn.select("prompt", "response").iter_rows()
    )
    ordered = sorted(found.items(), key=lambda each: (-each[1], each[0]))
    return pl.DataFrame(ordered, schema=LANGUAGE_SCHEMA, orient="row")


_TEACHER = ("teacher", "model", "checkpoint", "family")


def _with_entries(rows: pl.DataFrame, teachers: Mapping[str, Teacher]) -> pl.DataFrame:
    told = [
        (name, each.model, each.checkpoint, family_of_teacher(each))
        for name, each in teachers.items()
    ]
    entries = pl.DataFrame(told, schema=dict.fromkeys(_TEACHER, pl.String), orient="row")
    return rows.select("teacher").join(entries, on="teacher", how="left", maintain_order="left")


def _by(title: str, rows: pl.DataFrame, *columns: str) -> Composition:
    named = [_named(column, rows.schema[column]) for column in columns]
    counts = rows.group_by(named).agg(pl.len().cast(pl.Int64).alias("rows"))
    share = (pl.col("rows") / rows.height).alias("share")
    falling = [True, *(False for _ in columns)]
    return _cut(title, counts.with_columns(share).sort("rows", *columns, descending=falling))


def _named(column: str, dtype: pl.DataType) -> pl.Expr:
    if dtype != pl.String:
        return pl.col(column)
    return pl.when(pl.col(column) == "").then(pl.lit(NONE)).otherwise(column).alias(column)


def _cut(title: str, table: pl.DataFrame) -> Composition:
    rest = table.slice(MOST_VALUES)
    return Composition(title, table.head(MOST_VALUES), rest.height, int(rest["rows"].sum()))


def _difficulties(rows: pl.DataFrame) -> Composition:
    """By value where there are few, else by four bands of about equal size."""
    known = rows["difficulty"].drop_nulls().drop_nans()
    if known.n_unique() <= MOST_VALUES:
        names = {value: f"{value:g}" for value in known.unique()}
        told = pl.col("difficulty").replace_strict(names, default=UNKNOWN, return_dtype=pl.String)
        return _by("difficulty", rows.select(told), "difficulty")
    parts = range(_BANDS + 1)
    edges = sorted({known.quantile(part / _BANDS, "lower") or 0.0 for part in parts})
    band = pl.lit(UNKNOWN)
    for low, high in pairwise(edges):
        is_last = high == edges[-1]
        inside = pl.col("difficulty").is_between(low, high, "both" if is_last else "left")
        told = f"{low:g} to {high:g}" if is_last else f"{low:g} to below {high:g}"
        band = pl.when(inside).then(pl.lit(told)).otherwise(band)
    return _by("difficulty", rows.select(band.alias("difficulty")), "difficulty")


def _attributes(rows: pl.DataFrame) -> Iterator[Composition]:
    counts = _attribute_counts(rows)
    for name in attribute_names(rows)[:MOST_ATTRIBUTES]:
        falling = sorted(counts[name].items(), key=lambda each: (-each[1], each[0]))
        # The value's column has a name of ours: an attribute may be called `rows`.
        table = pl.DataFrame(falling, schema={"value": pl.String, "rows": pl.Int64}, orient="row")
        share = (pl.col("rows") / rows.height).alias("share")
        made = _cut(f"attribute {name}", table.with_columns(share))
        yield made if _says_something(made) else _left_out(made)


def _says_something(made: Composition) -> bool:
    values, rows = made.table.height + made.more_values, int(made.table["rows"].sum())
    return not made.more_values or rows + made.more_rows >= _TELLING * values


def _left_out(made: Composition) -> Composition:
    values, rows = made.table.height + made.more_values, int(made.table["rows"].sum())
    return Composition(made.title, made.table.clear(), values, rows + made.more_rows)


def _attribute_counts(rows: pl.DataFrame) -> dict[str, Counter[str]]:
    """Attribute -> value as text -> rows."""
    found = dict[str, Counter[str]]()
    alike = rows.group_by("attributes").len().sort("attributes")
    for text, count in alike.iter_rows():
        for name, value in json.loads(text).items():
            told = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
            found.setdefault(name, Counter())[told] += count
    return found
