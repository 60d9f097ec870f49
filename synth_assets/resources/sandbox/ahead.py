"""Calls that tests make of a program whatever it answers: it can be asked for all of them at once.

So it is with asserts one after the other that call it with constants, each call in a place that is
reached once if nothing failed before. What is called, with what and in which order is then the same
as if each answer were waited for; only after a failure are calls made that nobody needed.
"""

import ast
import marshal
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any, TypeAlias

from synth_assets.resources.sandbox.reading import Reading
from synth_assets.resources.sandbox.wire import MOST_BYTES

TESTS = "<tests>"
"""The name of the file that tests are said to be in."""
ANSWER = "_answer_of_program"
"""What stands in the tests in place of a call; it is given the call's number."""
_PROGRAM = "_program"
_CHECK = "check"
_FILE = "<arguments>"
_AS_WRITTEN = 2
"""Version of marshal in which no two values share a part."""
_AT: dict[str, Any] = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}
_LOADED = ast.Load()
_PURE = frozenset(
    ("dict", "float", "frozenset", "int", "len", "list", "range", "set", "sorted", "str", "tuple")
)
"""What arguments may be made with."""

_Node: TypeAlias = Any
"""Of a syntax tree; each kind has attributes of its own."""


@dataclass(frozen=True)
class Ahead:
    """Tests whose calls can be made before any of them runs.

    Attributes:
        calls: pairs of a name of the program and a tuple of arguments, by marshal.
        asked: the names of the calls, in their order.
        names: of all that the tests know to be the program's.
        code: the tests, with `ANSWER` in place of each call.
    """

    calls: bytes
    asked: list[str]
    names: frozenset[str]
    code: CodeType


def ahead_of(
    tree: ast.Module, used: Reading, space: Collection[str], entry_point: str
) -> Ahead | None:
    """Put answers in place of calls; nothing where not all of them can be made ahead.

    Args:
        tree: of plain tests. It is changed, and of no use to others where nothing is returned.
        used: what they use.
        space: names that they see and that are not the program's.
        entry_point: what `check` is given; may be empty.
    """
    if entry_point in used.made or _CHECK in used.names:
        return None
    names = used.others.difference(space) | ({entry_point} - {""})
    called = dict(zip(names, names, strict=True))
    calls = _calls_of(tree.body, called)
    given = _given_to_check(tree) if entry_point else None
    if given:
        check, parameter = given
        called[parameter.arg] = entry_point
        parameter.arg = _PROGRAM
        calls += _calls_of(check.body, called)
    asked = [called[call.func.id] for call in calls]
    arguments = _arguments_of(calls, asked, used.made.union(space))
    if arguments is None:
        return None
    for number, call in enumerate(calls):
        call.func.id = ANSWER
        call.args = [ast.Constant(number, **_AT)]
    try:
        code = compile(tree, TESTS, "exec")
    except (SyntaxError, ValueError, RecursionError):
        return None
    if any(not called.keys().isdisjoint(words) for words in _words_of(code)):
        return None
    return Ahead(arguments, asked, frozenset(names), code)


def _given_to_check(tree: ast.Module) -> tuple[ast.FunctionDef, ast.arg] | None:
    """The one function `check`, and its one parameter."""
    found = [
        each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == _CHECK
    ]
    if len(found) != 1 or len(found[0].args.args) != 1:
        return None
    return found[0], found[0].args.args[0]


def _calls_of(body: list[ast.stmt], called: Collection[str]) -> list[_Node]:
    asserts = [node for node in body if type(node) is ast.Assert]
    return [call for node in asserts for call in _calls_in(node.test, called)]


def _calls_in(node: _Node, called: Collection[str]) -> Iterator[_Node]:
    """Calls in an expression that are certainly made, in their order."""
    kind: Any = type(node)  # pyright: ignore[reportUnknownVariableType]
    if kind is ast.Call:
        if type(node.func) is ast.Name and node.func.id in called:
            if not node.keywords:
                yield node
            return
        parts = [*node.args, *(each.value for each in node.keywords)]
    elif kind is ast.Compare and len(node.ops) == 1:
        parts = [node.left, node.comparators[0]]
    elif kind is ast.BinOp:
        parts = [node.left, node.right]
    elif kind is ast.UnaryOp:
        parts = [node.operand]
    elif kind is ast.Subscript:
        parts = [node.value, node.slice]
    else:
        # What is called in here is still found when all is compiled.
        return
    for part in parts:
        yield from _calls_in(part, called)


def _arguments_of(calls: list[_Node], asked: list[str], made: set[str]) -> bytes | None:
    """Pairs of what is called and of arguments; nothing where those are no constants."""
    if not calls:
        return None
    rows: list[ast.expr] = [ast.Tuple(call.args, _LOADED, **_AT) for call in calls]
    tree = ast.Expression(ast.Tuple(rows, _LOADED, **_AT))
    try:
        code = compile(tree, _FILE, "eval")
        words = set(code.co_names)
        if not (words <= _PURE and words.isdisjoint(made) and len(list(_words_of(code))) == 1):
            return None
        arguments: tuple[tuple[Any, ...], ...] = eval(code, {})
        data = marshal.dumps(list(zip(asked, arguments, strict=True)), _AS_WRITTEN)
    except (SyntaxError, ValueError, TypeError, ArithmeticError, MemoryError, RecursionError):
        return None
    return data if len(data) <= MOST_BYTES // 2 else None


def _words_of(code: CodeType) -> Iterator[tuple[str, ...]]:
    """All names in a code and in those within it."""
    yield code.co_names + code.co_varnames + code.co_cellvars + code.co_freevars
    for each in code.co_consts:
        if type(each) is CodeType:
            yield from _words_of(each)
