import json
from datetime import timedelta
from pathlib import Path

import pytest

from synth_assets.errors import DashboardError
from synth_assets.resources.dashboards.lines import KEPT_FILE, Asked, ProjectLines
from tests.dashboard_runs import NOON

METRIC = "evidently:metric_v2:SetCollapse"
LOSS = Asked(METRIC, {"measure": "loss", "of": "value"})


def store(
    project: Path, day: int, *rows: tuple[str, str, float], tags: tuple[str, ...] = ()
) -> Path:
    """A snapshot as Evidently writes it, with a table of these figures."""
    columns = ("measure", "of", "value")
    table = {
        name: {str(at): row[place] for at, row in enumerate(rows)}
        for place, name in enumerate(columns)
    }
    result = {
        "type": "evidently:metric_result_v2:DataframeValue",
        "metric_value_location": {"metric": {"params": {"type": METRIC}}},
        "value": table,
    }
    path = project / "snapshots" / f"run-{day:03}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "name": f"run-{day}",
        "timestamp": (NOON + timedelta(days=day)).isoformat(),
        "metadata": {"run_id": str(day)},
        "tags": list(tags),
        "metric_results": {"one": result},
    }
    path.write_text(json.dumps(document))
    return path


def looked_at(project: Path) -> ProjectLines:
    lines = ProjectLines(project)
    lines.refresh()
    return lines


def values(lines: ProjectLines, *asked: Asked) -> list[list[float | None]]:
    return [list(line.values) for line in lines.drawing(asked or (LOSS,)).lines]


def test_drawing_gives_the_lines_asked_for_in_order_of_asking_and_of_time(tmp_path: Path):
    store(tmp_path, 2, ("loss", "value", 0.2), ("loss", "amber", 0.5))
    store(tmp_path, 1, ("loss", "value", 0.1), ("tail", "value", 0.9))
    drawing = looked_at(tmp_path).drawing(
        [Asked("*", {"of": "amber"}), LOSS, Asked(METRIC, {"measure": "none"})]
    )
    assert [run.name for run in drawing.runs] == ["run-1", "run-2"]
    assert [(line.labels["of"], line.place, list(line.values)) for line in drawing.lines] == [
        ("amber", 0, [None, 0.5]),
        ("value", 1, [0.1, 0.2]),
    ]


def test_drawing_leaves_runs_out_that_have_none_of_the_lines(tmp_path: Path):
    store(tmp_path, 1, ("tail", "value", 0.9))
    store(tmp_path, 2, ("loss", "value", 0.2))
    drawing = looked_at(tmp_path).drawing([LOSS])
    assert [run.name for run in drawing.runs] == ["run-2"]


def test_drawing_by_tag_or_metadata_holds_runs_to_them(tmp_path: Path):
    store(tmp_path, 1, ("loss", "value", 0.1), tags=("canary blocks",))
    store(tmp_path, 2, ("loss", "value", 0.2))
    lines = looked_at(tmp_path)
    assert values(lines, Asked(METRIC, LOSS.labels, tags=["canary blocks"])) == [[0.1]]
    assert values(lines, Asked(METRIC, LOSS.labels, metadata={"run_id": "2"})) == [[0.2]]


def test_refresh_sees_what_was_logged_changed_and_deleted(tmp_path: Path):
    first = store(tmp_path, 1, ("loss", "value", 0.1))
    lines = looked_at(tmp_path)
    store(tmp_path, 2, ("loss", "value", 0.2), ("new", "value", 7.0))
    lines.refresh()
    assert values(lines) == [[0.1, 0.2]]
    store(tmp_path, 1, ("loss", "value", 0.125))
    lines.refresh()
    assert values(lines) == [[0.125, 0.2]]
    first.unlink()
    lines.refresh()
    assert values(lines) == [[0.2]]
    assert values(lines, Asked("*", {"measure": "new"})) == [[7.0]]


def test_kept_lines_are_what_the_snapshots_say(tmp_path: Path):
    for day in range(3):
        store(tmp_path, day, ("loss", "value", day / 8), (f"only {day}", "value", 1.0))
    fresh = looked_at(tmp_path)
    kept = ProjectLines(tmp_path)
    assert kept.runs == fresh.runs
    everything = Asked("*", {})
    assert values(kept, everything) == values(fresh, everything)
    assert len(values(kept, everything)) == 4


def test_kept_lines_of_an_unchanged_snapshot_spare_reading_it(tmp_path: Path):
    path = store(tmp_path, 1, ("loss", "value", 0.1))
    looked_at(tmp_path)
    kept = tmp_path / KEPT_FILE
    kept.write_text(kept.read_text().replace("0.1]", "0.4]"))
    assert values(looked_at(tmp_path)) == [[0.4]]
    path.write_text(path.read_text() + " ")
    assert values(looked_at(tmp_path)) == [[0.1]]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"format":0}', '{"format":1,"lines":3}'])
def test_kept_lines_that_cannot_be_understood_are_made_anew(tmp_path: Path, damage: str):
    store(tmp_path, 1, ("loss", "value", 0.1))
    looked_at(tmp_path)
    (tmp_path / KEPT_FILE).write_text(damage)
    assert values(looked_at(tmp_path)) == [[0.1]]
    assert values(ProjectLines(tmp_path)) == [[0.1]]


def test_refresh_over_a_cut_snapshot_shows_the_others_and_names_it_when_strict(tmp_path: Path):
    store(tmp_path, 1, ("loss", "value", 0.1))
    cut = store(tmp_path, 2, ("loss", "value", 0.2))
    whole = cut.read_bytes()
    cut.write_bytes(whole[:40])
    lines = looked_at(tmp_path)
    assert values(lines) == [[0.1]]
    with pytest.raises(DashboardError, match=cut.name):
        lines.refresh(is_strict=True)
    cut.write_bytes(whole)
    lines.refresh()
    assert values(lines) == [[0.1, 0.2]]


def test_labels_and_their_values_are_those_of_the_metric(tmp_path: Path):
    store(tmp_path, 1, ("loss", "value", 0.1), ("tail", "amber", 0.9))
    lines = looked_at(tmp_path)
    assert lines.metrics() == [METRIC]
    assert lines.labels(METRIC) == ["column", "measure", "of"]
    assert lines.label_values(METRIC, "measure") == ["loss", "tail"]
    assert lines.label_values("another", "measure") == []
