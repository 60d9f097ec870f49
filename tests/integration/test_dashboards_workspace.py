import json
import multiprocessing
import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from filelock import FileLock

from synth_assets.core.diversity.metrics import DiversityMetric, spec_of
from synth_assets.core.diversity.slices import SLICED_SCHEMA, SampleSize
from synth_assets.errors import DashboardError
from synth_assets.resources.dashboards.stored import read_run
from synth_assets.resources.dashboards.workspace import (
    GENERATION_PROJECT,
    LOCK_FILE,
    DashboardWorkspace,
)
from tests.dashboard_runs import generation_run, lab_of, labels, set_run
from tests.e2e.hostile import ATTACKS

BASE = "http://127.0.0.1:8000"
FORMER = Path(__file__).with_name("former_dashboards.tar.gz")
"""Two runs of `balanced_50` as version 0.1.0 stored them on 2026-11-21: a metric a figure."""

FORMER_RUNS = ["2026-04-30T12:00:00+00:00", "2026-04-30T13:00:00+00:00"]


@pytest.fixture
def workspace(tmp_path: Path) -> DashboardWorkspace:
    return DashboardWorkspace(tmp_path / "evidently", BASE, lock_timeout_s=20)


@pytest.fixture
def former(workspace: DashboardWorkspace) -> DashboardWorkspace:
    shutil.unpack_archive(FORMER, workspace.root)
    return workspace


def log(workspace: DashboardWorkspace, name="balanced_50", *, number=0, **more):
    return workspace.log_set(name, set_run(number, **more), labels(number))


def log_in_child(root: Path, number: int) -> None:
    log(DashboardWorkspace(root, BASE), number=number)


def stored(workspace: DashboardWorkspace, logged) -> dict:
    folder = workspace.root / logged.project_id / "snapshots"
    return json.loads((folder / f"{logged.snapshot_id}.json").read_text())


def points(workspace: DashboardWorkspace, logged) -> dict[tuple[str, ...], float]:
    path = workspace.root / logged.project_id / "snapshots" / f"{logged.snapshot_id}.json"
    return {
        (point.metric.rpartition(":")[2], *sorted(point.labels.items())): point.value
        for point in read_run(path).points
    }


def dashboard_of(workspace: DashboardWorkspace, logged) -> dict:
    return json.loads((workspace.root / logged.project_id / "dashboard.json").read_text())


def panel_of(dashboard: dict, title: str) -> dict:
    [panel] = [panel for panel in dashboard["panels"] if panel["title"] == title]
    return panel


def lines_of(dashboard: dict, title: str) -> list[str]:
    return [line["legend"] for line in panel_of(dashboard, title)["values"]]


def drawn(project_runs, line: dict) -> list[float | None]:
    """What a panel's line shows: the value of each run."""
    return [
        next(
            (
                point.value
                for point in run.points
                if point.metric == line["metric"]
                and line["metric_labels"].items() <= point.labels.items()
            ),
            None,
        )
        for run in project_runs
    ]


def test_log_set_stores_every_figure_with_where_it_comes_from(workspace):
    logged = log(workspace, number=1)
    snapshot, found = stored(workspace, logged), points(workspace, logged)
    at = (("column", "value"), ("measure", "distinct_2"))
    sizes = (("sample_rows", "200"), ("sample_words", "6000"))
    assert found["SetDiversity", *at, *sizes, ("slice", "real")] == pytest.approx(1.11)
    loss = (("column", "value"), ("measure", "loss"))
    assert found["SetCollapse", *loss, ("of", "value")] == pytest.approx(0.01)
    assert found["SetCollapse", *loss, ("of", "amber")] == pytest.approx(0.02)
    shift = (("column", "value"), ("measure", "told_apart"), ("of", "words"))
    assert found["SetDrift", ("against", "earlier"), *shift] == pytest.approx(2.0)
    assert snapshot["timestamp"] == "2026-05-02T12:00:00+00:00"
    assert snapshot["name"] == "run-1"
    assert snapshot["metadata"] == dict(labels(1).metadata)
    assert snapshot["tags"] == ["run 1", "1f2e3d4c"]


def test_log_set_keeps_no_text_but_that_of_rows_that_moved(workspace):
    logged = log(workspace, moved=["a row that moved"])
    assert "a row that moved" in json.dumps(stored(workspace, logged))
    assert not list(workspace.root.rglob("*.parquet"))


def test_log_set_of_a_usual_run_is_small(workspace):
    row = {name: [f"some {name} {i} text" for i in range(150)] for name in ("prompt", "response")}
    rows = pl.DataFrame(row)
    sliced = pl.concat(
        rows.select(
            pl.lit(name).alias("slice"),
            *(
                pl.lit(None, dtype).alias(key)
                for key, dtype in SLICED_SCHEMA.items()
                if key not in ("slice", "prompt", "response")
            ),
            "prompt",
            "response",
        ).select(SLICED_SCHEMA.names())
        for name in ("all", "reference")
    )
    recipes = [f"recipe_{number}" for number in range(10)]
    run = set_run(recipes=recipes, moved=["x" * 300] * 40)
    logged = workspace.log_set("balanced_50", run, labels(), sliced)
    path = workspace.root / logged.project_id / "snapshots" / f"{logged.snapshot_id}.json"
    assert path.stat().st_size < 200_000
    titles = [widget["title"] for widget in stored(workspace, logged)["widgets"]]
    assert "Signs of collapse, worst first" in titles
    assert "Rows that moved most" in titles
    # Evidently's own look at the rows: no alarm where nothing differs.
    assert "Drift in column 'words'" in json.dumps(stored(workspace, logged))
    assert "Data drift detected" not in json.dumps(stored(workspace, logged))


def test_runs_again_and_of_an_edited_mixture_go_on_the_same_lines(workspace):
    first, second = log(workspace), log(workspace, number=1)
    edited = replace(labels(2), metadata={**labels(2).metadata, "mixture_version": "99999999"})
    third = workspace.log_set("balanced_50", set_run(2), edited)
    assert first.project_id == second.project_id == third.project_id
    assert (
        third.url == f"{BASE}/projects/{first.project_id}" == workspace.dashboard_url("balanced_50")
    )
    assert third.report_url == f"{first.url}/reports/{third.snapshot_id}"
    dashboard, runs = dashboard_of(workspace, third), workspace.runs("balanced_50")
    [line] = [
        line
        for line in panel_of(dashboard, spec_of(DiversityMetric.DISTINCT_2).title)["values"]
        if line["legend"] == "real"
    ]
    assert drawn(runs, line) == pytest.approx([1.1, 1.11, 1.12])
    for panel in dashboard["panels"]:
        for line in panel["values"]:
            assert None not in drawn(runs, line), panel["title"]
    assert log(workspace, "other_mixture").project_id != first.project_id


def test_runs_of_the_former_format_go_on_in_the_lines_of_today(former):
    [path, *_] = sorted(former.root.glob("*/snapshots/*.json"))
    before = {
        (where["measure"], where["slice"]): result["value"]
        for result in json.loads(path.read_text())["metric_results"].values()
        for where in [result["metric_value_location"]["metric"]["params"]]
        if "measure" in where
    }
    assert len(before) == 50

    logged = log(former, number=1)

    runs = former.runs("balanced_50")
    assert [run.timestamp.isoformat() for run in runs][:2] == FORMER_RUNS
    assert len(runs) == 3
    dashboard = dashboard_of(former, logged)
    for (measure, name), value in before.items():
        panel = panel_of(dashboard, spec_of(DiversityMetric(measure)).title)
        [line] = [line for line in panel["values"] if line["metric_labels"]["slice"] == name]
        first, second, third = drawn(runs, line)
        assert first == second == value
        assert third is not None
    counted = panel_of(dashboard, "Rows in the last training set")["values"]
    assert drawn(runs, counted[0]) == [60, 60, 60]
    # The former report stays as people saw it, and no former panel is left beside the new ones.
    assert len(json.loads(path.read_text())["widgets"]) == 55
    used = {line["metric"] for panel in dashboard["panels"] for line in panel["values"]}
    shown = {"SetGates", "SetDiversity", "SetDrift", "SetCollapse"}
    assert {name.rpartition(":")[2] for name in used} == shown


def test_migration_happens_once(former):
    log(former, number=1)
    [old, *_] = sorted(former.root.glob("*/snapshots/*.json"))
    before = old.stat().st_mtime_ns
    log(former, number=2)
    assert old.stat().st_mtime_ns == before


def test_panels_name_title_unit_and_good_of_each_metric_with_a_line_per_slice(workspace):
    dashboard = dashboard_of(workspace, log(workspace))
    subtitles = {panel["title"]: panel["subtitle"] for panel in dashboard["panels"]}
    for metric in DiversityMetric:
        spec = spec_of(metric)
        assert subtitles[spec.title] == spec.caption
        assert lines_of(dashboard, spec.title) == ["all", "real", "synthetic", "reference", "math"]
    assert [tab["title"] for tab in dashboard["tabs"]] == [
        "Gates",
        "Collapse",
        "Drift",
        "Diversity",
    ]
    shown = [panel for tab in dashboard["tabs"] for panel in tab["panels"]]
    assert shown == [panel["id"] for panel in dashboard["panels"]]
    assert len(set(shown)) == len(shown)


def test_panels_of_collapse_and_drift_draw_their_thresholds(workspace):
    logged = log(workspace)
    dashboard, runs = dashboard_of(workspace, logged), workspace.runs("balanced_50")
    loss = {line["legend"]: drawn(runs, line)[0] for line in panel_of(dashboard, "Loss")["values"]}
    assert loss == pytest.approx({"measured": 0.01, "amber from here": 0.02, "red from here": 0.05})
    drift = [panel for panel in dashboard["panels"] if panel["title"].startswith("Told apart by")]
    values = {line["legend"]: drawn(runs, line)[0] for line in drift[0]["values"]}
    assert values == pytest.approx({"words": 2.0, "threshold": 1.0})


def test_panels_tell_the_last_run_and_rows_that_moved(workspace):
    logged = log(workspace, moved=["a row", *ATTACKS])
    dashboard = dashboard_of(workspace, logged)
    lead = dashboard["panels"][0]["subtitle"]
    assert "http://127.0.0.1:3000/runs/run-0" in lead
    assert "balanced_50~1f2e3d4c" in lead
    moved = panel_of(dashboard, "Rows that moved most in the last run")["subtitle"]
    assert "new against earlier, sample0: a row" in moved


def test_panels_of_gates_say_first_whether_the_last_run_was_exported(workspace):
    first = dashboard_of(workspace, log(workspace))
    assert first["panels"][0]["title"].endswith("exported? Yes, no gate blocks it.")
    run = set_run(1, blocked_by="canary")
    logged = workspace.log_set("balanced_50", run, labels(1).judged(run.verdicts))
    dashboard, runs = dashboard_of(workspace, logged), workspace.runs("balanced_50")
    lead, gate = dashboard["panels"][:2]
    assert lead["title"].endswith("exported? NO: canary blocks it.")
    assert gate["title"] == "The gate canary blocks"
    assert gate["subtitle"] == "canary is beyond its threshold: 7. Mend it."
    said = {
        line["legend"]: drawn(runs, line)
        for line in panel_of(dashboard, "Gates that warned or blocked, run by run")["values"]
    }
    assert said == {"warned": [0.0, 0.0], "blocked": [0.0, 1.0]}
    assert runs[1].tags[0] == "canary blocks"


def test_lab_stands_on_the_page_by_dose_and_in_the_report_as_curves(workspace):
    title = "Generations on: how many written rows do the real ones bear?"
    before = panel_of(dashboard_of(workspace, log(workspace)), title)["subtitle"]
    assert "launch the job measure_collapse" in before
    run = replace(set_run(1), lab=lab_of(0.1, 0.5))
    logged = workspace.log_set("balanced_50", run, labels(1))
    told = panel_of(dashboard_of(workspace, logged), title)["subtitle"]
    assert "after 2 generations" in told
    assert "10%: 0.020 (0.010 to 0.030)  ◆  50%: 0.100 (0.090 to 0.110)" in told
    plots = [
        widget["params"]["data"]
        for widget in stored(workspace, logged)["widgets"]
        if widget["title"].startswith("Generations on: ")
    ]
    by_dose, by_generation = plots[0], plots[1]
    assert (by_dose[0]["x"], by_dose[0]["y"]) == ([10, 50], [0.02, 0.1])
    assert by_dose[0]["error_y"]["array"] == pytest.approx([0.01, 0.01])
    assert [line["name"] for line in by_generation] == ["10%", "50%"]
    assert by_generation[1]["y"] == pytest.approx([0, 0.05, 0.1])


def test_panels_after_a_recipe_joined_and_one_left_show_both(workspace):
    title = spec_of(DiversityMetric.DISTINCT_2).title
    log(workspace, recipes=("math", "gone"))
    logged = log(workspace, recipes=("math", "new"), number=1)
    lines = lines_of(dashboard_of(workspace, logged), title)
    assert lines == ["all", "real", "synthetic", "reference", "gone", "math", "new"]


def test_panels_of_another_sample_size_replace_ours_and_keep_history_and_foreign_tabs(workspace):
    logged = log(workspace)
    path = workspace.root / logged.project_id / "dashboard.json"
    dashboard = json.loads(path.read_text())
    foreign = {**dashboard["panels"][0], "id": "11111111-1111-1111-1111-111111111111"}
    foreign["title"] = "Mine"
    tab = {"id": "22222222-2222-2222-2222-222222222222", "title": "Mine", "panels": [foreign["id"]]}
    dashboard["panels"].append(foreign)
    dashboard["tabs"].append(tab)
    path.write_text(json.dumps(dashboard))

    log(replace(workspace, size=SampleSize(rows=50)), number=1)

    after = json.loads(path.read_text())
    assert [t["title"] for t in after["tabs"]] == [
        "Gates",
        "Collapse",
        "Drift",
        "Diversity",
        "Mine",
    ]
    assert after["tabs"][-1] == tab
    assert after["panels"][-1] == foreign
    assert len(after["panels"]) == len(dashboard["panels"])
    shown = panel_of(after, spec_of(DiversityMetric.MATTR).title)
    assert {line["metric_labels"]["sample_rows"] for line in shown["values"]} == {"50"}
    assert len(list((workspace.root / logged.project_id / "snapshots").iterdir())) == 2


def test_log_generation_makes_a_project_with_cost_acceptance_and_losses(workspace):
    logged = workspace.log_generation(generation_run(), labels())
    assert logged.url == workspace.dashboard_url(GENERATION_PROJECT)
    dashboard, runs = dashboard_of(workspace, logged), workspace.runs(GENERATION_PROJECT)
    shown = {
        panel["title"]: {line["legend"]: drawn(runs, line)[0] for line in panel["values"]}
        for panel in dashboard["panels"]
    }
    accepted = shown["Samples that every verifier accepted"]
    assert accepted == pytest.approx({"all recipes": 0.8, "math": 0.8, "qa": 0.8})
    assert shown["Spent"]["all recipes"] == pytest.approx(2.4)
    lost = pytest.approx({"near_duplicate": 0.1, "wrong_answer": 0.2})
    assert shown["Why samples were lost"] == lost
    assert shown[spec_of(DiversityMetric.DISTINCT_2).title] == {"math": 1.0, "qa": 1.0}
    assert [tab["title"] for tab in dashboard["tabs"]] == ["Generation", "Diversity by recipe"]


def test_log_generation_before_anything_was_filled_is_refused(workspace):
    run = generation_run()
    nothing = replace(run, cost=run.cost.with_columns(planned=pl.lit(0)))
    with pytest.raises(DashboardError, match="no recipe was filled yet"):
        workspace.log_generation(nothing, labels())


def test_log_set_of_no_rows_is_refused(workspace):
    with pytest.raises(DashboardError, match="no rows"):
        workspace.log_set("balanced_50", replace(set_run(), slice_rows={}), labels())


@pytest.mark.slow
def test_log_set_from_two_processes_at_once_loses_nothing(workspace):
    log(workspace)
    # Not forked: a child forked from a process whose Polars has threads never ends.
    spawn = multiprocessing.get_context("spawn")
    child = spawn.Process(target=log_in_child, args=(workspace.root, 1), daemon=True)
    child.start()
    log(workspace, number=2)
    child.join(120)
    assert child.exitcode == 0
    assert [run.name for run in workspace.runs("balanced_50")] == ["run-0", "run-1", "run-2"]
    workspace.check()


def test_log_set_while_another_holds_the_lock_says_so(workspace):
    workspace.root.mkdir()
    with (
        FileLock(workspace.root / LOCK_FILE),
        pytest.raises(DashboardError, match=r"another process has been writing.*log\.lock"),
    ):
        log(replace(workspace, lock_timeout_s=0.1))


@pytest.mark.parametrize("kind", ["metadata.json", "dashboard.json"])
def test_workspace_with_a_cut_file_names_it(workspace, kind):
    logged = log(workspace)
    path = workspace.root / logged.project_id / kind
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DashboardError, match=path.name):
        workspace.check()
    with pytest.raises(DashboardError, match=path.name) as told:
        log(workspace, number=1)
    assert "Move what is damaged away" in str(told.value)


@pytest.mark.parametrize("content", ['{"report": 1', '{"report": 1}', "[]"])
def test_workspace_with_a_damaged_snapshot_names_it_where_it_is_read(workspace, content):
    logged = log(workspace)
    folder = workspace.root / logged.project_id / "snapshots"
    (folder / f"{logged.snapshot_id}.json").write_text(content)
    for read in (workspace.check, lambda: workspace.runs("balanced_50")):
        with pytest.raises(DashboardError, match=logged.snapshot_id):
            read()
    assert log(workspace, number=1).project_id == logged.project_id


def test_workspace_with_a_project_that_lost_its_metadata_names_the_folder(workspace):
    logged = log(workspace)
    (workspace.root / logged.project_id / "metadata.json").unlink()
    for call in (lambda: log(workspace), lambda: workspace.dashboard_url("balanced_50")):
        with pytest.raises(DashboardError, match=f"{logged.project_id}: a dashboard project with"):
            call()


def test_dashboard_url_before_anything_was_logged_makes_nothing(workspace):
    with pytest.raises(DashboardError, match="materialize it first"):
        workspace.dashboard_url("balanced_50")
    assert not workspace.root.exists()


def test_workspace_whose_root_is_a_file_says_so(workspace):
    workspace.root.write_text("not a folder")
    with pytest.raises(DashboardError, match="evidently: cannot be written"):
        log(workspace)
