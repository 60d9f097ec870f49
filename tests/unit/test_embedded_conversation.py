"""The shipped chats at a front desk, filled by the embedded teacher."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from synth_assets.core.sample import Sample
from synth_assets.resources.embedded.conversation import at_the_desk
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.truth import Flaw
from synth_assets.resources.settings import SHIPPED_RECIPES
from tests.unit.embedded_fills import FilledRecipe, fill_shipped

NAME = "front_desk_chats"
SEEDS = [
    json.loads(line)
    for line in (SHIPPED_RECIPES / NAME / "seeds.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("filled"), NAME)


@pytest.fixture(scope="module")
def flawless(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("flawless"), NAME, {})


def seed_of(sample: Sample) -> dict[str, str]:
    """The seed whose facts the desk was told."""
    facts = re.search(r"<desk_facts>\n(.*)\n</desk_facts>", sample.earlier[0].content, re.DOTALL)
    assert facts is not None
    return next(seed for seed in SEEDS if seed["facts"] == facts.group(1))


def said_by_the_desk(sample: Sample) -> str:
    told = [m.content for m in sample.earlier if m.role == "assistant"]
    return " ".join([*told, sample.response])


def test_recipe_without_flaws_keeps_nearly_all(flawless: FilledRecipe):
    assert flawless.generated == Counter({"too_short": flawless.generated["too_short"]})
    assert flawless.share_kept >= 0.9


def test_recipe_with_the_teachers_flaws_keeps_two_thirds(filled: FilledRecipe):
    assert filled.share_kept >= 0.66
    assert {"role_leak", "not_novel", "refusal"} <= set(filled.generated)


def test_recipe_desk_says_nothing_but_its_facts(flawless: FilledRecipe):
    for sample in flawless.kept:
        facts = [line.partition(": ")[2] for line in seed_of(sample)["facts"].splitlines()]
        said = said_by_the_desk(sample)
        told = [fact for fact in facts if fact in said]
        assert told, said
        numbers = set(re.findall(r"\d+", said))
        assert numbers <= set(re.findall(r"\d+", " ".join(told)))


def test_recipe_goal_is_met_where_the_facts_hold_every_point(flawless: FilledRecipe):
    verdicts = Counter[tuple[object, bool]]()
    for sample in flawless.kept:
        topics = [line.partition(":")[0] for line in seed_of(sample)["facts"].splitlines()]
        ask = " ".join([*(m.content for m in sample.earlier if m.role == "user"), sample.prompt])
        unknown = any(
            extra in ask.lower()
            for extra in ("gift vouchers", "free internet", "leave a pram", "payment by card")
        )
        assert any(topic in ask.lower() for topic in topics)
        verdicts[sample.drawn["goal_met"], unknown] += 1
        assert sample.drawn["goal_met"] == sample.drawn["goal_met_user"]
    assert set(verdicts) == {("yes", False), ("partly", True)}


def test_recipe_no_kept_chat_leaks_a_role_or_repeats(filled: FilledRecipe):
    for sample in filled.kept:
        turns = [m for m in sample.earlier if m.role != "system"]
        roles = [m.role for m in turns]
        assert roles == ["user", "assistant"] * (len(turns) // 2)
        texts = [*(m.content for m in turns), sample.prompt, sample.response]
        assert len(set(texts)) == len(texts)
        assert not any("Visitor:" in text or "can I help you" in text for text in texts)
        assert "You answer at the front desk" not in said_by_the_desk(sample)


def test_recipe_turns_asked_again_are_counted(filled: FilledRecipe):
    again = [int(sample.drawn["asked_again"]) for sample in filled.made]
    assert sum(again) >= 20
    assert 0 in again


@pytest.mark.parametrize(("flaw", "reason"), [("role_leak", "role_leak"), ("refusal", "refusal")])
def test_recipe_with_one_flaw_alone_keeps_nothing(tmp_path: Path, flaw: str, reason: str):
    filled = fill_shipped(tmp_path, NAME, {flaw: 1.0})
    assert (filled.made, dict(filled.generated)) == ((), {reason: 80})
    assert all(detail.startswith("user turn 1, asked 2 times") for detail in filled.details)


def test_recipe_with_repeating_visitors_alone_keeps_nothing(tmp_path: Path):
    filled = fill_shipped(tmp_path, NAME, {"repetition": 1.0})
    assert (filled.made, dict(filled.generated)) == ((), {"not_novel": 80})


def test_recipe_with_leaked_prompts_alone_is_rejected_wherever_the_leak_stands(tmp_path: Path):
    filled = fill_shipped(tmp_path, NAME, {"prompt_leak": 1.0})
    assert filled.kept == ()
    assert dict(filled.rejected) == {"prompt_leak": len(filled.made)}
    in_history = [s for s in filled.made if any("desk" in m.content for m in s.earlier[2::2])]
    assert in_history, "leaks of earlier turns are looked for, too"


def test_recipe_with_an_ignorant_desk_alone_meets_no_goal(tmp_path: Path):
    filled = fill_shipped(tmp_path, NAME, {"ignored_request": 1.0})
    assert {sample.drawn["goal_met"] for sample in filled.kept} == {"no"}


def test_recipe_manners_and_personas_are_spread(flawless: FilledRecipe):
    drawn = [sample.drawn for sample in flawless.made]
    manners = Counter(each["manner"] for each in drawn)
    assert len(manners) == 4
    assert max(manners.values()) <= 0.4 * len(drawn)
    assert len({each["persona"] for each in drawn}) == 20
    never = ("a deaf carpenter who writes everything down", "chatty")
    assert never not in {(each["persona"], each["manner"]) for each in drawn}
    assert {each["simulate_system"] for each in drawn} == {
        "visitor_system.md.j2",
        "visitor_system_scene.md.j2",
    }


def test_seeds_are_64_goals_at_16_places():
    assert len({json.dumps(seed) for seed in SEEDS}) == len(SEEDS) == 64
    assert len({seed["place"] for seed in SEEDS}) == 16
    for seed in SEEDS:
        topics = [line.partition(":")[0] for line in seed["facts"].splitlines()]
        points = seed["goal"].partition(": ")[2].rstrip(".").split("; ")
        assert len(points) >= 2
        assert sum(point not in topics for point in points) <= 1


def test_desk_without_a_fact_does_not_guess():
    said = at_the_desk("What about parrots?", {"dogs": "Dogs may."}, "clerk", None, "", Dice("a"))
    assert "Dogs" not in said.text
    assert "parrots" in said.text
    flawed = at_the_desk(
        "What about dogs?", {"dogs": "Dogs may."}, "clerk", Flaw.IGNORED_REQUEST, "", Dice("a")
    )
    assert "Dogs may." not in flawed.text
