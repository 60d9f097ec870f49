"""Tests as they come in, and what is known of them before any of them runs."""

import ast
import builtins
import importlib
import json
from dataclasses import dataclass
from types import CodeType
from typing import TYPE_CHECKING, Any

from synth_assets.core.verify.program_tests import TestStyle
from synth_assets.resources.sandbox.ahead import TESTS, Ahead, ahead_of
from synth_assets.resources.sandbox.reading import Reading, read

if TYPE_CHECKING:
    import doctest


class UnsoundTestsError(Exception):
    """The tests themselves are broken."""


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


@dataclass
class Work:
    """Tests that were read.

    Attributes:
        tree: of asserts and of `unittest`.
        support: the tree of what they rely on.
        used: what the tests use.
        relied: what their support uses.
        is_plain: whether they and their support change nothing that outlives them.
        fault: why they could not be read.
        code: of the tests as they are to be run, where that is not to be made of the tree.
    """

    tree: ast.Module
    support: ast.Module
    used: Reading
    relied: Reading
    is_plain: bool
    fault: BaseException | None = None
    code: CodeType | None = None

    @classmethod
    def of(cls, paper: Paper) -> "Work":
        """Read tests, running nothing."""
        try:
            source = paper.source
            if paper.style == TestStyle.DOCTEST:
                source = "".join(example.source for example in examples(paper))
            tree = _parsed(source, "the tests")
            used = read(tree)
            support = _parsed(paper.support, "the support of the tests")
            relied = read(support)
            plain = paper.style == TestStyle.ASSERTS and used.is_plain and relied.is_plain
        except (UnsoundTestsError, MemoryError, RecursionError) as exc:
            nothing = ast.Module([], [])
            is_unsound = isinstance(exc, UnsoundTestsError)
            return cls(nothing, nothing, Reading(), Reading(), is_unsound, exc)
        return cls(tree, support, used, relied, plain)

    def set_random(self) -> None:
        """Let random numbers be the same for everyone, whatever others drew before."""
        if self.used.uses_random or self.relied.uses_random:
            importlib.import_module("random").seed(0)


@dataclass
class Ready:
    """Tests that were read, and nothing of which was run.

    Attributes:
        paper: the tests.
        work: the same, read.
        ahead: the calls that they make, where these can be made before they are reached.
    """

    paper: Paper
    work: Work
    ahead: Ahead | None = None

    @classmethod
    def of(cls, text: str) -> "Ready":
        """Read tests."""
        paper = Paper.read(text)
        work = Work.of(paper)
        if work.fault or not work.is_plain:
            return cls(paper, work)
        space = {"__name__", "__builtins__"} | work.relied.bound | work.used.modules
        ahead = ahead_of(paper.source, work.tree, work.used, space, paper.entry_point)
        return cls(paper, work, ahead)


def prepared(paper: Paper, work: Work) -> tuple[dict[str, Any], list[str], BaseException | None]:
    """The names that tests see, but the program's; those wanted of it; and what went wrong."""
    space: dict[str, Any] = {"__name__": "tests", "__builtins__": builtins}
    if work.fault:
        return space, [], work.fault
    try:
        work.set_random()
        if paper.support:
            run(compiled(work.support, "the support of the tests"), space)
        for name in sorted(work.used.modules - {paper.entry_point}):
            space[name] = importlib.import_module(name)
    except BaseException as exc:  # noqa: BLE001 - the program is asked first whether it loads
        return space, [], exc
    wanted = work.used.names - set(space)
    if paper.entry_point:
        wanted.add(paper.entry_point)
    return space, sorted(wanted), None


def examples(paper: Paper) -> "list[doctest.Example]":
    """Those of a doctest; raises `UnsoundTestsError` where they cannot be read."""
    import doctest

    try:
        return doctest.DocTestParser().get_examples(paper.source)
    except ValueError as exc:
        raise UnsoundTestsError(str(exc)) from exc


def compiled(source: "str | ast.Module", what: str) -> CodeType:
    """Code of tests or of their support; raises `UnsoundTestsError` where they are no Python."""
    try:
        return compile(source, TESTS, "exec")
    except (SyntaxError, ValueError) as exc:
        raise UnsoundTestsError(f"{what} are no Python: {exc}") from exc


def run(code: CodeType, space: dict[str, Any]) -> None:
    """Run code of tests with these names; see `prepared`."""
    exec(code, space)


def _parsed(source: str, what: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError) as exc:
        raise UnsoundTestsError(f"{what} are no Python: {exc}") from exc
