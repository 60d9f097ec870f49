"""The lab of a project's own real rows: found again, and used by canaries."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from synth_assets.core.collapse.arms import Arm, Rule
from synth_assets.defs.build import build_definitions
from synth_assets.defs.lab import dose_curves
from synth_assets.defs.running import open_instance
from synth_assets.errors import ConfigurationError, StorageError
from synth_assets.resources.collapse.lab_runs import Lab
from synth_assets.resources.collapse.project_lab import (
    project_curve,
    project_lab,
    run_project_lab,
)
from synth_assets.resources.frames import read_frame, write_frame
from synth_assets.resources.home import Home
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop
from tests.samples import frame_of, real_row
from tests.unit.test_canary_command import human_texts


def _rows(rows: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Real rows of two sources, and held-out ones."""
    texts = human_texts(rows)
    real = [real_row(f"r{n}", text, "", source="many") for n, text in enumerate(texts[:-50])]
    held = [real_row(f"h{n}", text, "", source="many") for n, text in enumerate(texts[-50:])]
    few = [real_row(f"f{n}", f"other {n}", "", source="few") for n in range(9)]
    return frame_of(*real, *few), frame_of(*held)


def _lab(home: Home, rows: int) -> Lab:
    return project_lab(home, *_rows(rows), generations=1, seeds=1)


def test_project_lab_draws_on_the_source_with_the_most_rows(tmp_path: Path):
    lab = _lab(Home(tmp_path), 300)
    assert (len(lab.texts), len(lab.out_of_domain)) == (300, 9)
    assert (lab.plan.rows, lab.plan.held_out) == (180, 100)
    assert lab.folder == _lab(Home(tmp_path), 300).folder
    assert lab.folder != _lab(Home(tmp_path), 301).folder


def test_project_lab_of_few_rows_says_how_many_it_needs(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="120 different real rows of source many"):
        _lab(Home(tmp_path), 120)


def test_lab_job_makes_the_asset_and_says_what_it_lacks(tmp_path: Path):
    workshop = Workshop(read_settings({"SYNTH_HOME": str(tmp_path)}))
    home, job = workshop.home, build_definitions(workshop).resolve_job_def("measure_collapse")
    config = {"ops": {"run_collapse_lab": {"config": {"generations": 1, "seeds": 1}}}}
    with open_instance(home) as instance:
        with pytest.raises(StorageError, match="materialize real_data first"):
            job.execute_in_process(config, instance=instance)
        for name, rows in zip(("real_data", "held_out_real"), _rows(160), strict=True):
            write_frame(home.asset(name), rows)
        assert job.execute_in_process(config, instance=instance).success
        event = instance.get_latest_materialization_event(dose_curves.key)
    assert event is not None
    assert event.asset_materialization is not None
    curves = read_frame(home.asset("dose_curves"))
    assert event.asset_materialization.metadata["dagster/row_count"].value == curves.height > 0
    assert curves["generation"].unique().to_list() == [0, 1]
    assert project_curve(home) is not None


def test_project_lab_stopped_goes_on_and_leaves_its_curve(tmp_path: Path):
    home = Home(tmp_path)
    assert project_curve(home) is None
    whole = _lab(home, 160)
    arms = (Arm(Rule.SHARE, 0.5), Arm(Rule.REPLACE))
    lab = replace(whole, plan=replace(whole.plan, arms=arms))
    first = next(iter(lab.run(lab.open(), workers=1)))
    told: list[str] = []
    run_project_lab(home, lab, told.append)
    assert first.arm.name == "share 50%"
    assert told == ["2 of 2 recursions: replace, seed 0"]
    curve = project_curve(home)
    assert curve is not None
    assert [dose.share for dose in curve.doses] == [0.5, 1.0]
    assert curve.generations == 1
