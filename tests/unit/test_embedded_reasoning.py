"""The shipped recipe of reasoned problems, filled by the embedded teacher."""

import json
import re
from collections import Counter

import pytest

from synth_assets.core.techniques.final_answer import stated_answer
from synth_assets.core.techniques.solutions import shown_hint
from synth_assets.core.verify.reading.arithmetic import evaluate
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.reasoning import misread, readable, solve
from synth_assets.resources.embedded.stories import Told, read_story
from synth_assets.resources.embedded.sums import shown
from synth_assets.resources.embedded.truth import Composition, Flaw
from synth_assets.resources.embedded.working import right_working
from synth_assets.resources.settings import SHIPPED_RECIPES
from tests.unit.embedded_fills import FilledRecipe, fill_shipped

NAME = "reasoned_problems"
FOLDER = SHIPPED_RECIPES / NAME
ROWS = [json.loads(line) for line in (FOLDER / "seeds.jsonl").read_text().splitlines()]
STYLES = [s for s in (FOLDER / "styles.txt").read_text().splitlines() if not s.startswith("#")]
ANSWERS = {row["problem"]: row["answer"] for row in ROWS}
PLANNED = 60


def solved(
    problem: str, style: str, flaw: Flaw | None, known: str = "", key: str = ""
) -> Composition:
    return solve(problem, known, style, "clerk", flaw, "LEAK", Dice(key))


def section(text: str, name: str) -> str:
    found = re.search(rf"<{name}>\n(.*?)\n</{name}>", text, re.DOTALL)
    assert found, text
    return found[1]


def story_of(problem: str) -> Told:
    told = read_story(problem, readable())
    assert told is not None
    return told


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("filled"), NAME)


@pytest.fixture(scope="module")
def flawless(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("flawless"), NAME, {})


def test_seeds_are_of_one_form_of_every_story_and_rightly_answered():
    assert len(ANSWERS) == len(ROWS) == PLANNED
    assert {tuple(row) for row in ROWS} == {("problem", "answer")}
    families = Counter(story_of(row["problem"]).story.name for row in ROWS)
    assert set(families) == {story.name for story in readable()}
    assert min(families.values()) >= 3
    for row in ROWS:
        right = right_working(story_of(row["problem"]))
        assert right.makes_sense
        assert row["answer"] == shown(right.final)


def test_seeds_answers_of_a_few_are_those_of_a_person():
    some = {problem[:40]: answer for problem, answer in ANSWERS.items()}
    assert some["For a new roof, Kalina knits 9 blankets,"] == "234"
    assert some["An avenue of 144 metres in Millbeck gets"] == "260"
    assert some["Jovana saws 9 logs, each into 8 pieces. "] == "126"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["problem"][:40])
def test_solution_every_style_computes_and_comes_to_the_answer_it_states(row: dict[str, str]):
    for style in STYLES:
        made = solved(row["problem"], style, None, known=row["answer"])
        assert section(made.text, "answer") == made.truth.answer == row["answer"]
        reasoning = section(made.text, "reasoning")
        sums = re.findall(r"<<(.+?)=(.+?)>>", reasoning)
        assert len(sums) == len(story_of(row["problem"]).story.steps)
        assert all(evaluate(left) == evaluate(right) for left, right in sums)
        assert shown_hint(reasoning) == ""
        wrong = solved(row["problem"], style, Flaw.WRONG_NUMBER)
        assert section(wrong.text, "answer") != row["answer"]


def test_solution_with_a_hint_may_let_it_show_and_is_then_found():
    for place, row in enumerate(ROWS):
        told = solved(row["problem"], "", Flaw.IGNORED_REQUEST, row["answer"], f"{place}")
        assert shown_hint(section(told.text, "reasoning")) != ""


def test_misread_problems_are_mostly_misread_unless_the_answer_is_known():
    hard = [row for row in ROWS if misread(story_of(row["problem"])) is not None]
    assert len(hard) == 18
    tries = [
        solved(row["problem"], "", None, key=f"{n}").truth.flaw for row in hard for n in range(20)
    ]
    assert 0.75 < tries.count(Flaw.WRONG_NUMBER) / len(tries) < 0.95


def test_solve_problem_of_no_known_kind_has_no_answer():
    assert "<answer>" not in solved("How old is the king?", "", None).text


def test_recipe_keeps_more_rows_than_problems_and_loses_a_few(filled: FilledRecipe):
    assert len(filled.kept) >= 1.2 * PLANNED
    assert filled.generated["not_solved"] > 0
    assert filled.rejected["prompt_leak"] > 0
    assert len({sample.prompt for sample in filled.kept}) >= 0.9 * PLANNED


def test_recipe_without_flaws_solves_all_but_what_is_misread(flawless: FilledRecipe):
    assert len({sample.prompt for sample in flawless.kept}) == PLANNED
    assert set(flawless.rejected) == set()


def test_recipe_every_row_is_right_and_its_difficulty_is_what_failed(filled: FilledRecipe):
    for sample in filled.kept:
        problem = sample.prompt.partition("\n")[0]
        known = stated_answer(ANSWERS[problem], "number")
        said = stated_answer(sample.response, "number")
        assert known is not None
        assert said is not None
        assert said.key == known.key
        assert sample.difficulty == round(1 - float(sample.drawn["solve_rate"]), 4)
    hard = [s for s in filled.kept if misread(story_of(s.prompt.partition("\n")[0])) is not None]
    easy = [s for s in filled.kept if s not in hard]
    mean = [sum(s.difficulty or 0.0 for s in part) / len(part) for part in (hard, easy)]
    assert mean[0] > 0.6 > 0.3 > mean[1]


def test_recipe_rationalised_rows_are_marked_and_show_no_hint(filled: FilledRecipe):
    hinted = [sample for sample in filled.kept if sample.drawn["rationalised"] == "yes"]
    assert hinted
    assert all(sample.difficulty == 1.0 for sample in hinted)
    assert all(shown_hint(sample.response) == "" for sample in hinted)
    shown_ones = [t for t in filled.truths["hint"] if t.flaw is Flaw.IGNORED_REQUEST]
    assert filled.generated["prompt_leak"] == len(shown_ones) > 0


def test_recipe_controls_are_all_used(filled: FilledRecipe):
    told = [sample.drawn for sample in filled.kept]
    assert len({each["request"] for each in told}) == 8
    assert {each["style"] for each in told} == set(STYLES)
