"""Runs of a project as its pages ask for them: lines over runs, and what names a run.

A snapshot is read once. What lines need of it is kept in a file of the project's folder, a
fiftieth as large, which is thrown away and made anew whenever it is not understood.
"""

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from synth_assets.errors import DashboardError
from synth_assets.resources.dashboards.stored import SNAPSHOTS, read_run, shown_places

KEPT_FILE = "lines.json"
_FORMAT = 1

LineId = tuple[str, tuple[tuple[str, str], ...]]
"""Metric and labels."""

Stamp = tuple[int, int]
"""When a file changed last, in nanoseconds, and its size."""


@dataclass(frozen=True)
class Asked:
    """A line of a panel, or a family of lines.

    Attributes:
        metric: its type, `*` for any.
        labels: that a line must have.
        tags: that a run must have.
        metadata: the same.
    """

    metric: str
    labels: Mapping[str, str]
    tags: Collection[str] = ()
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class NamedRun:
    """What a run is found by; see `StoredRun`."""

    snapshot_id: str
    name: str
    timestamp: datetime
    metadata: Mapping[str, str]
    tags: Sequence[str]


@dataclass(frozen=True)
class DrawnLine:
    """A line as it is drawn.

    Attributes:
        metric: its type.
        labels: with that, its identity.
        place: of what asked for it.
        values: one a run.
    """

    metric: str
    labels: Mapping[str, str]
    place: int
    values: Sequence[float | None]


@dataclass(frozen=True)
class Drawing:
    """Lines over the same runs, those of which any line has a value."""

    runs: Sequence[NamedRun]
    lines: Sequence[DrawnLine]


@dataclass(frozen=True)
class _Read:
    """A run with its values, by the place of their lines; later lines are not among them."""

    stamp: Stamp
    run: NamedRun
    values: Sequence[float | None]

    def value(self, place: int) -> float | None:
        return self.values[place] if place < len(self.values) else None


class ProjectLines:
    """The runs of one project, and lines over them; see `refresh`.

    Args:
        folder: of the project.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, _Read] = {}
        self._places: dict[LineId, int] = {}
        self._recall()

    def refresh(self, *, is_strict: bool = False) -> None:
        """Read what was logged, and forget what was deleted, since the last time.

        Args:
            is_strict: a file that cannot be read is an error. Otherwise it is passed over until it
                changes, as one that is just being written does.

        Raises:
            DashboardError: naming such a file.
        """
        found: dict[str, _Read] = {}
        is_new = False
        for path in (self._folder / SNAPSHOTS).glob("*.json"):
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            known = self._read.get(path.stem)
            if known is None or known.stamp != stamp:
                try:
                    known = self._taken_in(path, stamp)
                except DashboardError:
                    if is_strict:
                        raise
                    continue
                is_new = True
            found[path.stem] = known
        if is_new or len(found) != len(self._read):
            in_order = sorted(found.items(), key=lambda each: (each[1].run.timestamp, each[0]))
            self._read = dict(in_order)
            self._keep()

    @property
    def runs(self) -> list[NamedRun]:
        """All of them, the first one first."""
        return [each.run for each in self._read.values()]

    def drawing(self, asked: Sequence[Asked]) -> Drawing:
        """The lines that are asked for, over those runs that are drawn and have a value.

        Of runs that are long past one a week is drawn, see `shown_places`.
        """
        read = list(self._read.values())
        drawn = [read[place] for place in shown_places([each.run.timestamp for each in read])]
        wanted = list(self._wanted(asked))
        table = [
            [each.value(at) if _is_of(each.run, asked[place]) else None for _, at, place in wanted]
            for each in drawn
        ]
        rows = [row for row, values in enumerate(table) if any(v is not None for v in values)]
        lines = [
            DrawnLine(line[0], dict(line[1]), place, values)
            for column, (line, _, place) in enumerate(wanted)
            for values in [[table[row][column] for row in rows]]
            if any(value is not None for value in values)
        ]
        return Drawing([drawn[row].run for row in rows], lines)

    def metrics(self) -> list[str]:
        """Types of metrics that were ever stored."""
        return sorted({metric for metric, _ in self._places})

    def labels(self, metric: str) -> list[str]:
        """Names of the labels of a metric's lines."""
        found = {name for kind, said in self._places if kind == metric for name, _ in said}
        return sorted(found)

    def label_values(self, metric: str, label: str) -> list[str]:
        """Values of a label of a metric's lines."""
        found = (dict(said).get(label) for kind, said in self._places if kind == metric)
        return sorted({value for value in found if value})

    def _wanted(self, asked: Sequence[Asked]) -> Iterator[tuple[LineId, int, int]]:
        """Lines with their places: of the line, and of the first that asks; in that order."""
        found: list[tuple[int, LineId, int]] = []
        for line, at in self._places.items():
            labels = dict(line[1])
            for place, each in enumerate(asked):
                if each.metric in ("*", line[0]) and each.labels.items() <= labels.items():
                    found.append((place, line, at))
                    break
        yield from ((line, at, place) for place, line, at in sorted(found))

    def _taken_in(self, path: Path, stamp: Stamp) -> _Read:
        stored = read_run(path)
        values: dict[int, float] = {}
        for point in stored.points:
            line = (point.metric, tuple(point.labels.items()))
            values[self._places.setdefault(line, len(self._places))] = point.value
        run = NamedRun(path.stem, stored.name, stored.timestamp, stored.metadata, stored.tags)
        return _Read(stamp, run, [values.get(at) for at in range(len(self._places))])

    def _recall(self) -> None:
        # What is kept is a copy: where it cannot be understood, the snapshots are read instead.
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            kept = json.loads((self._folder / KEPT_FILE).read_bytes())
            if kept["format"] != _FORMAT:
                return
            lines = [(metric, tuple((k, v) for k, v in labels)) for metric, labels in kept["lines"]]
            self._read = {each["id"]: _recalled(each) for each in kept["runs"]}
            self._places = {line: at for at, line in enumerate(lines)}

    def _keep(self) -> None:
        kept = {
            "format": _FORMAT,
            "lines": list(self._places),
            "runs": [_kept(each) for each in self._read.values()],
        }
        path = self._folder / KEPT_FILE
        beside = path.with_name(f"{KEPT_FILE}.{os.getpid()}")
        # Where nothing can be written, everything can still be shown.
        with suppress(OSError):
            beside.write_text(json.dumps(kept, separators=(",", ":")), encoding="utf-8")
            beside.replace(path)


def _kept(read: _Read) -> dict[str, object]:
    run = read.run
    return {
        "id": run.snapshot_id,
        "stamp": read.stamp,
        "name": run.name,
        "timestamp": run.timestamp.isoformat(),
        "metadata": run.metadata,
        "tags": run.tags,
        "values": read.values,
    }


def _recalled(kept: dict[str, Any]) -> _Read:
    changed, size = kept["stamp"]
    moment = datetime.fromisoformat(kept["timestamp"])
    run = NamedRun(kept["id"], kept["name"], moment, kept["metadata"], tuple(kept["tags"]))
    return _Read((changed, size), run, kept["values"])


def _is_of(run: NamedRun, said: Asked) -> bool:
    return set(said.tags) <= set(run.tags) and said.metadata.items() <= run.metadata.items()
