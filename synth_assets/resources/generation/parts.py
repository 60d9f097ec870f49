"""Parts of a plan, finished one by one, so that neither memory nor a restart feels the whole.

A part is a range of planned samples. What it came to is written when it is done; a run that was
stopped goes on with the parts that are not.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import polars as pl

from synth_assets.core.schema import (
    CALL_SCHEMA,
    DECISION_SCHEMA,
    PLAN_SCHEMA,
    SAMPLE_SCHEMA,
    Outcome,
)
from synth_assets.core.stage import StageResult
from synth_assets.resources.frames import FrameParts, write_bytes, write_frame

PART_SIZE = 1_000

_TABLES = {
    "samples": SAMPLE_SCHEMA,
    "decisions": DECISION_SCHEMA,
    "calls": CALL_SCHEMA,
    "plan": PLAN_SCHEMA,
}
_DONE = "done"


@dataclass(frozen=True, order=True)
class Part:
    """Planned samples `start` to `stop` (without it), by position."""

    start: int
    stop: int

    @property
    def name(self) -> str:
        """Sorts as the parts do."""
        return f"{self.start:010d}-{self.stop:010d}"

    @property
    def size(self) -> int:
        """How many planned samples."""
        return self.stop - self.start


def parts_of(start: int, stop: int, size: int = PART_SIZE) -> Iterator[Part]:
    """Cut a range into parts; the cuts do not depend on where it starts."""
    while start < stop:
        end = min(stop, (start // size + 1) * size)
        yield Part(start, end)
        start = end


@dataclass(frozen=True)
class PartResult:
    """What a part came to.

    Attributes:
        stage: its samples and one decision for each planned one.
        calls: columns of `CALL_SCHEMA`.
        plan: columns of `PLAN_SCHEMA`.
    """

    stage: StageResult
    calls: pl.DataFrame
    plan: pl.DataFrame

    def tables(self) -> dict[str, pl.DataFrame]:
        """By name."""
        stage = self.stage
        return {
            "samples": stage.kept,
            "decisions": stage.decisions,
            "calls": self.calls,
            "plan": self.plan,
        }


class Sink(Protocol):
    """Where finished parts go."""

    def has(self, part: Part) -> bool:
        """Whether a part is there already, with nothing left to try again."""
        ...

    def write(self, part: Part, result: PartResult) -> None:
        """Take a finished part."""
        ...


@dataclass
class MemorySink:
    """Keeps parts in memory, for a few rows."""

    results: dict[Part, PartResult] = field(default_factory=dict[Part, PartResult])

    def has(self, part: Part) -> bool:
        """See `Sink`."""
        return part in self.results

    def write(self, part: Part, result: PartResult) -> None:
        """See `Sink`."""
        self.results[part] = result

    def whole(self) -> PartResult:
        """All parts as one."""
        found = [self.results[part].tables() for part in sorted(self.results)]
        whole = {
            name: pl.concat([pl.DataFrame(schema=schema), *(tables[name] for tables in found)])
            for name, schema in _TABLES.items()
        }
        stage = StageResult(whole["samples"], whole["decisions"])
        return PartResult(stage, whole["calls"], whole["plan"])


class Parts(Protocol):
    """What generation made, on disk."""

    def table(self, name: str) -> FrameParts:
        """One of the tables `samples`, `decisions`, `calls` and `plan`, in the plan's order."""
        ...

    def remove(self) -> None:
        """Remove the files, now that the whole tables stand elsewhere."""
        ...


class PartsFolder:
    """Keeps parts as files until they are written as whole tables.

    Args:
        folder: one folder a recipe version.
        plan: identity of the plan; what lies there of another is removed.
    """

    def __init__(self, folder: Path, plan: str) -> None:
        self._folder = folder / plan
        if folder.is_dir():
            for other in folder.iterdir():
                if other.name != plan:
                    shutil.rmtree(other, ignore_errors=True)
        self._written: set[Part] = set()

    def has(self, part: Part) -> bool:
        """See `Sink`."""
        if (self._folder / part.name / _DONE).exists():
            self._written.add(part)
            return True
        return False

    def write(self, part: Part, result: PartResult) -> None:
        """See `Sink`."""
        place = self._folder / part.name
        for name, frame in result.tables().items():
            write_frame(place / f"{name}.parquet", frame)
        if Outcome.ERRORED not in result.stage.decisions["outcome"]:
            write_bytes(place / _DONE, b"")
        self._written.add(part)

    def note_written(self, part: Part) -> None:
        """Another process wrote a part here."""
        self._written.add(part)

    def table(self, name: str, among: Sequence[Part] | None = None) -> FrameParts:
        """One table of the parts written or found so far, in the order of the plan."""
        chosen = self._written if among is None else self._written & set(among)
        paths = tuple(self._folder / part.name / f"{name}.parquet" for part in sorted(chosen))
        return FrameParts(paths, _TABLES[name])

    def remove(self) -> None:
        """Remove the files, now that the whole tables stand elsewhere."""
        shutil.rmtree(self._folder.parent, ignore_errors=True)
