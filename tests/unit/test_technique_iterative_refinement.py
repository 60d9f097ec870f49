from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.errors import RecipeError
from tests.technique_runs import (
    Answer,
    TechniqueRun,
    assert_replays,
    recipe_of,
    run_technique,
    seeds_of_fields,
)

FILES = {
    "draft.md.j2": "DRAFT {{ task }}\n{{ constraints }}",
    "critique.md.j2": "CRITIQUE {{ response }}",
    "repair.md.j2": "REPAIR {{ response }}\n{{ feedback }}",
}
CRITIQUE = "{template: critique.md.j2, inputs: [response], teachers: [{id: judge}]}"
GOOD = "<verdict>good</verdict><feedback>Nothing to mend.</feedback>"
FAULTY = "<verdict>Faulty.</verdict><feedback>Say when it opens.</feedback>"
CHECKS = """
    - {kind: words, max: 6}
    - {kind: contains, text: "{word}"}
    - {kind: ends_with, text: "!"}
"""


def refinement(samples: int = 1, checks: str = CHECKS, **other: str) -> Recipe:
    lines = "".join(f"  {name}: {value}\n" for name, value in other.items() if value)
    listed = f"  checks:{checks}\n" if checks else ""
    text = f"""
id: tiny
title: Refined
samples: {samples}
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer}}]
variations: {{word: [harbour]}}
technique:
  kind: iterative_refinement
  draft: {{template: draft.md.j2, inputs: [task, constraints]}}
  repair: {{template: repair.md.j2, inputs: [response, feedback], teachers: [{{id: second}}]}}
{listed}{lines}"""
    return recipe_of(text, FILES)


def script(
    draft: str, repairs: Sequence[str] = (), critiques: Sequence[str] = (GOOD,)
) -> Callable[[Request], str]:
    """Answers in their order; the last critique is repeated."""
    left, told = list(repairs), list(critiques)

    def answer(request: Request) -> str:
        match request.step:
            case "draft":
                return draft
            case "repair":
                return left.pop(0)
            case _:
                return told.pop(0) if len(told) > 1 else told[0]

    return answer


def run(folder: Path, recipe: Recipe, answer: Callable[[Request], str]) -> TechniqueRun:
    seeds = seeds_of_fields({"task": "Tell where the boat lies.", "facts": "At the quay."})
    return run_technique(folder, recipe, seeds, answer)


def test_refinement_good_draft_is_kept_as_it_is(tmp_path: Path):
    made = run(tmp_path, refinement(), script("In the harbour!"))
    [row] = made.samples
    assert row.prompt == (
        "Tell where the boat lies.\n\n- Write at most 6 words.\n- Use the words «harbour».\n"
        "- End with «!»"
    )
    assert (row.response, row.rejected, row.difficulty) == ("In the harbour!", "", 0.0)
    assert row.drawn == {"word": "harbour", "repairs": 0}
    assert row.teacher == "writer"
    assert [request.step for request in made.requests] == ["draft"]


def test_refinement_each_round_tells_what_it_fixed_and_broke(tmp_path: Path):
    texts = [
        "It lies over there at the quay",
        "It lies at the quay!",
        "It lies in the big old harbour!",
        "In the harbour!",
    ]
    made = run(tmp_path, refinement(), script(texts[0], texts[1:]))
    [row] = made.samples
    assert (row.response, row.rejected, row.difficulty) == (texts[3], texts[0], 3.0)
    assert row.drawn == {
        "word": "harbour",
        "repairs": 3,
        "round_0_failed": "words; contains; ends_with",
        "round_1_failed": "contains",
        "round_1_fixed": "ends_with; words",
        "round_2_failed": "words",
        "round_2_fixed": "contains",
        "round_2_broken": "words",
        "round_3_fixed": "words",
    }
    assert row.teacher == "second"
    assert len(row.request_fingerprints) == 4
    first = made.asked("repair")[0].messages[-1].content
    assert first == (
        "REPAIR It lies over there at the quay\n- it has 7 words, at most 6 are allowed\n"
        "- the words «harbour» do not stand in it\n- it does not end with «!»"
    )


def test_refinement_critic_is_asked_only_where_the_checks_pass(tmp_path: Path):
    recipe = refinement(critique=CRITIQUE)
    answer = script("At the quay", ["In the harbour!", "In the harbour since May!"], [FAULTY, GOOD])
    made = run(tmp_path, recipe, answer)
    [row] = made.samples
    assert [request.step for request in made.requests] == [
        "draft",
        "repair",
        "critique",
        "repair",
        "critique",
    ]
    assert made.asked("repair")[1].messages[-1].content.endswith("\n- Say when it opens.")
    assert row.drawn["round_1_failed"] == "critic"
    assert row.drawn["round_1_broken"] == "critic"
    assert row.drawn["round_2_fixed"] == "critic"
    assert row.response == "In the harbour since May!"


@pytest.mark.parametrize(
    "critique",
    [
        "<verdict>good</verdict>",
        "<verdict>Good!</verdict><feedback></feedback>",
        "**<Verdict>** **Verdict: good** **</Verdict>**",
        "<verdict>good</verdict><feedback>- Nothing to mend.</feedback>",
        "<think><verdict>faulty</verdict></think><verdict>good</verdict>",
    ],
)
def test_refinement_good_verdict_is_read_without_feedback_and_however_dressed(
    tmp_path: Path, critique: str
):
    made = run(tmp_path, refinement(critique=CRITIQUE), script("In the harbour!", [], [critique]))
    assert [row.drawn["repairs"] for row in made.samples] == [0]


def test_refinement_most_calls_count_the_critique_after_the_last_repair(tmp_path: Path):
    recipe = refinement(checks="", critique=CRITIQUE)
    made = run(tmp_path, recipe, script("a", ["b", "c", "d"], [FAULTY]))
    asked = [request.step for request in made.requests]
    assert recipe.spec.technique.most_calls == {"critique": 4, "repair": 3}
    assert (asked.count("critique"), asked.count("repair")) == (4, 3)


def test_refinement_without_checks_listens_to_the_critic_alone(tmp_path: Path):
    made = run(
        tmp_path,
        refinement(checks="", critique=CRITIQUE),
        script("There.", ["Over there."], [FAULTY, GOOD]),
    )
    [row] = made.samples
    assert row.prompt == "Tell where the boat lies."
    assert (row.response, row.rejected) == ("Over there.", "There.")


def test_refinement_task_may_be_several_inputs_and_the_first_draft_left_out(tmp_path: Path):
    recipe = refinement(task="[task, facts]", keep_rejected="false")
    made = run(tmp_path, recipe, script("Bad", ["In the harbour!"]))
    assert made.samples[0].prompt.startswith("Tell where the boat lies.\n\nAt the quay.\n\n- Write")
    assert made.samples[0].rejected == ""


@pytest.mark.parametrize(
    ("draft", "repairs", "critiques", "reason", "told"),
    [
        (
            "a",
            ["b", "c", "d"],
            (),
            "not_improved",
            "after 3 repairs, still wrong: contains: the words «harbour» do not stand in it; "
            "ends_with: it does not end with «!» (round_0_failed contains; ends_with",
        ),
        ("a", [" A "], (), "not_improved", "repair 1 gives back a text that was there before"),
        ("a", ["b", "a"], (), "not_improved", "repair 2 gives back a text that was there before"),
        ("", [], (), "empty_completion", "the completion is empty"),
        ("I cannot help with that.", [], (), "refusal", "refused"),
        (
            "a",
            ["I'm sorry, but I can't help with that."],
            (),
            "refusal",
            "repair 1: refused: \"i'm sorry, but i can't help\"; still wrong: the words «harbour»",
        ),
        (
            "In the harbour!",
            ["The old harbour!", "A harbour!", "Harbour!"],
            [FAULTY],
            "endless_critique",
            "after 3 repairs, still wrong: critic: Say when it opens.",
        ),
        (
            "In the harbour!",
            [],
            ["<verdict>good</verdict><verdict>faulty</verdict><feedback>x</feedback>"],
            "unparsable",
            "the critique of round 0: section <verdict> stands 2 times",
        ),
        (
            "In the harbour!",
            [],
            ["<verdict>so-so</verdict><feedback>x</feedback>"],
            "unparsable",
            "the critic's verdict is 'so-so', neither good nor faulty",
        ),
        (
            "In the harbour!",
            [],
            ["<verdict>good</verdict><feedback>\n- No hours.\n2. No price.\n</feedback>"],
            "inconsistent_judge",
            "the critic's verdict is good, beside a list of 2 points",
        ),
        (
            "In the harbour!",
            [],
            ["<verdict>faulty</verdict>"],
            "unparsable",
            "the critic says faulty, and not what is wrong",
        ),
        ("In the harbour!", [], ["I cannot help."], "refusal", "the critique of round 0: refused"),
    ],
)
def test_refinement_row_that_is_lost_tells_why_and_what_is_still_wrong(
    tmp_path: Path,
    draft: str,
    repairs: list[str],
    critiques: list[str],
    reason: str,
    told: str,
):
    recipe = refinement(critique=CRITIQUE if critiques else "")
    made = run(tmp_path, recipe, script(draft, repairs, critiques or [GOOD]))
    assert made.samples == ()
    [(found, detail)] = made.reasons.values()
    assert found == reason
    assert detail.startswith(told) or told in detail


def mending(request: Request) -> str:
    """Drafts that miss all, repaired one fault at a time, whatever was asked before."""
    asked = request.messages[-1].content
    if request.step == "draft":
        return "It lies over there beyond the quay"
    before = asked.removeprefix("REPAIR ").partition("\n")[0]
    if len(before.split()) > 6:
        return "At the quay"
    return "In the harbour" if "harbour" not in before else "In the harbour!"


def test_refinement_run_twice_and_resumed_anywhere_gives_equal_samples(tmp_path: Path):
    def refine(folder: Path, answer: Answer) -> TechniqueRun:
        return run(folder, refinement(3), answer)

    assert len(assert_replays(tmp_path, refine, mending, range(12)).samples) == 3


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        ({"checks": ""}, "nothing would ever be found wrong"),
        (
            {"checks": "\n    - {kind: words, min: 1}\n    - {kind: words, max: 9}"},
            "two checks are called 'words'",
        ),
        ({"checks": "\n    - {kind: words, max: 9, name: critic}"}, "as the critic is"),
        ({"rounds": "0"}, "rounds"),
    ],
)
def test_refinement_recipe_that_makes_no_sense_is_refused(recipe: dict[str, str], told: str):
    with pytest.raises(RecipeError, match=told):
        refinement(**recipe)


def test_refinement_task_that_is_no_input_is_refused(tmp_path: Path):
    with pytest.raises(RecipeError, match="task names order"):
        run(tmp_path, refinement(task="[order]"), script("In the harbour!"))


def test_refinement_answers_in_json_are_read(tmp_path: Path):
    schema = (
        '{"type": "object", "properties": {"verdict": {"enum": ["good", "faulty"]}, '
        '"feedback": {"type": "string"}}, "required": ["verdict", "feedback"]}'
    )
    text = refinement(critique=CRITIQUE).files["recipe.yaml"]
    text = text.replace("critique.md.j2, inputs", "critique.md.j2, schema_file: c.json, inputs")
    recipe = recipe_of(text, {**FILES, "c.json": schema})
    told = ['{"verdict": "faulty", "feedback": "Longer."}', '{"verdict": "good", "feedback": "-"}']
    made = run(tmp_path, recipe, script("In the harbour!", ["In the old harbour!"], told))
    assert made.samples[0].response == "In the old harbour!"
    assert made.samples[0].drawn["round_0_failed"] == "critic"


def test_refinement_good_verdict_in_json_with_empty_feedback_is_read_at_once(tmp_path: Path):
    schema = (
        '{"type": "object", "properties": {"verdict": {"enum": ["good", "faulty"]}, '
        '"feedback": {"type": "string"}}, "required": ["verdict", "feedback"]}'
    )
    text = refinement(critique=CRITIQUE).files["recipe.yaml"]
    text = text.replace("critique.md.j2, inputs", "critique.md.j2, schema_file: c.json, inputs")
    recipe = recipe_of(text, {**FILES, "c.json": schema})
    told = ['<think>{"verdict": "faulty"}</think>{"verdict": "good", "feedback": ""}']
    made = run(tmp_path, recipe, script("In the harbour!", [], told))
    assert [row.response for row in made.samples] == ["In the harbour!"]
    assert [request.step for request in made.requests] == ["draft", "critique"]
