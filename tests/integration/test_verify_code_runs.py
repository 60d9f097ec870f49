from collections.abc import Iterator

import pytest

from synth_assets.core.schema import Reason
from synth_assets.core.verify.code import Code
from synth_assets.core.verify.stage import verify_samples
from synth_assets.core.verify.tools import Tools
from synth_assets.resources.sandbox.isolation import prove
from synth_assets.resources.sandbox.orders import Mode
from synth_assets.resources.sandbox.runner import Sandbox
from tests.integration.sandboxes import open_sandbox
from tests.samples import frame_of, reasons_of, synthetic_row

_TESTS = "assert double(2) == 4\nassert double('a') == 'aa'"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox(size=1) as opened:
        yield opened


def test_verify_samples_code_is_run_and_every_row_gets_its_reason(sandbox: Sandbox):
    answers = {
        "right": "```python\ndef double(x):\n    return x * 2\n```",
        "wrong": "```python\ndef double(x):\n    return x + 2\n```",
        "broken": "```python\ndef double(x:\n```",
        "endless": "```python\ndef double(x):\n    while True: pass\n```",
        "cheat": "```python\nimport os\ndef double(x): os._exit(0)\n```",
        "prose": "Multiply it by two.",
    }
    rows = frame_of(*(synthetic_row(n, "p", a, reference=_TESTS) for n, a in answers.items()))
    verifier = Code(kind="code", cpu_s=2, refuse_vacuous=True)
    result = verify_samples(rows, "p", [verifier], {}, Tools(programs=sandbox))

    assert reasons_of(result.stage.decisions) == {
        "right": None,
        "wrong": Reason.TESTS_FAILED,
        "broken": Reason.DOES_NOT_RUN,
        "endless": Reason.LIMIT_EXCEEDED,
        "cheat": Reason.TESTS_FAILED,
        "prose": Reason.NO_CODE,
    }


def test_verify_samples_code_without_a_sandbox_is_errored():
    nowhere = Sandbox(modes=())
    row = synthetic_row("a", "p", "```\ndef double(x): return 2 * x\n```", reference=_TESTS)
    result = verify_samples(frame_of(row), "p", [Code(kind="code")], {}, Tools(programs=nowhere))

    assert reasons_of(result.stage.decisions) == {"a": Reason.VERIFIER_ERROR}
    [evidence] = result.verdicts["evidence"]
    assert evidence.startswith("Programs cannot be run safely on this machine")


def test_verify_samples_vacuous_tests_are_refused(sandbox: Sandbox):
    row = synthetic_row("a", "p", "def double(x): return 2 * x", reference="double(3)")
    verifier = Code(kind="code", refuse_vacuous=True)
    result = verify_samples(frame_of(row), "p", [verifier], {}, Tools(programs=sandbox))

    assert reasons_of(result.stage.decisions) == {"a": Reason.VACUOUS_TESTS}


def test_prove_isolation_holds_off_every_attack(sandbox: Sandbox):
    proof = prove(sandbox)

    assert proof.holds
    assert [attack.name for attack in proof.attacks if not attack.held] == []


def test_prove_without_isolation_names_what_gives_in():
    with open_sandbox(size=1, modes=(), unsafe=True) as sandbox:
        proof = prove(sandbox)

    assert proof.mode == Mode.NOTHING
    assert {"network", "reading files", "starting processes"} <= {
        a.name for a in proof.attacks if not a.held
    }
    assert "it gave in to: network" in proof.as_text()
