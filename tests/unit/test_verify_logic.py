"""Puzzles, decided by a real solver."""

import json
from collections.abc import Generator, Mapping, Sequence
from itertools import pairwise
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.logic import Logic
from synth_assets.core.verify.puzzles.formulas import Apply, Formula, Name, Sort, read_formula
from synth_assets.core.verify.puzzles.puzzle import UnreadablePuzzle, read_puzzle
from synth_assets.core.verify.puzzles.said import UnreadableAnswer, read_said
from synth_assets.core.verify.tools import NO_TOOLS, Solved, Solver, Tools, Unsolved
from synth_assets.resources.bounded.process import Bounds
from synth_assets.resources.solver.process import PuzzleSolver
from tests.samples import synthetic_row


@pytest.fixture(scope="module")
def solver() -> Generator[PuzzleSolver]:
    with PuzzleSolver() as running:
        yield running


def verdict(
    puzzle: Mapping[str, Any] | str, response: str, solver: Solver | None, /, **parameters: Any
) -> Verdict:
    check = Logic.model_validate({"kind": "logic", **parameters})
    text = puzzle if isinstance(puzzle, str) else json.dumps(puzzle)
    tools = Tools(solver=solver) if solver else NO_TOOLS
    return check.prepare({}, tools)(synthetic_row("s", "p", response, reference=text))


KNIGHTS: dict[str, Any] = {
    "constants": {"Ann": "bool", "Ben": "bool"},
    "premises": ["(= Ann (not Ben))", "(= Ben (and Ann (not Ann)))"],
    "ask": ["Ann", "Ben"],
    "answer": {"Ann": True, "Ben": False},
    "words": {"true": ["knight"], "false": ["knave"]},
}
RIGHT = "Ann cannot lie.\nAnswer: Ann is a knight and Ben is a knave."
HOUSE_NAMES = (
    *("red", "green", "ivory", "yellow", "blue", "english", "spaniard", "ukrainian", "norwegian"),
    *("japanese", "coffee", "tea", "milk", "juice", "water", "dog", "snails", "fox", "horse"),
    *("zebra", "old_gold", "kools", "chesterfield", "lucky", "parliament"),
)
HOUSES = {
    "constants": {name: [1, 5] for name in HOUSE_NAMES},
    "premises": [
        "(distinct red green ivory yellow blue)",
        "(distinct english spaniard ukrainian norwegian japanese)",
        "(distinct coffee tea milk juice water)",
        "(distinct dog snails fox horse zebra)",
        "(distinct old_gold kools chesterfield lucky parliament)",
        "(= english red)",
        "(= spaniard dog)",
        "(= coffee green)",
        "(= ukrainian tea)",
        "(= green (+ ivory 1))",
        "(= old_gold snails)",
        "(= kools yellow)",
        "(= milk 3)",
        "(= norwegian 1)",
        "(= (abs (- chesterfield fox)) 1)",
        "(= (abs (- kools horse)) 1)",
        "(= lucky juice)",
        "(= japanese parliament)",
        "(= (abs (- norwegian blue)) 1)",
    ],
    "ask": ["zebra", "water"],
}
SQUARE = {"constants": {"x": "int"}, "premises": ["(= (* x x) 49)"], "ask": ["x"]}
RAIN = {"constants": {"rain": "bool", "wet": "bool"}, "goal": "wet"}


@pytest.mark.parametrize(
    ("puzzle", "response", "parameters", "reason"),
    [
        (KNIGHTS, RIGHT, {}, None),
        (KNIGHTS, 'Answer: {"Ann": true, "Ben": "knave"}', {}, None),
        (KNIGHTS, r"\boxed{Ann: knight; Ben: knave}", {"answer": "boxed"}, None),
        (KNIGHTS, "Answer: Ann is a knave, Ben is a knight", {}, Reason.WRONG_ANSWER),
        (KNIGHTS, "Ann is a knight, Ben is a knave", {}, Reason.NO_FINAL_ANSWER),
        (KNIGHTS, "Answer: Ann is a knight", {}, Reason.NO_FINAL_ANSWER),
        (KNIGHTS, "Answer: Ann is a knight or Ben is a knave", {}, Reason.NO_FINAL_ANSWER),
        (KNIGHTS, "Answer: Ann is a knight, Ben is a knave, Ann is a knave", {}, "twice"),
        ({**KNIGHTS, "answer": None}, RIGHT, {}, None),
        ({**KNIGHTS, "answer": {"Ann": False, "Ben": True}}, RIGHT, {}, Reason.NOT_ENTAILED),
        ({**KNIGHTS, "premises": KNIGHTS["premises"][:1]}, RIGHT, {}, Reason.NOT_UNIQUE),
        ({**KNIGHTS, "premises": ["Ann", "(not Ann)"]}, RIGHT, {}, Reason.CONTRADICTORY_PREMISES),
        ({**KNIGHTS, "premises": [*KNIGHTS["premises"], "(or Ann Ben)"]}, RIGHT, {}, "idle"),
        (
            {**KNIGHTS, "premises": [*KNIGHTS["premises"], "(or Ann Ben)"]},
            RIGHT,
            {"idle_premises": "allow"},
            None,
        ),
        (HOUSES, "Answer: zebra = 5, water = 1", {}, None),
        (HOUSES, "Answer: the water is 1", {}, Reason.NO_FINAL_ANSWER),
        (HOUSES, "Answer: zebra = 4, water = 1", {}, Reason.WRONG_ANSWER),
        (
            {**HOUSES, "premises": HOUSES["premises"][:-1]},
            "Answer: zebra = 5, water = 1",
            {},
            Reason.NOT_UNIQUE,
        ),
        (SQUARE, "Answer: 7", {}, Reason.NOT_UNIQUE),
        ({**SQUARE, "answer": 8}, "Answer: 8", {}, Reason.NOT_ENTAILED),
        ({**SQUARE, "unique": False}, "Answer: -7", {}, None),
        ({**SQUARE, "unique": False}, "Answer: 8", {}, Reason.WRONG_ANSWER),
        ({**SQUARE, "unique": False, "answer": 8}, "Answer: 7", {}, Reason.NOT_ENTAILED),
        ({**SQUARE, "premises": ["(= (* x x) 49)", "(> x 0)"]}, "Answer: x = 7", {}, None),
        ({**RAIN, "premises": ["(=> rain wet)", "rain"]}, "Answer: Yes.", {}, None),
        ({**RAIN, "premises": ["(=> rain wet)", "rain"]}, "Answer: No", {}, Reason.WRONG_ANSWER),
        ({**RAIN, "premises": ["(=> rain wet)", "rain"]}, "Answer: maybe", {}, "neither"),
        ({**RAIN, "premises": ["(=> rain wet)"]}, "Answer: unknown", {}, None),
        ({**RAIN, "premises": ["(=> wet rain)", "(not rain)"]}, "Answer: no", {}, None),
        (
            {**RAIN, "premises": ["(=> rain wet)", "rain"], "answer": "unknown"},
            "Answer: yes",
            {},
            Reason.NOT_ENTAILED,
        ),
        ({**RAIN, "premises": ["wet", "rain"]}, "Answer: yes", {}, Reason.IDLE_PREMISE),
    ],
)
def test_logic_gives_each_outcome_its_reason(
    solver: PuzzleSolver,
    puzzle: dict[str, Any],
    response: str,
    parameters: dict[str, Any],
    reason: Reason | str | None,
) -> None:
    found = verdict(puzzle, response, solver, **parameters)
    assert found.outcome != VerdictOutcome.ERRORED, found.evidence
    expected = {
        "twice": Reason.NO_FINAL_ANSWER,
        "neither": Reason.NO_FINAL_ANSWER,
        "idle": Reason.IDLE_PREMISE,
    }
    assert found.reason == expected.get(str(reason), reason), found.evidence


def test_logic_names_the_idle_premise_and_another_answer(solver: PuzzleSolver) -> None:
    idle = {**KNIGHTS, "premises": ["(= Ann true)", "(=> Ben Ann)", "(not Ben)"]}
    assert verdict(idle, RIGHT, solver).evidence == "premise 2 changes nothing: '(=> Ben Ann)'"
    several = verdict(SQUARE, "Answer: 7", solver).evidence
    assert sorted(several.split(", or ")) == ["x = -7", "x = 7"]


def test_logic_of_enumerations_and_schedules(solver: PuzzleSolver) -> None:
    puzzle = {
        "constants": {
            "Ada": ["monday", "tuesday", "friday"],
            "Bo": ["monday", "tuesday", "friday"],
            "hours": [1, 8],
        },
        "premises": [
            "(distinct Ada Bo monday)",
            "(not (= Bo friday))",
            "(= hours (ite (= Ada friday) (div 17 4) (mod 17 4)))",
        ],
        "ask": ["Ada", "Bo", "hours"],
    }
    said = "Answer: Ada: Friday, Bo: Tuesday and hours: 4"
    assert verdict(puzzle, said, solver).reason is None


BROKEN = [
    "",
    "[]",
    "[" * 40_000,
    '{"constants": {}, "premises": ["true"], "ask": ["x"]}',
    json.dumps({**SQUARE, "extra": 1}),
    json.dumps({**SQUARE, "goal": "(= x 7)"}),
    json.dumps({**SQUARE, "ask": ["y"]}),
    json.dumps({**SQUARE, "ask": []}),
    json.dumps({**SQUARE, "answer": True}),
    json.dumps({**SQUARE, "answer": {"y": 7}}),
    json.dumps({**SQUARE, "constants": {"x": "float"}}),
    json.dumps({**SQUARE, "constants": {"x": [5, 1]}}),
    json.dumps({**SQUARE, "constants": {"x": ["a", "a"]}}),
    json.dumps({**SQUARE, "constants": {"x": "int", "true": "bool"}}),
    *(
        json.dumps({**SQUARE, "premises": [formula]})
        for formula in (
            *("", "(", ")", "()", "x", "(= x 7", "(= x 7))", "(= x 7) x", "(pow x 2)", "(= x y)"),
            *("(and x x)", "(< x)", "(not true true)", "(= x true)", "((= x 7))", "(= x 7.5)"),
            *("(" * 5000, "(not " * 100 + "true" + ")" * 100, f"(= x {'9' * 40})", "(= red blue)"),
        )
    ),
]


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: text[-40:])
def test_logic_without_a_readable_puzzle_asks_no_solver(text: str) -> None:
    class Absent:
        def solve(self, sorts: Mapping[str, Sort], formulas: Sequence[Formula]) -> Solved:
            raise AssertionError("asked")

    with pytest.raises(UnreadablePuzzle):
        read_puzzle(text)
    assert verdict(text, "Answer: 7", Absent()).reason == Reason.NO_REFERENCE


def test_logic_that_cannot_be_decided_is_errored_and_the_next_puzzle_answered() -> None:
    cubes = "(= (+ (* x x x) (* y y y) (* z z z)) 42)"
    hard = {
        "constants": {"x": "int", "y": "int", "z": "int"},
        "premises": [cubes, "(> x 1000)"],
        "ask": ["x"],
    }
    with PuzzleSolver(Bounds(cpu_s=3)) as bounded:
        found = verdict(hard, "Answer: 3", bounded)
        assert found.outcome == VerdictOutcome.ERRORED
        assert found.evidence == "not decided within 3 s of processor time"
        assert verdict(KNIGHTS, RIGHT, bounded).reason is None
    assert verdict(KNIGHTS, RIGHT, None).outcome == VerdictOutcome.ERRORED


def test_logic_of_a_solver_that_gives_up_is_errored() -> None:
    class Weary:
        def solve(self, sorts: Mapping[str, Sort], formulas: Sequence[Formula]) -> Unsolved:
            return Unsolved("weary")

    assert verdict(KNIGHTS, RIGHT, Weary()) == Verdict.errored("weary")


def test_logic_division_by_zero_fits_nothing(solver: PuzzleSolver) -> None:
    puzzle = {**SQUARE, "premises": ["(= x (div 7 0))"]}
    assert verdict(puzzle, "Answer: 7", solver).reason == Reason.CONTRADICTORY_PREMISES


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"Ann": true}', '{"Ann": true, "Ben": false, "Cy": true}', '{"Ann": 1, "Ben": 0}',
     '{"Ann": true, "Ann": false, "Ben": false}', "Ann is not a knight, Ben is a knave",
     "Ann is a knight, Ben is probably a knave", "either Ann is a knight, Ben is a knave",
     "Anna is a knight, Ben is a knave", "Ann is a knight, Ben is a knave (or not)",
     "x" * 5000, "Ann," * 900, "[" * 3000],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_answers_that_hedge_or_leave_something_open_are_not_read(text: str) -> None:
    with pytest.raises(UnreadableAnswer):
        read_said(text, read_puzzle(json.dumps(KNIGHTS)))


def value(formula: Formula, values: Mapping[str, bool | int]) -> bool | int:
    """What a formula comes to, reckoned by Python."""
    if isinstance(formula, Name):
        return values[formula.name]
    if not isinstance(formula, Apply):
        return formula
    args = [value(each, values) for each in formula.args]
    pairs = list(pairwise(args))
    return {
        "and": lambda: all(args),
        "or": lambda: any(args),
        "not": lambda: not args[0],
        "xor": lambda: args[0] != args[1],
        "=>": lambda: not all(args[:-1]) or args[-1],
        "=": lambda: all(one == other for one, other in pairs),
        "distinct": lambda: len(set(args)) == len(args),
        "<": lambda: all(one < other for one, other in pairs),
        "+": lambda: sum(args),
        "-": lambda: -args[0] if len(args) == 1 else args[0] - sum(args[1:]),
        "exactly": lambda: sum(args[1:]) == args[0],
        "at-most": lambda: sum(args[1:]) <= args[0],
        "at-least": lambda: sum(args[1:]) >= args[0],
        "count": lambda: sum(args),
        "ite": lambda: args[1] if args[0] else args[2],
    }[formula.operator]()


operators = st.sampled_from(["and", "or", "xor", "=>", "="])
truths = st.recursive(
    st.sampled_from(["a", "b", "c", "true", "(< x y)", "(= x 2 y)", "(distinct x y 1)"]),
    lambda inner: st.one_of(
        st.builds("(not {})".format, inner),
        st.builds("({} {} {})".format, operators, inner, inner),
        st.builds("(=> {} {} {})".format, inner, inner, inner),
        st.builds("(exactly 1 {} {} a)".format, inner, inner),
        st.builds("(at-most 1 {} b {})".format, inner, inner),
        st.builds("(at-least 2 {} {} c)".format, inner, inner),
        st.builds("(< (count {} {}) (ite {} x (- y 1)))".format, inner, inner, inner),
    ),
    max_leaves=6,
)  # fmt: skip
SORTS: dict[str, Sort] = {"a": "bool", "b": "bool", "c": "bool", "x": "int", "y": "int"}


@settings(max_examples=60, deadline=None)
@given(truths)
def test_solver_agrees_with_trying_all_values(solver: PuzzleSolver, text: str) -> None:
    formula = read_formula(text, SORTS)
    bounds = [
        Apply("<=", (low, Name(name), high)) for name, low, high in (("x", 0, 2), ("y", 0, 2))
    ]
    found = solver.solve(SORTS, [formula, *bounds])
    assert isinstance(found, Solved)
    tries = [
        {"a": bool(n & 1), "b": bool(n & 2), "c": bool(n & 4), "x": n // 8 % 3, "y": n // 24}
        for n in range(72)
    ]
    assert found.satisfiable == any(value(formula, each) for each in tries)
    if found.satisfiable:
        assert value(formula, found.model)


def test_logic_of_hostile_responses_takes_no_time(solver: PuzzleSolver) -> None:
    started = process_time()
    for text in ("Answer: " * 12_000, "Answer: " + "Ann is a " * 9000, "Answer: " + "{" * 99_000):
        assert verdict(KNIGHTS, text, solver).outcome == VerdictOutcome.REJECTED
    assert process_time() - started < 10
