import json
import re
from fractions import Fraction

import pytest

from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.evol_instruct import (
    answered,
    compared,
    evolved,
    read_instruction,
    result_of,
)
from synth_assets.resources.embedded.truth import Flaw
from synth_assets.resources.settings import SHIPPED_RECIPES
from tests.unit.embedded_fills import FilledRecipe, fill_shipped

NAME = "evolved_instructions"
ROW = "A shed holds 10, 20, 30 and 44 tins. How many are there in total?"
SEEDS = SHIPPED_RECIPES / NAME / "seeds.jsonl"
SETTINGS = [
    line
    for line in (SHIPPED_RECIPES / NAME / "settings.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.fixture(scope="module")
def flawed(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("flawed"), NAME)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("sound"), NAME, {})


def answer_of(text: str) -> str:
    return re.findall(r"^Answer: (.*)$", answered(text, Dice("k")), re.MULTILINE)[0]


@pytest.mark.parametrize(
    ("clause", "answer"),
    [
        ("", "104"),
        ("Ignore all entries smaller than 20.", "94"),
        ("Values over 30 are to be left aside.", "60"),
        ("Do without the first entry.", "94"),
        ("Correct the first entry to 16 before you begin.", "110"),
        ('Join this record to the data: {"more": [1, 2]}.', "107"),
        ("In one more step, work out 3 times the result.", "312"),
        ("Compare the result with a target of 110 in a step of its own.", "6"),
        ("Take 4 away from the result in a last step. Finally, multiply the result by 2 and show "
         "that step.", "200"),
        ("Name the median too, and say whether it lies above or below the mean.", "104"),
    ],
)  # fmt: skip
def test_answered_heeds_each_clause(clause: str, answer: str):
    assert answer_of(f"{ROW} {clause}") == answer


def test_answered_what_is_not_understood_is_declined():
    assert answered("Sing a song.", Dice("k")) == "<none/>"


def test_compared_asks_what_is_asked_and_not_how():
    again = f"Please be so kind and do this. {ROW}"
    assert "equal" in compared(ROW, again).text
    assert "different" in compared(ROW, f"{ROW} Do without the first entry.").text


def test_evolved_clause_is_new_and_understood_for_every_seed_and_operation():
    for line in SEEDS.read_text(encoding="utf-8").splitlines():
        text = json.loads(line)["instruction"]
        for operation in ("constraints", "deepen", "concretise", "reasoning", "complicate_input"):
            made = evolved(text, operation, None, Dice(text + operation)).text
            before, after = read_instruction(text), read_instruction(made)
            assert before is not None
            assert after is not None
            assert len(after.clauses) == len(before.clauses) + 1
            assert len(after.values) >= 3


def test_evolved_clause_takes_its_place_from_the_setting():
    for setting in SETTINGS:
        made = evolved(ROW, "concretise", None, Dice(setting), setting).text
        read = read_instruction(made)
        assert read is not None
        assert [clause.filled["place"] for clause in read.clauses] == [setting]


def test_evolved_with_room_for_two_sentences_says_what_the_clause_is_for():
    end = "\n</instruction>"
    brief = evolved(ROW, "deepen", None, Dice("k"), "a choir").text.removesuffix(end)
    longer = evolved(ROW, "deepen", None, Dice("k"), "a choir", brief=False).text.removesuffix(end)
    before, after = read_instruction(brief), read_instruction(longer)
    assert before is not None
    assert after is not None
    assert longer.startswith(brief)
    assert "a choir" in longer.removeprefix(brief)
    assert after.said == before.said


def test_answered_in_haste_is_shorter_and_comes_to_the_same():
    asked = (
        f"{ROW} Do without the first entry. Finally, multiply the result by 2 and show that step."
    )
    for seed in range(8):
        brisk = answered(asked, Dice(f"{seed}"), "brisk")
        patient = answered(asked, Dice(f"{seed}"), "patient", "a choir")
        assert brisk.splitlines()[-1] == patient.splitlines()[-1] == "Answer: 188"
        assert len(brisk.split()) < len(patient.split())


def test_recipe_answers_have_the_manner_of_their_system_message(sound: FilledRecipe):
    openings: dict[str, set[str]] = {}
    for sample in sound.made:
        manner = str(sample.drawn["answer_system"])
        openings.setdefault(manner, set()).add(sample.response.split()[0].rstrip(":."))
    # In haste nothing stands before the data.
    assert {"Data", "Given"} <= openings["answer_brisk.md.j2"]
    assert openings["answer_brisk.md.j2"].isdisjoint({"Let", "There", "Nobody", "We", "Every"})
    assert openings["answer_patient.md.j2"].isdisjoint({"Data", "Given"})


def test_recipe_without_flaws_keeps_every_generation_of_every_chain(sound: FilledRecipe):
    assert sound.generated.total() == 0
    assert sound.rejected.total() == 0
    assert len(sound.made) == 180
    assert len(sound.kept) >= 0.95 * 180


def test_recipe_answers_are_right(sound: FilledRecipe):
    for sample in sound.kept:
        read = read_instruction(sample.prompt)
        assert read is not None
        result = result_of(read.ask, read.values)
        for clause in read.clauses:
            match clause.kind:
                case "times":
                    result *= clause.number
                case "minus":
                    result -= clause.number
                case "differs":
                    result = abs(result - clause.number)
                case _:
                    pass
        told = sample.response.rpartition("Answer: ")[2].removeprefix("about ")
        assert abs(Fraction(told) - result) <= Fraction(1, 200)


def test_recipe_with_flaws_keeps_most_and_eliminates_every_flawed_evolution(flawed: FilledRecipe):
    truths = [t for step in ("evolve", "mutate") for t in flawed.truths[step]]
    failing = {Flaw.COPIED_PARENT, Flaw.IGNORED_REQUEST, Flaw.PROMPT_LEAK}
    injected = sum(truth.flaw in failing for truth in truths)
    assert injected > 20
    # Where the judge's verdict is cut off, an evolution fails by another reason.
    cut_off = sum(truth.flaw is Flaw.TRUNCATION for truth in flawed.truths["compare"])
    assert injected - cut_off <= flawed.generated["failed_evolution"] <= injected
    assert flawed.rejected.total() == 0
    assert flawed.share_kept >= 0.6
    assert all("prompt#" not in sample.prompt.casefold() for sample in flawed.kept)


def test_recipe_difficulty_counts_evolutions_in_depth(sound: FilledRecipe):
    by_id = {sample.sample_id: sample for sample in sound.made}
    assert {sample.difficulty for sample in sound.made} == {0.0, 1.0, 2.0, 3.0}
    operations = {sample.drawn["operation"] for sample in sound.made}
    assert len(operations) == 6
    for sample in sound.made:
        before = by_id[sample.parent_ids[0]].difficulty if sample.parent_ids else 0.0
        assert before is not None
        assert sample.difficulty == before + (sample.drawn["operation"] != "breadth")


def test_recipe_seeds_are_thirty_and_have_one_form():
    rows = [json.loads(line) for line in SEEDS.read_text(encoding="utf-8").splitlines()]
    assert {tuple(row) for row in rows} == {("instruction",)}
    assert len({row["instruction"] for row in rows}) == len(rows) == 30
