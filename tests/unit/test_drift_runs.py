from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from synth_assets.core.drift.schema import DRIFT_SCHEMA, MOVED_SCHEMA, RUNS_SCHEMA
from synth_assets.errors import UnknownNameError
from synth_assets.resources.drift.runs import DriftReport, DriftRuns
from synth_assets.resources.home import Home
from tests.unit.drift_texts import WordBuckets, gsm8k_window, templated

_ROWS = 120
_START = datetime(2026, 11, 1, tzinfo=UTC)


class _Days:
    """A mixture's runs, one a day."""

    def __init__(self, home: Path, data: Path) -> None:
        self.runs = DriftRuns.of(Home(home), "default")
        self._data, self._day = data, 0

    def rows(self, day: int) -> pl.DataFrame:
        """What was made on a day; no row comes twice."""
        return gsm8k_window(self._data, _ROWS * (day + 1), _ROWS)

    def run(self, rows: pl.DataFrame) -> DriftReport:
        """Measure a set."""
        self._day += 1
        at = _START + timedelta(days=self._day)
        real = gsm8k_window(self._data, 0, _ROWS)
        return self.runs.measure(rows, real, at, WordBuckets())


@pytest.fixture
def days(tmp_path: Path, shared_data: Path) -> _Days:
    return _Days(tmp_path, shared_data)


def _alarms(report: DriftReport) -> set[str]:
    return set(report.drift.filter("alarm", against="earlier")["column"])


def test_first_run_has_nothing_earlier_and_is_compared_with_real_rows(days: _Days):
    report = days.run(days.rows(1))
    assert report.drift.filter(against="earlier")["value"].is_null().all()
    assert report.drift.filter(against="real")["value"].null_count() == 0
    assert not report.drift["suspect"].any()
    assert set(report.moved["against"]) == {"real"}


def test_change_that_lasts_is_an_alarm_until_it_is_accepted(days: _Days):
    days.run(days.rows(1))
    calm = days.run(days.rows(2))
    assert not calm.drift["suspect"].any()
    first = days.run(templated(days.rows(3)))
    assert first.drift.filter("suspect")["column"].is_in(["opening"]).any()
    assert _alarms(first) == set()
    second, third = (days.run(templated(days.rows(day))) for day in (4, 5))
    assert "opening" in _alarms(second) & _alarms(third)
    assert days.runs.accept() == 5
    assert not days.run(templated(days.rows(6))).drift["suspect"].any()
    back = [days.run(days.rows(day)) for day in (7, 8)]
    assert "opening" in _alarms(back[1])


def test_same_content_again_is_no_new_run(days: _Days):
    days.run(days.rows(1))
    days.run(templated(days.rows(2)))
    told = days.run(templated(days.rows(3)))
    again = days.run(templated(days.rows(3)).reverse())
    assert (told.run, told.is_new) == (3, True)
    assert (again.run, again.is_new) == (3, False)
    assert again.drift.equals(told.drift)
    assert days.runs.history["run"].unique().to_list() == [1, 2, 3]


def test_alarm_accepted_is_lifted_from_the_same_content(days: _Days):
    days.run(days.rows(1))
    days.run(templated(days.rows(2)))
    changed = templated(days.rows(3))
    assert _alarms(days.run(changed))
    days.runs.accept()
    again = days.run(changed)
    assert (again.run, again.is_new) == (4, True)
    assert not again.drift["suspect"].any()


def test_history_and_moved_rows_are_kept_for_who_draws_them(days: _Days):
    assert days.runs.history.schema == RUNS_SCHEMA
    assert days.runs.moved.schema == MOVED_SCHEMA
    days.run(days.rows(1))
    report = days.run(templated(days.rows(2)))
    history = days.runs.history
    assert history.schema == RUNS_SCHEMA
    assert history["at"].unique().to_list() == [_START + timedelta(days=n) for n in (1, 2)]
    assert history.filter(run=2).select(DRIFT_SCHEMA.names()).equals(report.drift)
    assert days.runs.moved.equals(report.moved)
    surest = report.moved.filter(against="earlier", direction="new")
    assert surest.height == 20
    assert surest["response"][0].startswith("Sure, I would be happy")


def test_runs_of_another_mixture_are_not_mixed_in(days: _Days, tmp_path: Path):
    days.run(days.rows(1))
    assert DriftRuns.of(Home(tmp_path), "other").history.is_empty()


def test_accepting_a_mixture_that_never_ran_says_what_to_do(days: _Days):
    with pytest.raises(UnknownNameError, match="Materialize drift_reports"):
        days.runs.accept()
