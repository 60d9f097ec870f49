from dataclasses import replace

import pytest

from synth_assets.core.completion import Completion, Request
from synth_assets.core.generation.estimate import Reach
from synth_assets.core.generation.replay import Tally, replay
from synth_assets.core.planning import Plan
from synth_assets.core.sample import Seed
from tests.fakes import good_answer, tiny_recipe

SEEDS = [Seed.of("recipe", {"problem": f"seed {n}"}) for n in range(4)]


class Answers:
    """Completions of requests that were asked for; `good_answer` where it is to be bought."""

    def __init__(self) -> None:
        self.known: dict[str, Completion] = {}

    def __call__(self, fingerprint: str) -> Completion | None:
        return self.known.get(fingerprint)

    def learn(self, requests: tuple[Request, ...], text: str = "") -> None:
        for request in requests:
            said = text or good_answer(request)
            self.known[request.fingerprint] = Completion(
                request.fingerprint, said, "stop", 7, 11, 0.1, 0.0
            )


@pytest.fixture
def slots():
    recipe = tiny_recipe(8)
    return recipe, list(Plan.of(recipe, SEEDS).slots(0, 8))


def test_replay_stops_at_the_first_request_that_is_not_bought(slots):
    recipe, [slot, *_] = slots
    answers = Answers()

    first = replay(recipe, slot, answers)
    assert [request.step for request in first.missing] == ["write"]
    answers.learn(first.missing)
    second = replay(recipe, slot, answers)
    assert [request.step for request in second.answered] == ["write"]
    assert [request.step for request in second.missing] == ["solve"]
    answers.learn(second.missing)
    third = replay(recipe, slot, answers)
    assert [request.step for request in third.answered] == ["write", "solve"]
    assert third.missing == ()
    assert first.row == second.row == third.row


def test_replay_of_answer_without_a_sample_needs_no_later_step(slots):
    recipe, [slot, *_] = slots
    answers = Answers()
    answers.learn(replay(recipe, slot, answers).missing, "<none/>")

    replayed = replay(recipe, slot, answers)
    assert [request.step for request in replayed.answered] == ["write"]
    assert replayed.missing == ()


def test_tally_counts_by_teacher_and_step_and_who_answers_later(slots):
    recipe, planned = slots
    answers, tally = Answers(), Tally(recipe)
    for slot in planned[:3]:
        answers.learn(replay(recipe, slot, answers).missing)
    for slot in planned:
        tally.add(replay(recipe, slot, answers))

    written = [count for (_, step), count in tally.answered.items() if step == "write"]
    missing = {key: each.characters.count for key, each in tally.missing.items()}
    assert tally.samples == 8
    assert sum(written) == 3
    assert missing["solver", "solve"] == 3
    assert sum(n for (_, step), n in missing.items() if step == "write") == 5
    assert tally.waiting == {("write", "solve", "solver"): 5}
    assert tally.reach() == Reach({"write": 3}, {"write": 8, "solve": 3})


def test_tally_counts_equal_requests_once(slots):
    recipe, [slot, *_] = slots
    tally = Tally(recipe)
    tally.add(replay(recipe, slot, Answers()))
    tally.add(replay(recipe, replace(slot, position=99), Answers()))

    assert [each.characters.count for each in tally.missing.values()] == [1]


def test_tally_measures_the_characters_of_prompts(slots):
    recipe, [slot, *_] = slots
    tally = Tally(recipe)
    replayed = replay(recipe, slot, Answers())
    tally.add(replayed)

    [missing] = tally.missing.values()
    text = replayed.missing[0].messages[0].content
    assert missing.characters.total == len(text)
    assert missing.texts == [text]
