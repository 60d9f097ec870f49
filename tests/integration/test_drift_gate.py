"""Drift as Dagster measures and checks it: what it says, and whether the export is made."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import polars as pl
import pytest

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.drift.schema import DRIFT_SCHEMA
from synth_assets.defs.assets.drift import drift_reports, no_drift_alarm
from synth_assets.defs.partitions import mixture_versions
from synth_assets.resources.drift.runs import DriftRuns
from synth_assets.resources.home import Home
from tests.unit.drift_texts import WordBuckets, gsm8k_window, templated


def _mixture(gate: str) -> Mixture:
    return Mixture.model_validate({"id": "some", "gates": {"drift": gate}})


def _in_memory(name: str, rows: pl.DataFrame) -> dg.AssetsDefinition:
    partitions = None if name == "held_out_real" else mixture_versions

    @dg.asset(name=name, partitions_def=partitions, io_manager_def=dg.mem_io_manager)
    def made() -> pl.DataFrame:
        return rows

    return made


def _run(
    folder: Path, gate: str, assets: list[dg.AssetsDefinition]
) -> tuple[dg.AssetCheckEvaluation, dg.ExecuteInProcessResult]:
    mixture = _mixture(gate)

    @dg.asset(
        partitions_def=mixture_versions, deps=["drift_reports"], io_manager_def=dg.mem_io_manager
    )
    def dataset_cards() -> None:
        return None

    workshop = SimpleNamespace(mixture_at=lambda _: mixture, home=Home(folder))
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(mixture_versions.name), [mixture.key])
        found = dg.Definitions(
            assets=[*assets, dataset_cards],
            asset_checks=[no_drift_alarm],
            jobs=[dg.define_asset_job("some", selection=dg.AssetSelection.all())],
            resources={
                "workshop": dg.ResourceDefinition.hardcoded_resource(workshop),
                "io_manager": dg.mem_io_manager,
            },
        )
        done = found.resolve_job_def("some").execute_in_process(
            instance=instance, partition_key=mixture.key, raise_on_error=False
        )
    [told] = done.get_asset_check_evaluations()
    return told, done


def _report(alarm: bool) -> pl.DataFrame:
    row = ("earlier", "told_apart", "embedding", 0.2, 0.1, 0.3, 0.5, 0.05, 1e-9, 900, 900)
    return pl.DataFrame([(*row, True, alarm, "Rows differ.")], DRIFT_SCHEMA, orient="row")


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
    told, done = _run(tmp_path, gate, [_in_memory("drift_reports", _report(alarm))])
    made = bool(done.asset_materializations_for_node("dataset_cards"))
    assert (told.passed, made) == (passed, exported)
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
    inputs = [
        _in_memory("training_sets", templated(sets[2])),
        _in_memory("held_out_real", real),
        drift_reports,
    ]
    told, done = _run(tmp_path, "block", inputs)
    assert not told.passed
    assert "population_stability of opening beside earlier rows" in (told.description or "")
    assert not done.asset_materializations_for_node("dataset_cards")
    [made] = done.asset_materializations_for_node("drift_reports")
    assert made.metadata["run"].value == 3
    assert made.metadata["alarms"].value >= 1
    assert made.metadata["earlier_population_stability_opening"].value > 0.1
    assert "Sure, I would be happy to help!" in str(made.metadata["moved"].value)
    assert runs.moved.filter(against="earlier", direction="new").height == 20
