import json
from collections.abc import Callable
from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason
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
title: Tiny votes
samples: 1
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer}}, {{id: second}}]
sampling: {{temperature: [0.2, 0.6, 1.0]}}
technique:
  kind: self_consistency
  solve: {{template: solve.md.j2, inputs: [question, style]}}
  {more}
"""
FILES = {"solve.md.j2": "{{ style }}|{{ question }}", "styles.txt": "a\nb\nc\nd\ne\n"}
SEEDS = seeds_of_fields({"problem": "What is 3 times 4?", "answer": "12"})


def recipe(more: str = "votes: 5") -> Recipe:
    return recipe_of(RECIPE.format(more=more.replace(", ", "\n  ")), FILES)


def number(request: Request) -> int:
    """Which of the solutions is asked for, from 0."""
    return request.sample_index >> 24


def saying(*answers: str) -> Callable[[Request], str]:
    """Solution n ends in answer n; later ones are longer."""

    def answer(request: Request) -> str:
        said = answers[number(request)]
        return said if said.startswith("!") else f"{'so ' * number(request)}#### {said}"

    return answer


def ran(folder: Path, made: Recipe, *answers: str) -> TechniqueRun:
    return run_technique(folder, made, SEEDS, saying(*answers))


def only(run: TechniqueRun) -> Sample:
    assert run.reasons == {}
    [sample] = run.samples
    return sample


def test_vote_majority_wins_and_its_first_solution_is_the_row(tmp_path: Path):
    run = ran(tmp_path, recipe(), "7", "12", "12.0", "$12", "7")
    sample = only(run)
    assert (sample.prompt, sample.response) == ("What is 3 times 4?", "so #### 12")
    assert (sample.reference, sample.difficulty) == ("12", 0.4)
    writer = run.requests[1]
    told = sample.drawn
    expected: dict[str, object] = {
        "agreement": 0.6,
        "votes": 5,
        "majority": 3,
        "different_answers": 2,
        "solutions_asked": 5,
        "answer": "12",
        "hard": "no",
        "temperature": str(json.loads(writer.parameters)["temperature"]),
    }
    assert told == expected
    assert sample.teacher == writer.teacher
    assert sample.request_fingerprints[0] == writer.fingerprint
    assert len(run.asked("solve")) == 5
    majority = [request.fingerprint for request in run.requests[1:4]]
    assert list(sample.request_fingerprints) == majority


@pytest.mark.parametrize(
    ("which", "response"),
    [("first", "so #### 12"), ("shortest", "so #### 12"), ("longest", "so so so #### 12")],
)
def test_vote_response_is_the_member_that_the_recipe_names(
    tmp_path: Path, which: str, response: str
):
    run = ran(tmp_path, recipe(f"votes: 4, response: {which}"), "7", "12", "12", "12")
    assert only(run).response == response


def test_vote_shortest_and_longest_are_by_words(tmp_path: Path):
    said = ("!two words #### 12", "!#### 12", "!three and more #### 12")
    short = only(ran(tmp_path / "s", recipe("votes: 3, response: shortest"), *said))
    long = only(ran(tmp_path / "l", recipe("votes: 3, response: longest"), *said))
    assert (short.response, long.response) == ("!#### 12", "!three and more #### 12")


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (("12", "12", "7", "7", "9"), "a tie: answers of 5 of 5 solutions: 12 (2), 7 (2), 9 (1)"),
        (("12", "12", "7", "8", "9"), "0.40 agree, not 0.60: answers of 5 of 5 solutions: 12 (2)"),
        (("12", "!no", "!", "12", "!x"), "fewer than 3 votes: answers of 2 of 5 solutions: 12 (2)"),
        (("!a", "!b", "!c", "!d", "!e"), "fewer than 3 votes: answers of 0 of 5 solutions: none"),
    ],
)
def test_vote_without_agreement_is_dropped_with_its_counts(
    tmp_path: Path, answers: tuple[str, ...], told: str
):
    run = ran(tmp_path, recipe(), *answers)
    assert run.samples == ()
    [(reason, detail)] = run.reasons.values()
    assert reason == Reason.NO_AGREEMENT
    assert detail.startswith(told)


def test_vote_tells_what_became_of_solutions_without_an_answer(tmp_path: Path):
    refusal = "I'm sorry, but I can't help with that request."

    def answer(request: Request) -> str:
        return (refusal, " ", "maybe 12", refusal, "#### 12")[number(request)]

    [(_, detail)] = run_technique(tmp_path, recipe(), SEEDS, answer).reasons.values()
    assert detail.endswith(
        "12 (1); without an answer: 1 empty_completion, 2 refusal, 1 no_final_answer"
    )


def test_vote_solution_with_two_answers_does_not_vote(tmp_path: Path):
    run = ran(tmp_path, recipe(), "12", "12\n#### 7", "12", "12", "12 or 13")
    told = only(run).drawn
    assert (told["votes"], told["majority"], told["agreement"]) == (3, 3, 1.0)


def test_vote_hard_problem_may_be_kept_aside_with_its_difficulty(tmp_path: Path):
    run = ran(tmp_path, recipe("votes: 5, hard: aside"), "7", "12", "12", "9", "8")
    sample = only(run)
    assert (sample.drawn["hard"], sample.difficulty, sample.reference) == ("yes", 0.6, "12")
    none = ran(tmp_path / "n", recipe("votes: 5, hard: aside"), "!", "!", "!", "!", "!")
    assert none.why == [Reason.NO_AGREEMENT]


def test_vote_known_answer_is_recorded_and_never_votes(tmp_path: Path):
    wrong = only(ran(tmp_path / "w", recipe("votes: 3, reference: answer"), "7", "7", "12"))
    right = only(ran(tmp_path / "r", recipe("votes: 3, reference: answer"), "12", "12", "7"))
    assert (wrong.drawn["majority_is_right"], wrong.reference) == ("no", "7")
    assert (right.drawn["majority_is_right"], right.reference) == ("yes", "12")


def test_vote_texts_are_folded_and_numbers_alone_are_numbers(tmp_path: Path):
    run = ran(
        tmp_path, recipe("votes: 4, answers: text"), "Tuesday", "**tuesday**.", "TUESDAY", "May"
    )
    assert only(run).drawn["agreement"] == 0.75


def test_vote_styles_differ_and_the_writers_is_told(tmp_path: Path):
    run = ran(tmp_path, recipe("votes: 5, styles: styles.txt"), "7", "12", "12", "12", "12")
    used = [request.messages[-1].content[0] for request in run.requests]
    assert sorted(used) == ["a", "b", "c", "d", "e"]
    assert only(run).drawn["style"] == used[1]


def test_vote_style_variation_reaches_the_prompt_and_clashes_with_styles(tmp_path: Path):
    text = RECIPE.replace("technique:", "variations: {{style: [as a poem]}}\ntechnique:")
    made = recipe_of(text.format(more="votes: 3"), FILES)
    run = ran(tmp_path / "a", made, "12", "12", "12")
    assert {r.messages[-1].content for r in run.requests} == {"as a poem|What is 3 times 4?"}
    assert only(run).drawn["style"] == "as a poem"
    both = recipe_of(text.format(more="styles: styles.txt"), FILES)
    with pytest.raises(RecipeError, match="a variation or a field of the seeds is called `style`"):
        ran(tmp_path / "b", both, "12", "12", "12", "12", "12")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("votes: 2", "greater than or equal to 3"),
        ("votes: 3, min_votes: 4", "min_votes is above votes"),
        ("reference: question", "solve may not see question"),
        ("threshold: 1.5", "less than or equal to 1"),
    ],
)
def test_vote_recipe_that_cannot_work_is_refused(more: str, told: str):
    with pytest.raises(RecipeError, match=told):
        recipe(more)


def test_vote_reference_that_no_seed_has_stops_with_the_mend(tmp_path: Path):
    with pytest.raises(RecipeError, match="reference names key, but the seed"):
        ran(tmp_path, recipe("reference: key"), "1", "1", "1", "1", "1")


def test_vote_in_json_asks_again_and_gives_the_same_row(tmp_path: Path):
    schema = {
        "type": "object",
        "properties": {"thoughts": {"type": "string"}, "solution": {"type": "string"}},
        "required": ["thoughts", "solution"],
        "additionalProperties": False,
    }
    text = RECIPE.replace("template: solve.md.j2", "template: solve.md.j2, schema_file: s.json")
    files = {**FILES, "s.json": json.dumps(schema)}
    made = recipe_of(text.format(more="votes: 3"), files)

    def answer(request: Request) -> str:
        if request.step == "solve" and number(request) == 1:
            return "#### 12"
        return json.dumps({"thoughts": "x", "solution": f"so{number(request)} #### 12"})

    run = run_technique(tmp_path, made, SEEDS, answer)
    assert only(run).drawn["votes"] == 3
    assert len(run.asked("solve/again")) == 1


def test_vote_run_twice_and_resumed_anywhere_gives_equal_samples(tmp_path: Path):
    def run(folder: Path, answer: Answer) -> TechniqueRun:
        return run_technique(folder, recipe("votes: 5, styles: styles.txt"), SEEDS, answer)

    whole = assert_replays(tmp_path, run, saying("7", "12", "12", "12", "7"), range(5))
    assert only(whole).drawn["votes"] == 5
