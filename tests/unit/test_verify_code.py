from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from pydantic import ValidationError

from synth_assets.core.schema import Reason, VerdictOutcome
from synth_assets.core.verify.code import Code
from synth_assets.core.verify.programs import (
    CallTests,
    DoesNotRun,
    Failed,
    Limit,
    LimitReached,
    NotRun,
    Passed,
    ProgramJob,
    ProgramLimits,
    ProgramOutcome,
    StreamCase,
    StreamTests,
    TestStyle,
)
from synth_assets.core.verify.protocol import Together
from synth_assets.core.verify.tools import NO_TOOLS, Tools
from tests.samples import synthetic_row

_PROGRAM = "def f(x):\n    return x\n"
_ANSWER = f"Here it is:\n```python\n{_PROGRAM}```\nAnd a call:\n```\nf(1)\n```\n"


@dataclass
class ScriptedRunner:
    """Gives outcomes in turn, and keeps what it was asked."""

    outcomes: list[ProgramOutcome]
    jobs: list[ProgramJob] = field(default_factory=list)

    def run(self, job: ProgramJob) -> ProgramOutcome:
        self.jobs.append(job)
        return self.outcomes.pop(0)

    def run_all(self, jobs: Sequence[ProgramJob]) -> list[ProgramOutcome]:
        return [self.run(job) for job in jobs]


def _judge(
    verifier: Code, runner: ScriptedRunner, response: str = _ANSWER, tests: str = "assert 1"
):
    check = verifier.prepare({}, Tools(programs=runner))
    assert isinstance(check, Together)
    [verdict] = check.check([synthetic_row("a", "write f", response, reference=tests)])
    return verdict


@pytest.mark.parametrize(
    ("outcome", "verdict", "reason", "told"),
    [
        (Passed(), VerdictOutcome.ACCEPTED, None, "every test holds"),
        (
            Failed("assert f(2) == 3", "got 2"),
            VerdictOutcome.REJECTED,
            Reason.TESTS_FAILED,
            "'assert f(2) == 3': 'got 2'",
        ),
        (DoesNotRun("SyntaxError"), VerdictOutcome.REJECTED, Reason.DOES_NOT_RUN, "'SyntaxError'"),
        (
            LimitReached(Limit.CPU, "too long"),
            VerdictOutcome.REJECTED,
            Reason.LIMIT_EXCEEDED,
            "cpu: 'too long'",
        ),
        (
            NotRun("no sandbox here"),
            VerdictOutcome.ERRORED,
            Reason.VERIFIER_ERROR,
            "no sandbox here",
        ),
    ],
)
def test_code_outcome_of_a_run_becomes_a_verdict(
    outcome: ProgramOutcome, verdict: VerdictOutcome, reason: Reason | None, told: str
):
    given = _judge(Code(kind="code"), ScriptedRunner([outcome]))

    assert (given.outcome, given.reason, given.evidence) == (verdict, reason, told)


def test_code_without_a_runner_is_errored_not_rejected():
    check = Code(kind="code").prepare({}, NO_TOOLS)
    assert not isinstance(check, Together)
    verdict = check(synthetic_row("a", "write f", _ANSWER, reference="assert 1"))

    assert verdict.outcome == VerdictOutcome.ERRORED
    assert "nobody here runs programs" in verdict.evidence


@pytest.mark.parametrize(
    ("block", "response", "program"),
    [
        ("auto", _ANSWER, _PROGRAM),
        ("first", _ANSWER, _PROGRAM),
        ("last", _ANSWER, "f(1)\n"),
        ("whole", _PROGRAM, _PROGRAM),
        ("auto", _PROGRAM, _PROGRAM),
        ("auto", "```\nf(1)\n```\n```py\nclass A: pass\n```", "class A: pass\n"),
        ("auto", "```bash\npip install x\n```\n~~~python\nx = 1\n~~~", "x = 1\n"),
        ("auto", "I cannot do that.", None),
        ("first", _PROGRAM, None),
        ("whole", " \n", None),
        ("auto", "```python\ndef f(): pass\n", "```python\ndef f(): pass\n"),
    ],
)
def test_code_program_of_a_response_is_where_the_recipe_says(
    block: str, response: str, program: str | None
):
    assert Code(kind="code", block=block).program_of(response) == program  # pyright: ignore[reportArgumentType]


def test_code_response_without_a_program_is_rejected_unrun():
    runner = ScriptedRunner([])
    verdict = _judge(Code(kind="code"), runner, "I am sorry, but no.")

    assert verdict.reason == Reason.NO_CODE
    assert runner.jobs == []


def test_code_job_has_the_tests_in_their_style_and_the_limits():
    runner = ScriptedRunner([Passed()])
    verifier = Code(
        kind="code", style="doctest", entry_point="f", cpu_s=2, wall_s=9, memory_mb=256, output_kb=7
    )
    _judge(verifier, runner, tests="```python\n>>> f(1)\n1\n```")

    assert runner.jobs == [
        ProgramJob(
            _PROGRAM,
            CallTests(">>> f(1)\n1\n", TestStyle.DOCTEST, "f"),
            ProgramLimits(2, 9, 256, 7),
        )
    ]


def test_code_streams_are_read_from_json():
    runner = ScriptedRunner([Passed()])
    cases = '[{"input": "1\\n", "output": "2"}, {"input": "", "output": ""}]'
    _judge(Code(kind="code", style="stdin"), runner, tests=cases)

    assert runner.jobs[0].tests == StreamTests((StreamCase("1\n", "2"), StreamCase("", "")))


@pytest.mark.parametrize(
    ("style", "tests"),
    [
        ("asserts", " "),
        ("stdin", "[]"),
        ("stdin", "{}"),
        ("stdin", "no json"),
        ("stdin", "[" * 99999),
    ],
)
def test_code_without_tests_nothing_vouches_for_the_row(style: str, tests: str):
    runner = ScriptedRunner([])
    verdict = _judge(Code(kind="code", style=style), runner, tests=tests)  # pyright: ignore[reportArgumentType]

    assert verdict.reason == Reason.NO_REFERENCE
    assert runner.jobs == []


@pytest.mark.parametrize(
    ("stub", "reason"),
    [
        (Passed(), Reason.VACUOUS_TESTS),
        (Failed("assert f(1)", "got None"), None),
        (DoesNotRun("NameError"), None),
        (NotRun("gone"), Reason.VERIFIER_ERROR),
    ],
)
def test_code_tests_that_a_stub_passes_are_refused(stub: ProgramOutcome, reason: Reason | None):
    runner = ScriptedRunner([Passed(), stub])
    answer = "```\nimport x\nasync def f(a): return 1\nclass A:\n    def g(self): return 2\n```"
    verdict = _judge(Code(kind="code", refuse_vacuous=True), runner, answer)

    assert verdict.reason == reason
    stubs: dict[str, object] = {}
    exec(runner.jobs[1].candidate, stubs)
    assert stubs["f"](1, b=2) is None  # pyright: ignore[reportCallIssue]
    assert stubs["A"](1).g() is None  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize(
    "wrong", [{"cpu_s": 0}, {"memory_mb": 1}, {"entry_point": "a b"}, {"style": "pytest"}]
)
def test_code_parameters_that_cannot_be_are_refused(wrong: dict[str, object]):
    with pytest.raises(ValidationError):
        Code(kind="code", **wrong)  # pyright: ignore[reportArgumentType]
