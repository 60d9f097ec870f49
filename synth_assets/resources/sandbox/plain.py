"""Which programs can change nothing that outlives them, so that others may follow in their process.

Decided from the syntax tree alone, by lists of what is allowed; what is on none of them is not
plain. Who would leave something behind needs an attribute that is set, an underscore, a class, a
builtin that reaches further, or a module as a value; who would run on needs `finally`, or to catch
what ends a generator; whose end may hang on how much memory others left needs to catch
`MemoryError`.
"""

import ast
import builtins
import importlib
import re
from collections.abc import Callable
from types import CodeType, ModuleType
from typing import Any, TypeAlias

from synth_assets.resources.sandbox.reading import HARMLESS, METHODS, add_parts

_FILE = "<program>"
_MOST_NODES = 20_000
_MOST_CHARACTERS = 200_000

_Node: TypeAlias = Any
"""Of a syntax tree; each kind has attributes of its own."""

_MODULES: dict[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "array": "array",
        "bisect": "bisect bisect_left bisect_right insort insort_left insort_right",
        "collections": "Counter OrderedDict defaultdict deque",
        "copy": "copy deepcopy",
        "functools": "cache cmp_to_key lru_cache partial reduce",
        "heapq": "heapify heappop heappush heappushpop heapreplace merge nlargest nsmallest",
        "itertools": "accumulate chain combinations combinations_with_replacement compress count "
        "cycle dropwhile filterfalse groupby islice pairwise permutations product repeat starmap "
        "takewhile tee zip_longest",
        "operator": "add and_ concat contains eq floordiv ge getitem gt itemgetter le lt mod mul "
        "ne neg not_ or_ pow sub truediv xor",
        "re": "A ASCII DOTALL I IGNORECASE M MULTILINE S VERBOSE X compile escape findall finditer "
        "fullmatch match search split sub subn",
        "string": "ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits "
        "octdigits printable punctuation whitespace",
        "sys": "maxsize",
        "typing": "Any Callable Deque Dict FrozenSet Generator Hashable Iterable Iterator List "
        "Mapping NoReturn Optional Sequence Set Tuple Union",
    }.items()
} | {
    name: frozenset(word for word in dir(importlib.import_module(name)) if word[0] != "_")
    for name in ("math", "cmath")
}
"""What may be had of a module. Left out: what keeps state (random numbers, the context of decimals,
clocks), sets attributes of what it is given (`functools.wraps`), takes names of attributes as text
(`operator.attrgetter`) or makes classes (`namedtuple`)."""
_ONLY_NOTED = frozenset({"typing"})
"""Modules whose members are for annotations alone: their methods are Python's own."""
_ONLY_CALLED = frozenset({("collections", "Counter")})
"""Classes written in Python: `Counter.copy(int)` is `type`, and `type` makes classes."""

_ATTRIBUTES = METHODS | frozenset(
    (
        *("appendleft", "extendleft", "popleft", "rotate", "maxlen", "default_factory"),
        *("move_to_end", "elements", "most_common", "subtract", "total", "from_iterable"),
        *("fullmatch", "match", "search", "findall", "finditer", "sub", "subn", "pattern"),
        *("end", "expand", "group", "groupdict", "groups", "lastgroup", "lastindex", "span"),
        *("start", "stop", "step", "args", "cache_clear", "close", "send"),
    )
)
_ALLOWED = (HARMLESS - {"hash"}) | {"callable", "issubclass"}
_FORBIDDEN = frozenset(dir(builtins)) - _ALLOWED
_ERRORS = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type)
    and issubclass(value, Exception)
    and not issubclass(MemoryError, value)
)
"""What a handler may name: nothing that catches a `MemoryError`."""

_REACHES = re.compile(r"\{[^{}:!]*[.\[]")
"""A field of a format that asks for an attribute or an item."""


_VALUE, _CALLED, _NOTED = "", "called", "noted"
"""What becomes of a member of a module."""


class _NotPlainError(Exception):
    """Something is on no list."""


class _Reader:
    """Walks a tree once; raises `_NotPlainError` at what is never plain."""

    def __init__(self) -> None:
        self.read: set[str] = set()
        self.called: set[str] = set()
        self.noted: set[str] = set()
        self.made: set[str] = set()
        self.caught: set[str] = set()
        self.modules: dict[str, str] = {}
        self.kept_close: dict[str, bool] = {}
        self.members: set[tuple[str, str, str]] = set()

    def walk(self, tree: ast.Module) -> None:
        """Visit every node."""
        nodes: list[_Node] = [tree]
        for node in nodes:
            kind: Any = type(node)  # pyright: ignore[reportUnknownVariableType]
            visit = _VISITS.get(kind)
            if visit:
                visit(self, node, nodes)
            elif kind not in _FREE:
                raise _NotPlainError(kind.__name__)
            else:
                add_parts(node, nodes)
            if len(nodes) > _MOST_NODES:
                raise _NotPlainError("it is large")

    def judge(self) -> None:
        """Raise if names and attributes, taken together, are not plain."""
        for name, attribute, use in self.members:
            self._judge_member(name, attribute, use)
        # Neither a module nor a class of Python's own is a value.
        close = {name for name, may_be_called in self.kept_close.items() if not may_be_called}
        values = self.read | self.made
        if not (
            values.isdisjoint(self.modules)
            and values.isdisjoint(self.kept_close)
            and (self.called | self.noted).isdisjoint(self.modules)
            and self.called.isdisjoint(close)
            # A caught exception is what it is called.
            and self.made.isdisjoint(self.caught)
        ):
            raise _NotPlainError("a name stands for two things")
        for word in values | self.called | (self.noted - self.kept_close.keys()):
            if word in _FORBIDDEN or word.startswith("__"):
                raise _NotPlainError(word)

    def _judge_member(self, name: str, attribute: str, use: str) -> None:
        module = self.modules.get(name)
        if module is None:
            self.read.add(name)
            allowed = attribute in _ATTRIBUTES
        elif module in _ONLY_NOTED:
            allowed = use == _NOTED and attribute in _MODULES[module]
        elif (module, attribute) in _ONLY_CALLED:
            allowed = use != _VALUE
        else:
            allowed = attribute in _MODULES[module]
        if not allowed:
            raise _NotPlainError(f"{name}.{attribute}")

    def name(self, node: ast.Name, _: list[_Node]) -> None:
        if type(node.ctx) is not ast.Load:
            self.made.add(node.id)
        elif node.id != "__name__":
            self.read.add(node.id)

    def attribute(self, node: ast.Attribute, nodes: list[_Node], use: str = "") -> None:
        of = node.value
        if type(node.ctx) is not ast.Load:
            raise _NotPlainError("an attribute is set")
        if type(of) is ast.Name:
            self.members.add((of.id, node.attr, use))
        elif node.attr in _ATTRIBUTES or _is_plain_format(node):
            nodes.append(of)
        else:
            raise _NotPlainError(node.attr)

    def call(self, node: ast.Call, nodes: list[_Node]) -> None:
        called = node.func
        if type(called) is ast.Name:
            self.called.add(called.id)
        elif type(called) is ast.Attribute:
            self.attribute(called, nodes, _CALLED)
        else:
            nodes.append(called)
        nodes.extend(node.args)
        nodes.extend([each.value for each in node.keywords])

    def note(self, node: ast.expr | None, nodes: list[_Node]) -> None:
        """An annotation: nobody ever gets at its value."""
        if type(node) is ast.Name:
            self.noted.add(node.id)
        elif type(node) is ast.Attribute:
            self.attribute(node, nodes, _NOTED)
        elif type(node) is ast.Subscript:
            self.note(node.value, nodes)
            self.note(node.slice, nodes)
        elif isinstance(node, ast.Tuple | ast.List):
            for part in node.elts:
                self.note(part, nodes)
        elif node is not None:
            nodes.append(node)

    def compare(self, node: ast.Compare, nodes: list[_Node]) -> None:
        for side in (node.left, *node.comparators):
            nodes.append(_asked_for_its_type(side) or side)

    def function(self, node: ast.FunctionDef, nodes: list[_Node]) -> None:
        self.made.add(node.name)
        self.note(node.returns, nodes)
        nodes.append(node.args)
        nodes.extend(node.decorator_list)
        nodes.extend(node.body)

    def argument(self, node: ast.arg, nodes: list[_Node]) -> None:
        self.made.add(node.arg)
        self.note(node.annotation, nodes)

    def annotated(self, node: ast.AnnAssign, nodes: list[_Node]) -> None:
        self.note(node.annotation, nodes)
        nodes.append(node.target)
        if node.value:
            nodes.append(node.value)

    def names(self, node: "ast.Global | ast.Nonlocal", _: list[_Node]) -> None:
        self.made.update(node.names)

    def tried(self, node: ast.Try, nodes: list[_Node]) -> None:
        if node.finalbody:
            raise _NotPlainError("finally")
        for handler in node.handlers:
            kinds = handler.type.elts if type(handler.type) is ast.Tuple else [handler.type]
            for kind in kinds:
                if type(kind) is not ast.Name or kind.id not in _ERRORS:
                    raise _NotPlainError("it catches what it may not")
                self.caught.add(kind.id)
            if handler.name:
                self.made.add(handler.name)
            nodes.extend(handler.body)
        nodes.extend(node.body)
        nodes.extend(node.orelse)

    def imports(self, node: ast.Import, _: list[_Node]) -> None:
        for alias in node.names:
            name = alias.asname or alias.name
            if (
                alias.name not in _MODULES
                or self.modules.setdefault(name, alias.name) != alias.name
            ):
                raise _NotPlainError(f"import {alias.name}")

    def takes(self, node: ast.ImportFrom, _: list[_Node]) -> None:
        allowed = () if node.level else _MODULES.get(node.module or "", ())
        for alias in node.names:
            if alias.name not in allowed:
                raise _NotPlainError(f"from {node.module} import {alias.name}")
            name = alias.asname or alias.name
            if (node.module, alias.name) in _ONLY_CALLED or node.module in _ONLY_NOTED:
                self.kept_close[name] = node.module not in _ONLY_NOTED
            else:
                self.made.add(name)


def _is_plain_format(node: ast.Attribute) -> bool:
    """Whether it is `"...".format` of a text that asks for no attribute."""
    of = node.value
    if node.attr != "format" or type(of) is not ast.Constant or type(of.value) is not str:
        return False
    return not _REACHES.search(of.value)


def _asked_for_its_type(node: ast.expr) -> ast.expr | None:
    """What `type(it)` asks of: compared, a type does no more than be equal."""
    if type(node) is not ast.Call or type(node.func) is not ast.Name or node.func.id != "type":
        return None
    if node.keywords or len(node.args) != 1 or type(node.args[0]) is ast.Starred:
        return None
    return node.args[0]


def _nothing(*_: _Node) -> None:
    """A leaf."""


_FREE: set[type[ast.AST]] = {
    *(ast.Module, ast.Return, ast.Assign, ast.AugAssign, ast.For, ast.While, ast.If),
    *(ast.Raise, ast.Assert, ast.Expr, ast.Delete, ast.BoolOp, ast.NamedExpr, ast.BinOp),
    *(ast.UnaryOp, ast.Lambda, ast.IfExp, ast.Dict, ast.Set, ast.ListComp),
    *(ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Yield, ast.YieldFrom),
    *(ast.FormattedValue, ast.JoinedStr, ast.Subscript, ast.Starred, ast.List, ast.Tuple),
    *(ast.Slice, ast.comprehension, ast.arguments),
}
_VISITS: dict[type[ast.AST], Callable[[_Reader, Any, list[_Node]], None]] = {
    ast.Constant: _nothing,
    ast.Pass: _nothing,
    ast.Break: _nothing,
    ast.Continue: _nothing,
    ast.Name: _Reader.name,
    ast.Attribute: _Reader.attribute,
    ast.Compare: _Reader.compare,
    ast.Call: _Reader.call,
    ast.FunctionDef: _Reader.function,
    ast.AnnAssign: _Reader.annotated,
    ast.arg: _Reader.argument,
    ast.Global: _Reader.names,
    ast.Nonlocal: _Reader.names,
    ast.Try: _Reader.tried,
    ast.Import: _Reader.imports,
    ast.ImportFrom: _Reader.takes,
}


def code_of(source: str) -> CodeType | None:
    """A program's code where it is plain, and nothing where it is not, or is no Python."""
    if len(source) > _MOST_CHARACTERS:
        return None
    try:
        tree = ast.parse(source)
        reader = _Reader()
        reader.walk(tree)
        reader.judge()
        return compile(tree, _FILE, "exec")
    except (_NotPlainError, SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def space() -> dict[str, Any]:
    """The names that a plain program begins with: its own copy of the builtins that it may use."""
    return {"__name__": "program", "__builtins__": dict(_BUILTINS)}


def _import(name: str, *_: object) -> ModuleType:
    """Give a module that is loaded already."""
    return _LOADED[name]


_LOADED = {name: importlib.import_module(name) for name in _MODULES}
_BUILTINS: dict[str, Any] = {name: getattr(builtins, name) for name in (*_ALLOWED, "type")} | {
    "__import__": _import
}
