import json

import pytest

from synth_assets.core.techniques.checks import (
    Bullets,
    Check,
    Contains,
    EndsWith,
    Json,
    Lacks,
    Words,
)
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.iterative_refinement import Order, drafted, judged, repaired
from synth_assets.resources.embedded.task import Asked
from synth_assets.resources.embedded.truth import Flaw
from synth_assets.resources.settings import SHIPPED_RECIPES
from tests.unit.embedded_fills import FilledRecipe, fill_shipped

NAME = "checked_notices"
ROWS = [
    json.loads(line)
    for line in (SHIPPED_RECIPES / NAME / "seeds.jsonl").read_text("utf-8").splitlines()
]
SETS: dict[str, list[Check]] = {
    "prose": [
        Words(kind="words", min=45),
        Words(kind="words", max=70),
        Contains(kind="contains", text="spare keys"),
        Lacks(kind="lacks", text="very"),
        EndsWith(kind="ends_with", text="See you there."),
    ],
    "bullets": [
        Bullets(kind="bullets", count=5),
        Words(kind="words", min=45),
        Words(kind="words", max=85),
        Contains(kind="contains", text="bicycles"),
        Lacks(kind="lacks", text="quite"),
    ],
    "json": [Json(kind="json", keys="subject; text; details")],
}


@pytest.fixture(scope="module")
def flawed(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("flawed"), NAME)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("sound"), NAME, {})


def order(row: dict[str, str], checks: list[Check]) -> Order:
    said = "\n".join(f"- {check.sentence}" for check in checks)
    prompt = f"<facts>{row['facts']}</facts><constraints>{said}</constraints>"
    return Order.of(Asked((), prompt, ""))


def faults(text: str, checks: list[Check]) -> list[str]:
    return [fault for check in checks if (fault := check.fault(text))]


@pytest.mark.parametrize("shape", SETS)
def test_repaired_draft_has_no_fault_left_after_three_rounds(shape: str):
    checks = SETS[shape]
    failed = 0
    for row in ROWS:
        asked = order(row, checks)
        text = drafted(asked, Dice(row["task"] + shape)).text
        failed += bool(faults(text, checks))
        for number in range(3):
            found = faults(text, checks)
            if found:
                dice = Dice(f"{row['task']}{number}")
                text = repaired(text, asked, "\n".join(found), None, dice).text
        assert faults(text, checks) == [], text
    assert 0.2 * len(ROWS) < failed < 0.8 * len(ROWS)


def test_repaired_flaws_give_back_the_text_or_break_another_constraint():
    asked = order(ROWS[0], SETS["prose"])
    copied = repaired("Text.", asked, "", Flaw.COPIED_PARENT, Dice("k"))
    assert copied.text == "Text."
    feedback = "- it does not end with «See you there.»"
    broken = repaired("Text.", asked, feedback, Flaw.IGNORED_REQUEST, Dice("k"))
    found = faults(broken.text, SETS["prose"])
    assert found
    assert not any("does not end" in fault for fault in found)


def test_judged_two_facts_are_enough_and_the_endless_critic_never_content():
    asked = order(ROWS[0], [])
    facts = [fact.strip() for fact in ROWS[0]["facts"].split("|")]
    assert "good" in judged(" ".join(facts[:2]), asked, None, Dice("k")).text
    assert "faulty" in judged(facts[0], asked, None, Dice("k")).text
    endless = judged(" ".join(facts), asked, Flaw.ENDLESS_CRITIQUE, Dice("k"))
    assert "faulty" in endless.text


def test_recipe_without_flaws_keeps_every_row_and_half_had_to_be_mended(sound: FilledRecipe):
    assert sound.generated.total() == 0
    assert sound.rejected.total() == 0
    assert len(sound.kept) >= 0.95 * 96
    mended = [sample for sample in sound.made if sample.rejected]
    assert 0.3 * 96 < len(mended) < 0.7 * 96
    assert all(sample.difficulty == sample.drawn["repairs"] for sample in sound.made)
    assert all("round_0_failed" in sample.drawn for sample in mended)
    assert {sample.drawn["shape"] for sample in sound.made} == {"prose", "bullets", "json"}


def test_recipe_rejected_drafts_break_what_kept_responses_hold(flawed: FilledRecipe):
    for sample in flawed.kept:
        most = str(sample.drawn.get("most", ""))
        if most:
            assert len(sample.response.split()) <= int(most)
        if taboo := str(sample.drawn.get("taboo", "")):
            assert Lacks(kind="lacks", text=taboo).fault(sample.response) is None
        if keys := str(sample.drawn.get("keys", "")):
            assert set(json.loads(sample.response)) == set(keys.split("; "))
        assert "\n\n- " in sample.prompt


def test_recipe_with_flaws_keeps_most_and_tells_of_each_flaw(flawed: FilledRecipe):
    repairs = [truth.flaw for truth in flawed.truths["repair"]]
    critiques = [truth.flaw for truth in flawed.truths["critique"]]
    assert flawed.share_kept >= 0.6
    assert flawed.rejected.total() == 0
    copied = repairs.count(Flaw.COPIED_PARENT)
    assert copied > 0
    stuck = sum("gives back a text that was there before" in d for d in flawed.details)
    assert stuck == copied
    assert flawed.generated["not_improved"] + flawed.generated["endless_critique"] >= copied
    broken = sum(
        any(name.endswith("_broken") and value != "critic" for name, value in s.drawn.items())
        for s in flawed.made
    )
    assert 0 < broken <= repairs.count(Flaw.IGNORED_REQUEST)
    found = sum("critic" in str(s.drawn.get(f"round_{n}_failed")) for s in flawed.made
                for n in range(4))  # fmt: skip
    assert 0 < found <= critiques.count(Flaw.ENDLESS_CRITIQUE)


def test_recipe_seeds_are_tasks_with_six_facts_each():
    assert len({row["task"] for row in ROWS}) == len(ROWS) == 24
    assert {tuple(row) for row in ROWS} == {("task", "facts")}
    assert {row["facts"].count("|") for row in ROWS} == {5}
