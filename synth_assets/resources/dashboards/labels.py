"""What a logged run is found by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

_MOST_TOLD = 3
_CHARACTERS = 160


@dataclass(frozen=True)
class LoggedRun:
    """What a run is found by.

    Attributes:
        name: of the run, as the list of reports shows it.
        timestamp: with time zone; the point's place on the time axis.
        metadata: shown beside the report, among it addresses in Dagster.
        tags: shown at a point of a line.
    """

    name: str
    timestamp: datetime
    metadata: Mapping[str, str]
    tags: Sequence[str] = ()

    @property
    def told(self) -> str:
        """The metadata as a sentence; panels show plain text alone."""
        said = "; ".join(f"{name}: {value}" for name, value in self.metadata.items())
        return f"Last run, {self.timestamp:%Y-%m-%d %H:%M} UTC: {said}."


def told_rows(moved: pl.DataFrame) -> list[str]:
    """The rows that moved most, a line each, for a panel of plain text.

    Args:
        moved: columns of `MOVED_SCHEMA`.
    """
    first = moved.sort("score", "sample_id", descending=[True, False])
    parts = first.partition_by("against", "direction", maintain_order=True)
    return [
        f"{direction} against {against}, {sample_id[:12]}: {_short(prompt)}"
        for part in parts
        for against, direction, sample_id, prompt in part.head(_MOST_TOLD)
        .select("against", "direction", "sample_id", "prompt")
        .iter_rows()
    ]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CHARACTERS else f"{line[: _CHARACTERS - 1]}…"
