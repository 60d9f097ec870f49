"""The shape of programs: what is left when names are masked.

A program that is written anew with other names keeps the order of its keywords, operators and
calls of what every program has (Schleimer, Wilkerson and Aiken, 2003, «Winnowing», for programs of
students).
"""

import builtins
import keyword
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log

_RUN = 5
_LEAST_WEIGHT = 30.0
_MOST_CHARACTERS = 20_000

_DEFINITION = re.compile(
    r"^[ \t]*(?:(?:export |pub |async |static |public |private |protected |inline )*"
    r"(?:def|function|func|fn|class|interface|struct)[ \t]+\w+[^\n]*[:{(;]"
    r"|#include[ \t]*[<\"]|(?:int|void|double|bool|string|auto|List<\w+>)[ \t]+\w+[ \t]*\()",
    re.MULTILINE,
)
_STRING = re.compile(r'("""|\'\'\')(?s:.*?)(?:\1|\Z)|#.*|//.*')
_FUNCTION = re.compile(r"\b(?:def|function|func|fn)[ \t]+(\w+)")
_DOCUMENTATION = re.compile(r'(?:"""|\'\'\'|/\*\*)((?s:.*?))(?:"""|\'\'\'|\*/|\Z)')
_EXAMPLE = re.compile(r">>>.*|(?:for )?examples?\b(?s:.*)", re.IGNORECASE)
_TOKEN = re.compile(r'[^\W\d]\w*|\d+(?:\.\d+)?|"[^"\n]*"|\'[^\'\n]*\'|\S')
_METHODS = "append sort split join lower upper keys values items strip replace self"
_KEPT = frozenset({*keyword.kwlist, *dir(builtins), *re.findall(r"\w+", _METHODS)})
_NAME, _TEXT = "v", '"'

Run = tuple[str, ...]


def is_code(text: str) -> bool:
    """Whether a text defines a function or a class, in a language of the usual kinds."""
    return _DEFINITION.search(text[:_MOST_CHARACTERS]) is not None


def shape_runs(text: str) -> frozenset[Run]:
    """The distinct runs of 5 tokens of a program, names masked; strings of documentation apart."""
    tokens = [_masked(token) for token in _TOKEN.findall(_STRING.sub(" ", text[:_MOST_CHARACTERS]))]
    tokens = [token for token in tokens if token != "pass"]
    return frozenset(tuple(tokens[at : at + _RUN]) for at in range(len(tokens) - _RUN + 1))


def description(text: str) -> str:
    """What a program says of itself: names of its functions and strings of documentation.

    Examples are left out; nothing where it says nothing.
    """
    head = text[:_MOST_CHARACTERS]
    names = [name.replace("_", " ") for name in _FUNCTION.findall(head)]
    told = [_EXAMPLE.sub("", found[1]) for found in _DOCUMENTATION.finditer(head)]
    return ". ".join([" ".join(names), *told]).strip(" .") if names or told else ""


@dataclass(frozen=True)
class Shapes:
    """Shapes of the programs of items.

    Attributes:
        runs: of each item; empty where it has no program.
    """

    runs: tuple[frozenset[Run], ...]

    @classmethod
    def of(cls, programs: Sequence[str]) -> "Shapes":
        """Learn programs; an empty text is none."""
        return cls(tuple(shape_runs(program) for program in programs))

    def likeness(self, item: int, found: frozenset[Run]) -> float:
        """Share of an item's shape that another program has, rare runs weighing more; 0..1."""
        own = self.runs[item]
        whole = max(sum(map(self._weight, own)), _LEAST_WEIGHT)
        return sum(map(self._weight, own & found)) / whole

    def _weight(self, run: Run) -> float:
        return log((len(self.runs) + 1) / self._items_with[run])

    @cached_property
    def _items_with(self) -> Counter[Run]:
        return Counter(run for runs in self.runs for run in runs)


def _masked(token: str) -> str:
    if token[0] in "\"'" and len(token) > 1:
        return _TEXT
    if token[0].isalpha() or token[0] == "_":
        return token if token in _KEPT else _NAME
    return token
