import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason
from synth_assets.errors import RecipeError, TeacherError
from synth_assets.resources.teachers import CallFailedError
from tests.technique_runs import TEACHERS, TechniqueRun, recipe_of, run_technique, seeds_of_fields

RECIPE = """
id: tiny
title: Tiny pairs
samples: 1
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer}}, {{id: second}}]
sampling: {{temperature: [0.2, 0.6, 1.0]}}
technique:
  kind: preference
  respond: {{template: respond.md.j2, inputs: [question, style]}}
  judge: {{template: judge.md.j2, inputs: [question, first, second], teachers: [{{id: {judge}}}]}}
  {more}
"""
RATE = """rate: {template: rate.md.j2, inputs: [response], teachers: [{id: judge}]}
  criteria: [use, tone]
  pairs: best_worst
"""
FILES = {
    "respond.md.j2": "{{ style }} {{ question }}",
    "judge.md.j2": "{{ question }} ONE[{{ first }}] TWO[{{ second }}]",
    "rate.md.j2": "RATE[{{ response }}]",
    "styles.txt": "# manners\nplain\n\nwarm\nterse\nlong\n",
}
SEEDS = seeds_of_fields({"instruction": "Why is the sky blue?"})
Answer = Callable[[Request], str]


def recipe(more: str = "responses: 3", judge: str = "judge", text: str = RECIPE) -> Recipe:
    return recipe_of(text.format(more=more, judge=judge), FILES)


def number(request: Request) -> int:
    """Which of the responses is asked for, from 1."""
    return (request.sample_index >> 24) + 1


def shown(request: Request) -> tuple[int, int]:
    one, two = re.findall(r"(?:ONE|TWO)\[answer (\d)", request.messages[-1].content)
    return int(one), int(two)


def verdict(said: str) -> str:
    return f"<why>x</why><verdict>{said}</verdict>"


def better_is_later(request: Request) -> str:
    one, two = shown(request)
    return verdict("A" if one > two else "B")


def answers(judge: Answer = better_is_later, ratings: dict[int, str] | None = None) -> Answer:
    """Response n has n + 1 words more than `answer n`."""

    def answer(request: Request) -> str:
        match request.step:
            case "respond":
                return f"answer {number(request)}" + " word" * number(request)
            case "rate":
                place = int(request.messages[-1].content[12])
                return f"<ratings>{(ratings or {})[place]}</ratings>"
            case _:
                return judge(request)

    return answer


def ran(folder: Path, made: Recipe, answer: Answer) -> TechniqueRun:
    return run_technique(folder, made, SEEDS, answer)


def only(run: TechniqueRun) -> Sample:
    [sample] = run.samples
    return sample


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


def test_preference_judge_that_contradicts_its_ratings_makes_no_row(tmp_path: Path):
    ratings = {1: "use: 9\ntone: 9", 2: "use: 5\ntone: 5", 3: "use: 1\ntone: 1"}
    run = ran(tmp_path, recipe(f"responses: 3\n  {RATE}"), answers(better_is_later, ratings))
    assert run.samples == ()
    [(reason, detail)] = run.reasons.values()
    assert reason == Reason.INCONSISTENT_JUDGE
    assert detail.endswith("but the ratings are 1 and 9")


@pytest.mark.parametrize(
    ("ratings", "told"),
    [
        ("use: 11\ntone: 3", "use is rated 11; one whole number from 1 to 10 is asked"),
        ("tone: 3", "use is rated nothing; one whole number from 1 to 10 is asked"),
        ("use: 3\nuse: 4\ntone: 1", "use is rated 3, 4; one whole number"),
        ("use: 7.5\ntone: 1", "use is rated nothing; one whole number"),
        ("use: 3/5\ntone: 1", "use is rated nothing; one whole number"),
        ("use: 3 out of 5\ntone: 1", "use is rated nothing; one whole number"),
        ("use: 7-8\ntone: 1", "use is rated nothing; one whole number"),
        ("use: 70%\ntone: 1", "use is rated nothing; one whole number"),
        ("use: 7.05\ntone: 1", "use is rated nothing; one whole number"),
    ],
)
def test_preference_unusable_rating_loses_its_response_alone(
    tmp_path: Path, ratings: str, told: str
):
    said = {1: ratings, 2: "use: 5\ntone: 5", 3: "use: 8\ntone: 8"}
    run = ran(tmp_path, recipe(f"responses: 3\n  {RATE}"), answers(better_is_later, said))
    assert only(run).rejected == "answer 2 word word"
    [(reason, detail)] = run.reasons.values()
    assert (reason, detail[: len(told)]) == (Reason.UNPARSABLE, told)


@pytest.mark.parametrize(
    "said",
    [
        "**Use:** 7\n**Tone:** 5",
        "use: 7.0\ntone: 5/10",
        "- **use**: **7**\n- _tone_ = 5 / 10.",
        '{"use": "7/10", "tone": 5.0}',
        "use: 7 - clear\ntone: 5, as it is cold",
    ],
)
def test_preference_ratings_are_read_as_models_write_them(tmp_path: Path, said: str):
    ratings = {1: "use: 1\ntone: 1", 2: said}
    told = only(
        ran(tmp_path, recipe(f"responses: 2\n  {RATE}"), answers(better_is_later, ratings))
    ).drawn
    assert (told["chosen_use"], told["chosen_tone"]) == (7, 5)


@pytest.mark.parametrize(
    ("form", "tie"),
    [("Verdict: {}", "Tie"), ("Response {}", "It's a tie."), ("**{}**", "It\u2019s a tie")],
)
def test_preference_verdict_in_other_words_is_read(tmp_path: Path, form: str, tie: str):
    def judge(request: Request) -> str:
        one, two = shown(request)
        return verdict(tie if {one, two} == {1, 2} else form.format("A" if one > two else "B"))

    told = only(ran(tmp_path, recipe(), answers(judge))).drawn
    assert (told["pairs_decided"], told["pairs_tied"], told["agreement"]) == (2, 1, 1.0)


def test_preference_circle_of_wins_decides_nothing_without_ratings(tmp_path: Path):
    def judge(request: Request) -> str:
        one, two = shown(request)
        return verdict("A" if (two - one) % 3 == 1 else "B")

    run = ran(tmp_path, recipe(), answers(judge))
    assert run.samples == ()
    assert run.why == [Reason.INCONSISTENT_JUDGE] * 3
    told = "shown as 1, 2: A; shown as 2, 1: B; but 1 has won no greater share of its pairs than 2"
    assert ("inconsistent_judge", told) in run.reasons.values()


def test_preference_next_pair_is_the_row_where_the_widest_fails_a_rule(tmp_path: Path):
    """By wins 3 over 1 is the widest; but its ratings are turned round, those of 2 over 1 not."""
    ratings = {1: "use: 5\ntone: 5", 2: "use: 9\ntone: 9", 3: "use: 4\ntone: 4"}
    rate = RATE.replace("best_worst", "all")
    run = ran(tmp_path, recipe(f"responses: 3\n  {rate}"), answers(better_is_later, ratings))
    sample = only(run)
    assert (sample.response[:8], sample.rejected[:8]) == ("answer 2", "answer 1")
    told = sample.drawn
    assert (told["pairs_decided"], told["pairs_passed_over"], told["margin"]) == (3, 2, 4.0)
    assert ("inconsistent_judge", "but the ratings are 4 and 5") in run.reasons.values()


def test_preference_judge_that_always_names_the_first_makes_no_row(tmp_path: Path):
    run = ran(tmp_path, recipe(), answers(lambda _: verdict("A")))
    assert run.samples == ()
    assert run.why == [Reason.INCONSISTENT_JUDGE] * 3
    assert ("inconsistent_judge", "shown as 1, 2: A; shown as 2, 1: A") in run.reasons.values()


def test_preference_judge_half_undecided_is_inconsistent(tmp_path: Path):
    def judge(request: Request) -> str:
        one, two = shown(request)
        return verdict("A" if one > two else "tie")

    assert ran(tmp_path, recipe(), answers(judge)).why == [Reason.INCONSISTENT_JUDGE] * 3


def test_preference_one_contradiction_is_recorded_and_the_rest_decides(tmp_path: Path):
    def judge(request: Request) -> str:
        return verdict("A") if set(shown(request)) == {1, 3} else better_is_later(request)

    run = ran(tmp_path, recipe(), answers(judge))
    sample = only(run)
    assert (sample.response[:8], sample.rejected[:8]) == ("answer 2", "answer 1")
    assert sample.drawn["agreement"] == pytest.approx(2 / 3, abs=1e-3)
    assert sample.drawn["margin"] == 0.5, "one of two matches, less none of two"
    assert run.why == [Reason.INCONSISTENT_JUDGE]


def test_preference_ties_are_dropped_and_told(tmp_path: Path):
    run = ran(tmp_path, recipe("responses: 2"), answers(lambda _: verdict("tie")))
    assert run.samples == ()
    assert list(run.reasons.values()) == [
        (Reason.TIE, "shown as 1, 2: tie; shown as 2, 1: tie"),
    ]


def test_preference_ties_kept_have_the_shorter_response_and_no_margin(tmp_path: Path):
    made = recipe("responses: 2\n  ties: keep")
    sample = only(ran(tmp_path, made, answers(lambda _: verdict(" Tie. "))))
    assert (sample.response, sample.rejected) == ("answer 1 word", "answer 2 word word")
    assert (sample.drawn["verdict"], sample.drawn["margin"]) == ("tie", 0.0)
    assert (sample.drawn["agreement"], sample.drawn["length_difference"]) == (1.0, -1)


def test_preference_margin_under_the_least_asked_is_a_tie(tmp_path: Path):
    ratings = {1: "use: 5\ntone: 5", 2: "use: 6\ntone: 5"}
    made = recipe(f"responses: 2\n  min_margin: 1\n  {RATE}")
    run = ran(tmp_path, made, answers(better_is_later, ratings))
    assert list(run.reasons.values()) == [
        (Reason.TIE, "shown as 2, 1: A; shown as 1, 2: B; its margin is 0.5, not 1")
    ]


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


@pytest.mark.parametrize("said", ["C, I think", "A and B", "neither", "AB", "C"])
def test_preference_verdict_that_is_none_is_unparsable(tmp_path: Path, said: str):
    run = ran(tmp_path, recipe("responses: 2"), answers(lambda _: verdict(said)))
    [(reason, detail)] = run.reasons.values()
    assert (reason, detail) == (Reason.UNPARSABLE, f"the verdict {said!r} is none of A, B, tie")


def test_preference_judge_without_its_section_loses_the_pair_alone(tmp_path: Path):
    def judge(request: Request) -> str:
        return "They are fine." if shown(request) == (1, 2) else better_is_later(request)

    run = ran(tmp_path, recipe(), answers(judge))
    assert only(run).response.startswith("answer 3")
    [(reason, detail)] = run.reasons.values()
    assert (reason, detail.startswith("its judge: section <verdict>")) == ("unparsable", True)


def test_preference_judge_that_wrote_a_response_is_marked(tmp_path: Path):
    found = {
        only(ran(tmp_path / judge, recipe("responses: 8", judge), answers())).drawn[
            "judge_is_writer"
        ]
        for judge in ("writer", "second")
    }
    assert "yes" in found


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
    first = ran(tmp_path / "a", made, answers())
    assert ran(tmp_path / "b", made, answers()).samples == first.samples
    again = ran(tmp_path / "a", made, answers())
    assert (again.samples, again.requests) == (first.samples, ())
    for count in (0, 1, 3, 4, 7, 15):
        given: list[Request] = []

        def failing(request: Request, given: list[Request] = given, count: int = count) -> str:
            if len(given) == count:
                raise TeacherError("stopped")
            given.append(request)
            return answers()(request)

        folder = tmp_path / f"stopped-{count}"
        with pytest.raises(TeacherError):
            ran(folder, made, failing)
        resumed = ran(folder, made, answers())
        assert resumed.samples == first.samples
        assert len(resumed.requests) == len(first.requests) - count


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
