"""Final answers of mathematics, with computer algebra behind them, on labelled and hostile data."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from synth_assets.core.schema import Outcome, Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.answers.equality import Comparer, Rules
from synth_assets.core.verify.answers.expressions import Apply
from synth_assets.core.verify.answers.final import compare_answers
from synth_assets.core.verify.catalogue import VerifierSpec
from synth_assets.core.verify.math import Math
from synth_assets.core.verify.stage import verify_samples
from synth_assets.core.verify.tools import NO_TOOLS, Sameness, Tools
from synth_assets.resources.algebra.process import AlgebraBounds, SymbolicAlgebra
from tests.samples import decisions_of, frame_of, synthetic_row

CPU_S = 1.0


@pytest.fixture(scope="module")
def algebra() -> Generator[SymbolicAlgebra]:
    with SymbolicAlgebra(AlgebraBounds(cpu_s=CPU_S)) as running:
        yield running


def verdict(response: str, gold: str, tools: Tools = NO_TOOLS, /, **parameters: Any) -> Verdict:
    verifier = Math.model_validate({"kind": "math", **parameters})
    return verifier.prepare({}, tools)(synthetic_row("s", "p", response, reference=gold))


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_math_gives_each_outcome_its_reason() -> None:
    assert verdict(r"so \boxed{\frac{1}{2}}", "0.5") == Verdict.accepted(
        r"final answer '\\frac{1}{2}', reference '0.5'"
    )
    assert verdict(r"so \boxed{0.4}", r"\boxed{0.5}").reason == Reason.WRONG_ANSWER
    assert verdict("so 0.5", "0.5").reason == Reason.NO_FINAL_ANSWER
    assert verdict(r"\boxed{5}", "").reason == Reason.NO_REFERENCE
    assert verdict(r"\boxed{5}", "long " * 100).reason == Reason.NO_REFERENCE
    undecided = verdict(r"\boxed{\sqrt{8}}", r"2\sqrt{2}")
    assert undecided.outcome == VerdictOutcome.ERRORED
    assert undecided.evidence.startswith("no algebra at hand;")


@pytest.mark.parametrize(
    ("response", "parameters", "outcome"),
    [
        ("2 + 3 = 5 eggs", {"answer": "last_number"}, "accepted"),
        ("3 or 5", {"answer": "last_number"}, "rejected"),
        ("5", {"answer": "whole"}, "accepted"),
        ("A: 4\nno, A: 5", {"answer": "marker", "marker": "A:"}, "accepted"),
        ("A: 4\nno, A: 5", {"answer": "marker", "marker": "A:", "all_agree": True}, "rejected"),
        ("A: 5.0\nyes, A: 5", {"answer": "marker", "marker": "A:", "all_agree": True}, "accepted"),
        (r"\boxed{5\text{ cm}}", {}, "accepted"),
        (r"\boxed{5\text{ cm}}", {"units": "required"}, "rejected"),
    ],
)
def test_math_takes_the_answer_by_the_recipes_rule(
    response: str, parameters: dict[str, Any], outcome: str
) -> None:
    assert verdict(response, "5", **parameters).outcome == outcome


def test_math_reads_the_reference_where_it_says() -> None:
    working = "First 3, then 4.\n#### 12"
    assert verdict(r"\boxed{12}", working, reference="marker").outcome == VerdictOutcome.ACCEPTED
    assert verdict(r"\boxed{12}", "12", reference="marker").reason == Reason.NO_REFERENCE
    assert verdict("it is 0.75", r"\frac{3}{4}", answer="last_number").reason is None
    assert verdict("it is 12", working, answer="last_number").reason is None


def test_math_in_a_recipe_leaves_the_undecided_to_be_looked_at_again() -> None:
    written = {"kind": "math", "answer": "boxed", "units": "ignored"}
    verifier = TypeAdapter[Math](VerifierSpec).validate_python(written)
    samples = frame_of(
        synthetic_row("right", "p", r"\boxed{5\text{ m}}", reference="5 cm"),
        synthetic_row("wrong", "p", r"\boxed{6}", reference="5"),
        synthetic_row("unclear", "p", r"\boxed{\sqrt{x}}", reference="5"),
    )
    result = verify_samples(samples, "math~0123abcd", [verifier], {})
    decisions = decisions_of(result.stage.decisions)
    assert {name: each.outcome for name, each in decisions.items()} == {
        "right": Outcome.KEPT,
        "wrong": Outcome.DROPPED,
        "unclear": Outcome.ERRORED,
    }
    assert decisions["wrong"].reason == Reason.WRONG_ANSWER
    assert decisions["unclear"].reason == Reason.VERIFIER_ERROR


EQUAL = [
    (r"3\sqrt{2}", r"\sqrt{18}"),
    (r"\frac{\sqrt{3}}{3}", r"1/\sqrt{3}"),
    (r"\sqrt{3+2\sqrt{2}}", r"1+\sqrt{2}"),
    ("x^2+2x+1", "(x+1)^2"),
    (r"\frac{x^2-1}{x-1}", "x+1"),
    (r"\cot x", r"\frac{\cos x}{\sin x}"),
    (r"\sin^2 x + \cos^2 x", "1"),
    (r"e^{i\pi}", "-1"),
    (r"\sqrt{-4}", "2i"),
    (r"\sqrt[3]{-8}", "-2"),
    (r"\log_2 8", "3"),
    (r"30^\circ", r"\frac{\pi}{6}"),
    (r"\left(3, \frac{\pi}{2}\right)", r"(3, 0.5\pi)"),
    (r"1 \pm \sqrt{19}", r"1-\sqrt{19}, 1+\sqrt{19}"),
    ("y = 2x + 3", "y - 2x - 3 = 0"),
    ("5x - 7y + 11z + 4 = 0", "-10x + 14y = 22z + 8"),
    ("2x < 6", "x < 3"),
    (r"\left[\frac{\pi^2}{8}, \frac{5\pi^2}{4}\right]", r"[\pi^2/8, 1.25\pi^2]"),
    (r"\frac{11+9a}{20}", "0.55 + 0.45a"),
]
DIFFERENT = [
    (r"\sqrt{2}", "1.4142135623730950488"),
    (r"\pi", "3.14159265358979"),
    ("x + 1", "x - 1"),
    ("x", "-x"),
    ("x^2 + y^2 = 4", "x^2 + y^2 = 5"),
    ("y = 2x + 3", "y = 2x - 3"),
    ("3 + 4i", "3 - 4i"),
    (r"\sin x", r"\cos x"),
    ("2x < 6", "x > 3"),
    (r"1 \pm \sqrt{19}", r"1-\sqrt{19}, 2+\sqrt{19}"),
    (r"10^{-99}\pi", "0"),
]
UNDECIDED = [
    ("|x|", "x"),
    (r"(-1)^n", r"\cos(n\pi)"),
    (r"\log 100", "2"),
    ("(-8)^{1/3}", "-2"),
    (r"\frac{x}{0}", "x"),
    (r"\infty - \infty", "0"),
]


@pytest.mark.parametrize(
    ("left", "right", "outcome"),
    [
        *((left, right, Sameness.EQUAL) for left, right in EQUAL),
        *((left, right, Sameness.DIFFERENT) for left, right in DIFFERENT),
        *((left, right, Sameness.UNDECIDED) for left, right in UNDECIDED),
    ],
)
def test_formulas_are_equal_different_or_undecided_either_way_round(
    algebra: SymbolicAlgebra, left: str, right: str, outcome: Sameness
) -> None:
    comparer = Comparer(Rules(), algebra)
    assert compare_answers(left, right, comparer).sameness is outcome
    assert compare_answers(right, left, comparer).sameness is outcome


def test_math_on_gsm8k_model_solutions_reproduces_every_published_flag(shared_data: Path) -> None:
    check = Math(kind="math", answer="marker", marker="A:").prepare({})
    agreed = total = 0
    for row in rows_of(shared_data / "gsm8k" / "example_model_solutions.A.jsonl"):
        for model in ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"):
            sample = synthetic_row("s", "p", row[model]["solution"], reference=row["ground_truth"])
            found = check(sample)
            assert found.outcome != VerdictOutcome.ERRORED
            agreed += (found.outcome == VerdictOutcome.ACCEPTED) == row[model]["is_correct"]
            total += 1
    assert (agreed, total) == (2640, 2640)


def test_math500_golds_equal_themselves_and_no_others(
    shared_data: Path, algebra: SymbolicAlgebra
) -> None:
    golds = [row["answer"] for row in rows_of(shared_data / "math" / "math500.jsonl")]
    check = Math(kind="math").prepare({}, Tools(algebra=algebra))
    accepted: set[frozenset[str]] = set()
    errored = pairs = 0
    for shift in (0, 1, 7, 100):
        for at, gold in enumerate(golds):
            other = golds[(at + shift) % len(golds)]
            found = check(synthetic_row("s", "p", rf"\boxed{{ {gold} }}", reference=other))
            if gold == other:
                assert found.outcome == VerdictOutcome.ACCEPTED, gold
                continue
            pairs += 1
            errored += found.outcome == VerdictOutcome.ERRORED
            if found.outcome == VerdictOutcome.ACCEPTED:
                accepted.add(frozenset((gold, other)))
    # Another item's gold that says the same in other words.
    assert accepted == {frozenset(("5", "x=5"))}
    assert pairs > 1480
    # A choice (C) beside a value, an equation beside a value.
    assert errored < 0.02 * pairs


HOSTILE = [
    "9**9**9**9",
    "9^{9^{9^9}}",
    "(10^9)!",
    "((10^3)!)!",
    "100000!",
    "5!!!!!!!!",
    r"\binom{10^9}{5 \cdot 10^8}",
    "(" * 100_000 + "1" + ")" * 100_000,
    "{" * 900 + "1" + "}" * 900,
    "1e999999999",
    "1e" + "9" * 5_000,
    "9" * 100_000,
    "0." + "0" * 50_000 + "1",
    "1/" * 900 + "1",
    r"\frac" * 300,
    r"\sqrt{" * 39 + "2" + "}" * 39,
    r"\frac{" * 300,
    "x^" * 900 + "x",
    "x^{" * 38 + "x" + "}" * 38,
    "(x+1)^{100}(x+2)^{100}(y+1)^{100}(z+1)^{100}",
    r"\sin(" * 38 + "x" + ")" * 38,
    r"\sin(10^{50})",
    "e^{e^{e^{e^{e^{10}}}}}",
    r"\pi^{\pi^{\pi^{\pi}}}",
    "i^{i^{i^{i}}}",
    r"\tan(10^{100})",
    r"\sum_{k=1}^{10^9}k",
    r"\frac{1}{0}",
    "0^0",
    r"\infty-\infty",
    r"\log 0",
    "{{{{",
    "}}}}",
    r"\left(1",
    "\N{CIRCLED DIGIT ONE}",
    "\N{FULLWIDTH DIGIT ONE}",
    "\N{ARABIC-INDIC DIGIT FIVE}",
    "\N{RIGHT-TO-LEFT OVERRIDE}123",
    "a\N{COMBINING ACUTE ACCENT}",
    "\ud7ff",
    "\x00" * 500,
    "$" * 1_999,
    "\\" * 1_999,
    "^" * 500,
    "1" + "_1" * 400,
    "|" * 501,
    "|x" * 300,
    "1" + "*9" * 900,
    "-" * 1_900 + "1",
    "x" * 1_999,
    "__import__('os').system('id')",
    r"\input{/etc/passwd}",
    r"\def\a{\a\a}\a",
    r"floor(10^{99}\sqrt 2)",
    r"\begin{pmatrix}" + "1&" * 300 + r"1\end{pmatrix}",
    r"\{" + ",".join(rf"\sqrt{{{at}}}" for at in range(2, 40)) + r"\}",
    r"1\pm" * 300 + "1",
    "=".join("x" * 500),
    "5 " + "per " * 300,
    "5 m^{99}",
    r"\sqrt[1000000007]{x}",
    "2^{1/1000000007}",
    r"(\sqrt2+\sqrt3+\sqrt5+\sqrt7+\sqrt{11}+\sqrt{13})^{20}",
    "((x!)!)!",
    "x^{x^{x^x}}",
    r"\exp(\exp(\exp(\exp(10))))",
    r"\max(x,y,z,w,a,b,c,d,f,g)",
]


def test_math_of_hostile_answers_costs_a_bounded_worker_at_most(algebra: SymbolicAlgebra) -> None:
    check = Math(kind="math").prepare({}, Tools(algebra=algebra))
    slow = 0
    for bomb in HOSTILE:
        found = check(synthetic_row("s", "p", rf"so \boxed{{{bomb}}}", reference=r"\sqrt{2}+x"))
        assert found.outcome != VerdictOutcome.ACCEPTED, bomb[:40]
        if "processor time" in found.evidence:
            slow += 1
            assert found.outcome == VerdictOutcome.ERRORED
    assert slow < len(HOSTILE) / 10
    assert check(synthetic_row("s", "p", r"\boxed{\sqrt8}", reference=r"2\sqrt2")).reason is None


def test_math_asks_no_algebra_about_plain_numbers() -> None:
    class Absent:
        def compare(self, left: Apply, right: Apply, proportion: object = None) -> None:
            raise AssertionError(f"asked about {left} and {right}")

    tools = Tools(algebra=Absent())  # type: ignore[arg-type]
    assert verdict(r"\boxed{\frac{3}{4}}", "0.75", tools).outcome == VerdictOutcome.ACCEPTED
    assert verdict(r"\boxed{(1, 2)}", "(1, 3)", tools).outcome == VerdictOutcome.REJECTED


@pytest.mark.parametrize(("response", "outcome"), [("\uff15", "accepted"), ("\uff16", "rejected")])
def test_math_full_width_digits_are_digits(response: str, outcome: str) -> None:
    assert verdict(response, "5", answer="whole").outcome == outcome
