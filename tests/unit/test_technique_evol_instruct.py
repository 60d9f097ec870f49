import json
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.techniques.evolution_rules import (
    LEAKED_PHRASES,
    instruction_fault,
    response_fault,
)
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
    "evolve.md.j2": "EVOLVE {{ operation }}: {{ instruction }}",
    "mutate.md.j2": "MUTATE: {{ instruction }}",
    "compare.md.j2": "COMPARE: {{ first }} | {{ second }}",
    "answer.md.j2": "ANSWER: {{ instruction }}",
}
SEED = "Name three rivers of the north and say where they end"


def evol(depth: int = 3, **other: str) -> Recipe:
    said = {
        "compare": "{template: compare.md.j2, inputs: [first, second], teachers: [{id: judge}]}"
    }
    lines = "".join(f"  {name}: {value}\n" for name, value in (said | other).items() if value)
    text = f"""
id: tiny
title: Evolved
samples: 1
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer}}]
technique:
  kind: evol_instruct
  depth: {depth}
  evolve: {{template: evolve.md.j2, inputs: [instruction, operation]}}
  answer: {{template: answer.md.j2, inputs: [instruction], teachers: [{{id: second}}]}}
{lines}"""
    return recipe_of(text, FILES)


def parent_of(request: Request) -> str:
    return request.messages[-1].content.partition(": ")[2]


def answered(request: Request) -> str:
    """Each evolution adds a clause, the judge finds it different, the response tells of it."""
    asked = request.messages[-1].content
    match request.step:
        case "evolve":
            operation = re.findall(r"EVOLVE (\w+)", asked)[0]
            told = f"{parent_of(request)}, with a word on {operation} of the water"
            return f"<instruction>{told}</instruction>"
        case "mutate":
            return "<instruction>List some lakes beyond the hills of the far south</instruction>"
        case "compare":
            return "<verdict>different</verdict>"
        case _:
            return f"Rivers flow to seas: {len(asked)}"


def run(folder: Path, recipe: Recipe, answer: Callable[[Request], str] = answered) -> TechniqueRun:
    return run_technique(folder, recipe, seeds_of_fields({"instruction": SEED}), answer)


def instead(step: str, text: str, when: str = "") -> Callable[[Request], str]:
    """The good answers, but another text for one step, where `when` stands in what is asked."""

    def answer(request: Request) -> str:
        here = request.step == step and when in request.messages[-1].content
        return text if here else answered(request)

    return answer


def test_evol_instruct_chain_makes_a_row_a_generation_each_from_the_one_before(tmp_path: Path):
    made = run(tmp_path, evol())
    first, second, third = made.samples
    assert made.reasons == {}
    assert first.prompt.startswith(f"{SEED}, with a word on ")
    assert second.prompt.startswith(first.prompt + ", with a word on ")
    assert third.prompt.startswith(second.prompt + ", with a word on ")
    assert first.response == f"Rivers flow to seas: {len('ANSWER: ' + first.prompt)}"
    assert (first.parent_ids, second.parent_ids, third.parent_ids) == (
        (),
        (first.sample_id,),
        (second.sample_id,),
    )
    assert [s.difficulty for s in made.samples] == [1.0, 2.0, 3.0]
    assert [s.synthetic_depth for s in made.samples] == [1, 2, 3]
    assert {s.teacher for s in made.samples} == {"second"}
    assert [len(s.request_fingerprints) for s in made.samples] == [3, 3, 3]
    operations = [s.drawn["operation"] for s in made.samples]
    assert len(set(operations)) == 3
    assert all(f"on {o} of" in s.prompt for o, s in zip(operations, made.samples, strict=True))
    assert first.drawn["parent_similarity"] == round(2 * 11 / (11 + 19), 3)
    assert [len(made.asked(s)) for s in ("evolve", "compare", "answer")] == [3, 3, 3]


def test_evol_instruct_without_a_judge_asks_two_requests_a_generation(tmp_path: Path):
    made = run(tmp_path, evol(2, compare=""))
    assert len(made.samples) == 2
    assert sorted(r.step for r in made.requests) == ["answer", "answer", "evolve", "evolve"]


def test_evol_instruct_breadth_is_new_and_as_hard_as_its_parent(tmp_path: Path):
    recipe = evol(2, mutate="{template: mutate.md.j2, inputs: [instruction]}", breadth_share="1.0")
    lakes = iter(("List some lakes beyond the hills", "Count the bridges of the old capital"))

    def answer(request: Request) -> str:
        if request.step == "mutate":
            return f"<instruction>{next(lakes)}</instruction>"
        return answered(request)

    made = run(tmp_path, recipe, answer)
    assert [s.prompt for s in made.samples] == [
        "List some lakes beyond the hills",
        "Count the bridges of the old capital",
    ]
    assert [s.difficulty for s in made.samples] == [0.0, 0.0]
    assert {s.drawn["operation"] for s in made.samples} == {"breadth"}


@pytest.mark.parametrize(
    ("step", "text", "reason", "told"),
    [
        ("evolve", f"<instruction> {SEED.upper()} </instruction>", "failed_evolution", "word for"),
        ("evolve", f"<instruction>{SEED}!!</instruction>", "failed_evolution", "nearly copies"),
        ("evolve", "<instruction>Rivers?</instruction>", "failed_evolution", "has 1 words"),
        (
            "evolve",
            "<instruction>#Rewritten Prompt#: name four rivers and lakes</instruction>",
            "failed_evolution",
            "'rewritten prompt'",
        ),
        ("evolve", "Name more rivers.", "unparsable", "section <instruction> stands 0 times"),
        (
            "evolve",
            "<instruction>Name one lake</instruction> or <instruction>Name two</instruction>",
            "unparsable",
            "stands 2 times",
        ),
        ("evolve", "", "empty_completion", "empty"),
        ("evolve", "<none/>", "declined", "no sample"),
        ("evolve", "I'm sorry, but I can't help with that.", "refusal", "refused"),
        ("compare", "<verdict>Equal.</verdict>", "failed_evolution", "no information gained"),
        ("compare", "<verdict>maybe</verdict>", "unparsable", "neither equal nor different"),
        (
            "compare",
            "<verdict>equal</verdict><verdict>different</verdict>",
            "unparsable",
            "the judge's verdict: section <verdict> stands 2 times",
        ),
        (
            "evolve",
            "<instruction>I'm sorry, but I can't help with making this harder.</instruction>",
            "refusal",
            "the instruction refuses",
        ),
        ("compare", "<verdict>different, or equal</verdict>", "unparsable", "neither equal nor"),
        ("answer", "Sorry, no rivers flow there.", "failed_evolution", "says sorry, in 5 words"),
        ("answer", "It is what it is, and so on ...", "failed_evolution", "stop words"),
        ("answer", "  ", "empty_completion", "empty"),
        ("answer", "I cannot help with that request.", "refusal", "refused"),
    ],
)
def test_evol_instruct_failed_evolution_is_told_with_its_rule_and_operation(
    tmp_path: Path, step: str, text: str, reason: str, told: str
):
    made = run(tmp_path, evol(1), instead(step, text))
    assert made.samples == ()
    [(found, detail)] = made.reasons.values()
    assert found == reason
    assert told in detail
    assert re.match(r"(constraints|deepen|concretise|reasoning|complicate_input): ", detail)


def test_evol_instruct_chain_goes_on_from_the_parent_of_a_failed_generation(tmp_path: Path):
    whole = run(tmp_path / "whole", evol())
    second = str(whole.samples[1].drawn["operation"])

    def failing(request: Request) -> str:
        copies = request.messages[-1].content.startswith(f"EVOLVE {second}:")
        copied = f"<instruction>{parent_of(request)}</instruction>"
        return copied if copies else answered(request)

    made = run(tmp_path / "failing", evol(), failing)

    first, third = made.samples
    assert made.why == ["failed_evolution"]
    assert third.parent_ids == (first.sample_id,)
    assert third.prompt.startswith(first.prompt)
    assert third.difficulty == 2.0
    assert [len(made.asked(s)) for s in ("evolve", "compare", "answer")] == [3, 2, 2]
    assert {r.sample_index for r in made.requests} == {0}


def test_evol_instruct_evolution_that_goes_back_in_its_chain_fails(tmp_path: Path):
    other = "List four mountain ranges of Asia together with their highest peaks"
    third = "Describe how bees find their way home over unknown land"
    texts = iter((other, SEED, third, f"{other}!"))

    def answer(request: Request) -> str:
        if request.step == "evolve":
            return f"<instruction>{next(texts)}</instruction>"
        return answered(request)

    made = run(tmp_path, evol(4), answer)
    assert [sample.prompt for sample in made.samples] == [other, third]
    details = sorted(detail.partition(": ")[2] for _, detail in made.reasons.values())
    assert details == [
        "copies the seed word for word",
        "nearly copies an earlier one: ROUGE-L 1.000 is above 0.950",
    ]
    assert len(made.asked("compare")) == len(made.asked("answer")) == 2


@pytest.mark.parametrize("said", ["**Different**", "Verdict: different", "'different'."])
def test_evol_instruct_verdict_in_markdown_is_read(tmp_path: Path, said: str):
    made = run(tmp_path, evol(1), instead("compare", f"<verdict>{said}</verdict>"))
    assert len(made.samples) == 1


def test_evol_instruct_judge_may_be_told_the_operation(tmp_path: Path):
    judge = "{template: told.md.j2, inputs: [first, operation]}"
    mutate = "{template: mutate.md.j2, inputs: [instruction]}"
    recipe = evol(1, mutate=mutate, breadth_share="1.0")
    old = "{template: compare.md.j2, inputs: [first, second], teachers: [{id: judge}]}"
    text = recipe.files["recipe.yaml"].replace(old, judge)
    files = {**FILES, "told.md.j2": "{{ operation }} of {{ first }}"}
    made = run(tmp_path, recipe_of(text, files))
    assert made.asked("compare")[0].messages[-1].content == f"breadth of {SEED}"


def test_evol_instruct_rows_tell_with_what_their_own_copy_was_asked(tmp_path: Path):
    recipe = evol(4, operations="[deepen]")
    text = recipe.files["recipe.yaml"].replace(
        "inputs: [instruction, operation]",
        "inputs: [instruction, operation], sampling: {temperature: [0.1, 0.3, 0.5, 0.7, 0.9]}",
    )
    left = iter(("no section", "no section"))

    def answer(request: Request) -> str:
        return next(left, answered(request)) if request.step == "evolve" else answered(request)

    made = run(tmp_path, recipe_of(text, FILES), answer)
    asked = {request.fingerprint: request for request in made.asked("evolve")}
    really = [
        json.loads(asked[name].parameters)["temperature"]
        for sample in made.samples
        for name in sample.request_fingerprints
        if name in asked
    ]
    assert [sample.drawn["evolve_temperature"] for sample in made.samples] == [*map(str, really)]
    assert len(made.samples) == 2
    assert len(set(really)) == 2


def test_evol_instruct_seed_without_the_named_field_is_refused_before_anything_is_asked(
    tmp_path: Path,
):
    asked: list[Request] = []

    def answer(request: Request) -> str:
        asked.append(request)
        return answered(request)

    with pytest.raises(RecipeError, match="instruction: seeds have no field task, only"):
        run(tmp_path, evol(1, instruction="task"), answer)
    assert asked == []


def test_evol_instruct_same_evolution_asked_again_is_another_completion(tmp_path: Path):
    recipe = evol(3, operations="[deepen]")
    made = run(tmp_path, recipe, instead("evolve", f"<instruction>{SEED}</instruction>"))
    assert made.why == ["failed_evolution"] * 3
    assert len({r.fingerprint for r in made.asked("evolve")}) == 3
    assert len(made.requests) == 3


def test_evol_instruct_run_twice_and_resumed_anywhere_gives_equal_samples(tmp_path: Path):
    def evolve(folder: Path, answer: Answer) -> TechniqueRun:
        return run(folder, evol(4), answer)

    assert len(assert_replays(tmp_path, evolve, answered, range(0, 12, 3)).samples) == 4


def test_evol_instruct_operations_keep_their_weights(tmp_path: Path):
    seeds = seeds_of_fields(*({"instruction": f"{SEED} {n}"} for n in range(120)))
    text = "operations: [{value: deepen, weight: 3}, reasoning]"
    recipe = evol(2, operations=text.partition(": ")[2])
    recipe = recipe_of(recipe.files["recipe.yaml"].replace("samples: 1", "samples: 120"), FILES)
    made = run_technique(tmp_path, recipe, seeds, answered)
    deepened = sum(s.drawn["operation"] == "deepen" for s in made.samples)
    assert deepened / len(made.samples) == pytest.approx(0.75, abs=0.05)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"breadth_share": "0.2"}, "give the prompt `mutate`"),
        ({"operations": "[breadth]"}, "no operation in depth"),
        ({"most_similar": "1.2"}, "most_similar"),
    ],
)
def test_evol_instruct_recipe_that_makes_no_sense_is_refused(said: dict[str, str], told: str):
    with pytest.raises(RecipeError, match=told):
        evol(1, **said)


def test_instruction_fault_phrase_of_the_parent_is_not_leaked():
    rules = {"min_words": 3, "most_similar": Fraction(1), "leaked": LEAKED_PHRASES}
    parent = "Improve the given prompt about whales"
    assert instruction_fault(parent, f"{parent} and seals", **rules) is None
    assert instruction_fault("Tell of whales", f"{parent} and seals", **rules) == (
        "copies words of the evolving prompt: 'given prompt'"
    )


@pytest.mark.parametrize(
    ("response", "fails"),
    [
        ("I am sorry that the whale died. " + "It was a long story. " * 16, False),
        ("I am sorry that the whale died.", True),
        ("Sorrywell is a town.", False),
        ("???", True),
        ("42", False),
        ("Это ответ.", False),
    ],
)
def test_response_fault_is_about_short_sorry_and_empty_words(response: str, fails: bool):
    assert (response_fault(response) is not None) == fails


def test_evol_instruct_answers_in_json_are_read_and_asked_again_once(tmp_path: Path):
    schema = '{"type": "object", "properties": {"instruction": {"type": "string"}}, "required": '
    recipe = evol(1)
    text = recipe.files["recipe.yaml"].replace(
        "inputs: [instruction, operation]", "inputs: [instruction, operation], schema_file: i.json"
    )
    recipe = recipe_of(text, {**FILES, "i.json": schema + '["instruction"]}'})

    def answer(request: Request) -> str:
        if request.step == "evolve":
            return "no JSON at all"
        if request.step == "evolve/again":
            return (
                '```json\n{"instruction": "Name four rivers, by length, and where they end",}\n```'
            )
        return answered(request)

    made = run(tmp_path, recipe, answer)
    [row] = made.samples
    assert row.prompt == "Name four rivers, by length, and where they end"
    assert row.drawn["json"] == "mended"
    assert len(made.asked("evolve/again")) == 1


def test_evol_recipe_without_a_judge_says_which_rule_is_not_applied():
    [told] = evol(compare="").spec.technique.not_applied
    assert told.startswith("the paper's first rule of elimination is not applied: without")
    assert evol().spec.technique.not_applied == ()
