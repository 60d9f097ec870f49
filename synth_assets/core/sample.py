"""Samples and seeds as values, for code that looks at one row at a time."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, cast

import polars as pl

from synth_assets.core.completion import Message
from synth_assets.core.fingerprint import content_hash, short_id
from synth_assets.core.schema import SAMPLE_SCHEMA, Origin


@dataclass(frozen=True)
class Seed:
    """A human-written or real item that starts a generation.

    Attributes:
        seed_id: hash of source and fields.
        source: the data source it came from, or `recipe` for a recipe's own file.
        fields: column -> text, as templates see them.
    """

    seed_id: str
    source: str
    fields: Mapping[str, str]

    @classmethod
    def of(cls, source: str, values: Mapping[str, str]) -> "Seed":
        """Make a seed; equal fields of one source are one seed."""
        return cls(short_id(["seed", source, dict(values)]), source, dict(values))

    def with_fields(self, values: Mapping[str, str]) -> "Seed":
        """The same seed, with more for templates to see; what it is traced to stays."""
        return Seed(self.seed_id, self.source, {**self.fields, **values})


@dataclass(frozen=True)
class Sample:
    """One candidate training row; the fields are the columns of `SAMPLE_SCHEMA`, in order."""

    sample_id: str
    origin: Origin
    recipe: str
    recipe_version: str
    technique: str
    source: str
    seed_id: str
    parent_ids: tuple[str, ...]
    position: int
    teacher: str
    request_fingerprints: tuple[str, ...]
    context: str
    prompt: str
    response: str
    reference: str
    attributes: str
    licence: str
    synthetic_depth: int
    content_hash: str
    score: float | None = None
    history: str = ""
    rejected: str = ""
    difficulty: float | None = None

    @classmethod
    def real(cls, source: str, position: int, prompt: str, response: str, licence: str) -> "Sample":
        """A human-written row of a data source."""
        digest = content_hash(prompt, response)
        return cls(
            sample_id=short_id(["real", source, digest]),
            origin=Origin.REAL,
            recipe="",
            recipe_version="",
            technique="",
            source=source,
            seed_id="",
            parent_ids=(),
            position=position,
            teacher="",
            request_fingerprints=(),
            context="",
            prompt=prompt,
            response=response,
            reference="",
            attributes="{}",
            licence=licence,
            synthetic_depth=0,
            content_hash=digest,
        )

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Sample":
        """Read a row of a frame of `SAMPLE_SCHEMA`."""
        values = {field.name: row[field.name] for field in fields(cls)}
        values["origin"] = Origin(row["origin"])
        values["parent_ids"] = tuple(row["parent_ids"])
        values["request_fingerprints"] = tuple(row["request_fingerprints"])
        return cls(**values)

    def revised(self, texts: Mapping[str, str]) -> "Sample":
        """The same sample with other texts: column -> text."""
        changed = replace(self, **texts)  # pyright: ignore[reportArgumentType]
        return replace(changed, content_hash=content_hash(changed.prompt, changed.response))

    @property
    def drawn(self) -> dict[str, str | int | float]:
        """What was drawn for this sample and found out about it: attribute -> value."""
        return json.loads(self.attributes)

    @property
    def earlier(self) -> tuple[Message, ...]:
        """The chat before the prompt."""
        return history_of(self.history)


def history_text(history: Sequence[Message]) -> str:
    """A chat as rows have it: JSON, or nothing where there is none."""
    said = [{"role": message.role, "content": message.content} for message in history]
    return json.dumps(said, ensure_ascii=False) if said else ""


def history_of(text: str) -> tuple[Message, ...]:
    """Read what `history_text` wrote.

    Raises:
        ValueError: if it is no JSON, or no list of turns with texts as role and content.
    """
    said: object = json.loads(text) if text else []
    if not isinstance(said, list):
        raise ValueError("the history is no JSON list of turns. Write [{role, content}, ...].")
    turns = cast("list[object]", said)
    return tuple(_turn_of(each, number) for number, each in enumerate(turns, 1))


def _turn_of(said: object, number: int) -> Message:
    turn = cast("dict[str, object]", said) if isinstance(said, dict) else {}
    role, content = turn.get("role"), turn.get("content")
    if not isinstance(role, str) or not isinstance(content, str):
        raise ValueError(
            f"turn {number} of the history is no {{role, content}} with texts. Write it so."
        )
    return Message(role, content)


def sample_frame(samples: Iterable[Sample]) -> pl.DataFrame:
    """Lay samples out as a frame of `SAMPLE_SCHEMA`."""
    rows: list[list[object]] = [
        [list(value) if isinstance(value, tuple) else value for value in vars(sample).values()]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        for sample in samples
    ]
    return pl.DataFrame(rows, schema=SAMPLE_SCHEMA, orient="row")


def samples_of(frame: pl.DataFrame) -> Iterable[Sample]:
    """Read a frame of `SAMPLE_SCHEMA` row by row."""
    return (Sample.from_row(row) for row in frame.iter_rows(named=True))
