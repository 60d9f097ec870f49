from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.mixture.compose import compose, why_infeasible
from synth_assets.core.mixture.policy import policy_faults
from synth_assets.core.mixture.risk import RiskBand
from synth_assets.core.schema import SAMPLE_SCHEMA, TRAINING_SCHEMA, Origin, Reason, Stage
from synth_assets.errors import MixtureInfeasibleError
from tests.mixture_rows import candidates, plain_standing
from tests.samples import frame_of, real_row, reasons_of, synthetic_row

NO_REAL = "the student has seen the human text"


def mixture(share=None, **other):
    shared = {} if share is None else {"synthetic_share": share}
    return Mixture.model_validate({"id": "mix", **shared, **other})


def composed(samples, policy, standing=None, **other):
    standing = plain_standing(samples) if standing is None else standing
    return compose(samples, policy, standing, **other)


def counts(rows, column):
    return dict(Counter(rows.filter(pl.col("origin") == Origin.SYNTHETIC)[column]))


def test_compose_meets_rows_and_share():
    result = composed(candidates(100, math__scholar=100), mixture(0.3, rows=50))
    assert dict(Counter(result.kept["origin"])) == {"real": 35, "synthetic": 15}
    assert result.kept.schema == TRAINING_SCHEMA
    assert result.reasons == {Reason.BEYOND_TARGET: 150}
    assert set(result.decisions.select("stage", "partition").iter_rows()) == {
        (Stage.MIX, mixture(0.3, rows=50).key)
    }


def test_compose_without_rows_takes_as_many_as_the_bounds_allow():
    result = composed(candidates(30, math__scholar=100), mixture(0.5))
    assert dict(Counter(result.kept["origin"])) == {"real": 30, "synthetic": 31}


def test_compose_without_a_share_takes_origins_as_there_are_candidates():
    result = composed(candidates(300, math__scholar=100), mixture(rows=40))
    assert dict(Counter(result.kept["origin"])) == {"real": 30, "synthetic": 10}


def test_compose_within_a_range_of_shares_stays_as_near_to_the_candidates_as_it_can():
    share = {"at_least": 0.6, "at_most": 0.8}
    result = composed(candidates(300, math__scholar=100), mixture(share, rows=40))
    assert dict(Counter(result.kept["origin"])) == {"real": 16, "synthetic": 24}


def test_compose_shares_rows_among_recipes_and_hands_on_what_one_lacks():
    samples = candidates(100, a__t=4, b__t=50, c__t=50)
    kept = composed(samples, mixture(0.5, rows=48)).kept
    assert counts(kept, "recipe") == {"a": 4, "b": 10, "c": 10}


def test_compose_shares_real_rows_among_sources():
    samples = candidates({"few": 3, "many": 50}, a__t=50)
    kept = composed(samples, mixture(0.5, rows=40)).kept
    assert Counter(kept.filter(pl.col("origin") == "real")["source"]) == {"few": 3, "many": 17}


def test_compose_caps_a_teacher_and_says_so():
    samples = candidates(100, math__scholar=90, math__clerk=60)
    result = composed(samples, mixture(0.5, rows=100, teacher_cap=0.52))
    assert counts(result.kept, "teacher") == {"scholar": 26, "clerk": 24}
    assert result.reasons == {Reason.BEYOND_TARGET: 50 + 36, Reason.TEACHER_CAP: 64}


def test_compose_caps_a_family_and_says_so():
    samples = candidates(100, math__scholar=90, math__clerk=60, math__other=40)
    standing = plain_standing(samples, {"scholar": "one", "clerk": "one", "other": "two"})
    result = composed(samples, mixture(0.5, rows=60, family_cap=0.6), standing)
    assert counts(result.kept, "teacher")["other"] == 12
    assert result.reasons[Reason.QUOTA_FILLED] == 150 - 18


def test_compose_keeps_recipes_even_where_only_one_teacher_serves_one_of_them():
    samples = candidates(40, a__one=40, a__two=40, b__one=40)
    kept = composed(samples, mixture(0.5, rows=40, teacher_cap=0.5)).kept
    assert counts(kept, "recipe") == {"a": 10, "b": 10}
    assert counts(kept, "teacher") == {"one": 10, "two": 10}


def test_compose_gives_a_recipe_what_bounds_leave_the_others():
    samples = candidates(90, a__one=90, b__one=90, c__two=90)
    policy = mixture(0.5, rows=60, quotas=({"where": {"recipe": "a"}, "rows": {"at_most": 4}},))
    assert counts(composed(samples, policy).kept, "recipe") == {"a": 4, "b": 13, "c": 13}


def test_compose_requires_distinct_teachers():
    samples = candidates(100, math__scholar=990, math__clerk=10, math__third=3)
    wanted = {"at_least": 2, "least_share": 0.2}
    kept = composed(samples, mixture(0.5, rows=80, distinct_teachers=wanted)).kept
    assert counts(kept, "teacher")["clerk"] == 8


def test_compose_weights_set_proportions():
    samples = candidates(50, a__t=50, b__t=50, c__t=50)
    policy = mixture(0.5, rows=60, weights={"recipe": {"a": 3, "b": 1.5, "c": 0.5}})
    assert counts(composed(samples, policy).kept, "recipe") == {"a": 18, "b": 9, "c": 3}


def test_compose_leaves_out_recipes_and_sources_that_are_not_named():
    samples = candidates({"people": 10, "docs": 10}, math__t=10, code__t=10)
    result = composed(samples, mixture(0.5, recipes=("math",), sources=("docs",)))
    assert set(result.kept["recipe"]) == {"math", ""}
    assert result.reasons == {Reason.NOT_IN_MIXTURE: 20}


def test_compose_takes_recipes_on_request_only_where_they_are_named():
    samples = candidates(10, math__t=10, code__t=10)
    usual = composed(samples, mixture(0.5), on_request=("code",))
    asked = composed(samples, mixture(0.5, recipes=("code",)), on_request=("code",))
    assert set(usual.kept["recipe"]) == {"math", ""}
    assert set(asked.kept["recipe"]) == {"code", ""}


def test_compose_drops_rows_for_the_reason_of_their_standing():
    samples = candidates(4, math__t=4)
    barred = pl.when(pl.col("sample_id") == "math__t-0").then(pl.lit(Reason.TERMS_FORBID.value))
    standing = plain_standing(samples).with_columns(
        barred.alias("reason"), barred.replace_strict({"terms_forbid": "no"}).alias("detail")
    )
    result = composed(samples, mixture(), standing)
    decision = result.decisions.filter(pl.col("sample_id") == "math__t-0")
    assert decision.select("outcome", "reason", "detail").row(0) == (
        "dropped",
        "terms_forbid",
        "no",
    )
    assert result.kept.height == 7


def test_compose_drops_rows_that_are_too_deep_and_writes_the_depth_of_their_standing():
    samples = candidates(4, math__t=4)
    deep = pl.col("sample_id").is_in(["math__t-0", "math__t-1"])
    standing = plain_standing(samples).with_columns(
        pl.when(deep).then(3).otherwise("depth").cast(pl.Int64).alias("depth")
    )
    result = composed(samples, mixture(max_depth=2), standing)
    assert result.reasons == {Reason.TOO_DEEP: 2}
    free = composed(samples, mixture(), standing).kept
    assert sorted(free["synthetic_depth"]) == [0, 0, 0, 0, 1, 1, 3, 3]


def test_compose_caps_the_own_voice():
    samples = candidates(20, math__t=20, math__me=20)
    own = [f"math__me-{n}" for n in range(20)]
    standing = plain_standing(samples, own=own)
    kept = composed(samples, mixture(0.5, rows=40, own_voice=0.1), standing).kept
    silent = composed(samples, mixture(0.5, rows=40), standing)
    assert counts(kept, "teacher") == {"t": 18, "me": 2}
    assert counts(silent.kept, "teacher") == {"t": 20}
    assert silent.reasons[Reason.OWN_VOICE] == 20


@pytest.mark.parametrize(("share", "origin"), [(0, "real"), (1, "synthetic")])
def test_compose_of_one_origin_only(share, origin):
    policy = mixture(share, pure_synthetic_because=NO_REAL)
    assert set(composed(candidates(7, math__t=9), policy).kept["origin"]) == {origin}


def test_compose_without_real_rows_needs_a_reason():
    samples = candidates(math__t=9)
    with pytest.raises(MixtureInfeasibleError, match="pure_synthetic_because"):
        composed(samples, mixture())
    assert composed(samples, mixture(pure_synthetic_because=NO_REAL)).kept.height == 9


def test_compose_repeats_scarce_real_rows_once_all_have_been_taken():
    samples = candidates(10, math__t=100)
    policy = mixture(0.5, rows=50, repeats={"real": 3})
    kept = composed(samples, policy).kept
    real = kept.filter(pl.col("origin") == "real")
    assert Counter(real["copy"]) == {1: 10, 2: 10, 3: 5}
    assert set(kept.filter(pl.col("origin") == "synthetic")["copy"]) == {1}


def test_compose_repeats_nothing_where_different_rows_suffice():
    samples = candidates(25, math__t=100)
    kept = composed(samples, mixture(0.5, rows=50, repeats={"real": 3})).kept
    assert set(kept["copy"]) == {1}


def test_compose_without_rows_repeats_as_far_as_that_lets_more_different_rows_in():
    samples = candidates(10, math__t=25)
    kept = composed(samples, mixture(0.5, repeats={"real": 3})).kept
    assert Counter(kept["origin"]) == {"synthetic": 25, "real": 24}


def test_compose_of_tokens_is_the_largest_set_that_fits():
    samples = candidates(60, math__t=60)

    def count(rows):
        return 10 + rows["sample_id"].str.len_chars().cast(pl.Int64) * 3

    one_more = mixture(0.5, rows=None, tokens=1_000, seed=3)
    kept = composed(samples, one_more, count_tokens=count).kept
    next_size = mixture(0.5, rows=kept.height + 1, seed=3)
    assert count(kept).sum() <= 1_000 < count(composed(samples, next_size).kept).sum()


def test_compose_of_too_few_tokens_says_how_many_it_takes():
    samples = candidates(9, math__t=9)
    policy = mixture(0.5, tokens=5, quotas=({"where": {"recipe": "math"}, "rows": 3},))
    with pytest.raises(MixtureInfeasibleError, match="Set tokens: 50"):
        composed(samples, policy, count_tokens=lambda rows: pl.repeat(10, rows.height, eager=True))


def test_compose_order_is_by_seed_and_mixes_the_groups():
    samples = candidates(500, math__t=1_000, code__t=20)
    kept = composed(samples, mixture(0.5, rows=400)).kept
    other = composed(samples, mixture(0.5, rows=400, seed=1)).kept
    head = Counter(kept.head(200)["recipe"])
    assert kept["sample_id"].to_list() != other["sample_id"].to_list()
    assert 70 < head[""] < 130
    assert 3 <= head["code"] <= 17


def test_compose_with_a_few_more_candidates_moves_few_rows():
    before = candidates(200, math__a=200, math__b=100)
    after = candidates(205, math__a=205, math__b=103)
    policy = mixture(0.5, rows=200, teacher_cap=0.7)
    stayed = set(composed(before, policy).kept["sample_id"])
    assert len(stayed & set(composed(after, policy).kept["sample_id"])) > 190


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(5, 40), min_size=3, max_size=3), st.integers(1, 12), st.integers(0, 9))
def test_compose_with_more_rows_of_one_recipe_moves_no_more_than_these_and_quotas_do(
    sizes, more, seed
):
    topics = ("x", "y", "z")
    names = ("a__one", "b__two", "c__one")

    def rows_of(extra):
        counts = dict(zip(names, (sizes[0] + extra, *sizes[1:]), strict=True))
        samples = candidates(60, **counts)
        number = pl.col("position").cum_count().over("recipe", "source") % 3
        topic = number.replace_strict(dict(enumerate(topics)), return_dtype=pl.String)
        return samples.with_columns(pl.format('{{"topic": "{}"}}', topic).alias("attributes"))

    quota = {"each": "attribute.topic", "share": {"at_most": 0.4}}
    policy = mixture(0.5, rows=30, quotas=(quota,), teacher_cap=0.8, seed=seed)
    before, after = rows_of(0), rows_of(more)
    if why_infeasible(before, policy, plain_standing(before)) is not None:
        return
    old = composed(before, policy).kept
    new = composed(after, policy).kept
    moved = set(old["sample_id"]) ^ set(new["sample_id"])
    cell = pl.col("recipe") + pl.col("teacher") + pl.col("attributes") + pl.col("source")
    by_cell = [Counter(kept.select(cell)["recipe"]) for kept in (old, new)]
    quotas_moved = sum(abs(by_cell[0][key] - by_cell[1][key]) for key in by_cell[0] | by_cell[1])
    entered = set(new["sample_id"]) - set(before["sample_id"])
    assert len(moved) <= quotas_moved + 2 * len(entered)


def test_compose_of_nothing_but_one_row():
    samples = frame_of(real_row("only", "p", "r"))
    result = composed(samples, mixture())
    assert reasons_of(result.decisions) == {"only": None}
    assert result.kept["split"].to_list() == ["train"]


def test_compose_of_unicode_names_tells_them_apart():
    rows = [
        synthetic_row(f"行-{n}", f"p{n}", "r", recipe="数学", teacher=("ä", "a\u0308")[n % 2])
        for n in range(40)
    ]
    samples = frame_of(*rows, *(real_row(f"réel-{n}", f"q{n}", "r") for n in range(40)))
    policy = mixture(0.5, rows=20, quotas=({"where": {"teacher": "ä"}, "rows": 3},))
    assert counts(composed(samples, policy).kept, "teacher") == {"ä": 3, "a\u0308": 7}


def test_compose_of_300_topics_gives_each_its_share():
    samples = candidates(600, math__t=900).with_columns(
        pl.format('{{"topic": "topic {}"}}', pl.int_range(pl.len()) % 300).alias("attributes")
    )
    quota = {"each": "attribute.topic", "share": {"at_least": 0.003, "at_most": 0.004}}
    kept = composed(samples, mixture(0.5, rows=900, quotas=(quota,))).kept
    assert set(Counter(kept["attributes"]).values()) <= {2, 3, 4}
    assert (
        policy_faults(kept, mixture(0.5, rows=900, quotas=(quota,)), plain_standing(samples)) == ()
    )


def test_compose_of_rows_in_another_order_is_the_same():
    samples = candidates({"p": 9, "q": 30}, a__one=20, b__two=30, b__one=5)
    policy = mixture({"at_least": 0.3}, rows=31, teacher_cap=0.6)
    shuffled = samples.sample(fraction=1, shuffle=True, seed=5)
    assert composed(samples, policy).kept.equals(composed(shuffled, policy).kept)


def test_compose_ends_with_one_decision_for_each_row():
    samples = candidates(4, math__t=4)
    decided = composed(samples, mixture(rows=3)).decisions
    assert sorted(decided["sample_id"]) == sorted(samples["sample_id"])
    assert Counter(decided["outcome"]) == {"kept": 3, "dropped": 5}


def test_compose_of_no_candidates_is_refused():
    with pytest.raises(MixtureInfeasibleError, match="there are 0 rows"):
        composed(SAMPLE_SCHEMA.to_frame(), mixture(0.5))


@pytest.mark.parametrize(
    ("share", "band"),
    [(0, "low"), (0.299, "low"), (0.3, "watch"), (0.7, "watch"), (0.701, "high"), (1, "high")],
)
def test_risk_band_of_share(share, band):
    assert RiskBand.of(share) == band
