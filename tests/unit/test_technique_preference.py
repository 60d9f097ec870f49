"""Preference pairs: which responses are compared, and which pair is the row."""

import json
from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.schema import Reason
from synth_assets.errors import RecipeError
from synth_assets.resources.teachers import CallFailedError
from tests.technique_runs import (
    TEACHERS,
    Answer,
    TechniqueRun,
    assert_replays,
    recipe_of,
    run_technique,
    seeds_of_fields,
)
from tests.unit.preference_runs import (
    FILES,
    RATE,
    RECIPE,
    answers,
    better_is_later,
    number,
    only,
    ran,
    recipe,
    shown,
    verdict,
)


def test_preference_all_pairs_row_is_the_pair_won_by_the_widest_margin(tmp_path: Path):
    run = ran(tmp_path, recipe(), answers())
    sample = only(run)
    assert sample.prompt == "Why is the sky blue?"
    assert sample.response == "answer 3 word word word"
    assert sample.rejected == "answer 1 word"
    assert sample.difficulty is None
    steps = [(step, len(run.asked(step))) for step in ("respond", "rate", "judge")]
    assert steps == [("respond", 3), ("rate", 0), ("judge", 6)]
    third = run.asked("respond")[2]
    told = sample.drawn
    assert told["temperature"] == str(json.loads(third.parameters)["temperature"])
    assert (told["chosen_teacher"], sample.teacher) == (third.teacher, third.teacher)
    assert told["rejected_teacher"] == run.asked("respond")[0].teacher
    expected: dict[str, object] = {
        "verdict": "decided",
        "margin": 1.0,
        "agreement": 1.0,
        "responses": 3,
        "pairs": 3,
        "pairs_decided": 3,
        "pairs_tied": 0,
        "chosen_wins": 2,
        "rejected_wins": 0,
        "judge": "judge",
        "judge_is_writer": "no",
        "chosen_words": 5,
        "rejected_words": 3,
        "length_difference": 2,
    }
    assert {name: told[name] for name in expected} == expected
    asked = {request.fingerprint: request.step for request in run.requests}
    used = [asked[name] for name in sample.request_fingerprints]
    assert used == ["respond", "respond", "judge", "judge"]
    assert sample.request_fingerprints[0] == third.fingerprint


def test_preference_both_orders_of_a_pair_differ_in_order_alone(tmp_path: Path):
    asked = ran(tmp_path, recipe(), answers()).asked("judge")
    orders = [shown(request) for request in asked]
    assert sorted(orders) == [(1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2)]
    assert len({(request.parameters, request.sample_index) for request in asked}) == 1


def test_preference_styles_give_each_response_its_own_and_tell_that_of_both(tmp_path: Path):
    run = ran(tmp_path, recipe("responses: 4\n  styles: styles.txt"), answers())
    used = [request.messages[-1].content.split()[0] for request in run.asked("respond")]
    assert sorted(used) == ["long", "plain", "terse", "warm"]
    told = only(run).drawn
    assert (told["style"], told["rejected_style"]) == (used[3], used[0])


def test_preference_rated_compares_best_and_worst_alone(tmp_path: Path):
    ratings = {1: "use: 4\ntone: 6", 2: "use: 9\ntone: 8", 3: '{"use": 2, "tone": 2}'}
    favourite = {1: 1, 2: 2, 3: 0}

    def judge(request: Request) -> str:
        one, two = shown(request)
        return verdict("[[A]]" if favourite[one] > favourite[two] else "B.")

    run = ran(tmp_path, recipe(f"responses: 3\n  {RATE}"), answers(judge, ratings))
    sample = only(run)
    assert (sample.response, sample.rejected) == ("answer 2 word word", "answer 3 word word word")
    assert [len(run.asked(step)) for step in ("respond", "rate", "judge")] == [3, 3, 2]
    told = sample.drawn
    assert (told["margin"], told["chosen_rating"], told["rejected_rating"]) == (6.5, 8.5, 2.0)
    assert (told["chosen_use"], told["rejected_tone"]) == (9, 2)


def test_preference_equal_responses_count_once(tmp_path: Path):
    def answer(request: Request) -> str:
        if request.step == "respond" and number(request) == 3:
            return "  Answer 1   WORD "
        return answers()(request)

    run = ran(tmp_path, recipe(), answer)
    assert only(run).rejected == "answer 1 word"
    assert len(run.asked("judge")) == 2
    assert list(run.reasons.values()) == [(Reason.NOT_NOVEL, "says the same as response-1")]


def test_preference_refused_and_empty_responses_are_told_and_not_judged(tmp_path: Path):
    def answer(request: Request) -> str:
        if request.step == "respond":
            return {1: "I'm sorry, but I can't help with that request.", 2: " "}.get(
                number(request), answers()(request)
            )
        return better_is_later(request)

    run = ran(tmp_path, recipe("responses: 4"), answer)
    assert only(run).response.startswith("answer 4")
    assert run.why == [Reason.EMPTY_COMPLETION, Reason.REFUSAL]
    fewer = ran(tmp_path / "fewer", recipe("responses: 3"), answer)
    assert fewer.samples == ()
    assert fewer.asked("judge") == []
    [(reason, detail)] = fewer.reasons.values()
    told = "1 of 3 responses can be compared, not two: response-1 refusal: refused: "
    assert (reason, detail[: len(told)]) == (Reason.REFUSAL, told)
    assert detail.endswith(", response-2 empty_completion: the completion is empty")


def test_preference_instruction_is_put_together_from_inputs(tmp_path: Path):
    seeds = seeds_of_fields({"instruction": "Why?", "who": "I am nine."})
    made = recipe("instruction: [who, instruction]")
    sample = only(run_technique(tmp_path, made, seeds, answers()))
    assert sample.prompt == "I am nine.\n\nWhy?"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("instruction: [topic]", "names topic, but the seed and the variations have only"),
        ("styles: styles.md", "no file styles.md"),
    ],
)
def test_preference_missing_input_or_file_stops_with_the_mend(tmp_path: Path, more: str, told: str):
    with pytest.raises(RecipeError, match=told):
        ran(tmp_path, recipe(more), answers())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (RECIPE.format(more="pairs: best_worst", judge="judge"), "needs a prompt `rate`"),
        (RECIPE.format(more="responses: 1", judge="judge"), "greater than or equal to 2"),
        (RECIPE.format(more="criteria: [words]", judge="judge"), "chosen_words is recorded"),
        (
            RECIPE.format(more="styles: styles.txt", judge="judge").replace(
                "[question, style]", "[question]"
            ),
            "`style` is none of the inputs of respond",
        ),
        (
            RECIPE.format(more="", judge="writer").replace(
                "inputs: [question, style]", "inputs: [question, style], teachers: [{id: writer}]"
            ),
            "writer would judge its own responses",
        ),
    ],
)
def test_preference_recipe_that_cannot_work_is_refused(text: str, told: str):
    with pytest.raises(RecipeError, match=told):
        recipe_of(text, FILES)


def test_preference_answers_in_json_make_the_same_row(tmp_path: Path):
    schema = {
        "type": "object",
        "properties": {"verdict": {"enum": ["A", "B", "tie"]}},
        "required": ["verdict"],
        "additionalProperties": False,
    }
    text = RECIPE.replace("template: judge.md.j2", "template: judge.md.j2, schema_file: said.json")
    files = {**FILES, "said.json": json.dumps(schema)}
    made = recipe_of(text.format(more="responses: 3", judge="judge"), files)

    def judge(request: Request) -> str:
        if request.step == "judge/again":
            return '{"verdict": "B"}'
        one, two = shown(request)
        said = "A" if one > two else "B" if {one, two} != {1, 2} else "second"
        return json.dumps({"verdict": said})

    run = ran(tmp_path, made, answers(judge))
    plain = ran(tmp_path / "plain", recipe(), answers())
    assert (only(run).response, only(run).rejected) == (only(plain).response, only(plain).rejected)
    assert len(run.asked("judge/again")) == 1


def test_preference_run_twice_and_resumed_anywhere_gives_equal_samples(tmp_path: Path):
    made = recipe("responses: 4\n  styles: styles.txt")

    def run(folder: Path, answer: Answer) -> TechniqueRun:
        return ran(folder, made, answer)

    only(assert_replays(tmp_path, run, answers(), (0, 1, 3, 4, 7, 15)))


def test_preference_responses_of_a_fallback_bear_its_name(tmp_path: Path):
    writer = TEACHERS["writer"].model_copy(update={"fallbacks": ("second",)})
    text = RECIPE.replace("[{{id: writer}}, {{id: second}}]", "[{{id: writer}}]")
    teachers = {**TEACHERS, "writer": writer}
    made = recipe_of(text.format(more="responses: 2", judge="judge"), FILES, teachers)

    def answer(request: Request) -> str:
        if request.teacher == "writer" and number(request) == 2:
            raise CallFailedError(Reason.PROVIDER_ERROR, "no")
        return answers()(request)

    sample = only(ran(tmp_path, made, answer))
    told = sample.drawn
    assert (told["chosen_teacher"], told["rejected_teacher"]) == ("second", "writer")
    assert sample.teacher == "second"
