import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from synth_assets.core.verify.programs import (
    CallTests,
    Failed,
    Passed,
    ProgramJob,
    ProgramLimits,
    ProgramOutcome,
)
from synth_assets.resources.sandbox.runner import Sandbox
from tests.integration.sandboxes import open_sandbox

# The slowest, task 123 of MBPP, takes 2.4 s of a fast processor.
_LIMITS = ProgramLimits(cpu_s=12.0, wall_s=120.0)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox(size=2) as opened:
        yield opened


@pytest.fixture(scope="module")
def humaneval(shared_data: Path) -> dict[str, dict[str, str]]:
    path = shared_data / "humaneval" / "HumanEval.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"no {path}")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return {task["task_id"]: task for task in map(json.loads, lines)}


def _task(task: dict[str, str], program: str) -> ProgramJob:
    support = task["prompt"] + "    pass\n"
    return ProgramJob(
        program, CallTests(task["test"], entry_point=task["entry_point"], support=support), _LIMITS
    )


def _outcomes(sandbox: Sandbox, jobs: Sequence[ProgramJob]) -> list[ProgramOutcome]:
    return sandbox.run_all(jobs)


def test_sandbox_humaneval_accepts_every_canonical_solution(
    sandbox: Sandbox, humaneval: dict[str, dict[str, str]]
):
    jobs = [_task(t, t["prompt"] + t["canonical_solution"]) for t in humaneval.values()]

    assert _outcomes(sandbox, jobs) == [Passed()] * 164


def test_sandbox_humaneval_rejects_every_stub(
    sandbox: Sandbox, humaneval: dict[str, dict[str, str]]
):
    jobs = [_task(t, t["prompt"] + "    return None\n") for t in humaneval.values()]

    assert [type(outcome) for outcome in _outcomes(sandbox, jobs)] == [Failed] * 164


def test_sandbox_mbpp_accepts_every_canonical_solution(sandbox: Sandbox, shared_data: Path):
    path = shared_data / "mbpp" / "sanitized-mbpp.json"
    if not path.is_file():
        pytest.skip(f"no {path}")
    tasks = json.loads(path.read_text(encoding="utf-8"))
    jobs = [
        ProgramJob(
            task["code"], CallTests("\n".join(task["test_imports"] + task["test_list"])), _LIMITS
        )
        for task in tasks
    ]

    assert _outcomes(sandbox, jobs) == [Passed()] * 427


def test_sandbox_wizardcoder_completions_agree_with_the_shipped_flags(
    sandbox: Sandbox, humaneval: dict[str, dict[str, str]], shared_data: Path
):
    path = shared_data / "wizardlm" / "humaneval_wizardcoder15b.A.jsonl"
    if not path.is_file():
        pytest.skip(f"no {path}")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    jobs = [_task(humaneval[row["task_id"]], row["completion"]) for row in rows]
    flags = [outcome == Passed() for outcome in _outcomes(sandbox, jobs)]

    assert flags == [row["passed"] for row in rows]
    assert (len(flags), sum(flags)) == (50, 31)
