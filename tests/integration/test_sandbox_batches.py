from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.verify.programs import (
    CallTests,
    Failed,
    Limit,
    LimitReached,
    Passed,
    ProgramJob,
    ProgramLimits,
    ProgramOutcome,
)
from synth_assets.resources.sandbox import batch
from synth_assets.resources.sandbox.orders import Bounds, Report
from synth_assets.resources.sandbox.process import ZygoteProcess
from synth_assets.resources.sandbox.runner import Sandbox
from tests.integration.lasting_programs import ENDLESS, LINGERING, MARK, PROBES, REACHING
from tests.integration.sandboxes import open_sandbox

_LIMITS = ProgramLimits(cpu_s=1.0, wall_s=20.0)
_RIGHT, _WRONG, _ENDLESS, _NOT_PLAIN = (
    "def f(): return 1",
    "def f(): return 2",
    "def f():\n    while True: pass",
    "import os\ndef f(): return os.getpid() * 0 + 1",
)
_TESTS = "assert f() == 1"


def _job(source: str, tests: str = _TESTS, limits: ProgramLimits = _LIMITS) -> ProgramJob:
    return ProgramJob(source, CallTests(tests), limits)


_JOBS = {name: _job(source, "f()") for name, source in PROBES.items()} | {
    name: _job(source) for name, source in LINGERING.items() if name not in ENDLESS
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox(size=1) as opened:
        yield opened


@pytest.fixture(scope="module")
def alone() -> Iterator[dict[str, ProgramOutcome]]:
    """What each comes to in a process of its own."""
    with open_sandbox(size=1) as opened:
        marked = {n: _job(j.candidate + MARK, j.tests.source) for n, j in _JOBS.items()}  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType, reportUnknownMemberType]
        yield {name: opened.run(job) for name, job in marked.items()}


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of the orders that servers are given."""
    seen: list[str] = []
    run = ZygoteProcess.run

    def noted(
        self: ZygoteProcess, kind: str, bounds: Bounds, given: list[int], modules: list[str]
    ) -> Report:
        seen.append(kind)
        return run(self, kind, bounds, given, modules)

    monkeypatch.setattr(ZygoteProcess, "run", noted)
    return seen


def test_sandbox_checks_plain_programs_in_batches(sandbox: Sandbox, kinds: list[str]):
    jobs = [_job(f"def f(): return {number}") for number in range(batch.MOST + 2)]

    outcomes = sandbox.run_all(jobs)

    assert [outcome == Passed() for outcome in outcomes] == [n == 1 for n in range(len(jobs))]
    assert outcomes[0] == Failed("assert f() == 1", "got 0")
    assert kinds == ["batch", "batch"]


@pytest.mark.parametrize(
    ("source", "tests", "outcome"),
    [
        (_NOT_PLAIN, _TESTS, Passed()),
        (_RIGHT, "import os\n" + _TESTS, Passed()),
        (_ENDLESS, _TESTS, LimitReached(Limit.CPU, "the program ran out of time")),
        (_RIGHT, "f()\nwhile True: pass", LimitReached(Limit.CPU, "the tests ran out of time")),
    ],
)
def test_sandbox_batch_leaves_out_what_is_not_plain_or_quick(
    sandbox: Sandbox, kinds: list[str], source: str, tests: str, outcome: ProgramOutcome
):
    right, wrong = _job(_RIGHT), _job(_WRONG)

    outcomes = sandbox.run_all([right, wrong, _job(source, tests), right, wrong])

    failed = Failed("assert f() == 1", "got 2")
    assert outcomes == [Passed(), failed, outcome, Passed(), failed]
    assert kinds == ["batch", "calls", "batch"]


@pytest.mark.parametrize(
    "limits",
    [ProgramLimits(cpu_s=0.5), ProgramLimits(wall_s=0.5), ProgramLimits(output_kb=1)],
)
def test_sandbox_of_what_may_take_little_checks_each_by_itself(
    sandbox: Sandbox, kinds: list[str], limits: ProgramLimits
):
    outcomes = sandbox.run_all([_job(_RIGHT, limits=limits)] * 2)

    assert outcomes == [Passed()] * 2
    assert kinds == ["calls"] * 2


def test_sandbox_batch_that_begins_with_what_is_not_plain_tells_of_all(sandbox: Sandbox):
    jobs = [_job(source) for source in (_NOT_PLAIN, _NOT_PLAIN, _RIGHT, _WRONG)]

    assert [outcome == Passed() for outcome in sandbox.run_all(jobs)] == [True, True, True, False]


@settings(max_examples=5, deadline=None)
@given(order=st.permutations([*_JOBS]))
def test_sandbox_verdicts_of_batches_do_not_depend_on_the_order(
    sandbox: Sandbox, alone: dict[str, ProgramOutcome], order: list[str]
):
    outcomes = sandbox.run_all([_JOBS[name] for name in order])

    assert dict(zip(order, outcomes, strict=True)) == alone


def test_sandbox_batch_of_programs_that_reach_further_changes_no_verdict(sandbox: Sandbox):
    jobs = [job for source in REACHING.values() for job in (_job(source, "f()"), _job(_WRONG))]

    outcomes = sandbox.run_all(jobs)[1::2]

    assert outcomes == [Failed("assert f() == 1", "got 2")] * len(REACHING)
