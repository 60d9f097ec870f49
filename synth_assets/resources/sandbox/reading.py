"""What tests are made of: the names they use, and whether they can reach beyond themselves."""

import ast
import builtins
import math
import sys
from dataclasses import dataclass, field
from typing import Any, TypeAlias

_MOST_NODES = 20_000

_Node: TypeAlias = Any
"""Of a syntax tree; each kind has attributes of its own."""

HARMLESS = {
    *("abs", "all", "any", "ascii", "bin", "bool", "bytearray", "bytes", "chr", "complex", "dict"),
    *("divmod", "enumerate", "filter", "float", "frozenset", "hash", "hex", "int", "isinstance"),
    *("iter", "len", "list", "map", "max", "min", "next", "oct", "ord", "pow", "print", "range"),
    *("repr", "reversed", "round", "set", "slice", "sorted", "str", "sum", "tuple", "zip"),
    *("NotImplemented", "Ellipsis"),
    *(n for n, v in vars(builtins).items() if isinstance(v, type) and issubclass(v, Exception)),
}
_BUILTINS = frozenset(dir(builtins))
_OUT_OF_REACH = _BUILTINS - HARMLESS
_OF_RANDOM = frozenset(
    (
        *("choice", "choices", "randint", "random", "randrange", "sample", "seed", "shuffle"),
        "uniform",
    )
)
_PLAIN_MODULES = {
    "copy": frozenset(("copy", "deepcopy")),
    "math": frozenset(name for name in dir(math) if name[0] != "_"),
    # The state of its own is set before tests that use it.
    "random": _OF_RANDOM | {"Random"},
    "string": frozenset(
        (
            *("ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits", "hexdigits"),
            *("octdigits", "printable", "punctuation", "whitespace"),
        )
    ),
    "sys": frozenset(("maxsize",)),
}
_PLAIN_IMPORTS = {
    **_PLAIN_MODULES,
    "typing": {"Any", "Callable", "Dict", "Iterable", "List", "Optional", "Set", "Tuple", "Union"},
    # Not `Counter`, which is written in Python: `Counter.copy(int)` is `type`.
    "collections": {"OrderedDict", "defaultdict", "deque"},
}
METHODS = {
    name
    for kind in (str, bytes, list, tuple, dict, set, frozenset, int, float, complex)
    for name in dir(kind)
    if not name.startswith("_")
} - {"format", "format_map"}
_PLAIN_ATTRIBUTES = (
    METHODS
    | _OF_RANDOM
    | {f"{module}.{name}" for module, names in _PLAIN_MODULES.items() for name in names}
)
_PLAIN: set[type[ast.AST]] = {
    *(ast.Module, ast.FunctionDef, ast.Return, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For),
    *(ast.While, ast.If, ast.Raise, ast.Try, ast.Assert, ast.Import, ast.ImportFrom, ast.Expr),
    *(ast.Pass, ast.Break, ast.Continue, ast.BoolOp, ast.NamedExpr, ast.BinOp, ast.UnaryOp),
    *(ast.Lambda, ast.IfExp, ast.Dict, ast.Set, ast.ListComp, ast.SetComp, ast.DictComp),
    *(ast.GeneratorExp, ast.Compare, ast.Call, ast.FormattedValue, ast.JoinedStr, ast.Constant),
    *(ast.Attribute, ast.Subscript, ast.Starred, ast.Name, ast.List, ast.Tuple, ast.Slice),
    *(ast.comprehension, ast.ExceptHandler, ast.arguments, ast.arg, ast.keyword, ast.alias),
}


@dataclass
class Reading:
    """What stands in a source.

    Attributes:
        names: those that it reads.
        made: those that it defines.
        modules: names that are standard modules and are used as such.
        asserts: its assertions.
        kinds: of its nodes.
        attributes: what it asks of values; of modules, with their names before it.
        imports: pairs of module and name; no name where the whole module is imported.
        reaches: whether it sets an attribute, or has a module as a value or by another name.
        size: its nodes.
    """

    names: set[str] = field(default_factory=set[str])
    made: set[str] = field(default_factory=set[str])
    modules: set[str] = field(default_factory=set[str])
    asserts: list[ast.Assert] = field(default_factory=list[ast.Assert])
    kinds: set[type[ast.AST]] = field(default_factory=set[type[ast.AST]])
    attributes: set[str] = field(default_factory=set[str])
    imports: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    reaches: bool = False
    size: int = 0

    @property
    def bound(self) -> set[str]:
        """Names that it defines or imports."""
        return self.made.union(*({name or module} for module, name in self.imports))

    @property
    def others(self) -> set[str]:
        """Names that neither Python nor the source itself defines."""
        return self.names - self.made - _BUILTINS

    @property
    def uses_random(self) -> bool:
        """Whether it may draw random numbers."""
        return "random" in self.modules or any(module == "random" for module, _ in self.imports)

    @property
    def is_plain(self) -> bool:
        """Whether it can change nothing that outlives it.

        Then it may run in a process where others' tests run after it. Who would reach the
        interpreter needs a name with an underscore in front, a builtin that reaches further, an
        attribute of a frame or of code, or a module.
        """
        words = self.names | self.made
        return (
            self.size <= _MOST_NODES
            and not self.reaches
            and self.kinds <= _PLAIN
            and not words & _OUT_OF_REACH
            and not any(word.startswith("__") for word in words)
            and self.modules <= _PLAIN_MODULES.keys()
            and self.attributes <= _PLAIN_ATTRIBUTES
            and all(self._is_plain_import(module, name) for module, name in self.imports)
        )

    @staticmethod
    def _is_plain_import(module: str, name: str) -> bool:
        return name in _PLAIN_IMPORTS.get(module, ()) or (not name and module in _PLAIN_MODULES)


def read(tree: ast.Module) -> Reading:
    """Read a source once."""
    found = Reading()
    nodes: list[_Node] = [tree]
    kinds = found.kinds
    for node in nodes:
        kind: Any = type(node)  # pyright: ignore[reportUnknownVariableType]
        if kind is str:
            continue
        kinds.add(kind)
        if kind is ast.Name:
            (found.names if type(node.ctx) is ast.Load else found.made).add(node.id)
            continue
        if kind is ast.Constant:
            continue
        if kind in _TOLD:
            _note(found, node, kind)
        if kind is not ast.Attribute:
            add_parts(node, nodes)
        elif not _is_of_module(node):
            nodes.append(node.value)
    known = found.modules | {module for module, name in found.imports if not name}
    found.reaches |= not found.names.isdisjoint(known)
    found.names -= found.modules
    found.size = len(nodes)
    return found


_MARKS = frozenset(
    (
        *("ctx", "op", "ops", "id", "attr", "arg", "kind", "level", "module", "type_comment"),
        *("conversion", "is_async", "simple"),
    )
)
"""Fields that hold no node of interest: contexts, operators, text and numbers."""
_PARTS: dict[type[ast.AST], tuple[str, ...]] = {}


def add_parts(node: _Node, nodes: list[_Node]) -> None:
    """Add what a node is made of, but operators and contexts; some of it may be text."""
    kind: Any = type(node)  # pyright: ignore[reportUnknownVariableType]
    names = _PARTS.get(kind)
    if names is None:
        names = _PARTS[kind] = tuple(name for name in kind._fields if name not in _MARKS)
    for name in names:
        part: Any = getattr(node, name)
        if type(part) is list:
            # A dict's `**` has no key.
            nodes.extend(filter(None, part))  # pyright: ignore[reportUnknownArgumentType]
        elif part is not None:
            nodes.append(part)


_TOLD = frozenset(
    (
        *(ast.Assert, ast.Attribute, ast.FunctionDef, ast.ClassDef, ast.arg, ast.ExceptHandler),
        *(ast.Import, ast.ImportFrom),
    )
)
"""Kinds of nodes that `_note` knows."""


def _note(found: Reading, node: _Node, kind: type[ast.AST]) -> None:
    if kind is ast.Assert:
        found.asserts.append(node)
    elif kind is ast.Attribute:
        _attribute(found, node)
    elif kind in (ast.FunctionDef, ast.ClassDef):
        found.made.add(node.name)
    elif kind is ast.arg:
        found.made.add(node.arg)
    elif kind is ast.ExceptHandler and node.name:
        found.made.add(node.name)
    elif kind is ast.Import:
        found.imports.update((alias.name, "") for alias in node.names)
        aliases = {alias.asname for alias in node.names if alias.asname}
        found.made |= aliases
        found.reaches |= bool(aliases)
    elif kind is ast.ImportFrom:
        found.imports.update((node.module or ".", alias.name) for alias in node.names)
        found.made.update(alias.asname for alias in node.names if alias.asname)
        if node.module == "solution":
            found.names.update(alias.name for alias in node.names)


def _is_of_module(node: ast.Attribute) -> bool:
    """Whether it is asked of a standard module, by its name."""
    of = node.value
    return type(of) is ast.Name and type(of.ctx) is ast.Load and of.id in sys.stdlib_module_names


def _attribute(found: Reading, node: ast.Attribute) -> None:
    found.reaches |= type(node.ctx) is not ast.Load
    of = node.value.id if isinstance(node.value, ast.Name) else ""
    found.attributes.add(f"{of}.{node.attr}" if of in _PLAIN_MODULES else node.attr)
    if of in sys.stdlib_module_names:
        # Never the program's: it would compare by its own `math.isclose`.
        found.modules.add(of)
    elif of == "solution":
        found.names.add(node.attr)
