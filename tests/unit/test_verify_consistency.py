"""Answers to one question, held against each other."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from synth_assets.core.sample import Sample
from synth_assets.core.schema import Outcome, Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.consistency import Consistency
from synth_assets.core.verify.failure_modes import FailureModes
from synth_assets.core.verify.stage import verify_samples
from tests.samples import decisions_of, frame_of, synthetic_row


def verdicts(samples: Sequence[Sample], **parameters: Any) -> list[Verdict]:
    verifier = Consistency.model_validate({"kind": "consistency", **parameters})
    return list(verifier.prepare({}).check(samples))


def answers(*texts: str, prompt: str = "How many?") -> list[Sample]:
    return [synthetic_row(f"s{at}", prompt, text) for at, text in enumerate(texts)]


def reasons(found: Sequence[Verdict]) -> list[str | None]:
    return [
        "errored" if each.outcome == VerdictOutcome.ERRORED else each.reason and each.reason.value
        for each in found
    ]


def test_consistency_majority_is_accepted_and_the_others_contradict_it() -> None:
    found = verdicts(answers("#### 18", "so #### $18.00", "#### 17", "#### 18 eggs", "no idea"))
    assert reasons(found) == [None, None, "contradiction", None, "no_final_answer"]
    assert [each.score for each in found] == [0.75, 0.75, 0.25, 0.75, 0.0]
    assert found[2].evidence == "says '17'; 4 answers: '18' (3), '17' (1)"


def test_consistency_votes_are_counted_for_each_question_apart() -> None:
    one, other = answers("#### 1", "#### 1", prompt="One?"), answers("#### 2", prompt="Two?")
    assert reasons(verdicts([*one, *other])) == [None, None, None]
    folded = answers("#### 1", prompt="ONE?  ")
    assert reasons(verdicts([*folded, *answers("#### 2", prompt="one?")])) == ["no_agreement"] * 2
    context = [synthetic_row("a", "p", "#### 1", context="x")]
    assert [v.score for v in verdicts([*context, *answers("#### 2", prompt="p")])] == [None, None]


def test_consistency_groups_by_seed_or_attribute() -> None:
    rows = [
        synthetic_row(str(at), f"wording {at}", f"#### {answer}")
        for at, answer in enumerate((5, 5, 6))
    ]
    assert reasons(verdicts(rows)) == [None, None, None]
    assert reasons(verdicts(rows, group_by="seed")) == ["errored"] * 3
    seeded = [replace(row, seed_id="x") for row in rows]
    assert reasons(verdicts(seeded, group_by="seed")) == [None, None, "contradiction"]
    named = [replace(row, attributes='{"question": 7}') for row in rows]
    assert reasons(verdicts(named, group_by="question")) == [None, None, "contradiction"]
    found = verdicts([*named[:2], rows[2]], group_by="question")
    assert found[2].evidence == "the sample has no question to group it by"


def test_consistency_ties_and_little_agreement_are_rejected_or_errored() -> None:
    tie = answers("#### 1", "#### 2", "#### 1", "#### 2", "#### 3")
    assert reasons(verdicts(tie)) == ["no_agreement"] * 5
    assert reasons(verdicts(tie, ties="error")) == ["errored"] * 5
    half = answers("#### 1", "#### 1", "#### 2", "#### 3")
    assert reasons(verdicts(half)) == ["no_agreement"] * 2 + ["contradiction"] * 2
    assert reasons(verdicts(half, min_agreement=0.5))[:2] == [None, None]


def test_consistency_lone_answer_is_accepted_without_a_score() -> None:
    [found] = verdicts(answers("#### 1"))
    assert (found.outcome, found.score) == (VerdictOutcome.ACCEPTED, None)
    assert verdicts(answers("#### 1", "nothing"))[0].score is None
    assert verdicts(answers("#### 1"), alone_score=1)[0].score == 1
    assert reasons(verdicts(answers("#### 1"), alone="reject")) == ["no_agreement"]
    assert reasons(verdicts(answers("#### 1"), alone="error")) == ["errored"]


@pytest.mark.parametrize(
    ("parameters", "texts", "expected"),
    [
        ({}, ["#### 18 eggs", "is $1.50 * 12 = <<1.5*12=18>>18.00", "#### 17"], "aab"),
        ({"answer": "boxed"}, [r"\boxed{\frac{1}{2}}", r"\boxed{0.5}", r"\boxed{0.4}"], "aab"),
        ({"answer": "last_number"}, ["it is 1,000", "1000 in all", "that is 100"], "aab"),
        ({"answer": "last_line"}, ["a\n\n**Paris.**\n", "b\nparis", "Paris\nRome"], "aab"),
        ({"answer": "whole"}, ["“Yes”", "yes.", "no"], "aab"),
        ({"answer": "marker", "compare": "text"}, ["#### 18", "#### 18", "#### 18.0"], "aab"),
        ({"answer": "marker"}, ["#### 5 m", "#### 500 cm", "#### 5 cm"], "aab"),
        ({"answer": "marker", "units": "ignored"}, ["#### 5 m", "#### 5", "#### 5 cm"], "aaa"),
    ],
)
def test_consistency_finds_answers_and_compares_them_as_told(
    parameters: dict[str, Any], texts: list[str], expected: str
) -> None:
    found = reasons(verdicts(answers(*texts), **parameters))
    assert found == [None if kind == "a" else "contradiction" for kind in expected]


def test_consistency_answer_that_cannot_be_compared_is_errored_and_has_no_vote() -> None:
    found = verdicts(
        answers(r"\boxed{\sqrt{8}}", r"\boxed{\sqrt{8}}", r"\boxed{2\sqrt{2}}"), answer="boxed"
    )
    assert reasons(found) == [None, None, "errored"]
    assert found[0].score == 1
    assert found[2].evidence.startswith("no algebra at hand; answer ")


def test_consistency_parameters_that_contradict_are_refused() -> None:
    with pytest.raises(ValidationError, match="alone_score belongs to"):
        Consistency(kind="consistency", alone="reject", alone_score=1)
    with pytest.raises(ValidationError, match="compared exactly"):
        Consistency(kind="consistency", compare="text")
    with pytest.raises(ValidationError, match="min_agreement"):
        Consistency(kind="consistency", min_agreement=0)


@given(st.permutations(["1", "1", "1", "2", "2", "3", "", "x"]))
def test_consistency_does_not_depend_on_the_order(said: list[str]) -> None:
    texts = [f"#### {each}" for each in said]
    found = verdicts(answers(*texts), min_agreement=0.4)
    by_text = dict(zip(said, reasons(found), strict=True))
    assert by_text == {
        "1": None,
        "2": "contradiction",
        "3": "contradiction",
        "": "no_final_answer",
        "x": "no_final_answer",
    }


@pytest.mark.parametrize(
    "text", ["", "#### " + "9" * 100_000, "#### " * 2_000, "{" * 100_000, "\n" * 100_000, "\ud800"]
)
@pytest.mark.parametrize(
    "answer", ["number", "boxed", "marker", "last_number", "last_line", "whole"]
)
def test_consistency_hostile_answers_take_no_time(text: str, answer: str) -> None:
    started = process_time()
    found = verdicts(answers(text, text, "#### 5"), answer=answer)
    assert process_time() - started < 10
    assert len(found) == 3


def test_consistency_many_different_answers_are_bounded() -> None:
    started = process_time()
    found = verdicts(answers(*(f"#### {at}" for at in range(3_000))), answer="marker")
    assert process_time() - started < 60
    assert Counter(reasons(found)) == {"no_agreement": 200, "errored": 2_800}


@pytest.fixture(scope="module")
def gsm8k(shared_data: Path) -> list[Sample]:
    """Four models' solutions to each of 660 questions; an attribute tells whether one is right."""
    path = shared_data / "gsm8k" / "example_model_solutions.A.jsonl"
    sizes = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
    return [
        synthetic_row(
            f"{at}-{size}",
            row["question"],
            row[size]["solution"],
            attributes=json.dumps({"right": int(row[size]["is_correct"])}),
        )
        for at, row in enumerate(map(json.loads, path.read_text("utf-8").splitlines()))
        for size in sizes
    ]


def test_consistency_on_gsm8k_has_the_known_precision_at_each_agreement(
    gsm8k: list[Sample],
) -> None:
    found = verdicts(gsm8k, marker="A:", min_agreement=0.01)
    right: dict[float | None, list[int]] = {}
    seen: set[str] = set()
    for sample, verdict in zip(gsm8k, found, strict=True):
        if verdict.outcome == VerdictOutcome.ACCEPTED and sample.prompt not in seen:
            seen.add(sample.prompt)
            right.setdefault(verdict.score, []).append(int(sample.drawn["right"]))
    shares = {score: (sum(each), len(each)) for score, each in right.items()}
    assert shares == {1.0: (88, 91), 0.75: (95, 111), 0.5: (96, 191), 2 / 3: (1, 1)}
    assert Counter(reasons(found))["no_final_answer"] == 6


def test_consistency_in_the_stage_compares_what_is_left(gsm8k: list[Sample]) -> None:
    rows = answers("#### 1", "#### 1", "I cannot help with that. #### 2", "#### 2", "#### 1")
    verifiers = [Consistency(kind="consistency"), FailureModes(kind="failure_modes")]
    result = verify_samples(frame_of(*rows), "p", verifiers, {})
    found = decisions_of(result.stage.decisions)
    assert [found[f"s{at}"].reason for at in range(5)] == [
        None, None, Reason.REFUSAL, Reason.CONTRADICTION, None
    ]  # fmt: skip
    assert found["s0"].outcome == Outcome.KEPT
    assert found["s0"].score == 0.75
