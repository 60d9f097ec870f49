"""The tests' process: it runs the tests against stand-ins for a program, and says the verdict.

Everything is compared here. The program is in another process, knows neither the tests nor the
descriptor of the verdict, and is never asked whether it is right.
"""

import ast
import builtins
import doctest
import importlib
import io
import json
import linecache
import os
import sys
import traceback
import unittest
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import CodeType, FunctionType, ModuleType
from typing import Any

from synth_assets.core.verify.tools import TestStyle
from synth_assets.resources.sandbox.session import Session, UntranslatableError
from synth_assets.resources.sandbox.talk import TalkOver

_FILE = "<tests>"
_MOST_TOLD = 300
_LEFT = "_left_of_test"


@dataclass(frozen=True)
class Finding:
    """What examining came to; `kind` is that of the outcome it becomes."""

    kind: str
    where: str = ""
    what: str = ""


@dataclass(frozen=True)
class Paper:
    """The tests, as they come in."""

    source: str
    style: TestStyle
    entry_point: str
    support: str

    @classmethod
    def read(cls, text: str) -> "Paper":
        """Read what `CallTests` was written as."""
        told = json.loads(text)
        return cls(told["source"], TestStyle(told["style"]), told["entry_point"], told["support"])


class _UnsoundTestsError(Exception):
    """The tests themselves are broken."""


def examine(text: str, descriptor: int, verdict: int) -> None:
    """Put the program at `descriptor` to the tests, and write the verdict as JSON."""
    finding = _examine(Paper.read(text), Session(descriptor, lambda said: sys.stdout.write(said)))
    os.ftruncate(verdict, 0)
    os.pwrite(verdict, json.dumps(vars(finding)).encode(), 0)


def _examine(paper: Paper, session: Session) -> Finding:
    try:
        session.ask("load")
    except MemoryError:
        return Finding("memory", what="while it loads")
    except BaseException as exc:  # noqa: BLE001 - whatever the program raises
        return Finding("does_not_run", what=_told(exc))
    finding = _tested(paper, session)
    # A test that catches all would hide these.
    if session.untranslatable:
        return Finding("not_run", finding.where, session.untranslatable)
    if session.broken:
        return Finding("failed", finding.where, session.broken)
    return finding


def _tested(paper: Paper, session: Session) -> Finding:
    where = ""
    try:
        for where, test in _tests(paper, _space(paper, session)):  # noqa: B007 - names what fails
            test()
    except _UnsoundTestsError as exc:
        return Finding("failed", "the tests", str(exc))
    except MemoryError as exc:
        return Finding("memory", _place(exc, paper) or where, "memory is used up")
    except BaseException as exc:  # noqa: BLE001 - whatever a test or the program raises
        return Finding("failed", _place(exc, paper) or _clipped(where), _told(exc))
    return Finding("passed")


def _space(paper: Paper, session: Session) -> dict[str, Any]:
    """The names that the tests see: their support's, then the program's own."""
    space: dict[str, Any] = {"__name__": "tests", "__builtins__": builtins}
    if paper.support:
        _run(_compiled(paper.support, "the support of the tests"), space)
    used = _used(paper)
    for name in sorted(used.modules - {paper.entry_point}):
        space[name] = importlib.import_module(name)
    wanted = used.names - set(space)
    if paper.entry_point:
        wanted.add(paper.entry_point)
    found = session.names(sorted(wanted))
    hidden = sorted(set(found) & set(dir(builtins)) - {paper.entry_point})
    if hidden and not (len(hidden) == 1 and not used.others):
        # Whose is meant cannot be told, and a program must not compare by its own `all`.
        session.untranslatable = (
            f"the tests use {hidden[0]}, which the program defines anew; make it the entry point"
        )
        raise UntranslatableError(session.untranslatable)
    if paper.entry_point and paper.entry_point not in found:
        raise NameError(f"the program defines no {paper.entry_point}")
    program = ModuleType("solution")
    program.__dict__.update(found)
    sys.modules["solution"] = program
    return space | found


@dataclass(frozen=True)
class _Used:
    """Names that the tests read, those of them that are standard modules, and names they make."""

    names: set[str]
    modules: set[str]
    made: set[str]

    @property
    def others(self) -> set[str]:
        """Names that neither Python nor the tests themselves define."""
        return self.names - self.made - set(dir(builtins))


def _used(paper: Paper) -> _Used:
    source = paper.source
    if paper.style == TestStyle.DOCTEST:
        source = "".join(example.source for example in _examples(paper))
    names: set[str] = set()
    modules: set[str] = set()
    made: set[str] = set()
    for node in ast.walk(_parsed(source, "the tests")):
        if isinstance(node, ast.Name):
            (names if isinstance(node.ctx, ast.Load) else made).add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            made.add(node.name)
        elif isinstance(node, ast.arg):
            made.add(node.arg)
        elif isinstance(node, ast.ImportFrom) and node.module == "solution":
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            # Never the program's: it would compare by its own `math.isclose`.
            modules.update({node.value.id} & sys.stdlib_module_names)
            names.update({node.attr} if node.value.id == "solution" else ())
    return _Used(names - modules, modules, made)


def _examples(paper: Paper) -> list[doctest.Example]:
    try:
        return doctest.DocTestParser().get_examples(paper.source)
    except ValueError as exc:
        raise _UnsoundTestsError(str(exc)) from exc


def _tests(paper: Paper, space: dict[str, Any]) -> Iterator[tuple[str, Callable[[], object]]]:
    match paper.style:
        case TestStyle.ASSERTS:
            yield from _asserts(paper, space)
        case TestStyle.DOCTEST:
            yield "a doctest", lambda: _doctest(paper, space)
        case TestStyle.UNITTEST:
            yield "unittest", lambda: _unittest(paper, space)


def _asserts(paper: Paper, space: dict[str, Any]) -> Iterator[tuple[str, Callable[[], object]]]:
    linecache.cache[_FILE] = (
        len(paper.source),
        None,
        paper.source.splitlines(keepends=True),
        _FILE,
    )
    tree = _Telling().visit(_parsed(paper.source, "the tests"))
    code = _compiled(ast.fix_missing_locations(tree), "the tests")
    yield "the tests", lambda: _run(code, space)
    for name, value in list(space.items()):
        if not isinstance(value, FunctionType) or value.__globals__ is not space:
            continue
        if name == "check" and paper.entry_point:
            yield name, partial(value, space[paper.entry_point])
        elif name.startswith("test_"):
            yield name, value


class _Telling(ast.NodeTransformer):
    """Lets a bare `assert a == b` say what `a` was."""

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        test = node.test
        if node.msg or not isinstance(test, ast.Compare) or len(test.ops) != 1:
            return node
        kept = ast.NamedExpr(ast.Name(_LEFT, ast.Store()), test.left)
        shown = ast.Call(ast.Name("repr", ast.Load()), [ast.Name(_LEFT, ast.Load())], [])
        told = ast.BinOp(ast.Constant("got "), ast.Add(), shown)
        compared = ast.Compare(kept, test.ops, test.comparators)
        made = ast.Assert(compared, told)
        for each in ast.walk(made):
            ast.copy_location(each, node)
        return made


def _doctest(paper: Paper, space: dict[str, Any]) -> None:
    test = doctest.DocTest(_examples(paper), space, "tests", None, None, None)
    report = io.StringIO()
    outcome = doctest.DocTestRunner(verbose=False).run(test, out=report.write)
    if outcome.failed:
        lines = [line.strip() for line in report.getvalue().splitlines() if line.strip("* ")]
        raise AssertionError(" ".join(lines[1:]))
    if not outcome.attempted:
        raise _UnsoundTestsError("there is no example >>> in them")


def _unittest(paper: Paper, space: dict[str, Any]) -> None:
    _run(_compiled(paper.source, "the tests"), space)
    suite = unittest.TestSuite(
        unittest.defaultTestLoader.loadTestsFromTestCase(value)
        for value in list(space.values())
        if isinstance(value, type) and issubclass(value, unittest.TestCase)
    )
    result = unittest.TestResult()
    suite.run(result)
    for test, report in (*result.failures, *result.errors):
        said = report.strip().splitlines()
        raise AssertionError(f"{test}: {said[-1] if said else ''}")
    for test in result.unexpectedSuccesses:
        raise AssertionError(f"{test}: was expected to fail")
    if not result.testsRun or result.testsRun == len(result.skipped):
        raise _UnsoundTestsError("they hold no test that runs")


def _parsed(source: str, what: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError) as exc:
        raise _UnsoundTestsError(f"{what} are no Python: {exc}") from exc


def _compiled(source: "str | ast.Module", what: str) -> CodeType:
    try:
        return compile(source, _FILE, "exec")
    except (SyntaxError, ValueError) as exc:
        raise _UnsoundTestsError(f"{what} are no Python: {exc}") from exc


def _run(code: CodeType, space: dict[str, Any]) -> None:
    exec(code, space)


def _place(exc: BaseException, paper: Paper) -> str:
    """The test that raised, as it is written."""
    lines = [f.lineno for f in traceback.extract_tb(exc.__traceback__) if f.filename == _FILE]
    if not lines or lines[-1] is None or paper.style == TestStyle.DOCTEST:
        return ""
    found = ""
    for node in ast.walk(ast.parse(paper.source)):
        if isinstance(node, ast.stmt) and node.lineno <= lines[-1] <= (node.end_lineno or 0):
            found = ast.get_source_segment(paper.source, node) or found
    return _clipped(found)


def _told(exc: BaseException) -> str:
    name = type(exc).__name__
    if isinstance(exc, TalkOver):
        return str(exc)
    if isinstance(exc, AssertionError):
        return _clipped(str(exc) or "it does not hold")
    return _clipped(f"{name}: {exc}")


def _clipped(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _MOST_TOLD else flat[: _MOST_TOLD - 1] + "…"
