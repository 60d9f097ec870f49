from datetime import UTC, datetime, timedelta

from synth_assets.resources.dashboards.stored import shown_places

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def test_shown_places_of_a_few_runs_are_all():
    assert shown_places([MONDAY + timedelta(hours=n) for n in range(90)]) == list(range(90))


def test_shown_places_of_a_year_are_the_last_ninety_and_one_a_week_before():
    moments = [MONDAY + timedelta(days=n) for n in range(365)]
    places = shown_places(moments)
    assert places == sorted(places)
    assert places[-90:] == list(range(275, 365))
    older = places[:-90]
    # Sundays, the last of each week, and the last of the week that the ninety begin in.
    assert older == [*range(6, 275, 7), 274]
    assert len({moments[place].isocalendar()[:2] for place in older}) == len(older)
