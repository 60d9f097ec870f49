import json
import math
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from synth_assets.core.coverage.shares import (
    CELL_SCHEMA,
    COVERAGE_SCHEMA,
    DISTANCE_SCHEMA,
    CameThrough,
    ValueGap,
    cell_key,
    planned_against_achieved,
)
from synth_assets.errors import ConfigurationError, StageContractError

LEVELS = {"level": {"easy": 0.5, "hard": 0.5}}


def plan(*attributes):
    rows = [(f"s{i}", json.dumps(drawn)) for i, drawn in enumerate(attributes)]
    schema = {"sample_id": pl.String, "attributes": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def came(generated=(), verified=(), kept=()):
    return CameThrough(*(frozenset(f"s{i}" for i in ids) for ids in (generated, verified, kept)))


def four_levels():
    # s0 easy, s1 easy, s2 hard, s3 hard; the hard ones are lost on the way.
    return plan({"level": "easy"}, {"level": "easy"}, {"level": "hard"}, {"level": "hard"})


def test_planned_against_achieved_of_lost_hard_rows_counts_each_step():
    found = planned_against_achieved(
        four_levels(), came([0, 1, 2, 3], [0, 1, 2], [0, 1]), LEVELS
    ).values
    assert found.schema == COVERAGE_SCHEMA
    assert found.rows() == [
        ("level", "easy", 0.5, 2, 2, 2, 2, 2, 0.5, 1.0, 1.0, 0.5),
        ("level", "hard", 0.5, 2, 2, 1, 0, 0, 0.5, 0.0, 0.0, -0.5),
    ]


def test_planned_against_achieved_of_lost_hard_rows_names_gap_distance_and_unreached():
    found = planned_against_achieved(four_levels(), came([0, 1, 2], [0, 1], [0, 1]), LEVELS)
    assert found.largest_gap == ValueGap("level", "easy", 0.5, 1.0)
    assert found.largest_gap.gap == 0.5
    assert found.unreached["value"].to_list() == ["hard"]
    assert found.distances.schema == DISTANCE_SCHEMA
    assert found.distances.rows() == [("level", 0.0, 0.5, 0.5)]


def test_planned_against_achieved_of_several_rows_a_sample_weighs_each_row():
    through = replace(
        came([0, 1, 2, 3], [0, 1, 2], [0, 2]), rows=[{"level": "easy"}, *[{"level": "hard"}] * 3]
    )
    found = planned_against_achieved(four_levels(), through, LEVELS, ("level",))
    assert found.values.select(
        "value", "kept", "rows", "kept_share", "row_share", "gap"
    ).rows() == [
        ("easy", 1, 1, 0.5, 0.25, -0.25),
        ("hard", 1, 3, 0.5, 0.75, 0.25),
    ]
    assert found.distances.rows() == [("level", 0.0, 0.0, 0.25)]
    assert found.cells.select("kept", "rows", "lacking").rows() == [(1, 1, 0), (1, 3, 0)]


def test_planned_against_achieved_of_what_rows_alone_tell_has_no_samples():
    through = replace(came(kept=[0]), rows=[{"style": "x", "kind": 7}, {"style": "x"}, {}])
    told = {"style": {"x": 3, "y": 1}, "kind": {}, "nowhere": {"z": 1}}
    found = planned_against_achieved(four_levels(), through, {}, of_rows=told).values
    columns = ("attribute", "value", "target_share", "planned", "kept", "rows", "row_share", "gap")
    assert found.select(columns).rows() == [
        ("kind", "7", None, None, None, 1, 1.0, None),
        ("style", "x", 0.75, None, None, 2, 1.0, 0.25),
        ("style", "y", 0.25, None, None, 0, 0.0, -0.25),
    ]


def test_planned_against_achieved_of_weights_takes_their_proportion():
    found = planned_against_achieved(
        four_levels(), came([], [], [0, 1, 2, 3]), {"level": {"easy": 3, "hard": 1}}
    )
    assert found.values["target_share"].to_list() == [0.75, 0.25]
    assert found.distances.rows() == [("level", 0.25, 0.0, 0.25)]


def test_planned_against_achieved_with_nothing_kept_has_no_shares():
    found = planned_against_achieved(four_levels(), came(), LEVELS)
    assert found.values["kept_share"].to_list() == [None, None]
    assert found.largest_gap is None
    assert found.unreached.height == 2
    assert found.distances.rows() == [("level", 0.0, None, None)]


def test_planned_against_achieved_without_a_plan_keeps_the_targets():
    found = planned_against_achieved(plan(), came(), LEVELS, ("level",))
    assert found.values["planned"].to_list() == [0, 0]
    assert found.holes["cell"].to_list() == ['{"level":"easy"}', '{"level":"hard"}']


def test_planned_against_achieved_of_conditional_attribute_shares_among_rows_that_have_it():
    planned = plan({"error": "typo"}, {"error": "slang"}, {"level": "easy"}, {"error": "typo"})
    found = planned_against_achieved(
        planned, came(kept=[0, 1, 2]), {"error": {"typo": 1, "slang": 1}}
    )
    assert found.values.select("value", "planned", "kept_share").rows() == [
        ("slang", 1, 0.5),
        ("typo", 2, 0.5),
    ]


def test_planned_against_achieved_of_value_without_target_stands_with_target_zero():
    found = planned_against_achieved(
        plan({"level": "easy"}, {"level": "absurd"}), came(kept=[0, 1]), LEVELS
    )
    assert found.values.select("value", "target_share", "gap").rows() == [
        ("absurd", 0.0, 0.5),
        ("easy", 0.5, 0.0),
        ("hard", 0.5, -0.5),
    ]


def test_planned_against_achieved_of_ids_of_other_recipes_ignores_them():
    through = CameThrough.of_frames(
        *(pl.DataFrame({"sample_id": ["s0", "other", "real"]}) for _ in range(3))
    )
    found = planned_against_achieved(plan({"level": "easy"}), through, LEVELS)
    assert found.values["kept"].sum() == 1


def test_planned_against_achieved_of_values_that_are_no_text_reads_them_as_json():
    found = planned_against_achieved(
        plan({"turns": 2}, {"turns": True}), came(), {"turns": {"2": 1, "true": 1}}
    )
    assert found.values["planned"].to_list() == [1, 1]


def test_planned_against_achieved_of_joint_cells_shows_holes_never_planned_and_lost():
    planned = plan(
        {"level": "easy", "form": "a"},
        {"level": "easy", "form": "a"},
        {"level": "hard", "form": "b"},
    )
    targets = {**LEVELS, "form": {"a": 1, "b": 1, "never": 0}}
    found = planned_against_achieved(planned, came([0, 2], [0, 2], [0]), targets, ("level", "form"))
    assert found.cells.schema == CELL_SCHEMA
    assert found.cells.rows() == [
        ('{"form":"a","level":"easy"}', 1, 2, 1, 1, 1, 1, 0),
        ('{"form":"a","level":"hard"}', 1, 0, 0, 0, 0, 0, 1),
        ('{"form":"b","level":"easy"}', 1, 0, 0, 0, 0, 0, 1),
        ('{"form":"b","level":"hard"}', 1, 1, 1, 1, 0, 0, 1),
    ]
    assert found.holes.height == 3


def test_planned_against_achieved_with_quotas_lists_what_lacks_most_first():
    planned = plan(*[{"level": "easy"}] * 3, {"level": "hard"}, {"other": "x"})
    quotas = {cell_key({"level": "easy"}): 5, cell_key({"level": "forbidden"}): 0}
    found = planned_against_achieved(planned, came(kept=[0, 1]), {}, ("level",), quotas)
    assert found.holes.select("cell", "quota", "kept", "lacking").rows() == [
        ('{"level":"easy"}', 5, 2, 3),
    ], "what has no quota is no hole, though some were planned"
    assert '{"level":"forbidden"}' in found.cells["cell"]


@pytest.mark.parametrize("weights", [{}, {"a": 0}, {"a": -1, "b": 3}, {"a": math.nan}])
def test_planned_against_achieved_of_weights_without_proportion_names_the_attribute(weights):
    with pytest.raises(ConfigurationError, match="Targets of tone"):
        planned_against_achieved(plan(), came(), {"tone": weights})


def test_planned_against_achieved_of_too_many_or_unknown_cells_says_what_to_do():
    targets = {name: {str(i): 1 for i in range(101)} for name in "abc"}
    with pytest.raises(ConfigurationError, match=r"1,030,301 cells.*give quotas"):
        planned_against_achieved(plan(), came(), targets, "abc")
    with pytest.raises(ConfigurationError, match="d has no target"):
        planned_against_achieved(plan(), came(), targets, ("a", "d"))


@pytest.mark.parametrize("attributes", ["", "[1]", "{", "null", None])
def test_planned_against_achieved_of_attributes_that_are_no_object_is_refused(attributes):
    broken = pl.DataFrame(
        {"sample_id": ["s0"], "attributes": [attributes]},
        schema={"sample_id": pl.String, "attributes": pl.String},
    )
    with pytest.raises(StageContractError, match="no JSON object"):
        planned_against_achieved(broken, came(), LEVELS)


def test_planned_against_achieved_of_sample_planned_twice_is_refused():
    twice = pl.concat([four_levels(), four_levels().head(1)])
    with pytest.raises(StageContractError, match="s0 is planned more than once"):
        planned_against_achieved(twice, came(), LEVELS)


@given(
    st.lists(
        st.fixed_dictionaries({}, optional={"a": st.sampled_from("xyé😀"), "b": st.just("1")})
    ),
    st.sets(st.integers(0, 20)),
    st.randoms(),
)
def test_planned_against_achieved_of_any_plan_sums_to_one_in_any_order(drawn, kept, random):
    planned = plan(*drawn)
    targets = {"a": {"x": 2, "y": 1}, "b": {"1": 1}}
    found = planned_against_achieved(planned, came(kept, kept, kept), targets, ("a", "b"))
    for name in targets:
        part = found.values.filter(pl.col("attribute") == name)
        having = sum(name in one for one in drawn)
        assert part["planned"].sum() == having
        assert part["target_share"].sum() == pytest.approx(1)
        assert part["kept_share"].sum() == pytest.approx(1 if part["kept"].sum() else 0)
    assert found.cells["planned"].sum() == len(drawn)
    for column in DISTANCE_SCHEMA.names()[1:]:
        assert all(0 <= far <= 1 + 1e-9 for far in found.distances[column].drop_nulls())
    shuffled = planned.sample(fraction=1, shuffle=True, seed=random.randint(0, 99))
    again = planned_against_achieved(shuffled, came(kept, kept, kept), targets, ("a", "b"))
    assert_frame_equal(again.values, found.values)
    assert_frame_equal(again.cells, found.cells)
