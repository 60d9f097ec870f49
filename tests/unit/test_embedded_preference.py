"""The shipped recipe of better and worse advice, filled by the embedded teacher."""

import json

import pytest

from synth_assets.core.completion import Message
from synth_assets.resources.embedded.composition import compose
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.preference import Question, answer, compare, rate, repeated
from synth_assets.resources.embedded.truth import Flaw
from synth_assets.resources.settings import SHIPPED_RECIPES
from tests.unit.embedded_fills import FilledRecipe, fill_shipped

NAME = "advice_preferences"
FOLDER = SHIPPED_RECIPES / NAME
ROWS = [json.loads(line) for line in (FOLDER / "seeds.jsonl").read_text().splitlines()]
STYLES = [s for s in (FOLDER / "styles.txt").read_text().splitlines() if not s.startswith("#")]
PLANNED = 60


def question(row: dict[str, str], most_words: int = 120) -> Question:
    notes = tuple(line.removeprefix("- ") for line in row["notes"].splitlines())
    return Question(notes, most_words)


QUESTIONS = {row["instruction"]: question(row) for row in ROWS}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("filled"), NAME)


@pytest.fixture(scope="module")
def flawless(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("flawless"), NAME, {})


def test_seeds_are_thirty_questions_of_one_form_with_five_different_notes_each():
    assert len({row["instruction"] for row in ROWS}) == len(ROWS) == 30
    assert {tuple(row) for row in ROWS} == {("instruction", "notes")}
    for row in ROWS:
        assert row["instruction"].endswith("?")
        assert len(set(question(row).notes)) == 5
    assert len({note for found in QUESTIONS.values() for note in found.notes}) == 150


def test_recipe_with_the_teachers_flaws_keeps_three_fifths(filled: FilledRecipe):
    assert len(filled.kept) >= 0.6 * PLANNED
    assert filled.rejected["prompt_leak"] > 0
    assert filled.generated["inconsistent_judge"] > 0


def test_recipe_without_flaws_keeps_nearly_all(flawless: FilledRecipe):
    assert len(flawless.kept) >= 0.9 * PLANNED
    assert set(flawless.generated) <= {"tie"}


@pytest.mark.parametrize("run", ["filled", "flawless"])
def test_recipe_chosen_response_is_better_by_the_notes(run: str, request: pytest.FixtureRequest):
    kept = request.getfixturevalue(run).kept
    for sample in kept:
        asked = QUESTIONS[sample.prompt.rpartition("\n")[2]]
        told = sample.drawn
        limit = Question(asked.notes, 60 if told["length"] == "at most 60 words" else 120)
        assert limit.quality(sample.response) > limit.quality(sample.rejected)
        assert told["margin"] > 0
        assert told["judge_is_writer"] == "no"
        assert told["length_difference"] == len(sample.response.split()) - len(
            sample.rejected.split()
        )


def test_recipe_pairs_are_of_two_teachers_and_many_manners(filled: FilledRecipe):
    told = [sample.drawn for sample in filled.kept]
    teachers = {(each["chosen_teacher"], each["rejected_teacher"]) for each in told}
    assert len(teachers) == 4
    assert {each["style"] for each in told} == set(STYLES)
    assert {each["respond_temperature"] for each in told} == {"0.5", "0.8", "1.1"}
    assert all(each["style"] != each["rejected_style"] for each in told)


def test_recipe_biased_judge_never_decides_a_pair(filled: FilledRecipe):
    judged = filled.truths["judge"]
    assert any(truth.flaw is Flaw.POSITION_BIAS for truth in judged)
    pairs = len(filled.made)
    assert pairs <= len(judged) / 2


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["instruction"][:30])
def test_answer_every_style_brings_what_it_says_it_brings(row: dict[str, str]):
    asked = question(row)
    for place, style in enumerate(STYLES):
        made = answer(asked, style, "clerk", None, "", Dice(f"{place}"))
        assert asked.covered(made.text) == int(made.truth.answer)
        assert repeated(made.text) == 0
        spoilt = answer(asked, style, "scholar", Flaw.REPETITION, "", Dice(f"{place}"))
        assert repeated(spoilt.text) > 0
        empty = answer(asked, style, "scholar", Flaw.IGNORED_REQUEST, "", Dice(f"{place}"))
        assert asked.covered(empty.text) == 0


def test_compare_names_the_better_in_either_order_and_ties_equals():
    asked = QUESTIONS["How do I get a stuck jar open?"]
    good, poor = " ".join(asked.notes), asked.notes[0]
    said = [compare(asked, *pair, None).truth.answer for pair in ((good, poor), (poor, good))]
    assert said == ["A", "B"]
    assert compare(asked, poor, asked.notes[1], None).truth.answer == "tie"
    biased = compare(asked, poor, good, Flaw.POSITION_BIAS)
    assert "<verdict>\nA\n</verdict>" in biased.text


def test_rate_counts_notes_and_repetitions():
    asked = QUESTIONS["How do I get a stuck jar open?"]
    whole, twice = " ".join(asked.notes), f"{asked.notes[0]} {asked.notes[0]}"
    assert "coverage: 10\ncorrectness: 10\nclarity: 9" in rate(asked, whole).text
    assert "coverage: 2\ncorrectness: 10\nclarity: 6" in rate(asked, twice).text
    assert "coverage: 1\ncorrectness: 5\nclarity: 5" in rate(asked, "It depends.").text


def test_compose_prompt_without_a_question_is_none_of_this_task():
    made = compose("judge", [Message("user", "<response_to_rate>x</response_to_rate>")], {}, 0)
    assert "ratings" not in made.text
