"""The check on canaries, as Dagster runs it: what it says, and whether the export is made."""

import json
from pathlib import Path

import dagster as dg
import pytest

from synth_assets.core.config.mixtures import Mixture
from tests.integration.gate_runs import run_gates, signs_of

CHECK = "no_sign_of_collapse_is_red"


@pytest.mark.parametrize(
    ("gate", "light", "passed", "exported"),
    [
        ("off", "red", True, True),
        ("warn", "red", False, True),
        ("block", "red", False, False),
        ("block", "amber", True, True),
    ],
)
def test_canary_gate_decides_on_the_export(
    tmp_path: Path, gate: str, light: str, passed: bool, exported: bool
):
    run = run_gates(tmp_path, {"canary": gate}, {"collapse_canaries": signs_of(light)})
    told = run.told(CHECK)
    assert (told.passed, run.exported) == (passed, exported)
    if not passed:
        severe = told.severity is dg.AssetCheckSeverity.ERROR
        assert severe is (gate == "block")


def test_canary_gate_after_raising_the_real_share_failed_says_why(tmp_path: Path):
    gates = {"canary": "block"}
    mixture = Mixture.model_validate({"id": "some", "gates": gates})
    record = tmp_path / "evidence" / "real_share" / f"{mixture.key}.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"ending": "refused", "told": "No bound allows it.", "tried": []}))
    run = run_gates(tmp_path, gates, {"collapse_canaries": signs_of("red")})
    said = "held-out loss: +0.090 (red from 0.05 on)."
    assert run.told(CHECK).description == f"{said}\n\nNo bound allows it."
    assert f"gate canary: {said} No bound allows it." in run.refusal
    assert "`warn` instead of `block`" in run.refusal
