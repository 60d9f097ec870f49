"""What is stated about who wrote rows: the terms of teachers, sources and recipes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import polars as pl

from synth_assets.core.config.sources import Source
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.flywheel.history import TrainingHistory, Writer
from synth_assets.core.judging.families import family_of
from synth_assets.core.schema import Origin
from synth_assets.core.terms.licences import terms_of
from synth_assets.core.terms.objections import Statement

RECIPE = "recipe "
"""Begins what a statement of a recipe is called."""

EXAMPLES = 5
"""Rows that messages name."""

ANSWERS_SCHEMA = pl.Schema({"fingerprint": pl.String, "teacher": pl.String})
"""Who answered a request. A row is made of several, and counted to the teacher of the first."""

Ground: TypeAlias = tuple[str, str, str, str]
"""What rows share of which the same is stated, beside their teachers: values of `GROUND`."""

GROUND = ["origin", "recipe", "source", "licence"]


@dataclass(frozen=True)
class Declared:
    """What is stated about who writes, and what is recorded of what they learned.

    Attributes:
        teachers: id -> entry of `teachers.yaml`.
        sources: id -> entry of `sources.yaml`.
        history: the sets that were exported and the models that were registered.
    """

    teachers: Mapping[str, Teacher]
    sources: Mapping[str, Source]
    history: TrainingHistory = field(default_factory=TrainingHistory)

    def writer(self, teacher: str) -> Writer:
        """A teacher as one who may have learned from sets; of an unknown one only the name."""
        entry = self.teachers.get(teacher)
        return Writer(teacher, family_of(teacher) or "") if entry is None else Writer.of(entry)

    def of_teacher(self, teacher: str) -> Statement:
        """What a teacher's outputs may be used for."""
        entry = self.teachers.get(teacher)
        terms = terms_of("") if entry is None else terms_of(entry.licence, entry.terms)
        return Statement(f"teacher {teacher}", terms)

    def of_source(self, source: str, licence: str) -> Statement:
        """What rows of a source may be used for, by the licence that they state."""
        entry = self.sources.get(source)
        return Statement(f"source {source}", terms_of(licence, entry.terms if entry else None))

    def of_ground(self, ground: Ground) -> tuple[Statement, ...]:
        """What is stated of real rows by their source, and of others by recipe and seeds' source.

        Seeds that a recipe brings along are under the recipe's own licence.
        """
        origin, recipe, source, licence = ground
        if origin == Origin.REAL.value:
            return (self.of_source(source, licence),)
        made = Statement(f"{RECIPE}{recipe}", terms_of(licence))
        entry = self.sources.get(source)
        return (made,) if entry is None else (made, self.of_source(source, entry.licence))


@dataclass(frozen=True)
class Concerned:
    """The rows that a statement concerns.

    Attributes:
        rows: how many.
        examples: ids of the first of them.
    """

    rows: int
    examples: tuple[str, ...]

    @property
    def told(self) -> str:
        """For people."""
        more = ", ..." if self.rows > len(self.examples) else ""
        return f"{self.rows:,} rows ({', '.join(self.examples)}{more})"

    def and_(self, other: "Concerned") -> "Concerned":
        """Both together."""
        return Concerned(self.rows + other.rows, (*self.examples, *other.examples)[:EXAMPLES])


def concerned(rows: pl.DataFrame) -> Concerned:
    """All of these rows: `sample_id`."""
    return Concerned(rows.height, tuple(rows["sample_id"].head(EXAMPLES)))


def statements_of(
    rows: pl.DataFrame, declared: Declared, answers: pl.DataFrame | None = None
) -> dict[Statement, Concerned]:
    """All that is stated of rows, and how many it concerns.

    Args:
        rows: columns of `SAMPLE_SCHEMA` or more.
        declared: who wrote.
        answers: columns of `ANSWERS_SCHEMA`; see `who_wrote`.
    """
    found: dict[Statement, Concerned] = {}
    for statement, some in _stated(rows, declared, answers):
        known = found.get(statement)
        found[statement] = some if known is None else known.and_(some)
    return found


def who_wrote(rows: pl.DataFrame, answers: pl.DataFrame | None = None) -> pl.DataFrame:
    """Everybody who had a part in rows, each once a row: `row`, its number, and `teacher`.

    All whose completions a row is made of had a part in it, those who judged included.

    Args:
        rows: columns of `SAMPLE_SCHEMA` or more.
        answers: columns of `ANSWERS_SCHEMA`; without them the teacher that a row is counted to.
    """
    numbered = rows.lazy().with_row_index("row")
    own = numbered.filter(pl.col("teacher") != "").select("row", "teacher")
    if answers is None or answers.is_empty():
        return own.collect()
    parts = who_answered(rows, answers)
    return pl.concat([own, parts.lazy()]).unique().sort("row", "teacher").collect()


def who_answered(rows: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Who answered the requests that rows are made of: `row`, its number, and `teacher`.

    In no order, and one as often as it answered.
    """
    return (
        rows.lazy()
        .with_row_index("row")
        .select("row", pl.col("request_fingerprints").alias("fingerprint"))
        .explode("fingerprint")
        .join(answers.lazy(), on="fingerprint")
        .select("row", "teacher")
        .collect()
    )


def _stated(
    rows: pl.DataFrame, declared: Declared, answers: pl.DataFrame | None
) -> Iterator[tuple[Statement, Concerned]]:
    for *ground, number, examples in _grouped(rows, GROUND):
        origin, recipe, source, licence = ground
        for statement in declared.of_ground((origin, recipe, source, licence)):
            yield statement, Concerned(number, tuple(examples))
    parts = who_wrote(rows, answers)
    named = parts.with_columns(rows["sample_id"].gather(parts["row"]))
    for teacher, number, examples in _grouped(named, ["teacher"]):
        yield declared.of_teacher(teacher), Concerned(number, tuple(examples))


def _grouped(rows: pl.DataFrame, by: list[str]) -> Iterator[tuple[Any, ...]]:
    groups = rows.lazy().group_by(by, maintain_order=True)
    counted = groups.agg(pl.len(), pl.col("sample_id").head(EXAMPLES).alias("examples"))
    return counted.sort(by).collect().iter_rows()
