"""The shipped recipe of answered questions, filled by the embedded teacher."""

import json
from datetime import date
from pathlib import Path

import pytest

from synth_assets.core.completion import Message
from synth_assets.resources.embedded.composition import compose
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.everyday import KINDS, solved
from synth_assets.resources.embedded.truth import Flaw
from synth_assets.resources.settings import SHIPPED_RECIPES
from tests.unit.embedded_fills import FilledRecipe, fill_shipped

NAME = "everyday_answers"
FOLDER = SHIPPED_RECIPES / NAME


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("filled"), NAME)


@pytest.fixture(scope="module")
def flawless(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("flawless"), NAME, {})


def test_recipe_without_flaws_keeps_nearly_all_and_every_answer_is_right(flawless: FilledRecipe):
    assert flawless.share_kept >= 0.97
    assert flawless.generated.total() == 0
    for sample in flawless.kept:
        asked = solved(sample.prompt)
        assert asked is not None, sample.prompt
        assert asked.answer in sample.response


def test_recipe_with_the_teachers_flaws_keeps_three_fifths(filled: FilledRecipe):
    assert filled.share_kept >= 0.6
    assert {"echoed_prompt", "role_leak"} <= set(filled.generated)


def test_recipe_drops_every_flawed_chat_and_no_other(filled: FilledRecipe):
    flaws = {truth.flaw for truths in filled.truths.values() for truth in truths} - {None}
    assert flaws >= {Flaw.IGNORED_REQUEST, Flaw.ROLE_LEAK, Flaw.REFUSAL, Flaw.TRUNCATION}
    for sample in filled.kept:
        told = " ".join([*(m.content for m in sample.earlier if m.role != "system")])
        asked = solved(sample.prompt)
        assert asked is not None
        assert asked.answer in sample.response
        assert "Work the question out before" not in f"{told} {sample.response}"
        assert "Assistant:" not in f"{told} {sample.prompt} {sample.response}"
    spoilt = sum(truth.flaw is not None for truths in filled.truths.values() for truth in truths)
    lost = filled.generated.total() + filled.rejected.total()
    assert lost <= spoilt, "each chat is dropped for one flaw at least"


@pytest.mark.parametrize(
    ("flaw", "reason"),
    [
        ("ignored_request", "echoed_prompt"),
        ("role_leak", "role_leak"),
        ("refusal", "refusal"),
        ("truncation", "truncated"),
    ],
)
def test_recipe_with_one_flaw_alone_keeps_nothing(tmp_path: Path, flaw: str, reason: str):
    filled = fill_shipped(tmp_path, NAME, {flaw: 1.0})
    assert filled.made == ()
    assert dict(filled.generated) == {reason: 96}


def test_recipe_with_leaked_prompts_alone_is_rejected_by_its_verifiers(tmp_path: Path):
    filled = fill_shipped(tmp_path, NAME, {"prompt_leak": 1.0})
    assert filled.kept == ()
    assert dict(filled.rejected) == {"prompt_leak": len(filled.made)}


def test_recipe_with_repeating_users_alone_keeps_the_single_turns(tmp_path: Path):
    filled = fill_shipped(tmp_path, NAME, {"repetition": 1.0})
    assert {sample.drawn["turn_count"] for sample in filled.kept} == {1}
    assert set(filled.generated) == {"not_novel"}


def test_recipe_draws_turns_manners_and_framings_by_quota(flawless: FilledRecipe):
    drawn = [sample.drawn for sample in flawless.made]
    turns = [each["turn_count"] for each in drawn]
    assert [turns.count(n) for n in (1, 2, 3)] == pytest.approx([58, 19, 19], abs=3)
    assert all(str(each["turn_count"]) == each["turns"] for each in drawn)
    systems = [each["answer_system"] for each in drawn]
    assert len(set(systems)) == 4
    assert systems.count("system_short.md.j2") == pytest.approx(32, abs=3)
    assert {len(sample.earlier) for sample in flawless.made} == {1, 3, 5}


def test_recipe_manners_are_heeded(flawless: FilledRecipe):
    words: dict[str, list[int]] = {}
    for sample in flawless.made:
        manner = str(sample.drawn["answer_system"])
        words.setdefault(manner, []).append(len(sample.response.split()))
    mean = {manner: sum(each) / len(each) for manner, each in words.items()}
    assert mean["system_short.md.j2"] < 0.6 * mean["system_worked.md.j2"]


def test_seeds_are_96_different_questions_of_every_kind():
    lines = (FOLDER / "seeds.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line)["instruction"] for line in lines]
    found = [solved(text) for text in asked]
    assert len(set(asked)) == len(asked) == 96
    assert None not in found
    assert {each.kind for each in found if each} == set(KINDS)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_everyday_every_task_of_a_kind_is_solved_as_that_kind(name: str):
    for number in range(40):
        asked = KINDS[name].another(Dice(f"{number}"))
        found = solved(f"Well then. {asked} Thanks!")
        assert found is not None, asked
        assert found.kind == name
        assert found.answer


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("How many minutes are 2.5 hours?", "150 minutes"),
        ("Convert 1 metres to hours.", "no number"),
        ("What is 12.5 % of 64?", "8"),
        ("How many days are there from 1 March 2027 to 28 February 2027?", "1 days"),
        ("It is 23:30 now. What time is it in 45 minutes?", "00:15"),
        ("I pay 30 with a note of 20.", "none"),
        ("Write 10,014 in words.", "ten thousand and fourteen"),
        ("Write the number 0 in words.", "zero"),
        ("What is the average of 1 and 2?", "1.5"),
        ("Multiply 12 by 10.", "120"),
        ("Put these words in alphabetical order: b, C and a.", "a, b, C"),
    ],
)
def test_everyday_answers_are_right(asked: str, answer: str):
    found = solved(asked)
    assert found is not None
    assert found.answer == answer


def test_everyday_weekdays_are_those_of_the_calendar():
    for month, day in ((2, 29), (7, 4), (12, 31)):
        when = date(2028, month, day)
        found = solved(f"What day of the week is {day} {when:%B} 2028?")
        assert found is not None
        assert found.answer == f"{when:%A}"


@pytest.mark.parametrize(
    "asked", ["", "Sing!", "Which day of the week is 31 February 2027?", "9" * 3000, "1 + 1"]
)
def test_everyday_unknown_task_is_left_alone(asked: str):
    assert solved(asked) is None
    answer = compose("scholar", [Message("user", asked)], {}, 0)
    assert "not a language model" in answer.text
