"""Answers to puzzles as responses say them: `Ann is a knight, Ben is a knave`; `{"x": 5}`; `yes`.

All of the answer must be read: what is left over, said twice or hedged makes it unreadable.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synth_assets.core.verify.puzzles.formulas import MAX_DIGITS, Sort
from synth_assets.core.verify.puzzles.puzzle import Puzzle, Value, value_of
from synth_assets.core.verify.reading.folding import clipped, folded

MAX_CHARACTERS = 4_000

_PARTS = re.compile(r"[,;\n]\s*(?:and\s)?|\sand\s")
_LINK = re.compile(r"\s*(?:(?:=|:|->|is|are|has|gets|in|at)(?![^\W_])\s*)?(?:(?:an?|the)\s)?\s*")
_AROUND = " \t\"'`*_$.!()[]{}"
_NUMBER = re.compile(rf"-?\d{{1,{MAX_DIGITS}}}")
_TRUE = ("true", "yes")
_FALSE = ("false", "no")
_FOLLOWS = ("entailed", "it follows", "follows")
_NOT = ("refuted", "contradicted")
_UNKNOWN = ("unknown", "undetermined", "cannot be determined", "it cannot be determined")


@dataclass(frozen=True)
class SaidAnswer:
    """What a response answers.

    Attributes:
        values: constant -> value, for what was asked.
        truth: of a goal: true, false, or none for unknown.
    """

    values: Mapping[str, Value]
    truth: bool | None = None


class UnreadableAnswer(ValueError):
    """The text is no answer to the puzzle; the message says why."""


def read_said(text: str, puzzle: Puzzle) -> SaidAnswer:
    """Read an answer.

    Raises:
        UnreadableAnswer: if not all of it is read as one.
    """
    if len(text) > MAX_CHARACTERS:
        raise UnreadableAnswer("it is too long for an answer")
    if puzzle.goal is not None:
        return SaidAnswer({}, _truth(text, puzzle))
    bare = text.strip()
    if bare.startswith("{") and bare.endswith("}"):
        return SaidAnswer(_of_json(bare, puzzle))
    if len(puzzle.asked) == 1:
        [only] = puzzle.asked
        value = _value(_bare(text), puzzle.sorts[only], puzzle.words)
        if value is not None:
            return SaidAnswer({only: value})
    return SaidAnswer(_of_words(text, puzzle))


def _bare(text: str) -> str:
    return folded(text).strip(_AROUND)


def _words(usual: Iterable[str], value: str, puzzle: Puzzle) -> set[str]:
    return {*usual, *map(_bare, puzzle.words.get(value, ()))}


def _truth(text: str, puzzle: Puzzle) -> bool | None:
    said = _bare(text)
    if said in _words((*_TRUE, *_FOLLOWS), "true", puzzle):
        return True
    if said in _words((*_FALSE, *_NOT), "false", puzzle):
        return False
    if said in _words(_UNKNOWN, "unknown", puzzle):
        return None
    raise UnreadableAnswer(f"neither yes nor no nor unknown: {clipped(text)}")


def _of_json(text: str, puzzle: Puzzle) -> dict[str, Value]:
    try:
        said: Any = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as fault:
        raise UnreadableAnswer(f"no JSON object: {clipped(text)}") from fault
    if set(said) != set(puzzle.asked):
        raise UnreadableAnswer(f"not the constants that are asked for: {clipped(text)}")
    found: dict[str, Value] = {}
    for name in puzzle.asked:
        value = value_of(said[name], puzzle.sorts[name])
        if value is None and isinstance(said[name], str):
            value = _value(_bare(said[name]), puzzle.sorts[name], puzzle.words)
        if value is None:
            raise UnreadableAnswer(f"{name} cannot be {clipped(str(said[name]))}")
        found[name] = value
    return found


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _of_words(text: str, puzzle: Puzzle) -> dict[str, Value]:
    names = {folded(name).replace("_", " "): name for name in puzzle.asked}
    names |= {folded(name): name for name in puzzle.asked}
    longest_first = sorted(names, key=len, reverse=True)
    found: dict[str, Value] = {}
    for part in _PARTS.split(folded(text).strip(_AROUND)):
        clause = part.strip(_AROUND)
        if not clause:
            continue
        name, value = _clause(clause, longest_first, names, puzzle)
        if name in found:
            raise UnreadableAnswer(f"{name} is named twice")
        found[name] = value
    if missing := [name for name in puzzle.asked if name not in found]:
        raise UnreadableAnswer(f"nothing is said of {missing[0]}: {clipped(text)}")
    return found


def _clause(
    clause: str, longest_first: Sequence[str], names: Mapping[str, str], puzzle: Puzzle
) -> tuple[str, Value]:
    for said in longest_first:
        if clause.startswith(said) and not clause[len(said) : len(said) + 1].isalnum():
            rest = clause[len(said) :]
            link = _LINK.match(rest)
            value = rest[link.end() if link else 0 :].strip(_AROUND)
            name = names[said]
            found = _value(value, puzzle.sorts[name], puzzle.words)
            if found is None:
                raise UnreadableAnswer(f"{name} cannot be {clipped(value)}")
            return name, found
    raise UnreadableAnswer(f"not read as an answer: {clipped(clause)}")


def _value(said: str, sort: Sort, words: Mapping[str, Sequence[str]]) -> Value | None:
    """A value in words, folded and bare."""
    if isinstance(sort, tuple):
        for at, value in enumerate(sort):
            known = (folded(value), folded(value).replace("_", " "))
            if said in known or said in map(_bare, words.get(value, ())):
                return at
        return None
    if sort == "bool":
        for value, usual in ((True, _TRUE), (False, _FALSE)):
            if said in usual or said in map(_bare, words.get(str(value).lower(), ())):
                return value
        return None
    return int(said) if _NUMBER.fullmatch(said) else None
