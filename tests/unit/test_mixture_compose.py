import re
from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.mixture.compose import compose
from synth_assets.core.mixture.quotas import fair_quotas
from synth_assets.core.mixture.risk import RiskBand
from synth_assets.core.schema import SAMPLE_SCHEMA, Origin, Reason, Stage
from synth_assets.errors import MixtureInfeasibleError
from tests.samples import frame_of, real_row, synthetic_row


def candidates(real=0, **written):
    """Rows to choose from: `real` is a number or source -> number, `math__scholar=5` five rows."""
    sources = {"people": real} if isinstance(real, int) else real
    rows = [
        real_row(f"{source}-{n}", f"{source} {n}", "r", source=source)
        for source, count in sources.items()
        for n in range(count)
    ]
    for name, count in written.items():
        recipe, teacher = name.split("__")
        rows += [
            synthetic_row(f"{name}-{n}", f"{name} {n}", "r", recipe=recipe, teacher=teacher)
            for n in range(count)
        ]
    return frame_of(*rows)


def mixture(share=0.5, **other):
    return Mixture(id="mix", synthetic_share=share, **other)


def counts(rows, column):
    return dict(Counter(rows.filter(pl.col("origin") == Origin.SYNTHETIC)[column]))


def test_compose_meets_rows_and_share():
    result = compose(candidates(100, math__scholar=100), mixture(0.3, rows=50))
    assert dict(Counter(result.kept["origin"])) == {"real": 35, "synthetic": 15}
    assert result.reasons == {Reason.BEYOND_TARGET: 150}
    assert set(result.decisions.select("stage", "partition").iter_rows()) == {
        (Stage.MIX, mixture(0.3, rows=50).key)
    }


def test_compose_without_rows_takes_as_many_as_the_bounds_allow():
    result = compose(candidates(30, math__scholar=100), mixture(0.5))
    assert dict(Counter(result.kept["origin"])) == {"real": 30, "synthetic": 31}


def test_compose_shares_rows_among_recipes_and_hands_on_what_one_lacks():
    samples = candidates(100, a__t=4, b__t=50, c__t=50)
    assert counts(compose(samples, mixture(rows=48)).kept, "recipe") == {"a": 4, "b": 10, "c": 10}


def test_compose_shares_real_rows_among_sources():
    samples = candidates({"few": 3, "many": 50}, a__t=50)
    kept = compose(samples, mixture(0.5, rows=40)).kept.filter(pl.col("origin") == Origin.REAL)
    assert dict(Counter(kept["source"])) == {"few": 3, "many": 17}


def test_compose_caps_a_teacher_and_says_so():
    samples = candidates(100, math__scholar=90, math__clerk=60)
    result = compose(samples, mixture(rows=100, teacher_cap=0.52))
    assert counts(result.kept, "teacher") == {"scholar": 26, "clerk": 24}
    assert result.reasons == {Reason.BEYOND_TARGET: 50 + 36, Reason.TEACHER_CAP: 64}


def test_compose_keeps_recipes_even_where_only_one_teacher_serves_one_of_them():
    samples = candidates(40, a__one=40, a__two=40, b__one=40)
    kept = compose(samples, mixture(rows=40, teacher_cap=0.5)).kept
    assert counts(kept, "recipe") == {"a": 10, "b": 10}
    assert counts(kept, "teacher") == {"one": 10, "two": 10}


def test_compose_leaves_out_recipes_and_sources_that_are_not_named():
    samples = candidates({"people": 10, "docs": 10}, math__t=10, code__t=10)
    result = compose(samples, mixture(recipes=("math",), sources=("docs",)))
    assert set(result.kept["recipe"]) == {"math", ""}
    assert result.reasons == {Reason.NOT_IN_MIXTURE: 20}


@pytest.mark.parametrize(("share", "origin"), [(0, "real"), (1, "synthetic")])
def test_compose_of_one_origin_only(share, origin):
    kept = compose(candidates(7, math__t=9), mixture(share)).kept
    assert set(kept["origin"]) == {origin}


def test_compose_order_is_by_seed_and_mixes_the_groups():
    samples = candidates(500, math__t=1_000, code__t=20)
    kept = compose(samples, mixture(rows=400)).kept
    other = compose(samples, mixture(rows=400, seed=1)).kept
    head = Counter(kept.head(200)["recipe"])
    assert kept["sample_id"].to_list() != other["sample_id"].to_list()
    assert 70 < head[""] < 130
    assert 3 <= head["code"] <= 17


def test_compose_with_a_few_more_candidates_moves_few_rows():
    before = candidates(200, math__a=200, math__b=100)
    after = candidates(205, math__a=205, math__b=103)
    policy = mixture(rows=200, teacher_cap=0.7)
    stayed = set(compose(before, policy).kept["sample_id"])
    assert len(stayed & set(compose(after, policy).kept["sample_id"])) > 190


@pytest.mark.parametrize(
    ("samples", "policy", "told"),
    [
        (candidates(500, math__t=60), mixture(rows=400), "needs 140 more synthetic rows"),
        (candidates(20, math__t=500), mixture(rows=100), "needs 30 more real rows"),
        (candidates(5, math__t=5), mixture(rows=20), "needs 5 more synthetic rows and 5 more real"),
        (
            candidates(500, a__one=500, a__two=10),
            mixture(rows=100, teacher_cap=0.6),
            "needs 10 more synthetic rows of other teachers than one",
        ),
        (candidates(9), mixture(), "no synthetic rows"),
        (candidates(math__t=9), mixture(), "no real rows"),
        (candidates(9, math__t=9), mixture(teacher_cap=0.4), "needs 3 teachers; there are 1: t"),
        (SAMPLE_SCHEMA.to_frame(), mixture(), "no synthetic rows"),
    ],
)
def test_compose_infeasible_says_what_is_lacking(samples, policy, told):
    with pytest.raises(MixtureInfeasibleError, match=told):
        compose(samples, policy)


def test_compose_infeasible_offers_changes_that_do():
    samples = candidates(500, math__t=140)
    policy = mixture(rows=400)
    with pytest.raises(MixtureInfeasibleError, match=r"or rows: 280; or synthetic_share: 0\.35"):
        compose(samples, policy)


COUNTS = st.integers(0, 9)


@st.composite
def problems(draw):
    written = {
        f"{recipe}__{teacher}": draw(COUNTS) for recipe in "abc" for teacher in ("x", "y", "z")
    }
    samples = candidates({"p": draw(COUNTS), "q": draw(COUNTS)}, **written)
    policy = mixture(
        draw(st.sampled_from([0, 0.1, 0.29, 0.5, 0.7, 1])),
        rows=draw(st.none() | st.integers(1, 40)),
        teacher_cap=draw(st.sampled_from([0.34, 0.5, 0.7, 1])),
        seed=draw(st.integers(0, 3)),
    )
    return samples, policy


def _hold_bounds(kept, policy):
    synthetic = kept.filter(pl.col("origin") == Origin.SYNTHETIC)
    assert abs(synthetic.height - policy.synthetic_share * kept.height) < 1
    for rows in Counter(synthetic["teacher"]).values():
        assert rows < policy.teacher_cap * synthetic.height + 1
    assert policy.rows in (None, kept.height)


@settings(max_examples=150, deadline=None)
@given(problems(), st.randoms())
def test_compose_holds_every_bound_or_offers_mends_that_hold(problem, random):
    samples, policy = problem
    try:
        result = compose(samples, policy)
    except MixtureInfeasibleError as error:
        said = dict(re.findall(r"or (rows|synthetic_share|teacher_cap): ([\d.]+\d|\d)", str(error)))
        for name, value in said.items():
            number = int(value) if name == "rows" else float(value)
            mended = Mixture.model_validate({**policy.model_dump(), name: number})
            _hold_bounds(compose(samples, mended).kept, mended)
        return
    _hold_bounds(result.kept, policy)
    order = list(range(samples.height))
    random.shuffle(order)
    assert compose(samples[order], policy).kept.equals(result.kept)


def _most(supply, cap):
    return sum(
        min(cap, sum(len(writers.get(name, ())) for writers in supply.values()))
        for name in {name for writers in supply.values() for name in writers}
    )


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from("abcd"),
        st.dictionaries(st.sampled_from("xyz"), st.integers(0, 6), max_size=3),
        max_size=4,
    ),
    st.integers(0, 25),
    st.integers(1, 8),
    st.randoms(),
)
def test_fair_quotas_fill_up_to_supply_and_cap_and_are_max_min_fair(sizes, total, cap, random):
    supply = {
        group: {name: sorted(str(random.random()) for _ in range(n)) for name, n in writers.items()}
        for group, writers in sizes.items()
    }
    quotas = fair_quotas(supply, total, cap)
    by_writer, by_group = Counter(), Counter(dict.fromkeys(supply, 0))
    for (group, writer), rows in quotas.items():
        assert 0 < rows <= len(supply[group][writer])
        by_writer[writer] += rows
        by_group[group] += rows
    assert max(by_writer.values(), default=0) <= cap
    assert by_group.total() == min(total, _most(supply, cap))
    assert sorted(by_group.values()) == _fairest(supply, by_group.total(), cap)


def _fairest(supply, total, cap):
    """The lexicographically largest sorted vector of feasible sums, by Hall's condition."""
    sizes = {group: {w: len(d) for w, d in writers.items()} for group, writers in supply.items()}
    groups = sorted(sizes)

    def feasible(vector):
        for mask in range(1, 1 << len(groups)):
            part = [at for at in range(len(groups)) if mask >> at & 1]
            rooms = Counter()
            for at in part:
                rooms.update(sizes[groups[at]])
            if sum(vector[at] for at in part) > sum(min(cap, n) for n in rooms.values()):
                return False
        return True

    vector, open_groups = [0] * len(groups), set(range(len(groups)))
    while sum(vector) < total:
        at = min(open_groups, key=lambda each: vector[each])
        grown = [rows + (each == at) for each, rows in enumerate(vector)]
        if feasible(grown):
            vector = grown
        else:
            open_groups.remove(at)
    return sorted(vector)


@pytest.mark.parametrize(
    ("share", "band"),
    [(0, "low"), (0.299, "low"), (0.3, "watch"), (0.7, "watch"), (0.701, "high"), (1, "high")],
)
def test_risk_band_of_share(share, band):
    assert RiskBand.of(share) == band
