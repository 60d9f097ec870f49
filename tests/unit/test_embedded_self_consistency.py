"""The shipped recipe of voted puzzles, filled by the embedded teacher."""

import json
from collections import Counter

import pytest

from synth_assets.core.sample import Sample
from synth_assets.core.techniques.final_answer import final_answer, stated_answer
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.puzzles import KINDS, kind_of
from synth_assets.resources.embedded.self_consistency import solve
from synth_assets.resources.embedded.truth import Flaw
from synth_assets.resources.settings import SHIPPED_RECIPES
from tests.unit.embedded_fills import FilledRecipe, fill_shipped

NAME = "voted_puzzles"
FOLDER = SHIPPED_RECIPES / NAME
ROWS = [json.loads(line) for line in (FOLDER / "seeds.jsonl").read_text().splitlines()]
STYLES = [s for s in (FOLDER / "styles.txt").read_text().splitlines() if not s.startswith("#")]
ANSWERS = {row["puzzle"]: row["answer"] for row in ROWS}
PLANNED = 67


def solved(puzzle: str, style: str, flaw: Flaw | None, key: str = "") -> str | None:
    made = solve(puzzle, style, "clerk", flaw, "LEAK", Dice(key))
    found = final_answer(made.text, "text", "####")
    return found.key if found else None


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("filled"), NAME)


@pytest.fixture(scope="module")
def flawless(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("flawless"), NAME, {})


def test_seeds_are_of_one_form_and_of_every_kind():
    assert len(ANSWERS) == len(ROWS) == PLANNED
    assert {tuple(row) for row in ROWS} == {("puzzle", "answer")}
    found = [kind_of(row["puzzle"]) for row in ROWS]
    kinds = Counter(each[0].name for each in found if each)
    assert set(kinds) == {kind.name for kind in KINDS}
    assert min(kinds.values()) >= 5
    assert kinds.total() == len(ROWS)


@pytest.mark.parametrize(
    ("puzzle", "answer"),
    [
        ("Today is Tuesday. What weekday is it in 45 days?", "friday"),
        ("It is Sunday. Tell me the day of the week it was 100 days ago.", "friday"),
        ("She leaves at 23:15 and needs 7 hours and 50 minutes.", "07:05"),
        ("How many times does the letter r occur in the word strawberry?", "3"),
        ("Which word comes third in alphabetical order: plum, peach, pear, fig?", "pear"),
        ("What stands next: 5, 6, 8, 11, 15?", "20"),
        ("What stands next: 2, 6, 18, 54?", "162"),
        ("What is the remainder when 2345 is divided by 17?", "16"),
        ("How many minutes are 3 days and 4 hours?", "4560"),
        ("Write 1987 in Roman numerals.", "mcmlxxxvii"),
        ("Spell the word lantern backwards.", "nretnal"),
    ],
)
def test_puzzle_is_solved_as_a_person_would(puzzle: str, answer: str):
    assert solved(puzzle, "", None) == answer
    assert solved(puzzle, "", Flaw.WRONG_NUMBER) not in (answer, None)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["puzzle"][:40])
def test_seed_answer_is_that_of_the_rules_and_every_slip_is_another(row: dict[str, str]):
    known = stated_answer(row["answer"], "text")
    assert known is not None
    for place, style in enumerate(STYLES):
        said = {solved(row["puzzle"], style, None, f"{place}/{key}") for key in range(12)}
        assert known.key in said
        assert len(said) <= 2
        wrong = {solved(row["puzzle"], style, Flaw.WRONG_NUMBER, str(key)) for key in range(6)}
        assert known.key not in wrong


def test_puzzle_is_put_in_other_words_where_the_style_asks_for_it():
    style = next(style for style in STYLES if "in your own words" in style)
    for row in ROWS:
        made = solve(row["puzzle"], style, "clerk", None, "", Dice("k")).text
        goal, _, rest = made.partition("\n")
        assert goal.startswith(("To find: ", "Goal: ", "So: "))
        assert row["puzzle"] not in made
        assert final_answer(rest, "text", "####") is not None


def test_puzzle_of_no_known_kind_gets_no_answer():
    assert solved("Who was the first king of Rome?", "", None) is None


def agreed(filled: FilledRecipe) -> list[Sample]:
    return [sample for sample in filled.kept if sample.drawn["hard"] == "no"]


def hard(filled: FilledRecipe) -> list[Sample]:
    return [sample for sample in filled.kept if sample.drawn["hard"] == "yes"]


def test_recipe_with_the_teachers_flaws_agrees_on_most_and_keeps_the_rest_aside(
    filled: FilledRecipe,
):
    assert (len(agreed(filled)), len(hard(filled))) == (57, 10)
    assert filled.generated == Counter()
    assert all(float(sample.drawn["agreement"]) >= 0.75 for sample in agreed(filled))
    assert all(float(sample.drawn["agreement"]) < 0.75 for sample in hard(filled))


def test_recipe_hard_puzzles_are_those_whose_majority_errs_more(filled: FilledRecipe):
    wrong = [s.drawn["majority_is_right"] == "no" for s in hard(filled)]
    assert sum(wrong) / len(wrong) >= 0.2


def test_recipe_without_flaws_keeps_few_puzzles_aside(flawless: FilledRecipe):
    assert len(agreed(flawless)) + len(hard(flawless)) == PLANNED
    assert len(hard(flawless)) <= 10


def test_recipe_majority_is_right_far_more_often_than_one_solution(filled: FilledRecipe):
    truths = filled.truths["solve"]
    single = sum(truth.flaw is not Flaw.WRONG_NUMBER for truth in truths) / len(truths)
    right = [sample.drawn["majority_is_right"] == "yes" for sample in agreed(filled)]
    assert single < 0.9
    assert sum(right) / len(right) >= 0.95
    for sample, is_right in zip(agreed(filled), right, strict=True):
        known = stated_answer(ANSWERS[sample.prompt.partition("\n")[0]], "text")
        said = final_answer(sample.response, "text", "####")
        assert known is not None
        assert said is not None
        assert (said.key == known.key) is is_right


def test_recipe_controls_are_all_used(filled: FilledRecipe):
    told = [sample.drawn for sample in filled.made]
    assert len({each["request"] for each in told}) == 8
    assert {each["style"] for each in told} <= set(STYLES)
    assert len({each["style"] for each in told}) >= 4
    assert {each["solve_temperature"] for each in told} == {"0.5", "0.8", "1.1"}


def test_recipe_keeps_solutions_of_every_style_alike(filled: FilledRecipe):
    styles = Counter(str(sample.drawn["style"]) for sample in filled.kept)
    assert set(styles) == set(STYLES)
    assert max(styles.values()) <= 0.4 * styles.total()
