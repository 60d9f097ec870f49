"""Self-play, driven by the real engine with scripted answers."""

import json
import random
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.schema import Reason
from synth_assets.errors import RecipeError
from tests.technique_runs import (
    TechniqueRun,
    assert_replays,
    recipe_of,
    run_technique,
    seeds_of_fields,
)

RECIPE = """
id: play
title: Play
technique:
  kind: self_play
  levels: [easy, medium, hard]
  attempts: 4
  at_once: 4
  {more}
  propose: {{template: propose.md.j2, inputs: [problem, level, earlier]{form}}}
  solve: {{template: solve.md.j2, inputs: [question], teachers: [{{id: second}}]}}
seeds: {{file: seeds.jsonl}}
samples: {samples}
teachers: [{{id: writer}}]
verifiers: [{{kind: number}}]
"""
SECTIONS = {"type": "string"}
FILES = {
    "propose.md.j2": "{{ level }}\nLike: {{ problem }}\n{{ earlier }}",
    "solve.md.j2": "Try: {{ question }}",
    "form.json": json.dumps(
        {
            "type": "object",
            "properties": {"problem": SECTIONS, "solution": SECTIONS},
            "required": ["problem", "solution"],
        }
    ),
}
SEEDS = seeds_of_fields(
    *({"problem": f"A farmer named number{n} counts geese, how many?"} for n in range(8))
)


def words_of(request: Request, count: int) -> str:
    said = f"{request.messages[-1].content}/{request.sample_index}"
    return " ".join(random.Random(said).choices([f"w{n}" for n in range(300)], k=count))


def script(right: Callable[[str, str], int]) -> Callable[[Request], str]:
    """A solver that is right in so many of four attempts; `right` sees level and problem."""

    def answer(request: Request) -> str:
        said = request.messages[-1].content
        if request.step == "propose":
            level = said.partition("\n")[0]
            body = f"<problem>{level} {words_of(request, 8)}</problem>"
            return f"{body}<solution>It is 2+5 = <<2+5=7>>7.\n#### 7</solution>"
        level = said.removeprefix("Try: ").partition(" ")[0]
        attempt = request.sample_index >> 24
        good = attempt < right(level, said)
        return f"Attempt {attempt}.\n#### {'7.0' if good else 8 + attempt}"

    return answer


def run(
    folder: Path,
    answer: Callable[[Request], str],
    samples: int = 6,
    more: str = "",
    form: str = "",
) -> TechniqueRun:
    recipe = recipe_of(RECIPE.format(samples=samples, more=more, form=form), FILES)
    return run_technique(folder, recipe, SEEDS, answer)


def levels_asked(made: TechniqueRun) -> list[str]:
    return [request.messages[-1].content.partition("\n")[0] for request in made.asked("propose")]


def test_self_play_problems_in_the_band_are_kept_with_rate_and_difficulty(tmp_path: Path):
    made = run(tmp_path, script(lambda level, _: 2), samples=4)
    assert [r.planned for r in made.rounds] == [4]
    assert len(made.samples) == 4
    first = made.samples[0]
    assert first.prompt.startswith("easy w")
    assert first.response == "It is 2+5 = <<2+5=7>>7.\n#### 7"
    assert first.reference == "Attempt 0.\n#### 7.0"
    assert first.difficulty == 1.0
    assert first.teacher == "writer"
    assert first.drawn == {
        "level": "easy",
        "attempts": 4,
        "usable": 4,
        "solved": 2,
        "solve_rate": 0.5,
        "without_answer": 0,
    }
    assert len(made.asked("solve")) == 16
    assert len(first.request_fingerprints) == 5


def test_self_play_difficulty_rises_above_the_band_and_falls_below_it(tmp_path: Path):
    rates = {"easy": 4, "medium": 0, "hard": 2}
    made = run(tmp_path, script(lambda level, _: rates[level]), samples=4, more="rounds: 4")
    asked = levels_asked(made)
    assert asked == ["easy"] * 4 + ["medium"] * 4 + ["easy"] * 4 + ["medium"] * 4
    assert made.samples == ()
    assert made.why == [Reason.OUT_OF_BAND] * 16
    details = {detail for _, detail in made.reasons.values()}
    told = "come to the proposer's answer; kept are problems from 0.25 to 0.75"
    assert details == {f"4 of 4 attempts {told}", f"0 of 4 attempts {told}"}


def test_self_play_climbs_to_where_the_solver_fails_now_and_then(tmp_path: Path):
    rates = {"easy": 4, "medium": 4, "hard": 1}
    made = run(tmp_path, script(lambda level, _: rates[level]), samples=4)
    assert levels_asked(made)[::4] == ["easy", "medium", "hard"]
    assert [sample.difficulty for sample in made.samples] == [3.0] * 4
    assert {sample.drawn["solve_rate"] for sample in made.samples} == {0.25}


@pytest.mark.parametrize("solved", [0, 4])
def test_self_play_solver_that_always_or_never_succeeds_ends_after_empty_rounds(
    tmp_path: Path, solved: int
):
    made = run(tmp_path, script(lambda *_: solved))
    assert made.samples == ()
    moves = 2 if solved else 0
    assert len(made.rounds) == moves + 2
    assert set(levels_asked(made)) == ({"easy", "medium", "hard"} if solved else {"easy"})


def test_self_play_band_includes_its_ends_exactly(tmp_path: Path):
    half = run(tmp_path / "half", script(lambda *_: 2), samples=4)
    exact = run(tmp_path / "at", script(lambda *_: 2), samples=4, more="low: 0.5\n  high: 0.5")
    beside = run(tmp_path / "off", script(lambda *_: 2), samples=4, more="low: 0.51")
    assert len(half.samples) == len(exact.samples) == 4
    assert beside.samples == ()


def test_self_play_later_rounds_show_earlier_problems_and_name_them_as_parents(tmp_path: Path):
    made = run(tmp_path, script(lambda *_: 2), samples=8, more="earlier: 2")
    later = [sample for sample in made.samples if sample.position >= 4]
    by_id = {sample.sample_id: sample.prompt for sample in made.samples}
    assert len(later) >= 4
    asked = [request.messages[-1].content for request in made.asked("propose")]
    assert all(text.count("<earlier_problem>") == 2 for text in asked[4:])
    assert not any("<earlier_problem>" in text for text in asked[:4])
    for sample in later:
        assert len(sample.parent_ids) == 2
        assert sample.synthetic_depth == 2
        shown = [text for text in asked[4:] if all(by_id[p] in text for p in sample.parent_ids)]
        assert shown


@pytest.mark.parametrize(
    ("proposal", "reason", "detail"),
    [
        ("no tags", Reason.UNPARSABLE, "<problem>"),
        ("I cannot help with that.", Reason.REFUSAL, "refused"),
        (" ", Reason.EMPTY_COMPLETION, "empty"),
        (
            "<problem>How many?</problem><solution>seven</solution>",
            Reason.UNPARSABLE,
            "no single answer behind ####",
        ),
        (
            "<problem>How many?</problem><solution>#### 7 or so\n#### 8</solution>",
            Reason.UNPARSABLE,
            "no single answer",
        ),
    ],
)
def test_self_play_bad_proposals_are_never_tried(
    tmp_path: Path, proposal: str, reason: Reason, detail: str
):
    made = run(tmp_path, lambda _: proposal)
    assert set(made.why) == {reason}
    assert len(made.rounds) == 2
    assert all(detail in told for _, told in made.reasons.values())
    assert made.asked("solve") == []


def test_self_play_proposer_that_copies_its_example_is_dropped(tmp_path: Path):
    def answer(request: Request) -> str:
        found = re.search("Like: (.*)", request.messages[-1].content)
        assert found is not None
        return f"<problem>So: {found[1]}</problem><solution>#### 7</solution>"

    made = run(tmp_path, answer)
    assert set(made.why) == {Reason.NOT_NOVEL}
    assert "copies a problem that it was shown: A farmer named" in next(
        iter(made.reasons.values())
    )[1]  # fmt: skip


def test_self_play_rate_is_of_usable_attempts_and_one_without_an_answer_failed(tmp_path: Path):
    good = script(lambda *_: 3)

    def answer(request: Request) -> str:
        if request.step == "solve" and request.sample_index >> 24 >= 2:
            return ["I cannot help with this.", "No idea, sorry to say nothing."][
                (request.sample_index >> 24) - 2
            ]
        return good(request)

    made = run(tmp_path, answer, samples=4)
    names = ("usable", "solved", "solve_rate", "without_answer")
    told = {tuple(sample.drawn[name] for name in names) for sample in made.samples}
    assert told == {(3, 2, 0.6667, 1)}


@pytest.mark.parametrize(("more", "lost"), [("", 3), ("least_usable: 0.75", 2)])
def test_self_play_too_few_usable_attempts_say_nothing_of_a_problem(
    tmp_path: Path, more: str, lost: int
):
    good = script(lambda *_: 1)

    def answer(request: Request) -> str:
        refused = request.step == "solve" and request.sample_index >> 24 >= 4 - lost
        return "I cannot help with this." if refused else good(request)

    made = run(tmp_path, answer, samples=4, more=more)
    assert made.samples == ()
    assert set(made.why) == {Reason.REFUSAL}
    least = 3 if more else 2
    begin = f"{4 - lost} of 4 attempts can be used, at least {least} must be; the first lost: "
    assert all(detail.startswith(begin) for _, detail in made.reasons.values())


def test_self_play_problem_like_a_kept_one_is_dropped_after_its_round(tmp_path: Path):
    good = script(lambda *_: 2)
    same = "<problem>easy sums of three apples and four pears</problem><solution>#### 7</solution>"
    made = run(tmp_path, lambda r: same if r.step == "propose" else good(r), more="earlier: 0")
    assert len(made.samples) == 1
    assert set(made.why) == {Reason.NOT_NOVEL}
    assert len(made.rounds) == 3, "two rounds that keep nothing end it"
    told = "ROUGE-L 1.000 with 'easy sums of three apples and four pears'"
    assert {detail for _, detail in made.reasons.values()} == {told}


def test_self_play_rounds_go_on_until_enough_are_kept(tmp_path: Path):
    made = run(tmp_path, script(lambda *_: 2), samples=100)
    assert len(made.samples) == 100
    assert len(made.rounds) == 25


def test_self_play_level_that_swings_for_ever_has_an_end(tmp_path: Path):
    rates = {"easy": 4, "medium": 0, "hard": 2}
    made = run(tmp_path, script(lambda level, _: rates[level]), samples=4)
    assert made.samples == ()
    assert len(made.rounds) == 5


def test_self_play_without_a_usable_attempt_gives_the_reason_of_the_first(tmp_path: Path):
    good = script(lambda *_: 3)
    made = run(
        tmp_path,
        lambda request: "I can't help." if request.step == "solve" else good(request),
    )
    assert set(made.why) == {Reason.REFUSAL}
    assert all("no attempt can be used" in told for _, told in made.reasons.values())


def test_self_play_text_answers_are_compared_folded(tmp_path: Path):
    def answer(request: Request) -> str:
        if request.step == "propose":
            return f"<problem>{words_of(request, 8)}</problem><solution>#### Red Fox.</solution>"
        return "#### red  fox" if request.sample_index >> 24 < 2 else "#### blue fox"

    recipe = RECIPE.format(samples=4, more="answers: text", form="")
    made = run_technique(
        tmp_path,
        recipe_of(recipe.replace("verifiers: [{kind: number}]", ""), FILES),
        SEEDS,
        answer,
    )
    assert {sample.drawn["solved"] for sample in made.samples} == {2}


def test_self_play_json_proposal_is_read(tmp_path: Path):
    good = script(lambda *_: 2)

    def answer(request: Request) -> str:
        if request.step != "propose":
            return good(request)
        return json.dumps({"problem": f"easy {words_of(request, 8)}", "solution": "#### 7"})

    made = run(tmp_path, answer, samples=4, form=", schema_file: form.json")
    assert len(made.samples) == 4


def _varied(request: Request) -> str:
    rates = {"easy": 3, "medium": 2, "hard": 1}
    return script(lambda level, said: (rates[level] + len(said)) % 5)(request)


def test_self_play_run_twice_and_resumed_anywhere_gives_equal_samples(tmp_path: Path):
    whole = assert_replays(tmp_path, partial(run, samples=15), _varied, (0, 1, 13, 38, 61))
    assert len(whole.samples) >= 15
    assert len(whole.rounds) > 2


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("low: 0.8", "high is below low"),
        ("low: 0", "low` is not right: Input should be greater than 0"),
        ("first_level: 4", "beyond the 3 levels"),
        ("rounds: 0", "rounds"),
    ],
)
def test_self_play_parameters_that_leave_nothing_are_refused(more: str, told: str):
    text = RECIPE.format(samples=4, more=more, form="")
    with pytest.raises(RecipeError, match=told):
        recipe_of(text, FILES)


def test_self_play_level_that_stands_twice_is_refused():
    text = RECIPE.format(samples=4, more="", form="").replace("medium", "easy")
    with pytest.raises(RecipeError, match="a level stands twice"):
        recipe_of(text, FILES)
