import polars as pl
import pytest

from synth_assets.core.diversity.floors import FLOORS, crossed_floors
from synth_assets.core.diversity.measure import DIVERSITY_SCHEMA
from synth_assets.core.diversity.metrics import DiversityMetric


def measured(*rows):
    """Rows of slice, metric, value, error, amount."""
    return pl.DataFrame(
        [
            (name, metric, value, value - error, value + error, amount, 10 * amount)
            for name, metric, value, error, amount in rows
        ],
        DIVERSITY_SCHEMA,
        orient="row",
    )


@pytest.mark.parametrize(
    ("metric", "ours", "error", "crossed"),
    [
        ("distinct_2", 0.7, 0.01, False),
        ("distinct_2", 0.45, 0.01, True),
        ("distinct_2", 0.45, 0.1, False),  # chance would explain it
        ("distinct_2", 0.99, 0.01, True),  # noise
        ("topic_entropy", 0.35, 0.01, True),
        ("topic_entropy", 1.0, 0.01, False),
        ("response_opening_share", 1.0, 0.01, True),
        ("response_opening_share", 0.0, 0.01, False),
        ("mean_words", 500.0, 0.1, False),  # no floor
    ],
)
def test_floor_is_crossed_beyond_tolerance_and_chance(metric, ours, error, crossed):
    found = crossed_floors(
        measured(("synthetic", metric, ours, error, 200), ("reference", metric, 0.68, 0.01, 200))
    )
    assert [each.metric for each in found] == ([metric] if crossed else [])


def test_floor_of_unequal_amounts_of_text_is_not_looked_at():
    rows = (("synthetic", "distinct_2", 0.2, 0.0, 100), ("reference", "distinct_2", 0.7, 0.0, 200))
    assert crossed_floors(measured(*rows)) == ()


def test_floor_of_a_distance_is_held_beside_that_of_real_rows_to_each_other():
    ours = ("synthetic", DiversityMetric.FUNCTION_WORD_DISTANCE, 0.25, 0.01, 200)
    real = ("real", DiversityMetric.FUNCTION_WORD_DISTANCE, 0.01, 0.002, 200)
    [crossed] = crossed_floors(measured(ours, real))
    assert (crossed.value, crossed.of_real) == (0.25, 0.01)
    assert crossed_floors(measured(ours)) == ()


def test_crossed_floors_come_clearest_first_and_say_what_and_why():
    rows = [
        (name, metric, value, 0.01, 200)
        for name, metric, value in (
            ("synthetic", "distinct_2", 0.4),
            ("reference", "distinct_2", 0.7),
            ("synthetic", "vendi", 10.0),
            ("reference", "vendi", 140.0),
        )
    ]
    found = crossed_floors(measured(*rows))
    assert [each.metric for each in found] == ["vendi", "distinct_2"]
    assert found[1].told == (
        "Different word pairs (distinct-2): 0.4, real rows 0.7 (share of all word pairs, 0 to 1); "
        "below by more than 0.3 of it and chance (sharpened writing is below, noise above: both "
        "are collapse)."
    )
    assert all(floor.rationale for floor in FLOORS.values())
