"""The shipped advice by principles, filled by the embedded teacher."""

import json
from collections import Counter
from pathlib import Path

import pytest

from synth_assets.core.sample import Sample
from synth_assets.core.techniques.constitutional import read_principles
from synth_assets.resources.embedded.constitutional import advice, criticise, revise, violations
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.truth import Flaw
from synth_assets.resources.settings import SHIPPED_RECIPES
from tests.unit.embedded_fills import FilledRecipe, fill_shipped

NAME = "considerate_advice"
FOLDER = SHIPPED_RECIPES / NAME
CONSTITUTION = read_principles((FOLDER / "principles.txt").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("filled"), NAME)


@pytest.fixture(scope="module")
def flawless(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("flawless"), NAME, {})


def held(sample: Sample) -> str:
    names = str(sample.drawn["principles"]).split(", ")
    return "\n".join(each.text for each in CONSTITUTION if each.name in names)


def test_recipe_without_flaws_keeps_nearly_all(flawless: FilledRecipe):
    assert flawless.generated.total() == 0
    assert flawless.share_kept >= 0.9


def test_recipe_with_the_teachers_flaws_keeps_three_fifths(filled: FilledRecipe):
    assert filled.share_kept >= 0.6
    assert {"not_improved", "truncated", "refusal"} <= set(filled.generated)


def test_recipe_no_kept_answer_goes_against_a_principle_it_was_held_to(filled: FilledRecipe):
    for sample in filled.kept:
        assert violations(sample.response, held(sample)) == {}, sample.response
        assert sample.drawn["settled"] == "yes"


def test_recipe_pairs_are_rejected_for_what_the_critique_quotes(flawless: FilledRecipe):
    pairs = [sample for sample in flawless.kept if sample.rejected]
    assert 0.3 <= len(pairs) / len(flawless.kept) <= 0.9
    for sample in pairs:
        worse = violations(sample.rejected, held(sample))
        assert len(worse) == sample.drawn["revisions"] >= 1
        assert all(
            f"«{said}»" in str(sample.drawn[f"critique_{n}"]) for n, said in enumerate(worse, 1)
        )
        assert sample.response != sample.rejected
    for sample in flawless.kept:
        if not sample.rejected:
            assert sample.drawn["revisions"] == 0


def test_recipe_answers_keep_their_advice_when_revised(flawless: FilledRecipe):
    tips = [tip for topic in advice().topics for tip in topic.tips]
    for sample in flawless.kept:
        said = [tip for tip in tips if tip in sample.response]
        assert len(said) == (4 if sample.drawn["extent"] == "about 100 words" else 2)
        assert all(tip in (sample.rejected or sample.response) for tip in said)


def test_recipe_every_principle_is_held_about_as_often(flawless: FilledRecipe):
    counts = Counter(
        name for sample in flawless.made for name in str(sample.drawn["principles"]).split(", ")
    )
    assert set(counts) == {each.name for each in CONSTITUTION}
    assert len(CONSTITUTION) == 8
    assert set(counts.values()) == {48}, "two rounds of each seed are all eight"


@pytest.mark.parametrize(("flaw", "reason"), [("refusal", "refusal"), ("truncation", "truncated")])
def test_recipe_with_one_flaw_alone_keeps_nothing(tmp_path: Path, flaw: str, reason: str):
    filled = fill_shipped(tmp_path, NAME, {flaw: 1.0})
    assert (filled.made, dict(filled.generated)) == ((), {reason: 96})


def test_recipe_with_a_critic_who_never_ends_keeps_nothing(tmp_path: Path):
    filled = fill_shipped(tmp_path, NAME, {"endless_critique": 1.0})
    assert (filled.made, dict(filled.generated)) == ((), {"endless_critique": 96})
    assert all(detail.startswith("after 3 revisions") for detail in filled.details)


def test_recipe_with_an_editor_who_copies_keeps_what_needed_no_revision(tmp_path: Path):
    filled = fill_shipped(tmp_path, NAME, {"copied_parent": 1.0})
    assert set(filled.generated) == {"not_improved"}
    assert {sample.rejected for sample in filled.made} == {""}
    assert len(filled.made) + filled.generated.total() == 96


def test_recipe_with_leaked_prompts_alone_is_rejected_by_its_verifiers(tmp_path: Path):
    filled = fill_shipped(tmp_path, NAME, {"prompt_leak": 1.0})
    assert filled.kept == ()
    assert dict(filled.rejected) == {"prompt_leak": 96}


def test_seeds_are_48_different_requests():
    lines = (FOLDER / "seeds.jsonl").read_text(encoding="utf-8").splitlines()
    assert len({json.loads(line)["instruction"] for line in lines}) == len(lines) == 48


def test_blemishes_each_belong_to_one_principle_of_the_recipe():
    for blemish in advice().blemishes:
        for bad, good in blemish.pairs:
            against = [each.name for each in CONSTITUTION if violations(bad, each.text)]
            assert len(against) == 1, (bad, against)
            assert all(not violations(good, each.text) for each in CONSTITUTION)
    tips = [tip for topic in advice().topics for tip in topic.tips]
    assert len(set(tips)) == len(tips) == 120


def test_critic_finds_what_the_principles_forbid_and_nothing_else():
    flattering = "What an absolutely fantastic question! Keep it dry."
    kind = "The answer flatters nobody."
    found = criticise(flattering, kind, None, Dice("a")).text
    assert "«What an absolutely fantastic question!»" in found
    assert "\npresent\n" in found
    assert "\nnone\n" in criticise(flattering, "It blames nobody.", None, Dice("a")).text
    nagging = criticise("Keep it dry.", kind, Flaw.ENDLESS_CRITIQUE, Dice("a")).text
    assert "\npresent\n" in nagging
    assert "«" not in nagging


def test_editor_mends_what_is_quoted_and_leaves_the_rest():
    answer = "Begin. This always works, without a single exception. End."
    mended = revise(
        answer, "«This always works, without a single exception.»", "clerk", None, Dice("a")
    )
    assert "Begin. This works for most people, though not for all. End." in mended.text
    copied = revise(answer, "«End.»", "clerk", Flaw.COPIED_PARENT, Dice("a"))
    assert answer in copied.text
