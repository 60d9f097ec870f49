"""Coefficients of agreement: published examples, and what must hold whatever is rated."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from synth_assets.core.judging.agreement import (
    Level,
    Majority,
    Weights,
    cohens_kappa,
    fleiss_kappa,
    krippendorffs_alpha,
    majority,
)

# Krippendorff, 2011, section C: four observers, twelve units, missing ratings.
OBSERVERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)
# Fleiss, 1971, as it is often reprinted: ten subjects, fourteen raters, five categories.
SUBJECTS = (
    (0, 0, 0, 0, 14),
    (0, 2, 6, 4, 2),
    (0, 0, 3, 5, 6),
    (0, 3, 9, 2, 0),
    (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0),
    (3, 2, 6, 3, 0),
    (2, 5, 3, 2, 2),
    (6, 5, 2, 1, 0),
    (0, 2, 2, 3, 7),
)
RATINGS = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=60)
TABLE = st.lists(
    st.lists(st.none() | st.integers(1, 5), min_size=1, max_size=5), min_size=1, max_size=30
)


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_of_krippendorffs_own_example_is_his(level: str, alpha: float):
    found = krippendorffs_alpha(zip(*OBSERVERS, strict=True), Level(level))
    assert found.value == pytest.approx(alpha, abs=5e-4)
    assert (found.items, found.ratings) == (11, 40)


@pytest.mark.parametrize(
    ("meg", "owen", "alpha"),
    [("0100000010", "1110010000", 0.095), ("aabbdcccedda", "babbbccceddd", 0.692)],
)
def test_alpha_of_two_observers_is_krippendorffs(meg: str, owen: str, alpha: float):
    # His sections A and B.
    found = krippendorffs_alpha(zip(meg, owen, strict=True))
    assert found.value == pytest.approx(alpha, abs=5e-4)


def test_fleiss_kappa_of_the_published_table_is_published():
    items = [[c for c, n in enumerate(row) for _ in range(n)] for row in SUBJECTS]
    assert fleiss_kappa(items).value == pytest.approx(0.20993, abs=5e-6)


def test_cohens_kappa_of_a_known_table_is_two_fifths():
    first = "y" * 25 + "n" * 25
    second = "y" * 20 + "n" * 5 + "y" * 10 + "n" * 15
    found = cohens_kappa(first, second)
    assert found.value == 0.4
    assert (found.observed, found.expected, found.items) == (0.3, 0.5, 50)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@settings(max_examples=40, deadline=None)
@given(RATINGS)
def test_cohens_kappa_is_that_of_scikit_learn(pairs: list[tuple[int, int]]):
    first, second = zip(*pairs, strict=True)
    for weights, said in ((Weights.LINEAR, "linear"), (Weights.QUADRATIC, "quadratic")):
        ours = cohens_kappa(first, second, weights, range(1, 6)).value
        theirs = cohen_kappa_score(first, second, weights=said, labels=range(1, 6))
        assert (ours is None) == math.isnan(theirs)
        assert ours is None or ours == pytest.approx(theirs, abs=1e-12)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@settings(max_examples=40, deadline=None)
@given(RATINGS)
def test_cohens_kappa_without_weights_is_that_of_scikit_learn(pairs: list[tuple[int, int]]):
    first, second = zip(*pairs, strict=True)
    ours = cohens_kappa(first, second).value
    assert ours is None or ours == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)
    assert ours == cohens_kappa(second, first).value


def test_kappa_of_raters_who_always_say_one_thing_is_not_defined():
    found = cohens_kappa("aaaa", "aaaa")
    assert (found.value, found.observed, found.expected) == (None, 0.0, 0.0)
    assert cohens_kappa("", "").value is None
    assert fleiss_kappa(["aa", "aa"]).value is None
    assert krippendorffs_alpha([(1, 1), (1, 1)]).value is None
    assert krippendorffs_alpha([]).value is None


def test_kappa_refuses_ratings_that_do_not_pair():
    with pytest.raises(ValueError, match="each item needs both"):
        cohens_kappa("ab", "a")
    with pytest.raises(ValueError, match="not on the scale"):
        cohens_kappa([1], [6], Weights.LINEAR, range(1, 6))
    with pytest.raises(ValueError, match="same number"):
        fleiss_kappa(["ab", "a"])


@pytest.mark.parametrize("rating", ["high", math.inf, math.nan])
def test_alpha_of_an_order_refuses_what_is_no_number(rating: str | float):
    with pytest.raises(ValueError, match=r"no (finite )?number"):
        krippendorffs_alpha([(rating, 1)], Level.ORDINAL)


@given(TABLE, st.sampled_from(Level))
def test_alpha_passes_over_missing_and_single_ratings(table: list[list[int | None]], level: Level):
    padded = [[None, *ratings, None] for ratings in table] + [[3], [None]]
    assert krippendorffs_alpha(padded, level) == krippendorffs_alpha(table, level)


@given(TABLE)
def test_alpha_of_names_is_as_its_definition_says(table: list[list[int | None]]):
    """Slowly: every pair of ratings of a unit against every pair there is."""
    units = [[r for r in ratings if r is not None] for ratings in table]
    units = [ratings for ratings in units if len(ratings) > 1]
    all_ratings = [r for ratings in units for r in ratings]
    count = len(all_ratings)
    apart = sum(
        Fraction(sum(a != b for a in ratings for b in ratings), len(ratings) - 1)
        for ratings in units
    )
    chance = sum(a != b for a in all_ratings for b in all_ratings)
    value = krippendorffs_alpha(table).value
    if not chance:
        assert value is None
    else:
        assert value == float(1 - (apart / count) / Fraction(chance, count * (count - 1)))


@given(TABLE, st.integers(-3, 3), st.integers(1, 4))
def test_alpha_of_an_interval_bears_another_unit_and_zero(
    table: list[list[int | None]], zero: int, unit: int
):
    moved = [[None if r is None else zero + unit * r for r in ratings] for ratings in table]
    ours = krippendorffs_alpha(table, Level.INTERVAL).value
    assert krippendorffs_alpha(moved, Level.INTERVAL).value == ours
    squared = [[None if r is None else r**3 for r in ratings] for ratings in table]
    ranks = krippendorffs_alpha(table, Level.ORDINAL).value
    assert krippendorffs_alpha(squared, Level.ORDINAL).value == ranks


@given(st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=1), min_size=2, max_size=20))
def test_agreement_of_raters_who_agree_is_one_or_not_defined(same: list[list[int]]):
    doubled = [[*each, *each] for each in same]
    varied = len({each[0] for each in same}) > 1
    wanted = 1.0 if varied else None
    ones = [each[0] for each in same]
    assert cohens_kappa(ones, ones).value == wanted
    assert fleiss_kappa(doubled).value == wanted
    assert all(krippendorffs_alpha(doubled, level).value == wanted for level in Level)


@pytest.mark.parametrize(
    ("votes", "found", "agreement"),
    [
        ("", Majority(None, 0, 0), 0.0),
        ("a", Majority("a", 1, 1), 1.0),
        ("abab", Majority(None, 2, 4), 0.5),
        ("aabc", Majority("a", 2, 4), 0.5),
        ("abc", Majority(None, 1, 3), 1 / 3),
    ],
)
def test_majority_has_a_winner_only_where_one_vote_is_the_most_frequent(
    votes: str, found: Majority[str], agreement: float
):
    assert majority(votes) == found
    assert majority(votes).agreement == agreement
    assert majority(votes).is_tied == (found.of > 0 and found.winner is None)
