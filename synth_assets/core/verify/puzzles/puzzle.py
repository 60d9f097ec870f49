"""Puzzles as formulas: constants, premises, a question, and perhaps its answer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synth_assets.core.verify.puzzles.formulas import (
    Apply,
    Formula,
    Name,
    Sort,
    UnreadableFormula,
    both,
    is_name,
    negated,
    read_formula,
)
from synth_assets.core.verify.reading.folding import clipped

MAX_CHARACTERS = 50_000
MAX_CONSTANTS = 500
MAX_PREMISES = 200
MAX_RANGE = 10**12

Value: TypeAlias = bool | int
"""Of a constant; that of an enumeration is its place in it."""


class UnreadablePuzzle(ValueError):
    """The text is no puzzle; the message says why."""


class _Said(BaseModel):
    """A puzzle as it is written, in JSON.

    Attributes:
        constants: name -> `bool`, `int`, `[least, most]`, or the names of an enumeration's values.
        premises: formulas.
        goal: a formula; the question is whether it follows.
        ask: constants; the question is what they are.
        answer: true, false or `unknown` of a goal; the value of the one constant that is asked, or
            constant -> value.
        unique: whether the premises leave one answer; else any that fits them is right.
        words: value -> other words for it in answers: `{"true": ["knight"]}`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    constants: dict[str, str | list[int] | list[str]] = Field(
        min_length=1, max_length=MAX_CONSTANTS
    )
    premises: list[str] = Field(min_length=1, max_length=MAX_PREMISES)
    goal: str | None = None
    ask: list[str] | None = None
    answer: bool | int | str | dict[str, bool | int | str] | None = None
    unique: bool = True
    words: dict[str, list[str]] = Field(default_factory=dict)


@dataclass(frozen=True)
class Puzzle:
    """A checked puzzle.

    Attributes:
        sorts: of each constant.
        bounds: what the ranges of constants say.
        premises: as formulas.
        texts: as they are written.
        goal: the question, if it is whether something follows.
        asked: the constants that are asked for otherwise.
        stated: the answer of an author, if there is one: of a goal true, false or none for
            `unknown`, else constant -> value.
        has_answer: whether there is one.
        unique: whether one answer is claimed.
        words: value -> other words for it.
    """

    sorts: Mapping[str, Sort]
    bounds: tuple[Formula, ...]
    premises: tuple[Formula, ...]
    texts: tuple[str, ...]
    goal: Formula | None
    asked: tuple[str, ...]
    stated: Mapping[str, Value] | bool | None
    has_answer: bool
    unique: bool
    words: Mapping[str, Sequence[str]]

    def theory(self, without: int | None = None) -> tuple[Formula, ...]:
        """Bounds and premises, perhaps without one of these."""
        return (*self.bounds, *(p for at, p in enumerate(self.premises) if at != without))

    def told(self, values: Mapping[str, Value]) -> str:
        """An answer, for people."""
        return ", ".join(f"{name} = {self._told(name, values[name])}" for name in self.asked)

    def _told(self, name: str, value: Value) -> str:
        sort = self.sorts[name]
        if isinstance(sort, tuple):
            return sort[int(value)]
        return str(value).lower()


def read_puzzle(text: str) -> Puzzle:
    """Read a puzzle from JSON.

    Raises:
        UnreadablePuzzle: if it is not as the documentation says.
    """
    if len(text) > MAX_CHARACTERS:
        raise UnreadablePuzzle(f"{len(text):,} characters; at most {MAX_CHARACTERS:,} are read")
    try:
        said = _Said.model_validate(json.loads(text))
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "the puzzle"
        raise UnreadablePuzzle(f"{clipped(where)}: {first['msg']}") from fault
    except (ValueError, RecursionError) as fault:
        raise UnreadablePuzzle(f"no JSON: {str(fault)[:80]}") from fault
    sorts, bounds = _constants(said)
    asked = _asked(said, sorts)
    try:
        premises = tuple(_formula(f"premise {n}", t, sorts) for n, t in enumerate(said.premises, 1))
        goal = None if said.goal is None else _formula("goal", said.goal, sorts)
    except UnreadableFormula as fault:
        raise UnreadablePuzzle(str(fault)) from fault
    return Puzzle(
        sorts,
        tuple(bounds),
        premises,
        tuple(said.premises),
        goal,
        asked,
        _stated(said, asked, sorts),
        said.answer is not None,
        said.unique,
        said.words,
    )


def assignment(puzzle: Puzzle, values: Mapping[str, Value]) -> Formula:
    """The formula that constants have these values."""
    parts: list[Formula] = []
    for name, value in values.items():
        if puzzle.sorts[name] == "bool":
            parts.append(Name(name) if value else negated(Name(name)))
        else:
            parts.append(Apply("=", (Name(name), int(value))))
    return both(parts)


def value_of(said: bool | int | str, sort: Sort) -> Value | None:
    """A value as a puzzle or a JSON answer writes it; none where it is of another sort."""
    if isinstance(sort, tuple):
        return sort.index(said) if isinstance(said, str) and said in sort else None
    if sort == "bool":
        return said if isinstance(said, bool) else None
    return said if isinstance(said, int) and not isinstance(said, bool) else None


def _formula(what: str, text: str, sorts: Mapping[str, Sort]) -> Formula:
    try:
        return read_formula(text, sorts)
    except UnreadableFormula as fault:
        raise UnreadableFormula(f"{what}: {fault}") from fault


def _constants(said: _Said) -> tuple[dict[str, Sort], list[Formula]]:
    sorts: dict[str, Sort] = {}
    bounds: list[Formula] = []
    for name, kind in said.constants.items():
        if not is_name(name):
            raise UnreadablePuzzle(f"a constant cannot be called {clipped(name)}")
        match kind:
            case "bool" | "int":
                sorts[name] = kind
                continue
            case [int(least), int(most)] if -MAX_RANGE <= least <= most <= MAX_RANGE:
                sorts[name] = "int"
            case [str(), *_]:
                values = tuple(map(str, kind))
                if len(set(values)) < len(values) or not all(map(is_name, values)):
                    raise UnreadablePuzzle(f"{name}: values must be names, each once")
                sorts[name] = values
                least, most = 0, len(values) - 1
            case _:
                raise UnreadablePuzzle(f"{name}: is no bool, int, [least, most] or list of names")
        bounds += [Apply("<=", (least, Name(name))), Apply("<=", (Name(name), most))]
    if clash := sorted(set(sorts) & {v for s in sorts.values() if isinstance(s, tuple) for v in s}):
        raise UnreadablePuzzle(f"{clash[0]} is a constant and a value")
    return sorts, bounds


def _asked(said: _Said, sorts: Mapping[str, Sort]) -> tuple[str, ...]:
    if (said.goal is None) == (said.ask is None):
        raise UnreadablePuzzle("give either goal or ask")
    asked = tuple(said.ask or ())
    if said.goal is None and not asked:
        raise UnreadablePuzzle("ask names no constant")
    if unknown := [name for name in asked if name not in sorts]:
        raise UnreadablePuzzle(f"ask: there is no constant {clipped(unknown[0])}")
    if len(set(asked)) < len(asked):
        raise UnreadablePuzzle("ask names a constant twice")
    return asked


def _stated(
    said: _Said, asked: Sequence[str], sorts: Mapping[str, Sort]
) -> Mapping[str, Value] | bool | None:
    answer = said.answer
    if answer is None:
        return None
    if said.goal is not None:
        if not isinstance(answer, bool) and answer != "unknown":
            raise UnreadablePuzzle("answer: is not true, false or unknown")
        return None if answer == "unknown" else bool(answer)
    each = answer if isinstance(answer, dict) else dict.fromkeys(asked[:1], answer)
    if set(each) != set(asked):
        raise UnreadablePuzzle("answer: does not give a value to each constant that is asked")
    found = {name: value_of(each[name], sorts[name]) for name in asked}
    if wrong := [name for name, value in found.items() if value is None]:
        raise UnreadablePuzzle(f"answer: {wrong[0]} cannot be {clipped(str(each[wrong[0]]))}")
    return {name: value for name, value in found.items() if value is not None}
