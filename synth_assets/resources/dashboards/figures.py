"""What a run puts on its dashboard: tables of labels and one value, from what the core measured.

A row's labels, with the metric that carries the table, are the identity of a line: a value never
stands in them. Rows without a value are left out, as Evidently has no empty value.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from synth_assets.core.collapse.lab import CURVE_SCHEMA
from synth_assets.core.collapse.of_sets import CANARY_SCHEMA
from synth_assets.core.collapse.risk_index import Component, RiskIndex, Sign
from synth_assets.core.diversity.slices import ALL, REAL, REFERENCE, SYNTHETIC, recipe_slice
from synth_assets.core.drift.schema import DRIFT_SCHEMA, MOVED_SCHEMA
from synth_assets.core.gating import GateState, GateVerdict
from synth_assets.core.schema import Origin

VALUE = "value"
ROWS = "rows"
"""Measure of the diversity table: rows of the whole slice."""

TIMES_THRESHOLD, THRESHOLD = "times threshold", "threshold"
SUSPECTS, ALARMS = "suspects", "alarms"
GATE, GATES = "gate", "gates"
WARNED, BLOCKED = "warned", "blocked"
RISK_INDEX, BITS_PER_BYTE, SCALED = "risk_index", "bits_per_byte", "scaled"
AMBER, RED = "amber", "red"
NO_AMBER_BELOW, NO_RED_BELOW = 30.0, 60.0
"""Of the risk index: one sign at amber makes it at least the former, a red one the latter."""

DIVERSITY_LABELS = ("measure", "slice")
DRIFT_LABELS = ("against", "measure", "of")
LABELS = ("measure", "of")

_HEIGHTS = {GateState.OPEN: 0.0, GateState.WARNS: 1.0, GateState.BLOCKS: 2.0}


@dataclass(frozen=True)
class SetRun:
    """What was measured of a training set in one run.

    Attributes:
        diversity: columns of `DIVERSITY_SCHEMA`.
        slice_rows: rows of each slice, see `rows_by_slice`.
        drift: columns of `DRIFT_SCHEMA`; no rows where nothing was compared.
        moved: columns of `MOVED_SCHEMA`.
        canary: columns of `CANARY_SCHEMA`; no rows where nothing could be measured.
        bits_per_byte: held-out loss of each of the canary's students, by what it was trained on.
        verdicts: what each gate made of the set.
        lab: columns of `CURVE_SCHEMA`, what the project's lab found last; no rows without one.
    """

    diversity: pl.DataFrame
    slice_rows: Mapping[str, int]
    drift: pl.DataFrame = field(default_factory=DRIFT_SCHEMA.to_frame)
    moved: pl.DataFrame = field(default_factory=MOVED_SCHEMA.to_frame)
    canary: pl.DataFrame = field(default_factory=CANARY_SCHEMA.to_frame)
    bits_per_byte: Mapping[str, float] = field(default_factory=dict[str, float])
    verdicts: Sequence[GateVerdict] = ()
    lab: pl.DataFrame = field(default_factory=CURVE_SCHEMA.to_frame)

    @property
    def blocking(self) -> list[str]:
        """Names of the gates that keep it from being exported."""
        blocks = GateState.BLOCKS
        return [each.gate.value for each in self.verdicts if each.state is blocks]


def rows_by_slice(rows: pl.DataFrame, reference: pl.DataFrame | None = None) -> dict[str, int]:
    """How many rows each slice has; slices without rows are left out.

    Args:
        rows: columns of `SAMPLE_SCHEMA`.
        reference: rows that it is compared to.
    """
    origins = dict(rows["origin"].value_counts().iter_rows())
    recipes = rows.filter(pl.col("recipe") != "")["recipe"].value_counts()
    counts = {
        ALL: rows.height,
        REAL: int(origins.get(Origin.REAL, 0)),
        SYNTHETIC: int(origins.get(Origin.SYNTHETIC, 0)),
        REFERENCE: 0 if reference is None else reference.height,
        **{recipe_slice(name): count for name, count in recipes.sort("recipe").iter_rows()},
    }
    return {name: count for name, count in counts.items() if count}


def diversity_figures(run: SetRun) -> pl.DataFrame:
    """Labels `DIVERSITY_LABELS`: each metric of each slice, and how many rows that has."""
    counts = [(ROWS, name, float(count)) for name, count in run.slice_rows.items()]
    measured = run.diversity.select("metric", "slice", "value").drop_nulls().iter_rows()
    return labelled(DIVERSITY_LABELS, [*measured, *counts])


def drift_figures(run: SetRun) -> pl.DataFrame:
    """Labels `DRIFT_LABELS`: effect sizes over their thresholds, and counts of what is beyond.

    Over the threshold, so that measures of different units stand beside one line, which is 1.
    """
    return labelled(DRIFT_LABELS, list(_drift(run.drift)))


def _drift(drift: pl.DataFrame) -> Iterator[tuple[str, str, str, float]]:
    sized = drift.filter((pl.col("threshold") > 0) & pl.col("value").is_finite())
    for against, measure, column, value, threshold in sized.select(
        "against", "measure", "column", "value", "threshold"
    ).iter_rows():
        yield against, measure, column, value / threshold
    for [against], part in sized.partition_by("against", as_dict=True).items():
        yield str(against), THRESHOLD, TIMES_THRESHOLD, 1.0
        yield str(against), SUSPECTS, SUSPECTS, float(part["suspect"].sum())
        yield str(against), ALARMS, ALARMS, float(part["alarm"].sum())


def gate_figures(run: SetRun) -> pl.DataFrame:
    """Labels `LABELS`: how many gates warned and blocked, and which.

    Of each gate 0 where it is open, 1 where it warns, 2 where it blocks.
    """
    states = [each.state for each in run.verdicts]
    counts = [
        (GATES, of, float(states.count(state)))
        for of, state in ((WARNED, GateState.WARNS), (BLOCKED, GateState.BLOCKS))
    ]
    of_each = [(GATE, each.gate.value, _HEIGHTS[each.state]) for each in run.verdicts]
    return labelled(LABELS, [*of_each, *counts] if states else [])


def collapse_figures(run: SetRun) -> pl.DataFrame:
    """Labels `LABELS`: each sign beside amber and red, the risk index, losses of the students."""
    return labelled(LABELS, list(_collapse(run)))


def _collapse(run: SetRun) -> Iterator[tuple[str, str, float]]:
    for trained, loss in run.bits_per_byte.items():
        yield BITS_PER_BYTE, trained, loss
    index = risk_index(run.canary)
    if index is None:
        return
    yield RISK_INDEX, RISK_INDEX, index
    yield RISK_INDEX, AMBER, NO_AMBER_BELOW
    yield RISK_INDEX, RED, NO_RED_BELOW
    signs = run.canary.select("sign", VALUE, AMBER, RED, SCALED)
    for sign, value, amber, red, scaled in signs.iter_rows():
        yield from ((sign, VALUE, value), (sign, AMBER, amber), (sign, RED, red))
        yield SCALED, sign, scaled
    yield from ((SCALED, AMBER, 0.5), (SCALED, RED, 1.0))


def risk_index(canary: pl.DataFrame) -> float | None:
    """The index of what a canary measured, 0 to 100; none where it measured nothing.

    Args:
        canary: columns of `CANARY_SCHEMA`.
    """
    known = canary.filter(pl.col("sign").is_in([sign.value for sign in Sign]))
    signs = known.select("sign", "value").sort("sign").iter_rows()
    components = [Component(Sign(sign), value) for sign, value in signs]
    worst_first = sorted(components, key=lambda each: -each.scaled)
    return RiskIndex(tuple(worst_first)).value if worst_first else None


def labelled(labels: Sequence[str], rows: Sequence[tuple[object, ...]]) -> pl.DataFrame:
    """A table of labels and `VALUE`; rows without a number are left out."""
    schema = {**dict.fromkeys(labels, pl.String), VALUE: pl.Float64}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.filter(pl.col(VALUE).is_finite())
