"""Programs, held against their tests by running them; see `tools` for who runs them.

The tests run in another process than the program and compare there what it answers, so that a
program cannot talk itself through them.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.programs import (
    CallTests,
    DoesNotRun,
    Failed,
    LimitReached,
    NotRun,
    Passed,
    ProgramJob,
    ProgramLimits,
    ProgramOutcome,
    ProgramRunner,
    StreamCase,
    StreamTests,
    TestStyle,
)
from synth_assets.core.verify.protocol import Check, Together, Verifier
from synth_assets.core.verify.reading.folding import clipped
from synth_assets.core.verify.tools import NO_TOOLS, Tools

_FENCED = re.compile(r"^[ \t]*(```+|~~~+)[ \t]*([\w+-]*)[^\n]*\n(.*?)^[ \t]*\1[ \t]*$", re.M | re.S)
_PYTHON = ("", "py", "python", "python3")
_DEFINES = re.compile(r"^(?:async[ \t]+)?(def|class)[ \t]+(\w+)", re.M)
_LOOKS_LIKE_CODE = re.compile(
    r"^\s*(?:(?:async\s+)?def|class|import|from|print\s*\(|@?\w+ ?=)", re.M
)
_EVIDENCE = 240


class _Case(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    input: str
    output: str


_CASES = TypeAdapter(list[_Case])


class Code(Verifier):
    """The response's program passes the tests that came with the sample.

    Attributes:
        block: where the program stands: the first fenced block that defines something, or failing
            one the whole response (`auto`); the `first` or `last` fenced block; or the `whole`.
        tests: which column holds the tests.
        style: `asserts` (statements, functions `test_...`, or `check(candidate)`), `doctest`,
            `unittest`, or `stdin`: a JSON list of `{"input": ..., "output": ...}`.
        entry_point: the function that `check` is given.
        refuse_vacuous: reject where functions that return nothing pass as well.
        cpu_s: processor time of one run, seconds.
        wall_s: time of one run, seconds; generous, as the machine may be busy.
        memory_mb: address space of each process, MiB.
        output_kb: standard output, and each file in the scratch folder, KiB.
    """

    kind: Literal["code"]
    block: Literal["auto", "first", "last", "whole"] = "auto"
    tests: Literal["reference", "context"] = "reference"
    style: Literal["asserts", "doctest", "unittest", "stdin"] = "asserts"
    entry_point: Annotated[str, Field(pattern=r"^([A-Za-z_]\w*)?$")] = ""
    refuse_vacuous: bool = False
    cpu_s: float = Field(default=10.0, gt=0, le=600)
    wall_s: float = Field(default=60.0, gt=0, le=3600)
    memory_mb: int = Field(default=512, ge=128, le=16_384)
    output_kb: int = Field(default=1024, ge=1, le=65_536)

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check | Together:
        """See the protocol; no file is needed, but somebody who runs programs."""
        runner = tools.programs
        if runner is None:
            return _no_runner
        return Together(lambda samples: self._checked(samples, runner))

    def _checked(self, samples: Sequence[Sample], runner: ProgramRunner) -> list[Verdict]:
        """Together only so that many run at once: no sample's verdict depends on another's."""
        asked = [self._asked(sample) for sample in samples]
        verdicts = [each for each in asked if isinstance(each, Verdict)]
        jobs = [each for each in asked if isinstance(each, ProgramJob)]
        judged = [_verdict(outcome) for outcome in runner.run_all(jobs)]
        if self.refuse_vacuous:
            judged = _without_vacuous(jobs, judged, runner)
        given, found = iter(verdicts), iter(judged)
        return [next(given if isinstance(each, Verdict) else found) for each in asked]

    def _asked(self, sample: Sample) -> ProgramJob | Verdict:
        """What is to be run, or the verdict where nothing is."""
        program = self.program_of(sample.response)
        if program is None:
            return Verdict.rejected(Reason.NO_CODE, "the response holds no program")
        tests = self._tests(sample)
        if tests is None:
            return Verdict.rejected(
                Reason.NO_REFERENCE, f"the {self.tests} holds no tests of the style {self.style}"
            )
        limits = ProgramLimits(self.cpu_s, self.wall_s, self.memory_mb, self.output_kb)
        return ProgramJob(program, tests, limits)

    def program_of(self, response: str) -> str | None:
        """The program of a response, or none."""
        if self.block == "whole":
            return response if response.strip() else None
        blocks = [found[3] for found in _FENCED.finditer(response) if found[2].lower() in _PYTHON]
        if not blocks:
            looks = self.block == "auto" and _LOOKS_LIKE_CODE.search(response)
            return response if looks else None
        match self.block:
            case "first":
                return blocks[0]
            case "last":
                return blocks[-1]
            case "auto":
                return next((block for block in blocks if _DEFINES.search(block)), blocks[0])

    def _tests(self, sample: Sample) -> CallTests | StreamTests | None:
        text = sample.reference if self.tests == "reference" else sample.context
        fenced = _FENCED.search(text)
        text = fenced[3] if fenced and not text[: fenced.start()].strip() else text
        if not text.strip():
            return None
        if self.style != "stdin":
            return CallTests(text, TestStyle(self.style), self.entry_point)
        try:
            cases = _CASES.validate_python(json.loads(text))
        except (ValidationError, ValueError, RecursionError):
            return None
        return StreamTests(tuple(StreamCase(c.input, c.output) for c in cases)) if cases else None


def _without_vacuous(
    jobs: Sequence[ProgramJob], verdicts: Sequence[Verdict], runner: ProgramRunner
) -> list[Verdict]:
    """The same, but for programs whose tests a stub passes as well."""
    again = [at for at, v in enumerate(verdicts) if v.outcome == VerdictOutcome.ACCEPTED]
    stubs = [replace(jobs[at], candidate=_stub_of(jobs[at].candidate)) for at in again]
    found = list(verdicts)
    for at, outcome in zip(again, runner.run_all(stubs), strict=True):
        match outcome:
            case Passed():
                told = "functions that return nothing pass these tests too"
                found[at] = Verdict.rejected(Reason.VACUOUS_TESTS, told)
            case NotRun():
                found[at] = _verdict(outcome)
            case Failed() | DoesNotRun() | LimitReached():
                pass
            case _:
                assert_never(outcome)
    return found


def _no_runner(sample: Sample) -> Verdict:
    return Verdict.errored(
        "nobody here runs programs; verify where `synth` does, or give the verifier a runner"
    )


def _verdict(outcome: ProgramOutcome) -> Verdict:
    match outcome:
        case Passed():
            return Verdict.accepted("every test holds")
        case Failed(where, what):
            told = f"{clipped(where, 150)}: {clipped(what, 100)}"
            return Verdict.rejected(Reason.TESTS_FAILED, told)
        case DoesNotRun(what):
            return Verdict.rejected(Reason.DOES_NOT_RUN, clipped(what, _EVIDENCE))
        case LimitReached(limit, what):
            return Verdict.rejected(Reason.LIMIT_EXCEEDED, f"{limit}: {clipped(what, _EVIDENCE)}")
        case NotRun(what):
            return Verdict.errored(what[:_EVIDENCE].encode("ascii", "replace").decode())
        case _:
            assert_never(outcome)


def _stub_of(program: str) -> str:
    """A program of the same names whose functions and classes do nothing.

    Names are found by pattern: parsing what nobody vouches for is left to the sandbox.
    """
    stubs = {
        name: f"def {name}(*_, **__): return None"
        if kind == "def"
        else f"class {name}:\n    def __init__(self, *_, **__): pass\n"
        "    def __getattr__(self, _): return lambda *_, **__: None"
        for kind, name in _DEFINES.findall(program)
    }
    return "\n".join(stubs.values())
