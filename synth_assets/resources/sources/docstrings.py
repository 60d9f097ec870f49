"""Human-written text that is on every machine: the docstrings of the standard library.

The source files are parsed and never imported. Modules written in C have no source file here.
"""

import ast
import inspect
import os
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from synth_assets.core.fingerprint import short_id
from synth_assets.errors import SourceError
from synth_assets.resources.sources.exchange import Exchange

# Tests and demonstrations, what is not the library's own, and what is kept for compatibility.
_SKIPPED = {
    "test", "tests", "idlelib", "lib2to3", "turtledemo", "ensurepip", "site-packages",
    "dist-packages",
}  # fmt: skip
_LONGEST_SIGNATURE = 90

_ASK_FUNCTION = (
    "What does `{}` do?",
    "What is `{}` for in Python's standard library?",
    "Explain `{}`.",
    "How does `{}` behave?",
)
_ASK_CLASS = (
    "What is the class `{}` for?",
    "Describe the class `{}` of Python's standard library.",
    "What does `{}` represent?",
)
_ASK_ATTRIBUTE = ("What does `{}` hold?", "What is the attribute `{}`?")

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class _Documented:
    """A public object with a docstring: its full name, a question about it, and the text."""

    name: str
    question: str
    text: str


def stdlib_docstrings(min_characters: int, max_characters: int) -> Iterator[Exchange]:
    """Questions on public functions, methods and classes, answered by their docstrings.

    Deterministic for a Python version: modules in the order of their paths, objects as they
    stand. An object is asked about once, and a text is given once.

    Args:
        min_characters: shortest docstring, cleaned of its indentation.
        max_characters: longest.

    Raises:
        SourceError: if a source file of the library cannot be parsed.
    """
    root = Path(sysconfig.get_path("stdlib"))
    names: set[str] = set()
    texts: set[str] = set()
    for path in sorted(_modules(root)):
        for found in _documented(root, path):
            fits = min_characters <= len(found.text) <= max_characters
            if fits and found.name not in names and found.text not in texts:
                names.add(found.name)
                texts.add(found.text)
                yield Exchange(found.question, found.text)


def _modules(root: Path) -> Iterator[Path]:
    """Source files of the library; `site-packages` may hold a hundred times as many."""
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in _SKIPPED]
        yield from (Path(folder, name) for name in files if name.endswith(".py"))


def _documented(root: Path, path: Path) -> Iterator[_Documented]:
    parts = list(path.relative_to(root).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    if any(not part.isidentifier() or part.startswith("_") or part in _SKIPPED for part in parts):
        return
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except (OSError, SyntaxError, ValueError) as exc:
        raise SourceError(
            f"{path}: the standard library's file cannot be parsed: {exc}. Install Python again."
        ) from exc
    yield from _members(tree, ".".join(parts))


def _members(parent: ast.Module | ast.ClassDef, prefix: str) -> Iterator[_Documented]:
    for node in parent.body:
        if not isinstance(node, _Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        name = f"{prefix}.{node.name}"
        if text := ast.get_docstring(node, clean=False):
            question = _question(node, name, in_class=isinstance(parent, ast.ClassDef))
            yield _Documented(name, question, inspect.cleandoc(text))
        if isinstance(node, ast.ClassDef):
            yield from _members(node, name)


def _question(node: _Function | ast.ClassDef, name: str, *, in_class: bool) -> str:
    if isinstance(node, ast.ClassDef):
        forms, shown = _ASK_CLASS, name
    elif any("property" in ast.unparse(decorator) for decorator in node.decorator_list):
        forms, shown = _ASK_ATTRIBUTE, name
    elif not in_class and node.args.args[:1] and node.args.args[0].arg == "self":
        forms, shown = _ASK_FUNCTION, name  # a special form written as a function: typing.Never
    else:
        forms, shown = _ASK_FUNCTION, f"{name}({_arguments(node, in_class=in_class)})"
    return forms[int(short_id(name), 16) % len(forms)].format(shown)


def _arguments(node: _Function, *, in_class: bool) -> str:
    """The arguments as a caller sees them, or `...` where they are many."""
    arguments = node.args
    first = (arguments.posonlyargs or arguments.args)[:1]
    if in_class and first and first[0].arg in ("self", "cls"):
        (arguments.posonlyargs or arguments.args).pop(0)
    written = ast.unparse(arguments)
    return written if len(written) <= _LONGEST_SIGNATURE else "..."
