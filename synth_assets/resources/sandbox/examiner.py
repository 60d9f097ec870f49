"""The tests' process: it runs the tests against stand-ins for a program, and says the verdict.

Everything is compared here. The program is in another process, knows neither the tests nor the
descriptor of the verdict, and is never asked whether it is right.
"""

import ast
import builtins
import gc
import json
import linecache
import os
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import CodeType, FunctionType, ModuleType
from typing import Any, TypeVar

from synth_assets.core.verify.program_tests import TestStyle
from synth_assets.resources.sandbox import batch
from synth_assets.resources.sandbox.ahead import ANSWER, TESTS
from synth_assets.resources.sandbox.candidate import read_whole
from synth_assets.resources.sandbox.confine import allow_time
from synth_assets.resources.sandbox.paper import (
    Paper,
    Ready,
    UnsoundTestsError,
    Work,
    compiled,
    examples,
    prepared,
    run,
)
from synth_assets.resources.sandbox.session import NotHereError, Session, UntranslatableError
from synth_assets.resources.sandbox.stream import Stream
from synth_assets.resources.sandbox.talk import TalkOver

_T = TypeVar("_T")

_MOST_TOLD = 300
_LEFT = "_left_of_test"
_GARBAGE = 200_000
_BUILTINS = frozenset(dir(builtins))
FIT, SPENT, ANEW, AGAIN, OWN = b"fit", b"spent", b"anew", b"again", b"own"
"""Answers of a tests' process: it may serve on; it may not; it did nothing, and another must; it
may not, and another must; and before tests that are not plain: whatever it answers, it may not."""


@dataclass(frozen=True)
class Finding:
    """What examining came to.

    `kind` is that of the outcome it becomes, or `alone`: nothing is told, where the program or the
    tests need processes of their own.
    """

    kind: str
    where: str = ""
    what: str = ""

    def as_bytes(self) -> bytes:
        """As it is written to the file of the verdict."""
        return json.dumps(vars(self)).encode()


_ALONE = Finding("alone")
_NO_MEMORY = Finding("memory", what="while it loads")
_TOLD = ("passed", "failed", "does_not_run", _ALONE.kind)


def serve(control: int) -> None:
    """Examine program after program, until nobody orders any more.

    An order brings a time, the channel to the program, the tests, and the file of the verdict; or
    the same of a batch, with a verdict a line. The answer says whether this process may serve
    others: only tests that change nothing that outlives them leave it fit for more, and where it
    has served already, no others are begun.
    """
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    with socket.socket(fileno=control) as orders:
        is_fresh = True
        while True:
            told, descriptors, _, _ = socket.recv_fds(orders, 64, 3)
            if not told:
                return
            cpu_s = float(told[len(batch.ONE) :])
            if told.startswith(batch.MANY):
                answer = _served_many(cpu_s, *descriptors)
            else:
                answer = _served(orders, cpu_s, descriptors, is_fresh=is_fresh)
            for descriptor in descriptors:
                os.close(descriptor)
            orders.send(answer)
            is_fresh = False


def _served(orders: socket.socket, cpu_s: float, given: list[int], *, is_fresh: bool) -> bytes:
    channel, tests, verdict = given
    paper = Paper.read(read_whole(tests))
    work = Work.of(paper)
    if not (is_fresh or work.is_plain):
        return ANEW
    if not work.is_plain:
        # Said while what says it can still be believed.
        orders.send(OWN)
    allow_time(cpu_s, for_good=not work.is_plain)
    session = Session(channel, _print)
    finding = _examine(paper, work, session)
    if finding.kind == "memory" and not is_fresh:
        # What others left behind may be what is missing.
        return AGAIN
    os.pwrite(verdict, finding.as_bytes(), 0)
    return FIT if work.is_plain and _is_left_sound(finding, session) else SPENT


def _served_many(cpu_s: float, channel: int, tests: int, verdicts: int) -> bytes:
    """Examine until something is not told for certain where others were before."""
    allow_time(cpu_s, for_good=False)
    stream, written = Stream(channel), 0
    # All are read before the first is begun: what reads them stays in the processor's caches.
    for ready in list(map(Ready.of, batch.texts_of(tests))):
        session = Session(stream, _print)
        finding = _examined_quickly(ready, session) if ready.work.is_plain else _ALONE
        is_sound = _is_left_sound(finding, session)
        if not (is_sound and session.close()):
            return FIT if is_sound and session.broken else SPENT
        line = batch.ALONE if finding == _ALONE else finding.as_bytes()
        written += os.pwrite(verdicts, line + b"\n", written)
    return FIT


def _examined_quickly(ready: Ready, session: Session) -> Finding:
    """As `_examine`, with several calls made at once where they can be."""
    paper, work, ahead = ready.paper, ready.work, ready.ahead
    if ahead is None:
        return _examine(paper, Work.of(paper), session)
    space, wanted, fault = prepared(paper, work)
    calls = None if fault else ahead.calls()
    if calls is None:
        return _ALONE
    loaded = _loaded(lambda: session.call_ahead(wanted, ahead, calls))
    if isinstance(loaded, Finding):
        return loaded
    defined, answer = loaded
    if not ahead.names.issuperset(defined):
        return _ALONE
    found = dict.fromkeys(defined)
    work.code = ahead.code
    finding = _tested(paper, work, session, {**space, ANSWER: answer}, found, None)
    if finding.kind == "failed":
        # What makes asserts tell more takes long, and is not needed where they hold.
        work.code = None
        space, _, fault = prepared(paper, work)
        again = _tested(paper, work, session, {**space, ANSWER: answer}, found, fault)
        finding = again if again.kind == "failed" else finding
    return _ALONE if session.is_beyond_data else finding


def _loaded(load: Callable[[], _T]) -> _T | Finding:
    """What comes of having a program loaded; a finding where it does not load."""
    try:
        return load()
    except NotHereError:
        return _ALONE
    except MemoryError:
        return _NO_MEMORY
    except BaseException as exc:  # noqa: BLE001 - whatever the program raises
        return Finding("does_not_run", what=_told(exc))


def _is_left_sound(finding: Finding, session: Session) -> bool:
    """Let go of what plain tests leave; false where the talk did not go as it should."""
    sys.modules.pop("solution", None)
    linecache.cache.clear()
    return finding.kind in _TOLD and not session.is_forged


def _print(text: str) -> None:
    if text:
        sys.stdout.write(text.encode("utf-8", "backslashreplace").decode())


def _examine(paper: Paper, work: Work, session: Session) -> Finding:
    space, wanted, fault = prepared(paper, work)
    found = _loaded(lambda: session.load(wanted, tests_are_plain=work.is_plain))
    if isinstance(found, Finding):
        return found
    finding = _tested(paper, work, session, space, found, fault)
    # A test that catches all would hide these.
    if session.untranslatable:
        return Finding("not_run", finding.where, session.untranslatable)
    if session.broken:
        return Finding("failed", finding.where, session.broken)
    return finding


def _tested(
    paper: Paper,
    work: Work,
    session: Session,
    space: dict[str, Any],
    found: dict[str, Any],
    fault: BaseException | None,
) -> Finding:
    where = ""
    try:
        if fault:
            raise fault
        work.set_random()
        _admit(paper, work, session, found)
        for where, test in _tests(paper, work, space | found):  # noqa: B007 - names what fails
            test()
    except UnsoundTestsError as exc:
        return Finding("failed", "the tests", str(exc))
    except MemoryError as exc:
        return Finding("memory", _place(exc, paper) or where, "memory is used up")
    except BaseException as exc:  # noqa: BLE001 - whatever a test or the program raises
        return Finding("failed", _place(exc, paper) or _clipped(where), _told(exc))
    return Finding("passed")


def _admit(paper: Paper, work: Work, session: Session, found: dict[str, Any]) -> None:
    """Let the tests have what the program defines, unless it is not plain whose is meant."""
    hidden = sorted((_BUILTINS & found.keys()) - {paper.entry_point})
    if hidden and not (len(hidden) == 1 and not work.used.others):
        # Whose is meant cannot be told, and a program must not compare by its own `all`.
        session.untranslatable = (
            f"the tests use {hidden[0]}, which the program defines anew; make it the entry point"
        )
        raise UntranslatableError(session.untranslatable)
    if paper.entry_point and paper.entry_point not in found:
        raise NameError(f"the program defines no {paper.entry_point}")
    if work.is_plain:
        return
    program = ModuleType("solution")
    program.__dict__.update(found)
    sys.modules["solution"] = program


def _tests(
    paper: Paper, work: Work, space: dict[str, Any]
) -> Iterator[tuple[str, Callable[[], object]]]:
    match paper.style:
        case TestStyle.ASSERTS:
            yield from _asserts(paper, work, space)
        case TestStyle.DOCTEST:
            yield "a doctest", lambda: _doctest(paper, space)
        case TestStyle.UNITTEST:
            yield "unittest", lambda: _unittest(paper, space)


def _asserts(
    paper: Paper, work: Work, space: dict[str, Any]
) -> Iterator[tuple[str, Callable[[], object]]]:
    code = work.code or _telling_code(paper, work)
    yield "the tests", lambda: run(code, space)
    for name, value in list(space.items()):
        if not isinstance(value, FunctionType) or value.__globals__ is not space:
            continue
        if name == "check" and paper.entry_point:
            yield name, partial(value, space[paper.entry_point])
        elif name.startswith("test_"):
            yield name, value


def _telling_code(paper: Paper, work: Work) -> CodeType:
    linecache.cache[TESTS] = (
        len(paper.source),
        None,
        paper.source.splitlines(keepends=True),
        TESTS,
    )
    for node in work.used.asserts:
        _make_telling(node)
    return compiled(work.tree, "the tests")


def _make_telling(node: ast.Assert) -> None:
    """Let a bare `assert a == b` say what `a` was."""
    test = node.test
    if node.msg or not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return
    left = test.left
    at: dict[str, Any] = {
        "lineno": left.lineno,
        "col_offset": left.col_offset,
        "end_lineno": left.end_lineno,
        "end_col_offset": left.end_col_offset,
    }
    kept = ast.Name(_LEFT, ast.Load(), **at)
    shown = ast.FormattedValue(kept, ord("r"), None, **at)
    node.msg = ast.JoinedStr([ast.Constant("got ", **at), shown], **at)
    test.left = ast.NamedExpr(ast.Name(_LEFT, ast.Store(), **at), left, **at)


def _doctest(paper: Paper, space: dict[str, Any]) -> None:
    import doctest
    import io

    test = doctest.DocTest(examples(paper), space, "tests", None, None, None)
    report = io.StringIO()
    outcome = doctest.DocTestRunner(verbose=False).run(test, out=report.write)
    if outcome.failed:
        lines = [line.strip() for line in report.getvalue().splitlines() if line.strip("* ")]
        raise AssertionError(" ".join(lines[1:]))
    if not outcome.attempted:
        raise UnsoundTestsError("there is no example >>> in them")


def _unittest(paper: Paper, space: dict[str, Any]) -> None:
    import unittest

    run(compiled(paper.source, "the tests"), space)
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
        raise UnsoundTestsError("they hold no test that runs")


def _place(exc: BaseException, paper: Paper) -> str:
    """The test that raised, as it is written."""
    lines: list[int] = []
    step = exc.__traceback__
    while step:
        if step.tb_frame.f_code.co_filename == TESTS:
            lines.append(step.tb_lineno)
        step = step.tb_next
    if not lines or paper.style == TestStyle.DOCTEST:
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
