from collections.abc import Iterator

import pytest

from synth_assets.core.verify.tools import Passed, ProgramJob, ProgramLimits
from synth_assets.resources.sandbox.runner import Sandbox
from tests.integration.cheating_programs import CHEATS, FORMS, HONEST
from tests.integration.sandboxes import open_sandbox

_LIMITS = ProgramLimits(cpu_s=2.0, wall_s=20.0)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox(size=1) as opened:
        yield opened


def test_sandbox_honest_program_passes_tests_of_every_form(sandbox: Sandbox):
    outcomes = {
        name: sandbox.run(ProgramJob(HONEST, tests, _LIMITS)) for name, tests in FORMS.items()
    }

    assert outcomes == {name: Passed() for name in FORMS}


@pytest.mark.parametrize("name", CHEATS)
def test_sandbox_cheat_passes_tests_of_no_form(sandbox: Sandbox, name: str):
    believed = [
        form
        for form, tests in FORMS.items()
        if isinstance(sandbox.run(ProgramJob(CHEATS[name], tests, _LIMITS)), Passed)
    ]

    assert believed == []
