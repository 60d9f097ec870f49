"""Drift as Dagster measures and checks it: what it says, and whether the export is made."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from synth_assets.defs.assets.drift import drift_reports
from synth_assets.resources.drift.runs import DriftRuns
from synth_assets.resources.home import Home
from tests.integration.gate_runs import drift_of, in_memory, run_gates
from tests.unit.drift_texts import WordBuckets, gsm8k_window, templated

CHECK = "no_drift_alarm"


@pytest.mark.parametrize(
    ("gate", "alarm", "passed", "exported"),
    [
        ("off", True, True, True),
        ("warn", True, False, True),
        ("block", True, False, False),
        ("block", False, True, True),
    ],
)
def test_drift_gate_decides_on_the_export(
    tmp_path: Path, gate: str, alarm: bool, passed: bool, exported: bool
):
    run = run_gates(tmp_path, {"drift": gate}, {"drift_reports": drift_of(alarm=alarm)})
    told = run.told(CHECK)
    assert (told.passed, run.exported) == (passed, exported)
    assert told.metadata["alarms"].value == int(alarm)
    if not passed:
        assert (told.severity is dg.AssetCheckSeverity.ERROR) is (gate == "block")
        assert told.description == (
            "Rows differ. told_apart of embedding beside earlier rows: 0.2000 (from 0.05 on).\n\n"
            "If that is as it should be: `synth drift --accept some`."
        )


def test_drift_reports_of_a_change_that_lasts_block_the_export(tmp_path: Path, shared_data: Path):
    sets = [gsm8k_window(shared_data, first, 150) for first in (150, 300, 450)]
    real = gsm8k_window(shared_data, 0, 150)
    runs = DriftRuns.of(Home(tmp_path), "some")
    for rows in (sets[0], templated(sets[1])):
        runs.measure(rows, real, datetime(2026, 11, 1, tzinfo=UTC), WordBuckets())
    rows = {"training_sets": templated(sets[2]), "held_out_real": real}
    inputs = [in_memory(name, frame) for name, frame in rows.items()]
    run = run_gates(tmp_path, {"drift": "block"}, {}, drift_reports, *inputs)
    told = run.told(CHECK)
    assert not told.passed
    assert "population_stability of opening beside earlier rows" in (told.description or "")
    assert not run.exported
    [made] = run.done.asset_materializations_for_node("drift_reports")
    assert made.metadata["run"].value == 3
    assert made.metadata["alarms"].value >= 1
    assert made.metadata["earlier_population_stability_opening"].value > 0.1
    assert "Sure, I would be happy to help!" in str(made.metadata["moved"].value)
    assert runs.moved.filter(against="earlier", direction="new").height == 20
