"""Stored snapshots as what they hold, read as JSON: no Evidently, and a hundred times as fast."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from synth_assets.errors import DashboardError

METADATA_FILE, DASHBOARD_FILE, SNAPSHOTS = "metadata.json", "dashboard.json", "snapshots"

_TABLE = "evidently:metric_result_v2:DataframeValue"
_NUMBER = "evidently:metric_result_v2:SingleValue"
_NO_LABELS = ("type", "tests")
_DRAWN_DAILY = 90


@dataclass(frozen=True)
class Point:
    """One value of a run.

    Attributes:
        metric: its type, as Evidently spells it.
        labels: with that, the identity of its line.
        value: finite.
    """

    metric: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class StoredRun:
    """One snapshot, without what only its report shows.

    Attributes:
        snapshot_id: name of its file.
        name: of the run.
        timestamp: with time zone.
        metadata: what it is found by.
        tags: the same, as shown at a point.
        points: all values.
    """

    snapshot_id: str
    name: str
    timestamp: datetime
    metadata: Mapping[str, str]
    tags: tuple[str, ...]
    points: tuple[Point, ...]


def read_run(path: Path) -> StoredRun:
    """Read a snapshot's file.

    Raises:
        DashboardError: if it is no snapshot.
    """
    try:
        document = json.loads(path.read_bytes())
        return StoredRun(
            path.stem,
            document["name"] or "",
            datetime.fromisoformat(document["timestamp"]),
            document["metadata"],
            tuple(document["tags"]),
            tuple(_points(document["metric_results"])),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise DashboardError(damaged(path, exc)) from exc


def read_document(path: Path) -> object:
    """Read any other file of the workspace.

    Raises:
        DashboardError: if it is no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as exc:
        raise DashboardError(damaged(path, exc)) from exc


def stored_runs(project: Path) -> list[StoredRun]:
    """All runs of a project, the first one first.

    Raises:
        DashboardError: if a snapshot is damaged.
    """
    runs = [read_run(path) for path in (project / SNAPSHOTS).glob("*.json")]
    return sorted(runs, key=lambda run: (run.timestamp, run.snapshot_id))


def shown_places(moments: Sequence[datetime]) -> list[int]:
    """Which runs lines are drawn over: the last 90, and of older ones the last of each week.

    A browser draws some 300 lines on a mixture's page, and takes seconds for a year of days.

    Args:
        moments: of the runs, the first one first.
    """
    older = range(max(len(moments) - _DRAWN_DAILY, 0))
    weekly = {moments[place].isocalendar()[:2]: place for place in older}
    return [*weekly.values(), *range(len(older), len(moments))]


def find_project(root: Path, name: str) -> str | None:
    """Id of the oldest project of that name; ids begin with the time they were made.

    Raises:
        DashboardError: if a project lost its metadata, or it is damaged.
    """
    folders = sorted(path.parent for path in root.glob(f"*/{SNAPSHOTS}"))
    return next((path.name for path in folders if _project_name(path) == name), None)


def damaged(path: Path, exc: Exception) -> str:
    """What to say of a file that cannot be used."""
    told = " ".join(str(exc).split())[:300]
    return (
        f"{path}: the dashboard workspace cannot be read or written here: {told}. Move what is "
        "damaged away (its points leave the dashboards, no rows are lost) and try again."
    )


def _project_name(folder: Path) -> str:
    path = folder / METADATA_FILE
    try:
        return str(json.loads(path.read_bytes())["name"])
    except FileNotFoundError as exc:
        raise DashboardError(
            f"{folder}: a dashboard project without its {METADATA_FILE}. Restore that file, or "
            "delete the folder; the project is then made anew, without its history."
        ) from exc
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise DashboardError(damaged(path, exc)) from exc


def _points(results: dict[str, dict[str, Any]]) -> Iterator[Point]:
    for result in results.values():
        if result["type"] not in (_TABLE, _NUMBER):
            continue
        location = result["metric_value_location"]
        params = location["metric"]["params"]
        shared = {k: str(v) for k, v in params.items() if k not in _NO_LABELS}
        if result["type"] == _NUMBER:
            yield Point(params["type"], shared, float(result["value"]))
        else:
            yield from _cells(params["type"], shared, result["value"])


def _cells(metric: str, shared: dict[str, str], table: dict[str, Any]) -> Iterator[Point]:
    """The values of a table, as Evidently makes points of it: columns of numbers by the others.

    A table is column -> row number -> cell.
    """
    columns = {name: list(cells.values()) for name, cells in table.items()}
    numbers = [name for name, cells in columns.items() if all(map(_is_number, cells))]
    labels = [name for name in columns if name not in numbers]
    for name in numbers:
        for row, value in enumerate(columns[name]):
            said = {label: str(columns[label][row]) for label in labels}
            yield Point(metric, {"column": name, **said, **shared}, float(value))


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)
