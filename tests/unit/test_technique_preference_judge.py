"""What the judge of preference pairs says: ratings, verdicts, ties and contradictions."""

from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.schema import Reason
from tests.unit.preference_runs import (
    RATE,
    answers,
    better_is_later,
    only,
    ran,
    recipe,
    shown,
    verdict,
)


def test_preference_judge_that_contradicts_its_ratings_makes_no_row(tmp_path: Path):
    ratings = {1: "use: 9\ntone: 9", 2: "use: 5\ntone: 5", 3: "use: 1\ntone: 1"}
    run = ran(tmp_path, recipe(f"responses: 3\n  {RATE}"), answers(better_is_later, ratings))
    assert run.samples == ()
    [(reason, detail)] = run.reasons.values()
    assert reason == Reason.INCONSISTENT_JUDGE
    assert detail.endswith("but the ratings are 1 and 9")


@pytest.mark.parametrize(
    ("ratings", "told"),
    [
        ("use: 11\ntone: 3", "use is rated 11; one whole number from 1 to 10 is asked"),
        ("tone: 3", "use is rated nothing; one whole number from 1 to 10 is asked"),
        ("use: 3\nuse: 4\ntone: 1", "use is rated 3, 4; one whole number"),
        ("use: 7.5\ntone: 1", "use is rated nothing; one whole number"),
        ("use: 3/5\ntone: 1", "use is rated nothing; one whole number"),
        ("use: 3 out of 5\ntone: 1", "use is rated nothing; one whole number"),
        ("use: 7-8\ntone: 1", "use is rated nothing; one whole number"),
        ("use: 70%\ntone: 1", "use is rated nothing; one whole number"),
        ("use: 7.05\ntone: 1", "use is rated nothing; one whole number"),
    ],
)
def test_preference_unusable_rating_loses_its_response_alone(
    tmp_path: Path, ratings: str, told: str
):
    said = {1: ratings, 2: "use: 5\ntone: 5", 3: "use: 8\ntone: 8"}
    run = ran(tmp_path, recipe(f"responses: 3\n  {RATE}"), answers(better_is_later, said))
    assert only(run).rejected == "answer 2 word word"
    [(reason, detail)] = run.reasons.values()
    assert (reason, detail[: len(told)]) == (Reason.UNPARSABLE, told)


@pytest.mark.parametrize(
    "said",
    [
        "**Use:** 7\n**Tone:** 5",
        "use: 7.0\ntone: 5/10",
        "- **use**: **7**\n- _tone_ = 5 / 10.",
        '{"use": "7/10", "tone": 5.0}',
        "use: 7 - clear\ntone: 5, as it is cold",
    ],
)
def test_preference_ratings_are_read_as_models_write_them(tmp_path: Path, said: str):
    ratings = {1: "use: 1\ntone: 1", 2: said}
    told = only(
        ran(tmp_path, recipe(f"responses: 2\n  {RATE}"), answers(better_is_later, ratings))
    ).drawn
    assert (told["chosen_use"], told["chosen_tone"]) == (7, 5)


@pytest.mark.parametrize(
    ("form", "tie"),
    [("Verdict: {}", "Tie"), ("Response {}", "It's a tie."), ("**{}**", "It\u2019s a tie")],
)
def test_preference_verdict_in_other_words_is_read(tmp_path: Path, form: str, tie: str):
    def judge(request: Request) -> str:
        one, two = shown(request)
        return verdict(tie if {one, two} == {1, 2} else form.format("A" if one > two else "B"))

    told = only(ran(tmp_path, recipe(), answers(judge))).drawn
    assert (told["pairs_decided"], told["pairs_tied"], told["agreement"]) == (2, 1, 1.0)


def test_preference_circle_of_wins_decides_nothing_without_ratings(tmp_path: Path):
    def judge(request: Request) -> str:
        one, two = shown(request)
        return verdict("A" if (two - one) % 3 == 1 else "B")

    run = ran(tmp_path, recipe(), answers(judge))
    assert run.samples == ()
    assert run.why == [Reason.INCONSISTENT_JUDGE] * 3
    told = "shown as 1, 2: A; shown as 2, 1: B; but 1 has won no greater share of its pairs than 2"
    assert ("inconsistent_judge", told) in run.reasons.values()


def test_preference_next_pair_is_the_row_where_the_widest_fails_a_rule(tmp_path: Path):
    """By wins 3 over 1 is the widest; but its ratings are turned round, those of 2 over 1 not."""
    ratings = {1: "use: 5\ntone: 5", 2: "use: 9\ntone: 9", 3: "use: 4\ntone: 4"}
    rate = RATE.replace("best_worst", "all")
    run = ran(tmp_path, recipe(f"responses: 3\n  {rate}"), answers(better_is_later, ratings))
    sample = only(run)
    assert (sample.response[:8], sample.rejected[:8]) == ("answer 2", "answer 1")
    told = sample.drawn
    assert (told["pairs_decided"], told["pairs_passed_over"], told["margin"]) == (3, 2, 4.0)
    assert ("inconsistent_judge", "but the ratings are 4 and 5") in run.reasons.values()


def test_preference_judge_that_always_names_the_first_makes_no_row(tmp_path: Path):
    run = ran(tmp_path, recipe(), answers(lambda _: verdict("A")))
    assert run.samples == ()
    assert run.why == [Reason.INCONSISTENT_JUDGE] * 3
    assert ("inconsistent_judge", "shown as 1, 2: A; shown as 2, 1: A") in run.reasons.values()


def test_preference_judge_half_undecided_is_inconsistent(tmp_path: Path):
    def judge(request: Request) -> str:
        one, two = shown(request)
        return verdict("A" if one > two else "tie")

    assert ran(tmp_path, recipe(), answers(judge)).why == [Reason.INCONSISTENT_JUDGE] * 3


def test_preference_one_contradiction_is_recorded_and_the_rest_decides(tmp_path: Path):
    def judge(request: Request) -> str:
        return verdict("A") if set(shown(request)) == {1, 3} else better_is_later(request)

    run = ran(tmp_path, recipe(), answers(judge))
    sample = only(run)
    assert (sample.response[:8], sample.rejected[:8]) == ("answer 2", "answer 1")
    assert sample.drawn["agreement"] == pytest.approx(2 / 3, abs=1e-3)
    assert sample.drawn["margin"] == 0.5, "one of two matches, less none of two"
    assert run.why == [Reason.INCONSISTENT_JUDGE]


def test_preference_ties_are_dropped_and_told(tmp_path: Path):
    run = ran(tmp_path, recipe("responses: 2"), answers(lambda _: verdict("tie")))
    assert run.samples == ()
    assert list(run.reasons.values()) == [
        (Reason.TIE, "shown as 1, 2: tie; shown as 2, 1: tie"),
    ]


def test_preference_ties_kept_have_the_shorter_response_and_no_margin(tmp_path: Path):
    made = recipe("responses: 2\n  ties: keep")
    sample = only(ran(tmp_path, made, answers(lambda _: verdict(" Tie. "))))
    assert (sample.response, sample.rejected) == ("answer 1 word", "answer 2 word word")
    assert (sample.drawn["verdict"], sample.drawn["margin"]) == ("tie", 0.0)
    assert (sample.drawn["agreement"], sample.drawn["length_difference"]) == (1.0, -1)


@pytest.mark.parametrize(("first", "second"), [("A", "A"), ("B", "tie")])
def test_preference_inconsistent_pair_is_dropped_or_kept_with_what_was_said(
    tmp_path: Path, first: str, second: str
):
    def judge(request: Request) -> str:
        return verdict(first if shown(request) == (1, 2) else second)

    lost = ran(tmp_path / "d", recipe("responses: 2"), answers(judge))
    assert (lost.samples, lost.why) == ((), [Reason.INCONSISTENT_JUDGE])
    run = ran(tmp_path / "k", recipe("responses: 2\n  inconsistent: keep"), answers(judge))
    sample = only(run)
    assert run.reasons == {}
    assert (sample.response, sample.rejected) == ("answer 1 word", "answer 2 word word")
    told = sample.drawn
    assert (told["verdict"], told["said"]) == ("inconsistent", f"{first}, {second}")
    assert (told["margin"], told["agreement"], told["pairs_decided"]) == (0.0, 0.0, 0)


def test_preference_inconsistent_pair_is_kept_only_where_none_is_decided_or_tied(tmp_path: Path):
    def judge(request: Request) -> str:
        pair = set(shown(request))
        return better_is_later(request) if pair == {2, 3} else verdict("A")

    more = "responses: 3\n  ties: keep\n  inconsistent: keep"
    decided = only(ran(tmp_path / "d", recipe(more), answers(judge)))
    assert (decided.drawn["verdict"], "said" in decided.drawn) == ("decided", False)
    tied = only(
        ran(
            tmp_path / "t",
            recipe(more),
            answers(lambda r: verdict("tie" if set(shown(r)) == {2, 3} else "A")),
        )
    )
    assert (tied.drawn["verdict"], tied.response[:8]) == ("tie", "answer 2")


def test_preference_margin_under_the_least_asked_is_a_tie(tmp_path: Path):
    ratings = {1: "use: 5\ntone: 5", 2: "use: 6\ntone: 5"}
    made = recipe(f"responses: 2\n  min_margin: 1\n  {RATE}")
    run = ran(tmp_path, made, answers(better_is_later, ratings))
    assert list(run.reasons.values()) == [
        (Reason.TIE, "shown as 2, 1: A; shown as 1, 2: B; its margin is 0.5, not 1")
    ]


@pytest.mark.parametrize("said", ["C, I think", "A and B", "neither", "AB", "C"])
def test_preference_verdict_that_is_none_is_unparsable(tmp_path: Path, said: str):
    run = ran(tmp_path, recipe("responses: 2"), answers(lambda _: verdict(said)))
    [(reason, detail)] = run.reasons.values()
    assert (reason, detail) == (Reason.UNPARSABLE, f"the verdict {said!r} is none of A, B, tie")


def test_preference_judge_without_its_section_loses_the_pair_alone(tmp_path: Path):
    def judge(request: Request) -> str:
        return "They are fine." if shown(request) == (1, 2) else better_is_later(request)

    run = ran(tmp_path, recipe(), answers(judge))
    assert only(run).response.startswith("answer 3")
    [(reason, detail)] = run.reasons.values()
    assert (reason, detail.startswith("its judge: section <verdict>")) == ("unparsable", True)


def test_preference_judge_that_wrote_a_response_is_marked(tmp_path: Path):
    found = {
        only(ran(tmp_path / judge, recipe("responses: 8", judge), answers())).drawn[
            "judge_is_writer"
        ]
        for judge in ("writer", "second")
    }
    assert "yes" in found
