"""The verifier `judge`: how ratings and votes are read and counted."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.completion import Request
from synth_assets.core.schema import Reason, VerdictOutcome
from synth_assets.core.verify.tools import CallFailure, Tools
from tests.unit.judging_bench import (
    ACCEPTED,
    DOWN,
    ERRORED,
    FILES,
    REJECTED,
    ROW,
    UNPAID,
    ScriptedJudges,
    better,
    by_judge,
    only,
    pairs,
    rated,
    rubric,
    told,
    verdict,
)


def test_rubric_that_is_met_is_accepted_with_its_ratings_as_attributes():
    found = only(rubric(), by_judge(one=rated(5, 4)))
    assert (found.outcome, found.score) == (ACCEPTED, 0.875)
    assert found.evidence == "one: 4.5 (correctness 5, clarity 4)"
    assert told(found) == {
        "rubric_agreement": 1.0,
        "rubric_clarity": 4.0,
        "rubric_correctness": 5.0,
        "rubric_judges": 1,
        "rubric_own_family": "yes",
        "rubric_score": 4.5,
    }


@pytest.mark.parametrize(
    ("ratings", "other", "outcome"),
    [
        ((4, 3), {}, ACCEPTED),
        ((3, 3), {}, REJECTED),
        ((3, 5), {"weights": {"correctness": 3}}, ACCEPTED),
        ((3, 4), {"weights": {"correctness": 3}}, REJECTED),
        ((5, 2), {}, ACCEPTED),
        ((5, 2), {"min_rating": 3}, REJECTED),
        ((3, 3), {"min_score": 3}, ACCEPTED),
        ((1, 1), {"min_score": 1}, ACCEPTED),
    ],
)
def test_rubric_holds_the_weighted_mean_and_each_rating_to_its_least(
    ratings: tuple[int, int], other: dict[str, object], outcome: VerdictOutcome
):
    found = only(rubric(**other), by_judge(one=rated(*ratings)))
    assert found.outcome is outcome
    assert found.reason is (None if outcome is ACCEPTED else Reason.LOW_RATED)


@pytest.mark.parametrize(
    ("one", "two", "three", "outcome", "reason"),
    [
        (5, 5, 1, ACCEPTED, None),
        (5, 1, 1, REJECTED, Reason.LOW_RATED),
        (5, 1, None, REJECTED, Reason.JUDGES_DISAGREE),
        (5, None, None, ERRORED, Reason.PROVIDER_ERROR),
    ],
)
def test_rubric_of_three_judges_is_decided_by_more_than_half_of_the_votes(
    one: int, two: int | None, three: int | None, outcome: VerdictOutcome, reason: Reason | None
):
    said = {
        name: DOWN if rating is None else rated(rating, rating)
        for name, rating in (("one", one), ("two", two), ("three", three))
    }
    found = only(rubric("one", "two", "three"), by_judge(**said))
    assert (found.outcome, found.reason) == (outcome, reason)


def test_rubric_tells_agreement_and_families_of_its_judges():
    said = by_judge(one=rated(5, 5), two=rated(4, 4), three=rated(1, 1))
    attributes = told(only(rubric("one", "two", "three"), said))
    assert attributes["rubric_agreement"] == 0.6667
    assert attributes["rubric_judges"] == 3
    assert attributes["rubric_score"] == 3.3333
    row = replace(ROW, teacher="three")
    assert told(only(rubric("two"), by_judge(two=rated(5, 5)), row))["rubric_own_family"] == (
        "unknown"
    )
    assert told(only(rubric("two"), by_judge(two=rated(5, 5))))["rubric_own_family"] == "no"


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "5",
        "<ratings></ratings>",
        "<ratings>correctness: 5</ratings>",
        "<ratings>correctness: 6\nclarity: 5</ratings>",
        "<ratings>correctness: 0\nclarity: 5</ratings>",
        "<ratings>correctness: 4/10\nclarity: 5</ratings>",
        "<ratings>correctness: 4.5\nclarity: 5</ratings>",
        "<ratings>correctness: 4-5\nclarity: 5</ratings>",
        "<ratings>correctness: 4\ncorrectness: 5\nclarity: 5</ratings>",
        f"{rated(5, 5)}\n{rated(1, 1)}",
        "I'm sorry, but I can't help with that request.",
        "<none/>",
        "<think>" + rated(5, 5) + "</think>",
        "\u0000\ud83d\ude00" * 1000,
        "correctness: 5 clarity: 5",
    ],
)
def test_rubric_answer_that_is_junk_leaves_the_sample_open(junk: str):
    found = only(rubric(), by_judge(one=junk))
    assert (found.outcome, found.reason) == (ERRORED, Reason.VERIFIER_ERROR)
    assert found.evidence.startswith("one: no answer (")


@pytest.mark.parametrize(
    "written",
    [
        "<RATINGS>\n**Correctness**: 5\n- clarity: 5\n</RATINGS>",
        "<ratings>correctness: 5/5\nclarity: 5.0</ratings>",
        '<ratings>{"correctness": 5, "clarity": 5}</ratings>',
        "<think>it is 1: <ratings>correctness: 1</ratings></think>" + rated(5, 5),
    ],
)
def test_rubric_answer_in_another_dress_is_read(written: str):
    assert only(rubric(), by_judge(one=written)).score == 1.0


def test_cut_off_answer_is_no_vote_whatever_it_says():
    judges = ScriptedJudges(by_judge(one=rated(5, 5)[:-5]), finish_reason="length")
    [found] = rubric().prepare(FILES, Tools(judges=judges)).check([ROW])
    assert found.outcome is ERRORED
    assert "truncated" in found.evidence


@pytest.mark.parametrize(
    ("said", "outcome", "reason", "evidence"),
    [
        (better("Water"), ACCEPTED, None, "one: better"),
        (better("always"), REJECTED, Reason.JUDGED_WORSE, "one: worse"),
        (better("Mars"), REJECTED, Reason.TIE, "one: tie"),
        (
            by_judge(one=verdict("A")),
            REJECTED,
            Reason.INCONSISTENT_JUDGE,
            "one: names the first, then the first",
        ),
        (
            by_judge(one=verdict("B")),
            REJECTED,
            Reason.INCONSISTENT_JUDGE,
            "one: names the second, then the second",
        ),
    ],
)
def test_pair_is_asked_in_both_orders_and_counts_where_they_agree(
    said: object, outcome: VerdictOutcome, reason: Reason | None, evidence: str
):
    found = only(pairs(), said)
    assert (found.outcome, found.reason, found.evidence) == (outcome, reason, evidence)


def test_pair_of_half_a_tie_is_inconsistent():
    def said(request: Request) -> str:
        first = request.messages[-1].content.partition("</judged_first>")[0]
        return verdict("A" if "Water" in first else "tie")

    assert only(pairs(), said).reason is Reason.INCONSISTENT_JUDGE


def test_pair_that_is_a_tie_may_be_accepted():
    found = only(pairs(ties="accept"), better("Mars"))
    assert (found.outcome, found.score, told(found)["pair_verdict"]) == (ACCEPTED, 0.5, "tie")


@pytest.mark.parametrize(
    ("one", "two", "three", "reason"),
    [
        ("Water", "Water", "always", None),
        ("Water", "always", "always", Reason.JUDGED_WORSE),
        ("Water", "always", "Mars", Reason.JUDGES_DISAGREE),
        ("Water", "Mars", "Mars", Reason.TIE),
        ("Water", "Water", "first", None),
        ("Water", "always", "first", Reason.JUDGES_DISAGREE),
        ("Water", "first", "first", Reason.INCONSISTENT_JUDGE),
    ],
)
def test_pair_of_three_judges_is_decided_by_votes_of_those_who_agree_with_themselves(
    one: str, two: str, three: str, reason: Reason | None
):
    words = {"one": one, "two": two, "three": three}

    def said(request: Request) -> str:
        word = words[request.teacher]
        return verdict("A") if word == "first" else better(word)(request)

    assert only(pairs("one", "two", "three"), said).reason is reason


def test_pair_without_another_response_has_no_reference():
    found = only(pairs(), better("Water"), replace(ROW, rejected=""))
    assert (found.outcome, found.reason) == (REJECTED, Reason.NO_REFERENCE)
    found = only(pairs(against="reference"), better("Water"))
    assert found.reason is Reason.NO_REFERENCE
    row = replace(ROW, reference="Talk to it.")
    assert only(pairs(against="reference"), better("Water"), row).outcome is ACCEPTED


@given(st.lists(st.sampled_from(["A", "B", "tie"]), min_size=2, max_size=2))
def test_pair_verdict_of_texts_that_change_places_is_turned_round(words: list[str]):
    """What is better one way is worse the other way, ties and contradictions stay."""
    row, turned = ROW, replace(ROW, response=ROW.rejected, rejected=ROW.response)

    def said(request: Request) -> str:
        first = request.messages[-1].content.partition("</judged_first>")[0]
        return verdict(words["Water" not in first])

    one, other = only(pairs(), said, row), only(pairs(), said, turned)
    opposite = {None: Reason.JUDGED_WORSE, Reason.JUDGED_WORSE: None}
    assert other.reason is opposite.get(one.reason, one.reason)


@given(
    st.dictionaries(
        st.sampled_from(["one", "two", "three"]),
        st.integers(1, 5) | st.sampled_from([DOWN, UNPAID]) | st.text(max_size=40),
        min_size=3,
    )
)
def test_rubric_whatever_judges_say_gives_one_sound_verdict(
    answers: dict[str, int | str | CallFailure],
):
    said = {n: rated(a, a) if isinstance(a, int) else a for n, a in answers.items()}
    found = only(rubric("one", "two", "three"), by_judge(**said))
    votes = [answer >= 3.5 for answer in answers.values() if isinstance(answer, int)]
    if UNPAID in answers.values() or len(votes) < 2:
        assert found.outcome is ERRORED
    elif sum(votes) * 2 == len(votes):
        assert found.reason is Reason.JUDGES_DISAGREE
    else:
        assert (found.outcome is ACCEPTED) == (sum(votes) * 2 > len(votes))
    assert (found.score is None) == (found.outcome is ERRORED)
