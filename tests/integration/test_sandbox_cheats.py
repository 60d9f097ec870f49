from collections.abc import Iterator

import pytest

from synth_assets.core.verify.programs import Passed, ProgramJob, ProgramLimits
from synth_assets.resources.sandbox.runner import Sandbox
from tests.integration.cheating_programs import CHEATS, FORMS, HONEST
from tests.integration.sandboxes import open_sandbox

_LIMITS = ProgramLimits(cpu_s=1.0, wall_s=20.0)
_AMPLE = ProgramLimits(cpu_s=10.0, wall_s=20.0)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox(size=2) as opened:
        yield opened


def test_sandbox_honest_program_passes_tests_of_every_form(sandbox: Sandbox):
    outcomes = sandbox.run_all([ProgramJob(HONEST, tests, _AMPLE) for tests in FORMS.values()])

    assert dict(zip(FORMS, outcomes, strict=True)) == {name: Passed() for name in FORMS}


@pytest.mark.parametrize("name", CHEATS)
def test_sandbox_cheat_passes_tests_of_no_form(sandbox: Sandbox, name: str):
    jobs = [ProgramJob(CHEATS[name], tests, _LIMITS) for tests in FORMS.values()]
    outcomes = zip(FORMS, sandbox.run_all(jobs), strict=True)

    assert [form for form, outcome in outcomes if isinstance(outcome, Passed)] == []
