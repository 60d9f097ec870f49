"""Where final answers stand, and which of them are the same without algebra."""

import json
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.verify.answers.equality import Comparer, Rules, Units
from synth_assets.core.verify.answers.final import Place, compare_answers, find_answers
from synth_assets.core.verify.tools import Sameness

PLAIN = Comparer(Rules(), None)


def same(left: str, right: str, **rules: object) -> str:
    """The word on two answers, which must not depend on their order."""
    comparer = Comparer(Rules(**rules), None)
    found = compare_answers(left, right, comparer).sameness
    assert compare_answers(right, left, comparer).sameness is found
    return found.value


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"so $\boxed{5}$.", "5"),
        (r"\boxed{1}, then \boxed{\frac{1}{\sqrt{2}}}", r"\frac{1}{\sqrt{2}}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{x = \boxed{7}}", r"x = \boxed{7}"),
        (r"\boxed 7 is it", "7"),
        (r"\fbox{3}", "3"),
        (r"a typo \boxed{1 and then \boxed{5}", "5"),
        (r"\boxed{16} or \boxed{18}", "16, 18"),
        (r"$\boxed{2}$, $\boxed{3}$ \text{and} $\boxed{5}$", "2, 3, 5"),
        (r"first \boxed{2}, and from that \boxed{3}", "3"),
    ],
)
def test_last_box_with_nesting_and_neighbours_is_the_answer(text: str, answer: str) -> None:
    assert find_answers(text, Place.BOXED).final == answer


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("so 5", "no box"),
        (r"\boxed{5} or rather \boxed{6", "the last box is not closed"),
        (r"\boxed{}", "the last box is empty"),
        (r"\boxed{ {5 }", "the last box is not closed"),
    ],
)
def test_box_that_is_missing_open_or_empty_is_no_answer(text: str, fault: str) -> None:
    found = find_answers(text, Place.BOXED)
    assert found.final is None
    assert found.fault == fault


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("#### 18", "18"),
        ("#### 17\nno,\n####\n**$18.00**\nbye", "$18.00"),
        ("#### <<9*2=18>>18 dollars a day. I hope it helps.", "18 dollars a day."),
        (r"#### The answer is $\boxed{\frac{1}{2}}$. Done.", r"\frac{1}{2}"),
        ("#### 3.5 km. That is far.", "3.5 km."),
    ],
)
def test_text_behind_the_last_marker_is_the_answer(text: str, answer: str) -> None:
    assert find_answers(text, Place.MARKER, "####").final == answer


def test_marker_inside_a_word_is_no_marker() -> None:
    assert find_answers("DNA: 7\nA: 5", Place.MARKER, "A:").texts == ("5",)
    assert find_answers("no marker", Place.MARKER, "A:").final is None
    assert find_answers("A: ", Place.MARKER, "A:").final is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("2 and then 3 make 1,005 eggs.", "1,005"),
        ("It is 16, 17, or 18.", "16, 17, or 18"),
        ("so 5 cm in all", "5 cm"),
        ("he put 5 in the box", "5"),
        ("we pay $7.50.", "$7.50"),
        ("that is 25% of them", "25%"),
        ("it is 2 1/2", "2 1/2"),
    ],
)
def test_last_number_keeps_its_list_and_unit(text: str, answer: str) -> None:
    assert find_answers(text, Place.LAST_NUMBER).final == answer


def test_last_number_of_a_long_text_keeps_a_list_that_began_early() -> None:
    listed = ", ".join(str(at) for at in range(1000, 1200))
    assert find_answers(f"They are {listed}.", Place.LAST_NUMBER).final == listed
    assert find_answers(f"Of 7 eggs {'so ' * 200}", Place.LAST_NUMBER).final == "7"
    assert find_answers(f"{listed} are 200, say {'so ' * 20}5", Place.LAST_NUMBER).final == "5"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("1,234.50", "1234.5"),
        ("007", "7"),
        ("-0", "0"),
        ("3.2e5", "320000"),
        (r"3.2 \times 10^5", "320000"),
        ("1e999999999", "10e999999998"),
        ("9" * 50_000, "9" * 50_000 + ".0"),
        (r"\frac{1}{2}", "0.5"),
        (r"\frac12", ".50"),
        (r"\dfrac 34", "75%"),
        (r"1\frac{4}{5}", "9/5"),
        ("2 1/2", "2\N{VULGAR FRACTION ONE HALF}"),
        (r"-1\frac{1}{2}", "-3/2"),
        (r"0.\overline{3}", r"\frac{1}{3}"),
        (r"0.1\overline{6}", "1/6"),
        (r"10,\!080", "10080"),
        (r"\$32{,}348", "32,348"),
        ("2^{10}", "1024"),
        (r"\sqrt{16}", "4"),
        (r"\sqrt[3]{27/8}", "1.5"),
        (r"\binom{5}{2}", "10"),
        ("5!", "120"),
        ("|-3|", "3"),
        ("1358", "2516_8"),
        ("3 million", "3,000,000"),
        ("twenty-one", "21"),
        ("$7$", r"\(7\)"),
        ("**18**", "18."),
        ("x = 5", "5"),
        ("x=2+3=5", "5"),
        (r"\text{Evelyn}", "evelyn"),
        (r"\text{(B)}", "B"),
        ("(B)", r"\textbf{(b)}"),
        ("1, -2", "-2 and 1"),
        (r"\{1, 2, 2\}", r"\{2, 1\}"),
        ("(2, 1/2)", r"\left(2,\,0.5\right)"),
        (r"(-\infty, 2) \cup [3, \infty)", r"[3,\infty)\cup(-\infty,\frac{4}{2})"),
        (r"x \in [-2,7]", "[-2, 7]"),
        ("x < 3", "3 > x"),
        (r"\text{no solution}", r"\emptyset"),
        (r"\begin{pmatrix}1/2\\0\end{pmatrix}", r"\begin{bmatrix} 0.5 \\ 0 \\ \end{bmatrix}"),
        (r"\frac{1}{2} \text{ or } 0.5", "1/2"),
    ],
)
def test_answers_of_one_value_in_two_spellings_are_equal(left: str, right: str) -> None:
    assert same(left, right) == "equal"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("1e999999999", "1"),
        ("0.1234567", "0.1234568"),
        ("16, 17, or 18", "18"),
        ("-5", "5"),
        ("1/3", "0.333"),
        ("9" * 50_000, "9" * 50_001),
        ("(2, 3)", "(3, 2)"),
        ("(2, 3)", "[2, 3]"),
        ("(2, 3]", "[2, 3)"),
        ("1, 2", "1, 2, 3"),
        ("1, 2, 2", "1, 1, 2"),
        ("x < 3", "x > 3"),
        ("x < 3", r"x \le 3"),
        ("x < 3", "(3, 5)"),
        (r"\text{Evelyn}", r"\text{Navin}"),
        (r"\text{(B)}", "C"),
        (r"\text{even}", "5"),
        ("2516_8", "2516_9"),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}2\\1\end{pmatrix}"),
        ("2,100", "(2,100)"),
        ("25%", "24"),
    ],
)
def test_answers_of_two_values_are_different(left: str, right: str) -> None:
    assert same(left, right) == "different"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("25%", "25"),
        ("2516_8", "2516"),
        (r"1/2\sqrt{4}", "1"),
        (r"2\frac{3}{2}", "3"),
        ("18 is wrong", "18"),
        ("about 5", "5"),
        ("five apples", "5"),
        ("1000,5", "1000.5"),
        ("(1, 2)", "1, 2"),
        ("(-\\infty, 2)", "x < 2"),
        ("9**9**9**9", "5"),
        ("1/0", "5"),
        ("(" * 900 + "5" + ")" * 900, "5"),
        ("(" * 100_000 + "5" + ")" * 100_000, "5"),
        ("\\frac{1}{", "5"),
        ("2x = 10", "5"),
        ("5 apples", "5 oranges"),
    ],
)
def test_answers_with_two_readings_or_none_are_undecided(left: str, right: str) -> None:
    assert same(left, right) == "undecided"


UNITS = [
    # left, right, compared, required, ignored
    ("5 cm", "5 m", "different", "different", "equal"),
    ("5 m", "500 cm", "equal", "equal", "different"),
    ("5 cm", "5", "equal", "different", "equal"),
    (r"15\mbox{ cm}^2", "15 square centimeters", "equal", "equal", "equal"),
    (r"864 \mbox{ inches}^2", r"6\text{ ft}^2", "equal", "equal", "different"),
    ("60 miles per hour", "60 mph", "equal", "equal", "equal"),
    (r"5.4 \text{ cents}", r"\$0.054", "equal", "equal", "different"),
    ("$5", "5 dollars", "equal", "equal", "equal"),
    ("$5", "5", "equal", "different", "equal"),
    ("5\N{EURO SIGN}", "$5", "different", "different", "equal"),
    ("$18.00 per day", "$18", "undecided", "undecided", "equal"),
    (r"30^\circ", "30 degrees", "equal", "equal", "equal"),
    (r"30^{\circ}", "30", "equal", "different", "equal"),
    ("25%", "0.25", "equal", "equal", "different"),
    ("25%", "25", "undecided", "undecided", "equal"),
    (r"0^\circ\text{C}", r"32^\circ\text{F}", "undecided", "undecided", "different"),
    ("18 eggs", "18", "equal", "different", "equal"),
    ("18 eggs", "18 egg", "equal", "equal", "equal"),
]


@pytest.mark.parametrize(("left", "right", "compared", "required", "ignored"), UNITS)
def test_units_are_compared_required_or_ignored_as_stated(
    left: str, right: str, compared: str, required: str, ignored: str
) -> None:
    found = [same(left, right, units=units) for units in Units]
    assert found == [compared, required, ignored]


def test_inequality_is_an_interval_where_that_is_stated() -> None:
    assert same("-2 \\le x < 7", "[-2, 7)", inequalities_as_intervals=True) == "equal"
    assert same("x < 1 or x > 3", r"(-\infty,1)\cup(3,\infty)", inequalities_as_intervals=True) == (
        "equal"
    )
    assert same("x < 1 and x > 0", "(0, 1)", inequalities_as_intervals=True) == "undecided"


def test_formula_without_algebra_is_undecided_unless_written_alike() -> None:
    assert same(r"\sqrt{8}", r"2\sqrt{2}") == "undecided"
    assert same("2x+3", "2 x + 3") == "equal"


@given(st.decimals(-(10**12), 10**12, places=4), st.decimals(-(10**12), 10**12, places=4))
def test_plain_decimals_are_equal_only_as_numbers(left, right) -> None:
    expected = "equal" if left == right else "different"
    assert same(f"{left:,f}", f"{right:.6f}") == expected
    assert same(f"{left:e}", f"{left}") == "equal"


@given(st.text(alphabet="0123456789.,+-*/()[]{}^_|!%$=<>\\ abxfrcsqt\n&;", max_size=120))
def test_comparison_of_hostile_text_answers_and_is_symmetric(text: str) -> None:
    for place in Place:
        found = find_answers(text, place, "####")
        assert found.final is None or found.final == found.texts[-1]
    assert same(text, "5") in {"equal", "different", "undecided"}
    assert same(text, text + " ") != "different"


@given(st.text(max_size=60))
def test_comparison_of_any_text_never_raises(text: str) -> None:
    assert same(text, "x^2") in {"equal", "different", "undecided"}


@pytest.mark.parametrize(
    "bomb",
    [
        "\\boxed{" * 20_000,
        "}" * 200_000,
        "\\boxed{" * 20_000 + "}" * 20_000,
        "#### " * 5_000,
        "1, " * 50_000,
        "$" * 100_000,
        "\\" * 100_001,
        "1/" * 50_000,
        "<<" * 50_000,
    ],
    ids=lambda bomb: bomb[:6],
)
def test_finding_answers_in_a_bomb_costs_little(bomb: str) -> None:
    started = process_time()
    for place in Place:
        final = find_answers(bomb, place, "####").final
        compare_answers(final or "", "5", PLAIN)
    assert process_time() - started < 30


def test_box_of_every_math500_solution_is_its_answer(shared_data: Path) -> None:
    lines = (shared_data / "math" / "math500.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    undecided = []
    for row in rows:
        boxed = find_answers(row["solution"], Place.BOXED).final
        assert boxed is not None
        found = compare_answers(boxed, row["answer"], PLAIN)
        assert found.sameness is not Sameness.DIFFERENT, row["answer"]
        if found.sameness is Sameness.UNDECIDED:
            undecided.append(row["answer"])
    assert len(rows) == 500
    assert undecided == []
