"""Diversity as Dagster runs it: figures of a recipe's stages, and the gate on training sets."""

from dataclasses import replace
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from synth_assets.core.diversity.measure import DIVERSITY_SCHEMA
from synth_assets.core.sample import Sample, sample_frame
from synth_assets.core.schema import Origin
from synth_assets.defs.assets.diversity import recipe_diversity
from tests.integration.gate_runs import diversity_of, run_gates


def written(position: int, response: str, teacher: str) -> Sample:
    row = Sample.real("books", position, f"Say it {position}", response, "CC0")
    return replace(row, origin=Origin.SYNTHETIC, recipe="sayings", teacher=teacher)


def test_recipe_diversity_measures_what_was_written_and_what_was_verified():
    rows = [written(n, f"Word number {n} of many", "one" if n % 2 else "two") for n in range(20)]
    raw, verified = sample_frame(rows), sample_frame(rows[::2])
    made = recipe_diversity(raw, verified)
    assert isinstance(made, dg.MaterializeResult)
    frame: pl.DataFrame = made.value
    assert frame.schema == DIVERSITY_SCHEMA
    assert frame["slice"].unique(maintain_order=True).to_list() == ["raw", "all"]
    told = dict(made.metadata or {})
    assert (told["raw_effective_teachers"], told["verified_effective_teachers"]) == (2.0, 1.0)
    assert told["verified_mean_words"] == 8.0
    assert "raw_real_coverage" not in told


@pytest.mark.parametrize(
    ("gate", "distinct_2", "passed", "exported"),
    [
        ("off", 0.2, True, True),
        ("warn", 0.2, False, True),
        ("block", 0.2, False, False),
        ("block", 0.65, True, True),
    ],
)
def test_diversity_gate_decides_on_the_export(
    tmp_path: Path, gate: str, distinct_2: float, passed: bool, exported: bool
):
    measured = {"diversity_snapshots": diversity_of(distinct_2)}
    run = run_gates(tmp_path, {"diversity": gate}, measured)
    told = run.told("diversity_above_floor")
    assert (told.passed, run.exported) == (passed, exported)
    assert (told.description is None) is (distinct_2 == 0.65)
    if not passed:
        assert told.metadata["crossed"].value == ["distinct_2"]
        assert (told.severity is dg.AssetCheckSeverity.ERROR) is (gate == "block")
