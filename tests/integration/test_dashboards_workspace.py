import json
import multiprocessing
import socket
import subprocess
import time
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from filelock import FileLock

from synth_assets.core.diversity.measure import measure_diversity
from synth_assets.core.diversity.metrics import DiversityMetric, spec_of
from synth_assets.core.diversity.slices import SampleSize
from synth_assets.core.sample import Sample, sample_frame
from synth_assets.core.schema import SAMPLE_SCHEMA, Origin
from synth_assets.errors import DashboardError
from synth_assets.resources.dashboards.workspace import LOCK_FILE, DashboardWorkspace

BASE = "http://127.0.0.1:8000"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
WORDS = ["red", "green", "blue", "black", "white", "brown", "pink", "grey", "gold"]


def training_rows(recipes=("math",), count=30, first=0):
    real, synthetic = (
        [
            Sample.real(
                kind,
                i,
                f"Which {kind} colour follows {WORDS[i % 9]} and {WORDS[i // 9 % 9]} {i}?",
                f"After {WORDS[i % 9]} comes {WORDS[i * i % 9]}, " * 5 + "so it is said",
                "CC0",
            )
            for i in range(first, first + count)
        ]
        for kind in ("real", "made")
    )
    made = [
        replace(row, origin=Origin.SYNTHETIC, recipe=recipes[i % len(recipes)])
        for i, row in enumerate(synthetic)
    ]
    return sample_frame([*real, *made])


def held_out():
    return training_rows(first=500).filter(pl.col("origin") == Origin.REAL)


@pytest.fixture
def workspace(tmp_path: Path) -> DashboardWorkspace:
    return DashboardWorkspace(tmp_path / "evidently", BASE, lock_timeout_s=20)


def log(workspace: DashboardWorkspace, name="balanced_50", *, rows=None, hours=0):
    return workspace.log_diversity(
        name,
        training_rows() if rows is None else rows,
        held_out(),
        NOON + timedelta(hours=hours),
        f"run-{hours}",
        {"mixture_version": "1f2e3d4c"},
    )


def stored(workspace: DashboardWorkspace, logged) -> dict:
    folder = workspace.root / logged.project_id / "snapshots"
    return json.loads((folder / f"{logged.snapshot_id}.json").read_text())


def dashboard_of(workspace: DashboardWorkspace, logged) -> dict:
    return json.loads((workspace.root / logged.project_id / "dashboard.json").read_text())


def lines_of(dashboard: dict, title: str) -> list[str]:
    [panel] = [panel for panel in dashboard["panels"] if panel["title"] == title]
    return [line["legend"] for line in panel["values"]]


def test_log_diversity_of_a_training_set_stores_the_values_that_core_measures(workspace):
    rows, reference = training_rows(("math", "qa")), held_out()
    snapshot = stored(workspace, log(workspace, rows=rows))
    results = [result["metric_value_location"] for result in snapshot["metric_results"].values()]
    values = {
        (where["metric"]["params"]["slice"], where["metric"]["params"].get("measure")): value
        for where, value in zip(
            results, (r["value"] for r in snapshot["metric_results"].values()), strict=True
        )
    }
    expected = {
        (row["slice"], row["metric"]): pytest.approx(row["value"])
        for row in measure_diversity(rows, reference).iter_rows(named=True)
    }
    counts = {"all": 60, "real": 30, "synthetic": 30, "recipe:math": 15, "recipe:qa": 15}
    expected |= {(name, None): count for name, count in {**counts, "reference": 30}.items()}
    assert values == expected
    assert snapshot["timestamp"] == "2026-05-01T12:00:00+00:00"
    assert snapshot["metadata"] == {"run_id": "run-0", "mixture_version": "1f2e3d4c"}
    assert snapshot["tags"] == ["run_id run-0", "mixture_version 1f2e3d4c"]


def test_log_diversity_keeps_no_text_of_the_rows(workspace):
    text = json.dumps(stored(workspace, log(workspace)))
    assert "so it is said" not in text
    assert not list(workspace.root.rglob("*.parquet"))


def test_log_diversity_twice_makes_one_project_with_two_points_of_each_series(workspace):
    first, second = log(workspace), log(workspace, hours=1)
    assert first.project_id == second.project_id
    assert first.url == second.url == f"{BASE}/projects/{first.project_id}"
    assert second.report_url == f"{first.url}/reports/{second.snapshot_id}"
    assert workspace.dashboard_url("balanced_50") == first.url
    one, other = (stored(workspace, logged)["metric_results"].keys() for logged in (first, second))
    assert one == other
    assert log(workspace, "other_mixture").project_id != first.project_id


def test_log_diversity_of_too_little_text_leaves_out_what_does_not_exist(workspace):
    rows = sample_frame([Sample.real("books", 0, "one", "two", "CC0")])
    logged = workspace.log_diversity("tiny", rows, None, NOON, "run", {})
    params = [
        result["metric_value_location"]["metric"]["params"]
        for result in stored(workspace, logged)["metric_results"].values()
    ]
    measured = {param["measure"] for param in params if "measure" in param}
    missing = {"distinct_3", "distinct_4", "mattr"}
    assert measured == {metric.value for metric in DiversityMetric} - missing


def test_panels_name_title_unit_and_good_of_each_metric_with_a_line_per_slice(workspace):
    dashboard = dashboard_of(workspace, log(workspace))
    subtitles = {panel["title"]: panel["subtitle"] for panel in dashboard["panels"]}
    for metric in DiversityMetric:
        spec = spec_of(metric)
        assert subtitles[spec.title] == spec.caption
        assert lines_of(dashboard, spec.title) == ["all", "real", "synthetic", "reference", "math"]
    [tab] = dashboard["tabs"]
    assert tab["panels"] == [panel["id"] for panel in dashboard["panels"]]
    assert len(set(tab["panels"])) == len(tab["panels"])


def test_panels_after_a_recipe_joined_and_one_left_show_both(workspace):
    title = spec_of(DiversityMetric.DISTINCT_2).title
    log(workspace, rows=training_rows(("math", "gone")))
    logged = log(workspace, rows=training_rows(("math", "new")), hours=1)
    lines = lines_of(dashboard_of(workspace, logged), title)
    assert lines == ["all", "real", "synthetic", "reference", "gone", "math", "new"]


def test_panels_of_an_unchanged_set_are_not_rewritten(workspace):
    logged = log(workspace)
    path = workspace.root / logged.project_id / "dashboard.json"
    before = path.stat().st_mtime_ns
    log(workspace, hours=1)
    assert path.stat().st_mtime_ns == before


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

    log(replace(workspace, size=SampleSize(rows=50)), hours=1)

    after = json.loads(path.read_text())
    assert [t["title"] for t in after["tabs"]] == ["Diversity", "Mine"]
    assert after["tabs"][1] == tab
    assert after["panels"][-1] == foreign
    assert len(after["panels"]) == len(dashboard["panels"])
    [shown] = [
        panel for panel in after["panels"] if panel["title"] == spec_of(DiversityMetric.MATTR).title
    ]
    assert {line["metric_labels"]["sample_rows"] for line in shown["values"]} == {"50"}
    assert len(list((workspace.root / logged.project_id / "snapshots").iterdir())) == 2


def test_log_diversity_of_no_rows_is_refused(workspace):
    with pytest.raises(DashboardError, match="no rows"):
        log(workspace, rows=SAMPLE_SCHEMA.to_frame())


@pytest.mark.slow
def test_log_diversity_from_two_processes_at_once_loses_nothing(workspace):
    log(workspace)
    # Not forked: a child forked from a process whose Polars has threads never ends.
    spawn = multiprocessing.get_context("spawn")
    children = [
        spawn.Process(target=log, args=(workspace,), kwargs={"hours": n}, daemon=True)
        for n in (1, 2)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    assert [child.exitcode for child in children] == [0, 0]
    [project] = [path for path in workspace.root.iterdir() if path.is_dir()]
    assert len(list((project / "snapshots").iterdir())) == 3
    workspace.check()


def test_log_diversity_while_another_holds_the_lock_says_so(workspace):
    workspace.root.mkdir()
    with (
        FileLock(workspace.root / LOCK_FILE),
        pytest.raises(DashboardError, match=r"another process has been writing.*log\.lock"),
    ):
        log(replace(workspace, lock_timeout_s=0.1))


@pytest.mark.parametrize("kind", ["metadata.json", "dashboard.json", "snapshots"])
def test_workspace_with_a_cut_file_names_it(workspace, kind):
    logged = log(workspace)
    path = workspace.root / logged.project_id / kind
    if kind == "snapshots":
        path /= f"{logged.snapshot_id}.json"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DashboardError, match=path.name):
        workspace.check()
    with pytest.raises(DashboardError, match=path.name) as told:
        log(workspace, hours=1)
    assert "Move what is damaged away" in str(told.value)


def test_workspace_with_a_snapshot_of_another_shape_names_it(workspace):
    logged = log(workspace)
    folder = workspace.root / logged.project_id / "snapshots"
    (folder / f"{logged.snapshot_id}.json").write_text('{"report": 1}')
    with pytest.raises(DashboardError, match=logged.snapshot_id):
        log(workspace, hours=1)


def test_workspace_with_a_project_that_lost_its_metadata_names_the_folder(workspace):
    logged = log(workspace)
    (workspace.root / logged.project_id / "metadata.json").unlink()
    for call in (lambda: log(workspace), lambda: workspace.dashboard_url("balanced_50")):
        with pytest.raises(DashboardError, match=f"{logged.project_id}: a dashboard project with"):
            call()


def test_dashboard_url_of_a_deleted_project_is_an_error_until_it_is_logged_again(workspace):
    logged = log(workspace)
    folder = workspace.root / logged.project_id
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    folder.rmdir()
    with pytest.raises(DashboardError, match="no dashboard is called balanced_50"):
        workspace.dashboard_url("balanced_50")
    assert log(workspace).url == workspace.dashboard_url("balanced_50") != logged.url


def test_dashboard_url_before_anything_was_logged_makes_nothing(workspace):
    with pytest.raises(DashboardError, match="materialize it first"):
        workspace.dashboard_url("balanced_50")
    assert not workspace.root.exists()


def test_workspace_whose_root_is_a_file_says_so(workspace):
    workspace.root.write_text("not a folder")
    with pytest.raises(DashboardError, match="evidently: cannot be written"):
        log(workspace)


@pytest.mark.slow
def test_ui_command_serves_the_lines_of_both_runs(workspace):
    first = log(workspace)
    second = log(workspace, hours=1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    [panel] = [
        panel
        for panel in dashboard_of(workspace, first)["panels"]
        if panel["title"] == spec_of(DiversityMetric.DISTINCT_2).title
    ]
    asked = [
        {key: line[key] for key in ("metric", "tags", "metadata", "metric_labels")}
        for line in panel["values"]
    ]
    url = f"http://127.0.0.1:{port}/api/v2/snapshots/{first.project_id}/data_series_batch"
    server = subprocess.Popen(
        workspace.ui_command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_open(port, server)
        request = urllib.request.Request(
            url,
            json.dumps({"series_filter": asked}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            series = json.load(answer)
    finally:
        server.terminate()
        server.wait(30)
    assert [source["snapshot_id"] for source in series["sources"]] == [
        first.snapshot_id,
        second.snapshot_id,
    ]
    measured = measure_diversity(training_rows(), held_out()).filter(metric="distinct_2")
    assert {line["params"]["slice"]: line["values"] for line in series["series"]} == {
        name: pytest.approx([value, value])
        for name, value in measured.select("slice", "value").iter_rows()
    }


def _wait_until_open(port: int, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    pytest.fail(f"the Evidently UI did not open port {port}; exit code {server.poll()}")
