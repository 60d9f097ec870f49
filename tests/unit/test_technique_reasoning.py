import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.copies import Copy
from synth_assets.core.techniques.solutions import Attempt, different, diverse, shown_hint
from synth_assets.errors import RecipeError
from tests.technique_runs import (
    Answer,
    TechniqueRun,
    assert_replays,
    recipe_of,
    run_technique,
    seeds_of_fields,
)

RECIPE = """
id: tiny
title: Tiny reasoning
samples: 1
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer}}, {{id: second}}]
sampling: {{temperature: [0.2, 0.6, 1.0]}}
technique:
  kind: reasoning
  solve: {{template: solve.md.j2, inputs: [question, style]}}
  {more}
verifiers: [{{kind: number}}]
"""
HINT = "hint: {template: hint.md.j2, inputs: [question, known_answer]}"
FILES = {
    "solve.md.j2": "{{ style }}|{{ question }}",
    "hint.md.j2": "{{ question }} HINT {{ known_answer }}",
    "styles.txt": "a\nb\nc\nd\ne\n",
}
SEEDS = seeds_of_fields({"problem": "What is 3 times 4?", "answer": "so it is\n#### 12"})
REFUSAL = "I'm sorry, but I can't help with that request."


def recipe(*more: str) -> Recipe:
    return recipe_of(RECIPE.format(more="\n  ".join(more or ("keep: all",))), FILES)


def number(request: Request) -> int:
    """Which of the solutions is asked for, from 1."""
    return (request.sample_index >> 24) + 1


def written(reasoning: str, answer: str) -> str:
    return f"<reasoning>\n{reasoning}\n</reasoning>\n<answer>\n{answer}\n</answer>"


def saying(solutions: Sequence[str], hinted: Sequence[str] = ()) -> Callable[[Request], str]:
    """Solutions in their order: whole answers, or `reasoning|answer`."""

    def answer(request: Request) -> str:
        said = (hinted if request.step == "hint" else solutions)[number(request) - 1]
        reasoning, bar, final = said.partition("|")
        return written(reasoning, final) if bar else said

    return answer


def ran(
    folder: Path, made: Recipe, solutions: Sequence[str], hinted: Sequence[str] = ()
) -> TechniqueRun:
    return run_technique(folder, made, SEEDS, saying(solutions, hinted))


RIGHT = ("Add: 4 + 4 = 8, 8 + 4 = 12|12", "3 * 4 = <<3*4=12>>12|$12.00", "wrong|13", REFUSAL)


def test_reasoning_every_right_solution_is_a_row_with_the_share_that_failed(tmp_path: Path):
    run = ran(tmp_path, recipe(), RIGHT)
    first, second = run.samples
    assert first.prompt == second.prompt == "What is 3 times 4?"
    assert first.response == "Add: 4 + 4 = 8, 8 + 4 = 12\n#### 12"
    assert second.response == "3 * 4 = <<3*4=12>>12\n#### $12.00"
    assert (first.reference, first.difficulty, second.difficulty) == ("12", 0.3333, 0.3333)
    asked = run.asked("solve")
    assert first.drawn == {
        "rationalised": "no",
        "solve_rate": 0.6667,
        "attempts": 4,
        "usable_attempts": 3,
        "calculations": 2,
        "temperature": str(json.loads(asked[0].parameters)["temperature"]),
    }
    assert (first.teacher, second.teacher) == (asked[0].teacher, asked[1].teacher)
    assert second.request_fingerprints == (asked[1].fingerprint,)
    assert first.sample_id != second.sample_id
    assert len(run.requests) == 4


def test_reasoning_wrong_and_lost_solutions_are_told_one_by_one(tmp_path: Path):
    lost = ran(tmp_path, recipe(), RIGHT).reasons.values()
    assert (Reason.NOT_SOLVED, "it comes to '13'; the answer is 12") in lost
    assert sorted(reason for reason, _ in lost) == [Reason.NOT_SOLVED, Reason.REFUSAL]


@pytest.mark.parametrize(
    ("solution", "told"),
    [
        ("so|12 or 13", "no single answer: '12 or 13' (1)"),
        ("so #### 13|12", "no single answer: '12' (1)"),
        ("so|twelve", "no single answer: 'twelve' (1)"),
        ("so|0.12", "0.12 (1)"),
        ("so|- 12", "-12 (1)"),
        ("so|minus 12", "-12 (1)"),
    ],
)
def test_reasoning_answer_that_is_not_exactly_the_known_one_is_not_solved(
    tmp_path: Path, solution: str, told: str
):
    run = ran(tmp_path, recipe("attempts: 1"), [solution])
    assert run.samples == ()
    assert list(run.reasons.values()) == [(Reason.NOT_SOLVED, f"none of 1 comes to 12: {told}")]


@pytest.mark.parametrize(
    ("known", "answer", "stated"),
    [
        ("-5", "- 5", "-5"),
        ("-5", "\u2212 5", "-5"),
        ("-5", "minus 5 degrees", "-5 degrees"),
        ("5", "The answer is\n5", "5"),
        ("5", "\n5\n(as 2 + 3)", "5"),
        ("3/4", r"$\frac{3}{4}$", "$3/4$"),
        ("0.75", "3 / 4", "3/4"),
        ("- 5", "-5", "-5"),
    ],
)
def test_reasoning_answer_is_read_as_written_and_stated_as_verifiers_read_it(
    tmp_path: Path, known: str, answer: str, stated: str
):
    seeds = seeds_of_fields({"problem": "What is it?", "answer": known})
    made = recipe("attempts: 1")
    run = run_technique(tmp_path, made, seeds, saying([f"so|{answer}"]))
    [sample] = run.samples
    assert sample.response == f"so\n#### {stated}"
    [verifier] = made.spec.verifiers
    assert verifier.prepare({})(sample).reason is None


def test_reasoning_text_answer_below_its_announcement_is_found(tmp_path: Path):
    seeds = seeds_of_fields({"problem": "Who?", "answer": "Ada"})
    made = recipe("answers: text", "attempts: 1")
    run = run_technique(tmp_path, made, seeds, saying(["so|The answer is:\nAda"]))
    assert run.samples[0].response == "so\n#### Ada"


def test_reasoning_problem_that_nobody_solves_tells_all_answers(tmp_path: Path):
    run = ran(tmp_path, recipe(), ("a|7", "b|7.0", "c|9", " "))
    told = "none of 4 comes to 12: 7 (1), 7.0 (1), 9 (1), 1 empty_completion"
    assert (Reason.NOT_SOLVED, told) in run.reasons.values()
    assert len(run.reasons) == 1


@pytest.mark.parametrize(
    ("more", "solutions", "told"),
    [
        ("attempts: 3", ("a|12", REFUSAL, " "), "1 of 3 attempts are usable, not 2: 12 (1), "),
        (
            "min_usable: 4",
            ("a|12", "b|12", "c|7", " "),
            "3 of 4 attempts are usable, not 4: 12 (2)",
        ),
        ("attempts: 1", (REFUSAL,), "0 of 1 attempts are usable, not 1: 1 refusal"),
    ],
)
def test_reasoning_too_few_usable_attempts_say_nothing_of_the_problem(
    tmp_path: Path, more: str, solutions: tuple[str, ...], told: str
):
    run = ran(tmp_path, recipe(more, HINT), solutions)
    assert run.samples == ()
    assert run.asked("hint") == []
    [(reason, detail)] = run.reasons.values()
    assert (reason, detail[: len(told)]) == (Reason.NOT_SOLVED, told)


def test_reasoning_min_usable_lets_a_single_usable_attempt_count(tmp_path: Path):
    run = ran(tmp_path, recipe("min_usable: 1", "attempts: 3"), ("a|12", REFUSAL, " "))
    [sample] = run.samples
    assert (sample.difficulty, sample.drawn["usable_attempts"]) == (0.0, 1)


def test_reasoning_shortest_keeps_one_and_tells_the_others(tmp_path: Path):
    said = ("one two three|12", "one two|12", "one|12", "none|7")
    run = ran(tmp_path, recipe("keep: shortest"), said)
    assert [sample.response for sample in run.samples] == ["one\n#### 12"]
    assert run.why == [Reason.BEYOND_TARGET, Reason.BEYOND_TARGET, Reason.NOT_SOLVED]
    assert ("beyond_target", "right; shortest keeps solution-3") in run.reasons.values()
    assert run.samples[0].difficulty == 0.25


def test_reasoning_same_solutions_are_one(tmp_path: Path):
    said = ("Three fours: 12.|12", "three  FOURS, 12!|12", "other way|12", "x|1")
    run = ran(tmp_path, recipe(), said)
    assert len(run.samples) == 2
    assert ("not_novel", "right; the same words as solution-1") in run.reasons.values()
    assert run.samples[0].drawn["solve_rate"] == 0.75, "it has solved the problem all the same"


def test_reasoning_by_calculations_the_same_path_in_other_words_is_one(tmp_path: Path):
    said = (
        "Crates: 3 * 4 = <<3*4=12>>12|12",
        "There are 3 crates of 4, so 3 \u00d7 4 = <<3 * 4=12>>12.|12",
        "4 + 4 = <<4+4=8>>8 and 8 + 4 = <<8+4=12>>12|12",
        "x|1",
    )
    run = ran(tmp_path, recipe("keep: all", "likeness: calculations"), said)
    assert len(run.samples) == 2
    assert ("not_novel", "right; the same calculations as solution-1") in run.reasons.values()


def test_reasoning_diverse_takes_the_shortest_and_what_is_least_like_it(tmp_path: Path):
    said = ("a b c|12", "a b c d|12", "v w x y z|12", "a b c d e f|12")
    run = ran(tmp_path, recipe("keep: diverse", "most: 2"), said)
    assert [sample.response[0] for sample in run.samples] == ["a", "v"]
    assert run.samples[0].response == "a b c\n#### 12"
    detail = "right; diverse keeps solution-1, solution-3"
    assert list(run.reasons.values()) == [("beyond_target", detail)] * 2


def test_reasoning_hinted_row_tells_how_the_hint_was_asked_and_not_the_attempts(tmp_path: Path):
    text = RECIPE.replace("sampling: {{temperature: [0.2, 0.6, 1.0]}}", "").replace(
        "inputs: [question, style]", "inputs: [question], sampling: {{temperature: [0.2, 0.9]}}"
    )
    hint = HINT.replace("}", ", parameters: {temperature: 0.5}}")
    made = recipe_of(text.format(more=hint), {**FILES, "solve.md.j2": "{{ question }}"})
    hinted = ran(tmp_path / "hinted", made, ["a|7"] * 4, ["b|12"])
    solved = ran(tmp_path / "solved", made, ["a|7", "b|12", "c|7", "d|7"])
    second = json.loads(solved.asked("solve")[1].parameters)
    assert hinted.samples[0].drawn["solve_temperature"] == "0.5"
    assert solved.samples[0].drawn["solve_temperature"] == str(second["temperature"])


def test_reasoning_think_tag_stands_around_the_reasoning(tmp_path: Path):
    run = ran(tmp_path, recipe("attempts: 1", "think_tag: think"), ["3 * 4 = 12|12"])
    assert run.samples[0].response == "<think>\n3 * 4 = 12\n</think>\n\n#### 12"


def test_reasoning_hint_is_asked_where_all_fail_and_its_row_is_marked(tmp_path: Path):
    made = recipe("attempts: 2", HINT)
    run = ran(tmp_path, made, ("a|7", "b|8"), ["3 * 4 = <<3*4=12>>12|12"])
    [sample] = run.samples
    assert (sample.drawn["rationalised"], sample.drawn["solve_rate"]) == ("yes", 0.0)
    assert (sample.difficulty, sample.prompt) == (1.0, "What is 3 times 4?")
    assert run.asked("hint")[0].messages[-1].content == "What is 3 times 4? HINT 12"
    assert run.why == [Reason.NOT_SOLVED] * 2, "each attempt, and nothing for the problem beside"
    solved = ran(tmp_path / "solved", made, ("a|7", "b|12"), [])
    assert solved.asked("hint") == []


@pytest.mark.parametrize(
    ("hinted", "reason", "told"),
    [
        (["as given, 12|12"], "prompt_leak", "it lets the hint show: 'as given'"),
        (["well|11"], "not_solved", "it comes to '11'; the answer is 12"),
        ([REFUSAL], "refusal", "refused: \"i'm sorry, but i can't help\""),
    ],
)
def test_reasoning_hint_that_shows_or_fails_gives_no_row(
    tmp_path: Path, hinted: list[str], reason: str, told: str
):
    run = ran(tmp_path, recipe("attempts: 1", HINT), ["a|7"], hinted)
    assert run.samples == ()
    whole = f"none of 1 comes to 12: 7 (1); hinted-1 {reason}: {told}"
    assert list(run.reasons.values()) == [(Reason.NOT_SOLVED, whole)]


@pytest.mark.parametrize(
    "said",
    [
        "Since the answer is 12, we add.",
        "The given answer confirms it.",
        "because the final answer must be 12",
        "we know that the answer is 12",
        "Working backwards from 12",
        "The result is already known.",
        "This matches the expected result.",
        "As provided, x",
        "the answer has to be 12",
        "Using the hint, 3 * 4",
    ],
)
def test_shown_hint_finds_appeals_to_an_answer(said: str):
    assert shown_hint(f"First, 3 * 4.\n{said}") != ""


@pytest.mark.parametrize(
    "said",
    [
        "The answer is 12.",
        "Each box holds 4, so 3 boxes hold 12.",
        "The given numbers are 3 and 4.",
        "So the final answer is 3 * 4 = 12.",
        "Since each costs 4, three cost 12.",
        "The known numbers are 3 and 4; as stated in the story, all are sold.",
    ],
)
def test_shown_hint_lets_plain_reasoning_pass(said: str):
    assert shown_hint(said) == ""


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("reference: style", "solve may not see style"),
        ("hint: {template: solve.md.j2, inputs: [question, style]}", "hint must see the answer"),
        ("problem: [problem, answer]", "problem may not hold answer"),
        ("attempts: 0", "greater than or equal to 1"),
        ("min_usable: 5", "min_usable is above attempts"),
        ("think_tag: <think>", "think_tag"),
    ],
)
def test_reasoning_recipe_that_cannot_work_is_refused(more: str, told: str):
    with pytest.raises(RecipeError, match=told):
        recipe(more)


def test_reasoning_style_of_a_seed_is_seen_and_clashes_with_styles_before_a_call(tmp_path: Path):
    seeds = seeds_of_fields({"problem": "What?", "answer": "12", "style": "as a poem"})
    run = run_technique(tmp_path / "a", recipe("attempts: 1"), seeds, saying(["a|12"]))
    assert run.requests[0].messages[-1].content == "as a poem|What?"
    asked: list[Request] = []

    def answer(request: Request) -> str:
        asked.append(request)
        return written("a", "12")

    with pytest.raises(RecipeError, match=r"styles: styles\.txt gives each answer a `style`, but"):
        run_technique(tmp_path / "b", recipe("styles: styles.txt"), seeds, answer)
    assert asked == []


def test_reasoning_seed_without_a_usable_answer_stops_before_a_call(tmp_path: Path):
    seeds = seeds_of_fields({"problem": "Who?", "answer": "Ada"})
    with pytest.raises(RecipeError, match="has 'Ada' as its answer, which is no answer of the"):
        run_technique(tmp_path, recipe(), seeds, saying(()))
    run = run_technique(
        tmp_path / "t", recipe("answers: text", "attempts: 1"), seeds, saying(["x|ada."])
    )
    assert run.samples[0].reference == "Ada"


def test_reasoning_in_json_asks_again_and_gives_the_same_rows(tmp_path: Path):
    schema = {
        "type": "object",
        "properties": {"reasoning": {"type": "string"}, "answer": {"type": "string"}},
        "required": ["reasoning", "answer"],
        "additionalProperties": False,
    }
    text = RECIPE.replace("template: solve.md.j2", "template: solve.md.j2, schema_file: s.json")
    made = recipe_of(text.format(more="keep: all"), {**FILES, "s.json": json.dumps(schema)})

    def answer(request: Request) -> str:
        if request.step == "solve" and number(request) == 2:
            return "12"
        return json.dumps({"reasoning": f"way {number(request)}", "answer": "12"})

    run = run_technique(tmp_path, made, SEEDS, answer)
    assert len(run.samples) == 4
    assert len(run.asked("solve/again")) == 1


def test_reasoning_run_twice_and_resumed_anywhere_gives_equal_samples(tmp_path: Path):
    made = recipe("attempts: 3", "hints: 2", "styles: styles.txt", HINT)
    answer = saying(("a|7", "b|8", "c|9"), ("one|12", "two|12"))

    def run(folder: Path, answer: Answer) -> TechniqueRun:
        return run_technique(folder, made, SEEDS, answer)

    assert len(assert_replays(tmp_path, run, answer, range(5)).samples) == 2


def attempt(place: int, reasoning: str) -> Attempt:
    texts = {"reasoning": reasoning, "answer": "1"}
    came = Completion(f"{place}", reasoning, "stop", 1, 1, 0.0, 0.0)
    copy = Copy(place, texts, "writer", came, "", {}, mended=False)
    return Attempt(f"solution-{place}", copy, reasoning, None)


def test_diverse_is_greedy_and_of_equals_takes_the_first():
    made = [
        attempt(n, said) for n, said in enumerate(("a b", "a c d", "e f g", "a b e f", "h i j"))
    ]
    assert [each.label for each in diverse(made, 3, "words")] == [
        "solution-0",
        "solution-2",
        "solution-4",
    ]
    assert diverse(made[:1], 3, "words") == (made[0],)


def test_calculations_are_read_from_annotations_or_plain_text():
    assert attempt(0, "3 * 4 = <<3*4=12>>12, 1 + 1").calculations == ("3*4",)
    assert attempt(0, "$1,200 \u00d7 4 then 7 \u2212 2.5 and 2019").calculations == (
        "1200*4",
        "7-2.5",
    )
    same = different([attempt(0, "no sums here"), attempt(1, "none at all")], "calculations")
    assert len(same.first) == 2


@pytest.mark.parametrize(
    "text", ["1" * 100_000, "1," * 50_000, "1 + " * 25_000, "1" + " " * 99_999]
)
def test_calculations_of_a_text_without_end_are_read_in_a_moment(text: str):
    started = time.process_time()
    assert len(attempt(0, text).calculations) <= 1
    assert time.process_time() - started < 10
