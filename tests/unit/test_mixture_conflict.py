from itertools import combinations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.mixture.bounds import Clause
from synth_assets.core.mixture.compose import compose, why_infeasible
from synth_assets.core.mixture.smallest_conflict import irreducible, smallest_conflict
from synth_assets.errors import MixtureInfeasibleError
from tests.mixture_rows import candidates, plain_standing


def conflict_of(samples, **said):
    mixture = Mixture.model_validate({"id": "mix", **said})
    return why_infeasible(samples, mixture, plain_standing(samples))


def mends_of(conflict):
    return [mend.told(conflict.mixture) for mend in conflict.mends]


def with_topics(samples, *topics):
    """Rows in turn of each topic."""
    number = pl.int_range(pl.len()) % len(topics)
    topic = number.replace_strict(dict(enumerate(topics)), return_dtype=pl.String)
    return samples.with_columns(pl.format('{{"topic": "{}"}}', topic).alias("attributes"))


def test_conflict_of_too_few_real_rows_names_the_smallest_set_and_every_mend():
    samples = candidates(260, math__scholar=1_000)
    conflict = conflict_of(samples, rows=1_000, synthetic_share=0.7)
    assert conflict.clauses == (Clause("rows", "at_least"), Clause("synthetic_share", "at_most"))
    assert [(each.kind, each.rows) for each in conflict.scarce] == [("real rows", 260)]
    assert mends_of(conflict) == [
        "40 more real rows",
        "rows: 869 instead of 1000",
        "synthetic_share: 0.74 instead of 0.7",
        "repeats.real: 2 instead of 1",
    ]
    assert conflict.told == (
        "Mixture mix cannot be met. What conflicts: rows: 1000; synthetic_share: 0.7; there are "
        "260 real rows. It needs 40 more real rows; or rows: 869 instead of 1000; or "
        "synthetic_share: 0.74 instead of 0.7; or repeats.real: 2 instead of 1."
    )


@pytest.mark.parametrize(
    ("samples", "said", "mends"),
    [
        (
            candidates(500, math__t=60),
            {"rows": 400, "synthetic_share": 0.5},
            ["140 more synthetic rows", "rows: 120 instead of 400",
             "synthetic_share: 0.15 instead of 0.5"],
        ),
        (
            candidates(500, a__one=500, a__two=10),
            {"rows": 100, "synthetic_share": 0.5, "teacher_cap": 0.6},
            ["10 more synthetic rows other than rows of teacher one", "rows: 55 instead of 100",
             "synthetic_share: 0.25 instead of 0.5", "teacher_cap: 0.8 instead of 0.6"],
        ),
        (
            candidates(9),
            {"synthetic_share": 0.5},
            ["1 more synthetic row", "synthetic_share: 0 instead of 0.5"],
        ),
        (
            candidates(math__t=9),
            {},
            ["1 more real row", "pure_synthetic_because: with your reason"],
        ),
        (
            candidates(9, math__t=9),
            {"max_depth": 1, "rows": 20},
            ["2 more rows", "rows: 18 instead of 20", "repeats.real: 2 instead of 1"],
        ),
        (
            candidates(9, math__t=9),
            {"synthetic_share": 0.5, "distinct_teachers": {"at_least": 2}, "rows": 10},
            ["1 more synthetic row of other teachers", "distinct_teachers: 1 instead of 2"],
        ),
        (
            candidates(90, a__t=4, b__t=50),
            {"rows": 60, "synthetic_share": 0.5, "weights": {"recipe": {"a": 1, "b": 1}}},
            ["11 more rows of recipe a", "rows: 19 instead of 60",
             "synthetic_share: 0.16 instead of 0.5", "no weights by recipe"],
        ),
    ],
)  # fmt: skip
def test_conflict_offers_every_single_change_that_does(samples, said, mends):
    assert mends_of(conflict_of(samples, **said)) == mends


def test_conflict_of_quotas_at_odds_needs_no_supply():
    samples = with_topics(candidates(100), "fractions", "decimals")
    conflict = conflict_of(
        samples,
        rows=50,
        quotas=(
            {"where": {"attribute.topic": "fractions"}, "share": {"at_least": 0.6}},
            {"where": {"attribute.topic": ["fractions"]}, "rows": {"at_most": 20}},
        ),
    )
    assert conflict.scarce == ()
    assert [clause.place for clause in conflict.clauses] == ["rows", "quotas[0]", "quotas[1]"]
    assert mends_of(conflict)[-1] == ("quota 2 (topic fractions): rows at_most 30 instead of 20")


def test_conflict_of_a_quota_on_a_value_that_nobody_has_asks_for_such_rows():
    samples = with_topics(candidates(50, math__t=50), "fractions", "decimals")
    quota = {"where": {"attribute.topic": "geometry"}, "share": {"at_least": 0.1}}
    conflict = conflict_of(samples, rows=40, quotas=(quota,))
    assert mends_of(conflict) == [
        "4 more rows of topic geometry",
        "quota 1 (topic geometry): share at_least 0 instead of 0.1",
    ]


def test_conflict_that_no_single_change_mends_is_mended_by_several():
    samples = with_topics(candidates(50, math__t=50), "x", "y")
    conflict = conflict_of(
        samples,
        rows=20,
        quotas=(
            {"where": {"attribute.topic": "x"}, "share": {"at_least": 0.6}},
            {"where": {"attribute.topic": "x"}, "share": {"at_most": 0.4}},
            {"where": {"origin": "real"}, "share": {"at_least": 0.6}},
            {"where": {"origin": "real"}, "share": {"at_most": 0.3}},
        ),
    )
    [mend] = conflict.mends
    assert len(mend.changes) == 2
    mended = mend.applied(conflict.mixture)
    assert compose(samples, mended, plain_standing(samples)).kept.height == 20


def test_conflict_is_what_the_error_says():
    samples = candidates(5, math__t=5)
    mixture = Mixture(id="mix", rows=20)
    with pytest.raises(MixtureInfeasibleError) as caught:
        compose(samples, mixture, plain_standing(samples))
    assert str(caught.value) == conflict_of(samples, rows=20).told
    assert "there are 10 rows. It needs 10 more rows; or rows: 10 instead of 20" in str(
        caught.value
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sets(st.integers(0, 6), min_size=1, max_size=4), min_size=1, max_size=6))
def test_smallest_conflict_is_the_smallest_of_all(conflicts):
    def can_hold(numbers):
        return not any(conflict <= set(numbers) for conflict in conflicts)

    found = smallest_conflict(range(7), can_hold)
    assert not can_hold(found)
    smaller = combinations(range(7), len(found) - 1)
    assert all(can_hold(numbers) for numbers in smaller)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sets(st.integers(0, 20), min_size=1, max_size=4), min_size=1, max_size=6))
def test_irreducible_conflict_loses_none_of_its_constraints(conflicts):
    def conflict(numbers):
        return any(each <= set(numbers) for each in conflicts)

    found = irreducible(range(21), conflict)
    assert conflict(found)
    assert not any(conflict([n for n in found if n != left_out]) for left_out in found)
