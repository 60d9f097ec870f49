import os
import socket
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.verify.programs import (
    CallTests,
    DoesNotRun,
    Failed,
    LimitReached,
    Passed,
    ProgramJob,
    ProgramLimits,
    ProgramOutcome,
)
from synth_assets.resources.sandbox.confine import Cage
from synth_assets.resources.sandbox.follower import OTHER
from synth_assets.resources.sandbox.kept import Follower
from synth_assets.resources.sandbox.orders import Bounds, Mode
from synth_assets.resources.sandbox.process import text_file
from synth_assets.resources.sandbox.runner import Sandbox
from synth_assets.resources.sandbox.session import Session
from tests.integration.lasting_programs import ENDLESS, LINGERING, MARK, PROBES, REACHING
from tests.integration.sandboxes import open_sandbox

_LIMITS = ProgramLimits(cpu_s=10.0, wall_s=20.0)
_SHORT = ProgramLimits(cpu_s=0.2, wall_s=20.0)
# It is forked from the process of the tests, which may be large.
_BOUNDS = Bounds(10.0, 20.0, 64 << 10, 1024)
_TESTS = {
    "builtins": "assert f() == [2, [1, 2], 1, [0, 1], '0xf']",
    "modules": "assert f() == [2, 'axc', 2]",
    "flags that are no flags": "assert f() == 'refused'",
    "names": "assert f() == \"name 'kept' is not defined\"",
    "depth": "assert f() == 990",
    "memory": "assert f() == 440 << 20",
    "output": "assert f() is None",
}
_OUTCOMES = {
    "too deep": Failed,
    "too much memory": LimitReached,
    "fails": Failed,
    "does not load": DoesNotRun,
    "is no Python": DoesNotRun,
}


def _job(source: str, tests: str = "assert f() == 1") -> ProgramJob:
    return ProgramJob(source, CallTests(tests), _LIMITS)


_PROBES = {name: _job(source, _TESTS.get(name, "f()")) for name, source in PROBES.items()}
_LINGERING = {name: _job(source) for name, source in LINGERING.items()} | {
    name: ProgramJob(LINGERING[name], CallTests("assert f() == 1"), _SHORT) for name in ENDLESS
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox(size=1) as opened:
        yield opened


@pytest.fixture(scope="module")
def alone() -> Iterator[dict[str, ProgramOutcome]]:
    """What each comes to in a process of its own."""
    with open_sandbox(size=1) as opened:
        jobs = (_PROBES | _LINGERING).items()
        marked = {n: ProgramJob(j.candidate + MARK, j.tests, j.limits) for n, j in jobs}
        yield {name: opened.run(job) for name, job in marked.items()}


def test_sandbox_probes_tell_what_they_should(alone: dict[str, ProgramOutcome]):
    told = {name: type(alone[name]) for name in PROBES}

    assert told == {name: _OUTCOMES.get(name, Passed) for name in PROBES}


@pytest.mark.parametrize("name", LINGERING)
def test_sandbox_plain_program_is_judged_as_in_its_own_process_and_leaves_nothing(
    sandbox: Sandbox, alone: dict[str, ProgramOutcome], name: str
):
    first = sandbox.run(_LINGERING[name])
    after = {probe: sandbox.run(job) for probe, job in _PROBES.items()}

    assert first == alone[name]
    assert after == {probe: alone[probe] for probe in PROBES}


@pytest.mark.parametrize("name", REACHING)
def test_sandbox_program_that_reaches_further_changes_no_other_verdict(
    sandbox: Sandbox, alone: dict[str, ProgramOutcome], name: str
):
    sandbox.run(_job(REACHING[name], "f()"))

    some = ("builtins", "modules", "names", "depth")
    assert [sandbox.run(_PROBES[probe]) for probe in some] == [alone[probe] for probe in some]


@settings(max_examples=5, deadline=None)
@given(order=st.permutations([*PROBES, *LINGERING]))
def test_sandbox_verdicts_do_not_depend_on_the_order(
    sandbox: Sandbox, alone: dict[str, ProgramOutcome], order: list[str]
):
    jobs = _PROBES | _LINGERING

    assert {name: sandbox.run(jobs[name]) for name in order} == {n: alone[n] for n in order}


def test_sandbox_of_tests_that_are_not_plain_has_a_plain_program_alone(sandbox: Sandbox):
    tests = "import os\nkept = f(type)\nassert kept.__name__ == 'A'"
    program = "def f(g): return g('A', (), {'__del__': lambda _: 1 / 0})"
    for _ in range(2):
        sandbox.run(_job(program, tests))
        assert sandbox.run(_PROBES["builtins"]) == Passed()


class Served:
    """A process for plain programs, without a cage."""

    def __init__(self) -> None:
        self.null = os.open(os.devnull, os.O_RDWR)
        self.kept = Follower(Cage.build(Mode.NOTHING, None), _BOUNDS, self.null)

    def run(self, source: str) -> object:
        """What `f()` returns; or what the process says instead."""
        ours, theirs = socket.socketpair()
        program = text_file("program", source)
        with ours:
            with theirs:
                self.kept.order([theirs.fileno(), program])
            os.close(program)
            session = Session(ours.fileno(), lambda _: None)
            try:
                return session.load(["f"], tests_are_plain=True)["f"]()
            except BaseException as exc:  # noqa: BLE001 - the talk is over where it is not plain
                return self.kept.control.recv(16) if session.broken else exc

    def end(self) -> None:
        self.kept.end()
        os.close(self.null)


@pytest.fixture
def served() -> Iterator[Served]:
    if sys.platform != "linux":
        pytest.skip("only Linux has what it takes")
    made = Served()
    yield made
    made.end()


def test_follower_serves_plain_programs_one_after_the_other(served: Served):
    results: list[object] = []
    for number in range(20):
        results.append(served.run(f"left = {number}\ndef f(): return left"))
        assert served.kept.may_serve(_BOUNDS)

    assert results == list(range(20))
    assert not served.kept.child.is_over


def test_follower_does_not_run_what_is_not_plain(served: Served):
    assert served.run("import os\nos._exit(3)\ndef f(): return 1") == OTHER
    assert served.kept.may_serve(_BOUNDS)
    assert served.run("def f(): return 1") == 1


@pytest.mark.parametrize("name", ["loads codecs", "asks for codecs that are none", "makes flags"])
def test_follower_that_is_not_as_before_serves_nobody_else(served: Served, name: str):
    assert served.run(LINGERING[name]) == 1
    assert not served.kept.may_serve(_BOUNDS)
