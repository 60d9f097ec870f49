"""Formulas over truth values and whole numbers, read from a small part of SMT-LIB.

`(=> Ann (< seat_ben 3))`: an operator and its arguments, names, numbers, `true` and `false`. Values
of enumerations become numbers, so that a solver sees two sorts alone.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from synth_assets.core.verify.reading.folding import clipped

MAX_DEPTH = 64
MAX_DIGITS = 30

Sort: TypeAlias = Literal["bool", "int"] | tuple[str, ...]
"""Truth values, whole numbers, or the values of an enumeration."""

_TOKEN = re.compile(r"[()]|[^\s()]+")
_NUMBER = re.compile(r"-?\d+")
_NAME = re.compile(r"[^\W\d][\w.'!?-]{0,59}")

CONNECTIVES = frozenset({"and", "or", "xor", "=>", "not"})
COMPARISONS = frozenset({"<", "<=", ">", ">="})
ARITHMETIC = frozenset({"+", "-", "*", "div", "mod", "abs"})
COUNTS = frozenset({"at-most", "at-least", "exactly"})
_BINARY = frozenset({"xor", "div", "mod"})
_SAME_SORT = frozenset({"=", "distinct"})
_OPERATORS = CONNECTIVES | COMPARISONS | ARITHMETIC | COUNTS | _SAME_SORT | {"ite", "count"}


class UnreadableFormula(ValueError):
    """The text is no formula; the message says why."""


@dataclass(frozen=True)
class Name:
    """A constant of the puzzle, whose value is looked for."""

    name: str


@dataclass(frozen=True)
class Apply:
    """An operator and its arguments."""

    operator: str
    args: "tuple[Formula, ...]"


Formula: TypeAlias = bool | int | Name | Apply
"""A checked formula; `bool` and `int` stand for themselves."""

_Tree: TypeAlias = "str | list[_Tree]"


@dataclass(frozen=True)
class _Typed:
    """A formula and its sort; the value of an enumeration has none before it meets another."""

    formula: Formula
    sort: Sort | None
    value: str = ""


def is_name(text: str) -> bool:
    """Whether a constant, or a value of an enumeration, may be called so."""
    return (
        _NAME.fullmatch(text) is not None
        and text not in _OPERATORS
        and text not in ("true", "false")
    )


def read_formula(text: str, sorts: Mapping[str, Sort]) -> Formula:
    """Read a formula that is true or false.

    Args:
        text: as the module says.
        sorts: of the constants.

    Raises:
        UnreadableFormula: if brackets do not match, a name is unknown, or sorts do not fit.
    """
    tokens = iter(_TOKEN.findall(text))
    tree = _tree(tokens, 0)
    if next(tokens, None) is not None:
        raise UnreadableFormula("something stands behind the formula")
    typed = _typed(tree, sorts)
    if typed.sort != "bool":
        raise UnreadableFormula("it is neither true nor false")
    return typed.formula


def both(formulas: Sequence[Formula]) -> Formula:
    """All of them."""
    return Apply("and", tuple(formulas)) if formulas else True


def negated(formula: Formula) -> Formula:
    """The opposite."""
    return Apply("not", (formula,))


def _tree(tokens: Iterator[str], depth: int) -> _Tree:
    token = next(tokens, None)
    if token is None or token == ")":
        raise UnreadableFormula("brackets do not match")
    if token != "(":
        return token
    if depth >= MAX_DEPTH:
        raise UnreadableFormula(f"nested deeper than {MAX_DEPTH} levels")
    return _items(tokens, depth)


def _items(tokens: Iterator[str], depth: int) -> list[_Tree]:
    found: list[_Tree] = []
    for token in tokens:
        match token:
            case ")":
                return found
            case "(":
                if depth + 1 >= MAX_DEPTH:
                    raise UnreadableFormula(f"nested deeper than {MAX_DEPTH} levels")
                found.append(_items(tokens, depth + 1))
            case _:
                found.append(token)
    raise UnreadableFormula("brackets do not match")


def _typed(tree: _Tree, sorts: Mapping[str, Sort]) -> _Typed:
    match tree:
        case str():
            return _atom(tree, sorts)
        case [str(operator), *args] if operator in _OPERATORS:
            return _applied(operator, [_typed(each, sorts) for each in args])
        case [str(operator), *_]:
            raise UnreadableFormula(f"there is no operator {clipped(operator)}")
        case _:
            raise UnreadableFormula("a bracket without an operator")


def _atom(token: str, sorts: Mapping[str, Sort]) -> _Typed:
    if token in ("true", "false"):
        return _Typed(token == "true", "bool")
    if _NUMBER.fullmatch(token):
        if len(token) > MAX_DIGITS:
            raise UnreadableFormula(f"a number of more than {MAX_DIGITS} digits")
        return _Typed(int(token), "int")
    if token in sorts:
        return _Typed(Name(token), sorts[token])
    if any(isinstance(sort, tuple) and token in sort for sort in sorts.values()):
        return _Typed(0, None, token)
    raise UnreadableFormula(f"nothing is called {clipped(token)}")


def _applied(operator: str, args: Sequence[_Typed]) -> _Typed:
    if operator in COUNTS:
        if not args or not isinstance(args[0].formula, int) or args[0].sort != "int":
            raise UnreadableFormula(f"{operator} wants a number first")
        _demand(operator, args[1:], "bool", least=1)
    elif operator in CONNECTIVES or operator == "count":
        _demand(operator, args, "bool", least=1 if operator in ("not", "count") else 2)
    elif operator in COMPARISONS:
        _demand(operator, args, "int", least=2)
    elif operator in ARITHMETIC:
        _demand(operator, args, "int", least=1 if operator in ("-", "abs") else 2)
    else:
        return _same_sort(operator, args)
    most = {"not": 1, "abs": 1, **dict.fromkeys(_BINARY, 2)}.get(operator, len(args))
    if len(args) > most:
        raise UnreadableFormula(f"{operator} takes {most} arguments")
    sort: Sort = "int" if operator in ARITHMETIC or operator == "count" else "bool"
    return _Typed(Apply(operator, tuple(each.formula for each in args)), sort)


def _demand(operator: str, args: Sequence[_Typed], sort: Sort, least: int) -> None:
    if len(args) < least:
        raise UnreadableFormula(f"{operator} takes at least {least} arguments")
    if any(each.sort != sort for each in args):
        wanted = "numbers" if sort == "int" else "truth values"
        raise UnreadableFormula(f"{operator} takes {wanted}")


def _same_sort(operator: str, args: Sequence[_Typed]) -> _Typed:
    """Equality, difference and choice, whose arguments are of one sort."""
    compared = args[1:] if operator == "ite" else args
    if len(args) < (3 if operator == "ite" else 2) or (operator == "ite" and len(args) > 3):
        raise UnreadableFormula(f"{operator} takes {'three' if operator == 'ite' else 'two'}")
    if operator == "ite" and args[0].sort != "bool":
        raise UnreadableFormula("ite wants a truth value first")
    sorts: set[Sort] = {each.sort for each in compared if each.sort is not None}
    if len(sorts) != 1:
        raise UnreadableFormula(f"{operator} of things of several kinds")
    [sort] = sorts
    formulas = tuple(_of_sort(each, sort) for each in compared)
    if operator == "ite":
        return _Typed(Apply("ite", (args[0].formula, *formulas)), sort)
    return _Typed(Apply(operator, formulas), "bool")


def _of_sort(typed: _Typed, sort: Sort | None) -> Formula:
    if typed.sort is not None:
        return typed.formula
    if not isinstance(sort, tuple) or typed.value not in sort:
        raise UnreadableFormula(f"{clipped(typed.value)} is no value of the other side")
    return sort.index(typed.value)
