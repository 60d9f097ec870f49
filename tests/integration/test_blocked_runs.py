"""A set that a gate blocks: not exported, and on the dashboards with the reason."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from synth_assets.core.schema import SAMPLE_SCHEMA
from synth_assets.defs.assets.training import dataset_cards
from synth_assets.defs.assets.watching import dashboard_snapshots
from synth_assets.resources.dashboards.stored import StoredRun
from synth_assets.resources.frames import write_frame
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop
from tests.integration.gate_runs import GateRun, calm, in_memory, run_assets, signs_of
from tests.integration.own_project import own_project
from tests.samples import real_row, synthetic_row
from tests.training_rows import training_frame


@dataclass(frozen=True)
class Published:
    """What a run of everything after the training set left."""

    workshop: Workshop
    run: GateRun

    @property
    def shown(self) -> StoredRun:
        [run] = self.workshop.dashboards.runs("all")
        return run


@pytest.fixture(scope="module")
def blocked(tmp_path_factory: pytest.TempPathFactory) -> Published:
    project = own_project(tmp_path_factory.mktemp("blocked"), "http://127.0.0.1:9")
    mixture = {"id": "all", "recipes": ["sums"], "gates": {"canary": "block"}}
    project.write("mixtures.yaml", {"mixtures": [mixture]})
    with pytest.MonkeyPatch.context() as patch:
        for name, value in project.synth.environment.items():
            patch.setenv(name, value)
        patch.setenv("SYNTH_HOME", str(project.home))
        workshop = Workshop(read_settings())
    workshop.lineage.ingest()
    rows = [real_row("a", "How many?", "Two."), synthetic_row("b", "How far?", "A mile.")]
    frames = {
        **calm(),
        "collapse_canaries": signs_of("red"),
        "training_sets": training_frame(*rows),
        "held_out_real": SAMPLE_SCHEMA.to_frame(),
        "benchmarks": SAMPLE_SCHEMA.to_frame(),
    }
    given = [in_memory(name, frame) for name, frame in frames.items()]
    key = workshop.catalogue.mixture("all").key
    # The page to mail reads what the measuring assets leave on disk.
    for name, frame in frames.items():
        write_frame(workshop.home.asset(name, key), frame)
    run = run_assets(workshop, key, [*given, dashboard_snapshots, dataset_cards])
    return Published(workshop, run)


def test_blocked_set_is_not_exported_and_says_why(blocked: Published):
    assert not blocked.run.exported
    assert "held-out loss: +0.090 (red from 0.05 on)." in blocked.run.refusal
    assert not blocked.workshop.home.exports.exists()


def test_blocked_set_is_on_the_dashboards_marked_with_reason_and_run(blocked: Published):
    shown, run_id = blocked.shown, blocked.run.done.run_id
    assert shown.tags[0] == "canary blocks"
    reason = shown.metadata["gate canary"]
    assert reason.startswith("blocks: held-out loss: +0.090 (red from 0.05 on). What would help:")
    assert shown.metadata["dagster_run"].endswith(f"/runs/{run_id}")
    said = {
        point.labels["of"]: point.value
        for point in shown.points
        if point.metric == "evidently:metric_v2:SetGates"
    }
    counts = {"blocked": 1.0, "warned": 0.0}
    assert said == {"canary": 2.0, "drift": 0.0, "diversity": 0.0, **counts}
    dashboard = json.loads(
        next(blocked.workshop.home.dashboards.glob("*/dashboard.json")).read_text()
    )
    lead, gate = dashboard["panels"][:2]
    assert lead["title"] == "Gates: was the last run exported? NO: canary blocks it."
    assert gate["title"] == "The gate canary blocks"
    assert gate["subtitle"] == reason.removeprefix("blocks: ")
    assert f"/runs/{run_id}" in lead["subtitle"]


def test_blocked_set_has_a_page_to_mail_that_says_so(blocked: Published):
    [made] = blocked.run.done.asset_materializations_for_node("dashboard_snapshots")
    page = Path(str(made.metadata["page_to_mail"].value)).read_text(encoding="utf-8")
    assert "The gate blocks the export." in page
    assert made.metadata["blocked_by"].value == ["canary"]
