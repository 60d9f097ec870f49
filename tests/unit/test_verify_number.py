"""Final numbers and shown arithmetic."""

import json
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.number import Number
from synth_assets.core.verify.reading.arithmetic import NotArithmetic, evaluate
from synth_assets.core.verify.reading.quantities import lone_number, numbers_in
from tests.samples import synthetic_row


def verdict(response: str, reference: str = "#### 5", **parameters: object) -> Verdict:
    verifier = Number.model_validate({"kind": "number", **parameters})
    return verifier.prepare({})(synthetic_row("s", "How many?", response, reference=reference))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234,567", "1234567"),
        ("$1,200.50", "1200.5"),
        ("\\$12", "12"),
        ("1{,}200", "1200"),
        ("-$5", "-5"),
        ("\N{MINUS SIGN}3.5", "-3.5"),
        ("3/4", "3/4"),
        ("2 1/2", "5/2"),
        ("2\N{VULGAR FRACTION ONE HALF}", "5/2"),
        ("3.2e5", "320000"),
        ("1E-2", "0.01"),
        (".5", "0.5"),
        ("18.", "18"),
        ("**18**", "18"),
        ("25%", "25"),
        ("1\N{NARROW NO-BREAK SPACE}200", "1200"),
    ],
)
def test_lone_number_in_any_spelling_is_read_exactly(text: str, value: str) -> None:
    number = lone_number(text)
    assert number is not None
    assert number.value == Fraction(value)


@pytest.mark.parametrize(
    "text", ["", "x5", "10^3", "10\N{SUPERSCRIPT THREE}", "1.2.3", "10:30", "16-18", "1,2", "five"]
)
def test_lone_number_of_what_is_no_single_number_is_none(text: str) -> None:
    assert lone_number(text) is None


@given(st.decimals(-(10**12), 10**12, places=4))
def test_lone_number_of_a_formatted_decimal_is_that_decimal(value: Decimal) -> None:
    number = lone_number(f"{value:,f}")
    assert number is not None
    assert number.value == Fraction(value)


@given(st.integers(-(10**30), 10**30))
def test_lone_number_with_thousands_separators_is_the_same_number(value: int) -> None:
    number = lone_number(f"{value:,}")
    assert number is not None
    assert number.value == value


@given(st.text())
def test_numbers_in_any_text_never_fails(text: str) -> None:
    assert all(isinstance(value, Fraction) for value in numbers_in(text))


def test_numbers_in_text_keep_tokens_whole() -> None:
    assert numbers_in("125 at 1,200 for 12.5 in B12") == {
        Fraction(125),
        Fraction(1200),
        Fraction("12.5"),
    }


@pytest.mark.parametrize(
    ("response", "reference"),
    [
        ("so\n#### 1,200", "#### 1200"),
        ("so #### $18.00 per day.", "#### 18"),
        ("#### 0.75", "#### 3/4"),
        ("#### 5", "5"),
        ("#### 3 million", "#### 3,000,000"),
        ("####\n5 eggs in all", "#### five, that is 5"),
        ("#### 5\nAgain: #### 5.0", "#### 5"),
    ],
)
def test_number_equal_in_value_is_accepted(response: str, reference: str) -> None:
    found = verdict(response, reference)
    assert found.outcome == VerdictOutcome.ACCEPTED
    assert found.score == 1.0


@pytest.mark.parametrize(
    ("response", "reference", "reason"),
    [
        ("#### 6", "#### 5", Reason.WRONG_NUMBER),
        ("#### -5", "#### 5", Reason.WRONG_NUMBER),
        ("#### 0.1234567", "#### 0.1234568", Reason.WRONG_NUMBER),
        ("#### 25%", "#### 0.25", Reason.WRONG_NUMBER),
        ("The answer is 5.", "#### 5", Reason.NO_FINAL_NUMBER),
        ("#### 16, 17, or 5", "#### 5", Reason.NO_FINAL_NUMBER),
        ("#### 5\n#### 6", "#### 5", Reason.NO_FINAL_NUMBER),
        ("#### five", "#### 5", Reason.NO_FINAL_NUMBER),
        ("####", "#### 5", Reason.NO_FINAL_NUMBER),
        ("", "#### 5", Reason.NO_FINAL_NUMBER),
        ("#### 5", "", Reason.NO_REFERENCE),
        ("#### 5", "I cannot solve these 5 problems.", Reason.NO_REFERENCE),
        ("#### 1e999999999", "#### 1", Reason.NO_FINAL_NUMBER),
        ("#### 1/0", "#### 1/0", Reason.NO_FINAL_NUMBER),
        ("#### " + "9" * 1000, "#### " + "9" * 1000, Reason.NO_FINAL_NUMBER),
    ],
)
def test_number_not_vouched_for_is_rejected_with_its_reason(
    response: str, reference: str, reason: Reason
) -> None:
    found = verdict(response, reference)
    assert found.outcome == VerdictOutcome.REJECTED
    assert found.reason == reason


def test_number_without_marker_where_none_is_required_is_the_last() -> None:
    assert verdict("2 and 3 make 5.", "so 5", marker_required=False).reason is None
    assert verdict("2 and 3 make 5.", "so 6", marker_required=False).reason == Reason.WRONG_NUMBER


def test_number_marker_inside_a_word_is_no_marker() -> None:
    assert verdict("DNA: 7\nA: 5", "A: 5", marker="A:").reason is None


@pytest.mark.parametrize(
    "steps",
    [
        "<<2+3=5>>5",
        "<<10/3=3.33>>3.33, <<5=5>>5",
        "<<2/3=0.6666666666666666>>",
        "<<0.6666666666666666*3=2>>2",
        "<<(1+2)*3-4=5>>5",
        "<<1,000/200=5>>",
        "<<50*10%=5>>5",
        "<<5/25*100=20%>>20%",
        "<<2\N{MULTIPLICATION SIGN}3=6=12/2>>",
        "<<--5=5>>",
        "<<3+2=5>>5 million",
    ],
)
def test_working_that_is_right_is_accepted(steps: str) -> None:
    assert verdict(f"{steps}\n#### 5").reason is None


@pytest.mark.parametrize(
    "steps",
    [
        "<<2+3=6>>",
        "<<2+3=5>>6",
        "<<10/3=3>>3",
        "<<10/3=3.34>>",
        "<<2.51=2.6>>",
        "<<1/0=5>>",
        "<<2**3=8>>",
        "<<4*y=20>>",
        "<<5>>",
        "<<=>>",
        "<<2+3=5",
        "<<" + "(" * 50 + "5" + ")" * 50 + "=5>>",
        "<<__import__('os')=5>>",
    ],
)
def test_working_that_is_wrong_or_unreadable_is_rejected(steps: str) -> None:
    found = verdict(f"{steps}\n#### 5")
    assert found.reason == Reason.WRONG_WORKING
    assert verdict(f"{steps}\n#### 5", check_working=False).reason != Reason.WRONG_WORKING


def test_working_whose_last_step_is_another_number_is_rejected_on_demand() -> None:
    response = "<<2+1=3>>3 and 2 more\n#### 5"
    assert verdict(response).reason is None
    assert verdict(response, last_step_is_answer=True).reason == Reason.WRONG_WORKING
    assert verdict("<<2+3=5>>5\n#### 5", last_step_is_answer=True).reason is None


expressions = st.recursive(
    st.integers(0, 999).map(str) | st.decimals(0, 99, places=2).map(str),
    lambda inner: st.builds("({}{}{})".format, inner, st.sampled_from("+-*/"), inner),
    max_leaves=8,
)


@given(expressions)
def test_evaluate_agrees_with_exact_python_arithmetic(expression: str) -> None:
    exact = re.sub(r"[\d.]+", lambda match: f"Fraction('{match.group()}')", expression)
    try:
        expected = eval(exact, {"Fraction": Fraction})
    except ZeroDivisionError:
        with pytest.raises(NotArithmetic):
            evaluate(expression)
    else:
        assert evaluate(expression) == expected


@given(st.text(alphabet="0123456789.+-*/()%<>= ,ex#$", max_size=300))
def test_number_of_hostile_text_is_judged_not_raised(text: str) -> None:
    for required in (True, False):
        found = verdict(text, marker_required=required)
        assert found.outcome in (VerdictOutcome.ACCEPTED, VerdictOutcome.REJECTED)


@pytest.mark.parametrize(
    "bomb",
    [
        "9" * 100_000,
        "1,111" * 5_000,
        "1/" * 20_000,
        "1 " * 20_000,
        "<<" * 20_000,
        "#### " * 5_000,
        "<<" + "9*" * 190 + "9=5>>",
        "\N{VULGAR FRACTION ONE HALF}" * 5_000,
    ],
    ids=lambda bomb: bomb[:6],
)
def test_number_of_a_bomb_costs_little(bomb: str) -> None:
    started = process_time()
    verdict(f"{bomb}\n#### 5", marker_required=False)
    assert process_time() - started < 20


def test_number_on_gsm8k_model_solutions_reproduces_every_published_flag(
    shared_data: Path,
) -> None:
    check = Number(kind="number", marker="A:", check_working=False).prepare({})
    correct: dict[str, int] = {}
    agreed = total = 0
    for row in lines(shared_data / "gsm8k" / "example_model_solutions.A.jsonl"):
        for model in ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"):
            told = row[model]
            sample = synthetic_row("s", "p", told["solution"], reference=row["ground_truth"])
            accepted = check(sample).outcome == VerdictOutcome.ACCEPTED
            correct[model] = correct.get(model, 0) + accepted
            agreed += accepted == told["is_correct"]
            total += 1
    assert (agreed, total) == (2640, 2640)
    assert correct == {
        "6b_finetuning": 146,
        "175b_finetuning": 225,
        "6b_verification": 266,
        "175b_verification": 371,
    }


def test_working_of_gsm8k_written_by_people_is_accepted(shared_data: Path) -> None:
    check = Number(kind="number").prepare({})
    answers = [row["answer"] for row in lines(shared_data / "gsm8k" / "train.jsonl")]
    wrong = [
        answer
        for answer in answers
        if check(synthetic_row("s", "p", answer, reference=answer)).reason is not None
    ]
    assert len(answers) == 7473
    assert len(wrong) == 2
    assert all("//" in answer for answer in wrong)


def test_working_of_gsm8k_with_one_step_falsified_is_always_rejected(shared_data: Path) -> None:
    check = Number(kind="number").prepare({})
    answers = [row["answer"] for row in lines(shared_data / "gsm8k" / "test.jsonl")[:300]]
    falsified = [
        answer.replace(step, f"{left}={evaluate(right) + 1}>>", 1)
        for answer in answers
        if "<<" in answer
        for step in ["<<" + answer.partition("<<")[2].partition(">>")[0] + ">>"]
        for left, _, right in [step.removesuffix(">>").rpartition("=")]
    ]
    reasons = {
        check(synthetic_row("s", "p", answer, reference=answer)).reason for answer in falsified
    }
    assert len(falsified) > 290
    assert reasons == {Reason.WRONG_WORKING}
