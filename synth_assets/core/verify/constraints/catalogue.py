"""All families of constraints, as one closed union, and constraints read from data."""

import re
from collections.abc import Mapping
from typing import Annotated, TypeAlias, get_args

from pydantic import Field, JsonValue, TypeAdapter, ValidationError
from pydantic_core import from_json

from synth_assets.core.verify.constraints.keywords import (
    Existence,
    ForbiddenWords,
    Frequency,
    LetterFrequency,
)
from synth_assets.core.verify.constraints.lengths import (
    NthParagraphFirstWord,
    NumberParagraphs,
    NumberSentences,
    NumberWords,
)
from synth_assets.core.verify.constraints.manners import (
    CapitalWordFrequency,
    EndChecker,
    EnglishCapital,
    EnglishLowercase,
    NoComma,
    Quotation,
    RepeatPrompt,
    ResponseLanguage,
    TwoResponses,
)
from synth_assets.core.verify.constraints.protocol import Constraint
from synth_assets.core.verify.constraints.shapes import (
    ConstrainedResponse,
    JsonFormat,
    MultipleSections,
    NumberBulletLists,
    NumberHighlightedSections,
    NumberPlaceholders,
    Postscript,
    Title,
)
from synth_assets.core.verify.reading.folding import clipped

ConstraintSpec: TypeAlias = Annotated[
    Existence
    | Frequency
    | ForbiddenWords
    | LetterFrequency
    | ResponseLanguage
    | NumberSentences
    | NumberParagraphs
    | NumberWords
    | NthParagraphFirstWord
    | NumberPlaceholders
    | Postscript
    | NumberBulletLists
    | ConstrainedResponse
    | NumberHighlightedSections
    | MultipleSections
    | JsonFormat
    | Title
    | TwoResponses
    | RepeatPrompt
    | EndChecker
    | CapitalWordFrequency
    | EnglishCapital
    | EnglishLowercase
    | NoComma
    | Quotation,
    Field(discriminator="id"),
]

MAX_LISTED = 50
_MAX_CHARACTERS = 100_000
_WHOLE_NUMBER = re.compile(r"([0-9]{1,9})(?:\.0)?")


def _id_of(family: type[Constraint]) -> str:
    [name] = get_args(family.model_fields["id"].annotation)
    return name


FAMILIES: dict[str, type[Constraint]] = {
    _id_of(family): family for family in get_args(get_args(ConstraintSpec)[0])
}
"""Id -> family."""

_ONE: TypeAdapter[ConstraintSpec] = TypeAdapter(ConstraintSpec)


_NUMBERS = {
    name: frozenset(key for key, field in family.model_fields.items() if field.annotation is int)
    for name, family in FAMILIES.items()
}


class NoConstraints(ValueError):
    """Something is no constraint, or no list of them; the message says why."""


def constraint_of(said: JsonValue) -> Constraint:
    """Make one constraint of its id and arguments.

    Raises:
        NoConstraints: if the id is unknown, or an argument missing, unknown or out of bounds.
    """
    try:
        return _ONE.validate_python(said)
    except ValidationError as faults:
        first = faults.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise NoConstraints(clipped(f"{where}: {first['msg']}", 200)[1:-1]) from faults


def from_data(said: Mapping[str, JsonValue]) -> Constraint:
    """Make one constraint of what data says: null is left out, `"300"` and `300.0` are 300.

    Data files are read with numbers as text, and tables have floats where some rows have nothing.

    Raises:
        NoConstraints: see `constraint_of`.
    """
    name = said.get("id")
    numbers = _NUMBERS.get(name, frozenset()) if isinstance(name, str) else frozenset[str]()
    present = {key: value for key, value in said.items() if value is not None}
    return constraint_of(
        {key: _whole(value) if key in numbers else value for key, value in present.items()}
    )


def read_constraints(text: str) -> tuple[Constraint, ...]:
    """Read a JSON list of constraints; none where the text is empty.

    Each is an object of `id` and arguments. IFEval's own rows will do too, an object with the lists
    `instruction_id_list` and `kwargs`. Arguments are read by `from_data`.

    Raises:
        NoConstraints: if it is something else, or more than 50.
    """
    if not text.strip():
        return ()
    if len(text) > _MAX_CHARACTERS:
        raise NoConstraints(f"{len(text):,} characters; at most {_MAX_CHARACTERS:,} are read")
    try:
        said: JsonValue = from_json(text, allow_inf_nan=False)
    except ValueError as fault:
        raise NoConstraints(f"no JSON: {clipped(str(fault))}") from fault
    listed = _paired(said) if isinstance(said, dict) else said
    if not isinstance(listed, list):
        raise NoConstraints("no list of constraints")
    if len(listed) > MAX_LISTED:
        raise NoConstraints(f"{len(listed)} constraints; at most {MAX_LISTED} are read")
    return tuple(
        from_data(each) if isinstance(each, dict) else constraint_of(each) for each in listed
    )


def _paired(row: dict[str, JsonValue]) -> list[JsonValue]:
    ids, arguments = row.get("instruction_id_list"), row.get("kwargs")
    if not (isinstance(ids, list) and isinstance(arguments, list) and len(ids) == len(arguments)):
        raise NoConstraints("an object without the lists instruction_id_list and kwargs, as long")
    return [
        {**each, "id": name} if isinstance(each, dict) else each
        for name, each in zip(ids, arguments, strict=True)
    ]


def _whole(value: JsonValue) -> JsonValue:
    """A whole number that is written as text or with a point; anything else as it is."""
    if not isinstance(value, str | float):
        return value
    found = _WHOLE_NUMBER.fullmatch(str(value))
    return int(found[1]) if found else value
