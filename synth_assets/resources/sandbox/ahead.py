"""Calls that tests make of a program whatever it answers: it can be asked for several at once.

So it is with asserts one after the other that call it with constants, each call in a place that is
reached once if nothing failed before. What is called, with what and in which order is then the same
as if each answer were waited for. The calls of the first assert are made by themselves: of a wrong
program, later ones may take long, and nobody needs them.
"""

import ast
import marshal
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from opcode import opmap
from types import CodeType
from typing import Any, TypeAlias

from synth_assets.resources.sandbox.reading import Reading

TESTS = "<tests>"
"""The name of the file that tests are said to be in."""
ANSWER = "_answer_of_program"
"""What stands in the tests in place of a call; it is given the call's number."""
_PROGRAM = "_program"
_OURS = {ANSWER, _PROGRAM}
_CHECK = "check"
_ONE_CHECK = re.compile(r"\bcheck\b")
_FILE = "<arguments>"
_AS_WRITTEN = 2
"""Version of marshal in which no two values share a part."""
_MOST_BYTES = 1 << 16
_AT: dict[str, Any] = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}
_LOADED = ast.Load()
_BUILD_SET = opmap["BUILD_SET"]
_PURE = frozenset(("dict", "float", "int", "len", "list", "range", "sorted", "str", "tuple"))
"""What arguments may be made with. No sets: their order hangs on how they were made, and marshal
makes them anew; and no `...`, which is no data."""

_Node: TypeAlias = Any
"""Of a syntax tree; each kind has attributes of its own."""


@dataclass(frozen=True)
class Ahead:
    """Tests whose calls can be made before they are reached.

    Attributes:
        asked: the names of the calls, in their order.
        first: how many of them the first assert makes.
        names: all that the tests know to be the program's.
        code: the tests, with `ANSWER` in place of each call.
    """

    asked: list[str]
    first: int
    names: frozenset[str]
    code: CodeType
    _arguments: CodeType

    def calls(self) -> tuple[bytes, bytes] | None:
        """Those of the first assert and the rest: pairs of name and arguments, by marshal.

        Arguments are made here, by code of the tests; nothing where they are more than small data.
        """
        try:
            pairs = list(zip(self.asked, eval(self._arguments, {}), strict=True))
            first = marshal.dumps(pairs[: self.first], _AS_WRITTEN)
            rest = marshal.dumps(pairs[self.first :], _AS_WRITTEN)
        except Exception:  # noqa: BLE001 - whatever it is, it is for the tests to run into
            return None
        return (first, rest) if len(first) + len(rest) <= _MOST_BYTES else None


def ahead_of(
    source: str, tree: ast.Module, used: Reading, space: Collection[str], entry_point: str
) -> Ahead | None:
    """Put answers in place of calls; nothing where not all of them can be made ahead.

    Args:
        source: of plain tests.
        tree: the same. It is changed, and of no use to others where nothing is returned.
        used: what they use.
        space: names that they may see and that are not the program's.
        entry_point: what `check` is given; may be empty.
    """
    made = used.bound.union(space)
    if entry_point in used.bound or not _OURS.isdisjoint(made | used.names):
        return None
    if "..." in source:
        return None
    names = used.others.difference(made) | ({entry_point} - {""})
    called = dict(zip(names, names, strict=True))
    asserts = [(node, called) for node in tree.body if type(node) is ast.Assert]
    if entry_point and _ONE_CHECK.search(source):
        check = _one_check(source, tree)
        if check is None:
            return None
        parameter = check.args.args[0]
        inside = {**called, parameter.arg: entry_point}
        parameter.arg = _PROGRAM
        asserts += [(node, inside) for node in check.body if type(node) is ast.Assert]
        called = inside
    try:
        groups = [
            [(call, known) for call in _calls_in(node.test, known)] for node, known in asserts
        ]
        calls = [call for group in groups for call in group]
        asked = [known[call.func.id] for call, known in calls]
        arguments = _code_of_arguments([call for call, _ in calls], made | {entry_point})
        if arguments is None:
            return None
        for number, (call, _) in enumerate(calls):
            call.func.id = ANSWER
            call.args = [ast.Constant(number, **_AT)]
        code = compile(tree, TESTS, "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if any(not called.keys().isdisjoint(words) for words in _words_of(code)):
        return None
    first = next(len(group) for group in groups if group)
    return Ahead(asked, first, frozenset(names), code, arguments)


def _one_check(source: str, tree: ast.Module) -> ast.FunctionDef | None:
    """The function `check` of one parameter, where nothing else has to do with that name."""
    if len(_ONE_CHECK.findall(source)) != 1:
        return None
    for node in tree.body:
        if type(node) is ast.FunctionDef and node.name == _CHECK and not node.decorator_list:
            given = node.args
            others = (given.posonlyargs, given.kwonlyargs, given.vararg, given.kwarg)
            is_plain = len(given.args) == 1 and not given.defaults and not any(others)
            return node if is_plain else None
    return None


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


def _code_of_arguments(calls: list[_Node], made: set[str]) -> CodeType | None:
    """What makes the arguments of calls; nothing where those are no constants."""
    if not calls:
        return None
    rows: list[ast.expr] = [ast.Tuple(call.args, _LOADED, **_AT) for call in calls]
    code = compile(ast.Expression(ast.Tuple(rows, _LOADED, **_AT)), _FILE, "eval")
    words = set(code.co_names)
    is_plain = words <= _PURE and words.isdisjoint(made) and len(list(_words_of(code))) == 1
    return code if is_plain and _BUILD_SET not in code.co_code[::2] else None


def _words_of(code: CodeType) -> Iterator[tuple[str, ...]]:
    """All names in a code and in those within it."""
    yield code.co_names + code.co_varnames + code.co_cellvars + code.co_freevars
    for each in code.co_consts:
        if type(each) is CodeType:
            yield from _words_of(each)
