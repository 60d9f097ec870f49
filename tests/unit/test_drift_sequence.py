from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from synth_assets.core.drift.compare import Compared, Effect
from synth_assets.core.drift.measures import Against, DriftMeasure
from synth_assets.core.drift.schema import DRIFT_SCHEMA, MOVED_SCHEMA
from synth_assets.core.drift.sequence import alarms, judged

_CALM = Effect(
    against=Against.EARLIER,
    measure=DriftMeasure.POPULATION_STABILITY,
    column="response_words",
    value=0.01,
    low=-0.02,
    high=0.04,
    chance=0.02,
    noise=0.015,
    p=0.3,
)
_MOVED = replace(_CALM, value=0.5, low=0.4, high=0.6, p=1e-9)
_OTHER = replace(_MOVED, column="teacher")
_REAL = replace(_CALM, against=Against.REAL, value=0.8, low=0.77, high=0.83, p=1e-20)


def _watched(runs: Sequence[Sequence[Effect]]) -> list[pl.DataFrame]:
    """What is told of each run, judged after those before."""
    history, told = DRIFT_SCHEMA.to_frame(), list[pl.DataFrame]()
    for effects in runs:
        sides = {effect.against for effect in effects}
        compared = [
            Compared(
                side,
                900,
                1_000,
                tuple(effect for effect in effects if effect.against is side),
                MOVED_SCHEMA.to_frame(),
            )
            for side in sides
        ]
        told.append(judged(history, compared))
        history = pl.concat([history, told[-1]])
    return told


def _flags(told: Sequence[pl.DataFrame], flag: str) -> list[bool]:
    return [bool(frame[flag].any()) for frame in told]


def test_change_is_suspect_at_once_and_an_alarm_in_the_second_run():
    told = _watched([[_CALM], [_MOVED], [_MOVED], [_MOVED]])
    assert _flags(told, "suspect") == [False, True, True, True]
    assert _flags(told, "alarm") == [False, False, True, True]


def test_one_odd_run_raises_no_alarm():
    told = _watched([[_CALM], [_MOVED], [_CALM], [_CALM], [_MOVED]])
    assert not any(_flags(told, "alarm"))


def test_two_odd_runs_of_three_raise_an_alarm():
    told = _watched([[_CALM], [_MOVED], [_CALM], [_MOVED]])
    assert _flags(told, "alarm") == [False, False, False, True]


def test_two_odd_runs_of_different_quantities_raise_no_alarm():
    told = _watched([[_CALM], [_MOVED], [_OTHER]])
    assert _flags(told, "suspect") == [False, True, True]
    assert not any(_flags(told, "alarm"))


def test_change_below_its_threshold_is_not_suspect_however_sure():
    small = replace(_CALM, value=0.09, p=1e-30)
    assert _flags(_watched([[small], [small]]), "suspect") == [False, False]


def test_change_that_chance_explains_is_not_suspect_however_large():
    lucky = replace(_MOVED, p=0.2)
    assert _flags(_watched([[lucky], [lucky]]), "suspect") == [False, False]


def test_runs_that_always_differed_by_more_than_chance_set_the_level():
    calm = replace(_CALM, noise=0.03)
    restless = [replace(calm, value=value) for value in (0.0, 0.095, 0.01, 0.095, 0.05)]
    beyond = replace(calm, value=0.105, p=1e-6)
    assert _flags(_watched([*([each] for each in restless), [beyond]]), "suspect")[-1] is False
    assert _flags(_watched([*([calm] for _ in restless), [beyond]]), "suspect")[-1] is True


def test_distance_to_real_rows_is_judged_by_how_far_it_grew():
    farther = replace(_REAL, value=1.3, low=1.25, high=1.35)
    nearer = replace(_REAL, value=0.2, low=0.15, high=0.25)
    steady = [[_CALM, _REAL]] * 4
    assert not any(_flags(_watched(steady), "suspect"))
    assert _flags(_watched([*steady, [_CALM, farther]]), "suspect")[-1] is True
    assert _flags(_watched([*steady, [_CALM, nearer]]), "suspect")[-1] is False
    assert _flags(_watched([[_CALM, _REAL], [_CALM, farther]]), "suspect")[-1] is False


def test_first_run_has_null_rows_that_say_so():
    [told] = _watched([[_REAL]])
    earlier = told.filter(against="earlier")
    assert earlier.height == 15
    assert earlier["value"].is_null().all()
    assert earlier["meaning"].unique().to_list() == [
        "Not measured: this is the first run, later ones are compared with it."
    ]
    assert told.schema == DRIFT_SCHEMA


def test_alarms_come_largest_over_their_threshold_first():
    larger = replace(_OTHER, value=2.0)
    told = _watched([[_MOVED, larger]] * 2)
    assert alarms(told[-1])["column"].to_list() == ["teacher", "response_words"]
