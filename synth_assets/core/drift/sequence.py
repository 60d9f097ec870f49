"""Drift over a sequence of runs: what is beyond chance, and what is confirmed.

All runs are compared with one reference, which stays: a change that creeps adds up by itself. In a
run a quantity is suspect if it is an effect worth attention and beyond chance, many quantities
being looked at (Benjamini and Hochberg). Chance is that of A/A splits; and, as soon as some runs
were seen, also what runs differ by that nobody suspects, as two unchanged runs may differ by more
than the draw of their rows (in quality control: phase I; Montgomery, «Introduction to Statistical
Quality Control»). Held-out real rows differ from any set, so beside them what is judged is how far
the set moved from where it was. Suspect in two of three runs, a quantity raises an alarm.
"""

from collections.abc import Sequence
from statistics import fmean

import polars as pl

from synth_assets.core.drift.chance import discoveries, unlike_earlier
from synth_assets.core.drift.compare import Compared, Effect, series_of
from synth_assets.core.drift.measures import Against, DriftMeasure, spec_of
from synth_assets.core.drift.schema import DRIFT_SCHEMA

FALSE_RATE = 0.05
"""Chance that an unchanged run holds any suspect quantity at all; alarms are rarer still."""

CONFIRMED_BY = 2
AMONG_RUNS = 3

_LEARNT_FROM = 8
_LEAST_EARLIER = 5
_LEAST_REAL = 3

_FIRST = "Not measured: this is the first run, later ones are compared with it."
_TOO_FEW = "Not measured: there are too few rows."


def judged(history: pl.DataFrame, compared: Sequence[Compared]) -> pl.DataFrame:
    """Judge what was measured of a run.

    Args:
        history: columns of `DRIFT_SCHEMA`, of the runs since the reference was set, oldest first.
        compared: of the run.

    Returns:
        Frame of `DRIFT_SCHEMA`, a row a quantity; all are there, also where nothing could be
        measured.
    """
    effects = [effect for each in compared for effect in each.effects]
    earlier = [_Series.of(history, effect) for effect in effects]
    chances = [series.chance(effect) for series, effect in zip(earlier, effects, strict=True)]
    # What is equal on both sides says nothing, and is not one of many looks.
    looked = [at for at, effect in enumerate(effects) if effect.noise > 0 or effect.value > 0]
    beyond = {
        at
        for at, found in zip(
            looked, discoveries([chances[at] for at in looked], FALSE_RATE), strict=True
        )
        if found
    }
    rows: list[tuple[object, ...]] = []
    for at, (series, effect) in enumerate(zip(earlier, effects, strict=True)):
        suspect = at in beyond and series.excess(effect) >= spec_of(effect.measure).threshold
        rows.append(_row(effect, compared, suspect, suspect and series.confirms))
    found = pl.DataFrame(rows, schema=DRIFT_SCHEMA, orient="row")
    return pl.concat([found, _unmeasured(compared)])


def alarms(drift: pl.DataFrame) -> pl.DataFrame:
    """The confirmed rows of a frame of `DRIFT_SCHEMA`, largest over their threshold first."""
    over = pl.col("value") / pl.col("threshold")
    return drift.filter(pl.col("alarm")).sort(over, descending=True)


class _Series:
    """One quantity over the runs since the reference was set."""

    def __init__(self, values: Sequence[float], suspects: Sequence[bool]) -> None:
        self._suspects = suspects
        calm = [value for value, odd in zip(values, suspects, strict=True) if not odd]
        self._usual = calm[:_LEARNT_FROM]

    @classmethod
    def of(cls, history: pl.DataFrame, effect: Effect) -> "_Series":
        mine = history.filter(
            (pl.col("against") == effect.against)
            & (pl.col("measure") == effect.measure)
            & (pl.col("column") == effect.column)
            & pl.col("value").is_not_null()
        )
        return cls(mine["value"].to_list(), mine["suspect"].to_list())

    @property
    def confirms(self) -> bool:
        """Whether the runs just before were suspect often enough for one more to be an alarm."""
        return sum(self._suspects[1 - AMONG_RUNS :]) >= CONFIRMED_BY - 1

    def chance(self, effect: Effect) -> float:
        """How often an unchanged run is so far off, 0..1."""
        if effect.against is Against.REAL:
            if len(self._usual) < _LEAST_REAL:
                return 1.0
            return unlike_earlier(effect.value, effect.error, self._usual)
        if len(self._usual) < _LEAST_EARLIER:
            return effect.p
        return max(effect.p, unlike_earlier(effect.value, effect.noise, self._usual))

    def excess(self, effect: Effect) -> float:
        """What is held against the threshold."""
        if effect.against is Against.EARLIER or not self._usual:
            return effect.value
        return effect.value - fmean(self._usual)


def _row(
    effect: Effect, compared: Sequence[Compared], suspect: bool, alarm: bool
) -> tuple[object, ...]:
    side = next(each for each in compared if each.against is effect.against)
    spec = spec_of(effect.measure)
    return (
        effect.against.value,
        effect.measure.value,
        effect.column,
        effect.value,
        effect.low,
        effect.high,
        effect.chance,
        spec.threshold,
        effect.p,
        side.rows_old,
        side.rows_new,
        suspect,
        alarm,
        spec.meaning.format(column=effect.column.replace("_", " ")),
    )


def _unmeasured(compared: Sequence[Compared]) -> pl.DataFrame:
    """Rows without values for what there was nothing, or too little, to compare with."""
    there = {each.against: each for each in compared}
    rows: list[tuple[object, ...]] = []
    for against in Against:
        side = there.get(against)
        if side is not None and side.effects:
            continue
        sizes = (None, None) if side is None else (side.rows_old, side.rows_new)
        why = _FIRST if side is None and against is Against.EARLIER else _TOO_FEW
        rows += [_null_row(against, *series, sizes, why) for series in series_of(against)]
    return pl.DataFrame(rows, schema=DRIFT_SCHEMA, orient="row")


def _null_row(
    against: Against,
    measure: DriftMeasure,
    column: str,
    sizes: tuple[int | None, int | None],
    why: str,
) -> tuple[object, ...]:
    threshold = spec_of(measure).threshold
    nothing = (None, None, None, None)
    return (
        against.value,
        measure.value,
        column,
        *nothing,
        threshold,
        None,
        *sizes,
        False,
        False,
        why,
    )
