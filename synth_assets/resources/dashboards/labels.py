"""What a logged run is found by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from synth_assets.core.collapse.lab import Dose, dose_response
from synth_assets.core.gating import GATE_KEY, GateState, GateVerdict, told_in_a_line

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

    def judged(self, verdicts: Sequence[GateVerdict]) -> "LoggedRun":
        """The same with what gates say that are not open: in short as tags, whole as metadata."""
        tags = [
            f"{each.gate.value} {each.state.value}"
            for each in verdicts
            if each.state is not GateState.OPEN
        ]
        metadata = {**self.metadata, **told_in_a_line(verdicts)}
        return replace(self, metadata=metadata, tags=[*tags, *self.tags])

    @property
    def told(self) -> str:
        """Where the run stands, as a sentence; panels show plain text alone."""
        said = told_places(self.metadata)
        return f"Last run, {self.timestamp:%Y-%m-%d %H:%M} UTC: {said}."


def told_places(metadata: Mapping[str, str]) -> str:
    """Where a run stands, without what its gates say, which has its own place."""
    places = {name: value for name, value in metadata.items() if not name.startswith(GATE_KEY)}
    return "; ".join(f"{name}: {value}" for name, value in places.items())


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


def told_doses(lab: pl.DataFrame) -> str:
    """The loss by share of written rows, for a panel of plain text.

    Args:
        lab: columns of `CURVE_SCHEMA`; none without a lab.
    """
    doses = dose_response(lab)
    if not doses:
        return (
            "No collapse lab has run on these real rows yet: launch the job measure_collapse, or "
            "turn on its schedule measure_collapse_weekly."
        )
    last = lab["generation"].max()
    told = "  ◆  ".join(f"{dose.share:.0%}: {_loss(dose)}" for dose in doses)
    return (
        f"Loss on held-out real text after {last} generations of students, each trained in part on "
        "what the last one wrote, by the share of written rows; bits a byte above the first "
        f"generation, with 95 % intervals over seeds, lower is better.  {told}.  The curves by "
        "generation and by dose: in the report of the last run."
    )


def _loss(dose: Dose) -> str:
    if dose.low is None or dose.high is None:
        return f"{dose.loss:.3f}"
    return f"{dose.loss:.3f} ({dose.low:.3f} to {dose.high:.3f})"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CHARACTERS else f"{line[: _CHARACTERS - 1]}…"
