"""The shipped recipe of self-play, and the embedded teacher that sets and tries its problems."""

import re
from collections import Counter

import pytest

from synth_assets.core.completion import Message
from synth_assets.core.schema import Reason
from synth_assets.resources.embedded.composition import compose
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.self_play import ways_to_fail
from synth_assets.resources.embedded.stories import LEVELS, read_story, stories
from synth_assets.resources.embedded.truth import Flaw
from tests.unit.embedded_fills import FilledRecipe, fill_shipped

NAME = "self_play_arithmetic"
STORIES = [story for level in LEVELS for story in stories(level)]


@pytest.fixture(scope="module")
def flawed(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("flawed"), NAME)


def proposed(level: str, seed: int, flaws: dict[str, float] | None = None, person: str = "Ilse"):
    asked = (
        "<seed_problem>\nHow many?\n</seed_problem>\n<seed_solution>\n#### 4\n</seed_solution>\n"
        f"<calculations>\n{level}\n</calculations>\n<person>\n{person}\n</person>"
    )
    return compose("scholar", [Message("user", asked)], {"flaws": flaws or {}}, seed)


def test_recipe_fills_the_band_and_climbs_through_its_levels(flawed: FilledRecipe):
    assert len(flawed.kept) >= 55
    assert {sample.difficulty for sample in flawed.kept} == {1.0, 2.0, 3.0}
    rates = {float(sample.drawn["solve_rate"]) for sample in flawed.kept}
    assert 0.25 <= min(rates) < max(rates) <= 0.7
    assert len(flawed.verified) == len(flawed.kept)
    counts = Counter(sample.difficulty for sample in flawed.kept)
    assert counts[3.0] > counts[1.0]
    first = {d: min(s.position for s in flawed.kept if s.difficulty == d) for d in counts}
    assert first[1.0] < first[2.0] < first[3.0]


def test_recipe_catches_each_flaw_of_the_proposer(flawed: FilledRecipe):
    assert flawed.generated[Reason.OUT_OF_BAND] >= 30
    assert flawed.generated[Reason.NOT_NOVEL] >= 1
    assert flawed.generated[Reason.TRUNCATED] + flawed.generated[Reason.REFUSAL] >= 3
    assert flawed.rejected[Reason.PROMPT_LEAK] >= 1
    told = Counter(detail.split(" of 6")[0] for detail in flawed.details if " of 6" in detail)
    assert told["0"] >= 1, "a wrong proposer looks hopeless"
    assert told["6"] >= 10


def test_recipe_answers_that_are_kept_are_right(flawed: FilledRecipe):
    wrong = 0
    for sample in flawed.kept:
        told = read_story(sample.prompt, STORIES)
        assert told is not None
        steps = len(told.story.steps)
        asked = str(sample.drawn["level"])
        assert steps <= 2 or "one or two" not in asked
        right = compose(
            "solver",
            [Message("user", f"<problem_to_try>{sample.prompt}</problem_to_try>")],
            {},
            0,
        ).truth.answer
        wrong += sample.response.rpartition("#### ")[2] != right
    assert wrong <= 1


def test_recipe_without_flaws_finds_every_level_too_easy(tmp_path_factory: pytest.TempPathFactory):
    sound = fill_shipped(tmp_path_factory.mktemp("sound"), NAME, {})
    assert sound.made == ()
    assert set(sound.generated) == {Reason.OUT_OF_BAND}


@pytest.mark.parametrize(
    ("level", "least", "most"),
    [("one or two calculations", 1, 2), ("three calculations", 3, 3), ("five or six", 5, 6)],
)
def test_proposed_problem_has_the_calculations_and_person_that_were_asked_for(
    level: str, least: int, most: int
):
    people: set[str] = set()
    for seed in range(30):
        made = proposed(level, seed)
        assert least <= made.text.count("<<") <= most
        told = read_story(made.text, STORIES)
        assert told is not None
        people |= {told.words["who"]} if "who" in told.words else set()
        assert re.search(rf"#### {re.escape(made.truth.answer)}\n</solution>", made.text)
    assert people == {"Ilse"}


def test_proposed_problem_of_an_unknown_person_keeps_a_known_one():
    told = read_story(proposed("three calculations", 1, person="R2D2").text, STORIES)
    assert told is not None
    assert told.words["who"] != "R2D2"


def test_proposer_flaws_do_what_they_say():
    copied = proposed("three", 1, {"copied_seed": 1.0})
    assert copied.text.startswith("<problem>\nHow many?\n</problem>")
    ignored = proposed("five or six", 1, {"ignored_request": 1.0})
    assert ignored.text.count("<<") <= 2
    wrong = proposed("three", 1, {"wrong_number": 1.0})
    assert f"#### {wrong.truth.answer}\n" not in wrong.text


def test_ways_to_fail_grow_with_the_number_of_calculations():
    counts = {len(s.steps): s for s in STORIES}
    found = {n: len(ways_to_fail(story.told("clerk", Dice("k")))) for n, story in counts.items()}
    assert found == {1: 1, 2: 1, 3: 2, 5: 5, 6: 5}
    assert ways_to_fail(None) == {Flaw.WRONG_NUMBER}


def test_attempt_at_a_problem_it_did_not_set_gives_no_answer():
    asked = [Message("user", "<problem_to_try>\nWhy?\n</problem_to_try>")]
    assert "####" not in compose("scholar", asked, {}, 0).text
