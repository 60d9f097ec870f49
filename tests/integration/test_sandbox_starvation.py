import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from synth_assets.core.verify.programs import (
    CallTests,
    Limit,
    LimitReached,
    NotRun,
    Passed,
    ProgramJob,
    ProgramLimits,
)
from synth_assets.resources.sandbox.runner import Sandbox
from tests.integration.sandboxes import open_sandbox

_RIVALS = 5
_LIMITS = ProgramLimits(cpu_s=5.0, wall_s=1.5)
# It waits for a processor while it starts, which must stay a small share of its time.
_ASLEEP = ProgramLimits(cpu_s=5.0, wall_s=4.0)


@pytest.fixture
def crowded() -> Iterator[Sandbox]:
    """A sandbox on one processor that others keep busy."""
    before = os.sched_getaffinity(0)
    one = min(before)
    rival = f"import os\nos.sched_setaffinity(0, {{{one}}})\nwhile True: pass"
    os.sched_setaffinity(0, {one})
    rivals = [subprocess.Popen([sys.executable, "-S", "-c", rival]) for _ in range(_RIVALS)]
    try:
        with open_sandbox(size=1) as sandbox:
            yield sandbox
    finally:
        os.sched_setaffinity(0, before)
        for each in rivals:
            each.kill()
            each.wait()


def test_sandbox_program_without_a_processor_says_nothing_of_the_program(crowded: Sandbox):
    busy = ProgramJob("def f():\n    while True: pass", CallTests("f()"), _LIMITS)
    outcome = crowded.run(busy)

    assert isinstance(outcome, NotRun)
    assert "the machine is too busy to tell" in outcome.what


def test_sandbox_program_that_sleeps_on_a_busy_machine_is_over_its_time(crowded: Sandbox):
    sleeps = ProgramJob("import time\ndef f(): time.sleep(60)", CallTests("f()"), _ASLEEP)
    outcome = crowded.run(sleeps)

    assert isinstance(outcome, LimitReached)
    assert outcome.limit == Limit.WALL


def test_sandbox_after_a_crowd_serves_on(crowded: Sandbox):
    job = ProgramJob("def f(): return 1", CallTests("assert f() == 1"))

    assert crowded.run(job) == Passed()
