"""What a Python function looks like from outside, without running it."""

import ast
import re
from dataclasses import dataclass

_FENCE = re.compile(r"\A```[\w+-]*[ \t]*\n(.*?)\n?```\s*\Z", re.DOTALL)

_SMALL, _LARGEST = 2, 2**53
"""Beyond the largest, a float no longer tells whole numbers apart."""


@dataclass(frozen=True)
class FunctionShape:
    """A function of some code.

    Attributes:
        name: what it is called.
        parameters: in their order: `items`, `steps=` where it has a default, `*rest`, `**more`.
        body: its text, without signature and docstring.
        tree: what it says, spaces and comments aside; equal trees do the same.
        numbers: that stand in its body, but for -2 to 2, which any loop may need.
    """

    name: str
    parameters: tuple[str, ...]
    body: str
    tree: str
    numbers: frozenset[float]

    @property
    def signature(self) -> str:
        """`rotate(items, steps=)`."""
        return f"{self.name}({', '.join(self.parameters)})"

    @property
    def words(self) -> tuple[str, ...]:
        """The names that a caller must know."""
        return (self.name, *(parameter.strip("*=") for parameter in self.parameters))


def unfenced(code: str) -> str:
    """Code without the Markdown fence around it, if there is one."""
    found = _FENCE.match(code.strip())
    return found[1] if found else code


def function_of(code: str, name: str = "") -> FunctionShape | str:
    """The first function at the top of some code, or the one of that name; else what is wrong."""
    try:
        module = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
        line = f" (line {exc.lineno})" if isinstance(exc, SyntaxError) else ""
        return f"the code does not parse{line}: {str(exc).partition(' (')[0]}"
    found = [each for each in module.body if isinstance(each, ast.FunctionDef)]
    if name:
        found = [each for each in found if each.name == name]
    if not found:
        return f"the code has no function{f' {name}' if name else ''}"
    return _shape(found[0], code)


def _shape(function: ast.FunctionDef, code: str) -> FunctionShape:
    body = function.body
    if ast.get_docstring(function) is not None:
        body = body[1:]
    lines = code.splitlines()[body[0].lineno - 1 : body[-1].end_lineno] if body else []
    plain = ast.FunctionDef(
        function.name, function.args, body or [ast.Pass()], function.decorator_list
    )
    return FunctionShape(
        name=function.name,
        parameters=_parameters(function.args),
        body="\n".join(lines),
        tree=ast.dump(plain, annotate_fields=False),
        numbers=_numbers(body),
    )


def _numbers(body: list[ast.stmt]) -> frozenset[float]:
    constants = (
        each.value
        for statement in body
        for each in ast.walk(statement)
        if isinstance(each, ast.Constant)
    )
    return frozenset(
        float(value)
        for value in constants
        if isinstance(value, int | float) and _SMALL < value < _LARGEST
    )


def _parameters(arguments: ast.arguments) -> tuple[str, ...]:
    plain = [*arguments.posonlyargs, *arguments.args]
    with_default = len(plain) - len(arguments.defaults)
    found = [f"{each.arg}{'=' if at >= with_default else ''}" for at, each in enumerate(plain)]
    if arguments.vararg:
        found.append(f"*{arguments.vararg.arg}")
    elif arguments.kwonlyargs:
        found.append("*")
    for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append(f"{each.arg}{'=' if default is not None else ''}")
    if arguments.kwarg:
        found.append(f"**{arguments.kwarg.arg}")
    return tuple(found)
