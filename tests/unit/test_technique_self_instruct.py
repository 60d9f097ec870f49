"""Self-Instruct, driven by the real engine with scripted answers."""

import json
import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.novelty.instruction_rules import InstructionRules
from synth_assets.core.novelty.rouge_l import rouge_l
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
id: tasks
title: Tasks
technique:
  kind: self_instruct
  demonstrations: 4
  machine_made: 1
  number: 2
  at_once: {at_once}
  {more}
  propose: {{template: propose.md.j2, inputs: [demonstrations, number]{form}}}
  classify: {{template: classify.md.j2, inputs: [instruction]}}
  output_first: {{template: labels.md.j2, inputs: [instruction]}}
  input_first: {{template: inputs.md.j2, inputs: [instruction]}}
seeds: {{file: seeds.jsonl}}
samples: {samples}
teachers: [{{id: writer}}]
"""
FILES = {
    "propose.md.j2": "{{ number }} more like:\n{{ demonstrations }}",
    "classify.md.j2": "Labels? {{ instruction }}",
    "labels.md.j2": "By label: {{ instruction }}",
    "inputs.md.j2": "By input: {{ instruction }}",
    "list.json": json.dumps(
        {
            "type": "object",
            "properties": {"instructions": {"type": "array", "items": {"type": "string"}}},
            "required": ["instructions"],
        }
    ),
    "yes.json": json.dumps(
        {
            "type": "object",
            "properties": {"classification": {"type": "boolean"}},
            "required": ["classification"],
        }
    ),
    "cases.json": json.dumps(
        {
            "type": "object",
            "properties": {"instances": {"type": "array", "items": {"type": "object"}}},
            "required": ["instances"],
        }
    ),
}
SEEDS = seeds_of_fields(
    *({"instruction": f"Seed{n} one{n} two{n} three{n} four{n}"} for n in range(6))
)
PLAIN = "Zither yarn xenon wombat velvet"
OTHER = "Quilt rocket saffron turnip umbrella"


def proposed(*instructions: str) -> str:
    items = "".join(f"<instruction>{text}</instruction>" for text in instructions)
    return f"<instructions>{items}</instructions>"


def instances(*pairs: tuple[str, str]) -> str:
    bodies = "".join(
        f"<instance><input>{asked}</input><output>{told}</output></instance>"
        for asked, told in pairs
    )
    return f"<instances>{bodies}</instances>"


def script(
    *proposals: str, labels: Sequence[str] = (), made: str = instances(("in", "out"))
) -> Callable[[Request], str]:
    """Answers: proposals in their order, then the last again; a yes for the instructions named."""
    left = list(proposals)

    def answer(request: Request) -> str:
        said = request.messages[-1].content
        match request.step:
            case "propose":
                return left.pop(0) if len(left) > 1 else left[0]
            case "classify":
                found = any(label in said for label in labels)
                return f"<classification>{'Yes' if found else 'no'}</classification>"
            case _:
                return made

    return answer


def run(
    folder: Path,
    answer: Callable[[Request], str],
    samples: int = 1,
    at_once: int = 1,
    more: str = "",
    form: str = "",
) -> TechniqueRun:
    text = RECIPE.format(samples=samples, at_once=at_once, more=more, form=form)
    return run_technique(folder, recipe_of(text, FILES), SEEDS, answer)


def test_self_instruct_two_rounds_show_seeds_first_and_machine_made_tasks_then(tmp_path: Path):
    answer = script(
        proposed(PLAIN, OTHER),
        proposed("Nutmeg opal parsley quiver ribbon"),
        labels=[OTHER],
        made=instances(("first", "A"), ("", "B")),
    )
    made = run(tmp_path, answer, samples=5)

    first, second = made.asked("propose")
    shown = [request.messages[-1].content for request in (first, second)]
    assert [text.count("<instruction>") for text in shown] == [4, 4]
    assert shown[0].startswith("2 more like:")
    assert [sum(f"Seed{n} " in text for n in range(6)) for text in shown] == [4, 3]
    assert (PLAIN in shown[1]) != (OTHER in shown[1])
    steps = [request.step for request in made.requests if request.step != "classify"]
    assert sorted(steps) == ["input_first"] * 2 + ["output_first"] + ["propose"] * 2
    assert [(s.prompt, s.response, s.context) for s in made.samples] == [
        (f"{PLAIN}\n\nfirst", "A", "first"),
        (PLAIN, "B", ""),
        (f"{OTHER}\n\nfirst", "A", "first"),
        (OTHER, "B", ""),
        ("Nutmeg opal parsley quiver ribbon\n\nfirst", "A", "first"),
        ("Nutmeg opal parsley quiver ribbon", "B", ""),
    ]
    told = [sample.drawn for sample in made.samples]
    assert told[0] == {"instances": "input_first", "nearest_rouge_l": 0.0}
    assert told[2] == {"instances": "output_first", "nearest_rouge_l": 0.0}
    grown = made.samples[4]
    [parent] = grown.parent_ids
    shown_sample = made.samples[0] if PLAIN in shown[1] else made.samples[2]
    assert parent == shown_sample.sample_id
    assert grown.synthetic_depth == 2
    assert [r.planned for r in made.rounds] == [1, 2]
    assert len(grown.request_fingerprints) == 3


def test_self_instruct_task_like_one_of_the_pool_is_dropped_before_its_instances_are_bought(
    tmp_path: Path,
):
    near = f"Please {SEEDS[2].fields['instruction']}"
    text = RECIPE.format(samples=1, at_once=1, more="", form="").replace("number: 2", "number: 3")
    answer = script(proposed(near, PLAIN, f"{PLAIN} now"))
    made = run_technique(tmp_path, recipe_of(text, FILES), SEEDS, answer)
    assert [sample.prompt for sample in made.samples] == [f"{PLAIN}\n\nin"]
    assert len(made.asked("classify")) == 1
    details = sorted(detail for _, detail in made.reasons.values())
    assert made.why == [Reason.NOT_NOVEL] * 2
    assert details[0].startswith(f"ROUGE-L 0.909 with '{SEEDS[2].fields['instruction']}'")
    assert details[1].startswith(f"ROUGE-L 0.909 with '{PLAIN}'; the instruction: '{PLAIN} now'")


def test_self_instruct_task_of_seven_tenths_exactly_is_kept(tmp_path: Path):
    words = SEEDS[0].fields["instruction"].split()
    at_it = " ".join([*words[:4], "a", "b"])  # 8/11 is above 7/10
    below = " ".join(["Kiwi", *words[1:4], "lotus"])  # 6/10
    made = run(tmp_path, script(proposed(below, at_it)))
    assert [sample.drawn["nearest_rouge_l"] for sample in made.samples] == [0.6]
    again = run(tmp_path / "at", script(proposed(below)), more="most_similar: 0.6")
    assert len(again.samples) == 1
    none = run(tmp_path / "under", script(proposed(below)), more="most_similar: 0.59")
    assert none.samples == ()


def test_self_instruct_equal_tasks_of_one_round_keep_the_first(tmp_path: Path):
    made = run(tmp_path, script(proposed(PLAIN)), samples=4, at_once=3)
    assert [r.planned for r in made.rounds] == [3, 6, 9]
    assert len(made.samples) == 1
    assert made.samples[0].position == 0
    details = [detail for _, detail in made.reasons.values()]
    assert len(details) == 8
    assert all(detail.startswith(f"ROUGE-L 1.000 with '{PLAIN}'") for detail in details)
    assert len(made.asked("input_first")) == 1, "equal requests of one round are one purchase"


@pytest.mark.parametrize(
    ("proposal", "reason"),
    [
        ("I would rather write something else.", Reason.UNPARSABLE),
        ("<instructions>none come to mind</instructions>", Reason.UNPARSABLE),
        ("I'm sorry, but I can't help with that.", Reason.REFUSAL),
        ("   ", Reason.EMPTY_COMPLETION),
        ("<none/>", Reason.DECLINED),
        (proposed("Sort it"), Reason.TOO_SHORT),
        (proposed("word " * 151), Reason.TOO_LONG),
        (proposed("Describe the Image in ten words"), Reason.BLOCKED_KIND),
        (proposed("write a Program that adds"), Reason.BLOCKED_KIND),
        (proposed("«Quote» this in full"), Reason.BLOCKED_KIND),
    ],
)
def test_self_instruct_bad_proposals_end_after_two_empty_rounds_each_with_its_reason(
    tmp_path: Path, proposal: str, reason: Reason
):
    made = run(tmp_path, script(proposal), samples=9)
    assert made.samples == ()
    assert made.why == [reason] * 2
    assert [r.kept for r in made.rounds] == [0, 0]
    assert {request.step for request in made.requests} == {"propose"}


def test_self_instruct_round_with_little_that_is_new_is_the_last(tmp_path: Path):
    stale = proposed(SEEDS[0].fields["instruction"])
    rest = [stale] * 20
    made = run(tmp_path, script(proposed(PLAIN), *rest), 50, 10, "least_novelty: 0.06")
    assert [r.planned for r in made.rounds] == [10]
    assert len(made.samples) == 1
    more = run(tmp_path / "more", script(proposed(PLAIN), *rest), 50, 10, "least_novelty: 0.05")
    assert [r.planned for r in more.rounds] == [10, 20, 30]


@pytest.mark.parametrize(
    ("made", "reason", "detail"),
    [
        (instances(("a", "1"), ("A ", "2")), Reason.NO_AGREEMENT, "'a' has different outputs"),
        (instances(("same", "Same ")), Reason.NOT_SOLVED, "the output repeats the input"),
        (instances(("a", "")), Reason.UNPARSABLE, "the instance has no <output>"),
        ("<instances>nothing</instances>", Reason.UNPARSABLE, "holds no <instance>"),
        ("no tags", Reason.UNPARSABLE, "stands 0 times"),
        ("I cannot help with this.", Reason.REFUSAL, "refused"),
    ],
)
def test_self_instruct_bad_instances_give_no_sample(
    tmp_path: Path, made: str, reason: Reason, detail: str
):
    ran = run(tmp_path, script(proposed(PLAIN), made=made))
    assert ran.samples == ()
    assert set(ran.why) == {reason}
    assert all(detail in told for _, told in ran.reasons.values())


def test_self_instruct_repeated_instance_is_dropped_alone(tmp_path: Path):
    ran = run(tmp_path, script(proposed(PLAIN), made=instances(("a", "1"), ("a", "1"), ("b", "2"))))
    assert [sample.response for sample in ran.samples] == ["1", "2"]
    assert ran.why == [Reason.NOT_NOVEL]


def test_self_instruct_unclear_classification_names_what_was_said(tmp_path: Path):
    def answer(request: Request) -> str:
        if request.step == "classify":
            return "<classification>it depends</classification>"
        return proposed(PLAIN)

    ran = run(tmp_path, answer)
    assert ran.why == [Reason.UNPARSABLE] * 2
    assert "neither yes nor no: 'it depends'" in next(iter(ran.reasons.values()))[1]


def test_self_instruct_json_list_of_instructions_is_read(tmp_path: Path):
    said = json.dumps({"instructions": [f" {PLAIN} ", OTHER]})
    ran = run(tmp_path, script(f"Sure: {said}"), form=", schema_file: list.json", samples=2)
    assert [sample.prompt for sample in ran.samples] == [f"{PLAIN}\n\nin", f"{OTHER}\n\nin"]
    assert {sample.drawn["json"] for sample in ran.samples} == {"mended"}


def test_self_instruct_json_of_every_step_is_read(tmp_path: Path):
    def answer(request: Request) -> str:
        said = request.messages[-1].content
        match request.step:
            case "propose":
                return json.dumps({"instructions": [PLAIN, OTHER]})
            case "classify":
                return json.dumps({"classification": OTHER in said})
            case _:
                cases = [{"input": None, "output": "x"}, {"input": "in", "output": 4}]
                return json.dumps({"instances": cases})

    text = RECIPE.format(samples=4, at_once=1, more="", form=", schema_file: list.json")
    text = text.replace("classify.md.j2,", "classify.md.j2, schema_file: yes.json,")
    for name in ("labels", "inputs"):
        text = text.replace(f"{name}.md.j2,", f"{name}.md.j2, schema_file: cases.json,")
    ran = run_technique(tmp_path, recipe_of(text, FILES), SEEDS, answer)
    assert [(s.prompt, s.response, s.drawn["instances"]) for s in ran.samples] == [
        (PLAIN, "x", "input_first"),
        (f"{PLAIN}\n\nin", "4", "input_first"),
        (OTHER, "x", "output_first"),
        (f"{OTHER}\n\nin", "4", "output_first"),
    ]


def _varied(request: Request) -> str:
    """New instructions of drawn words for every request; some are none."""
    said = request.messages[-1].content
    dice = random.Random(f"{request.step}/{said}/{request.sample_index}")
    if request.step == "propose":
        lines = [" ".join(dice.choices([f"w{n}" for n in range(40)], k=6)) for _ in range(2)]
        return proposed(*lines) if dice.random() < 0.9 else "nothing"
    if request.step == "classify":
        return f"<classification>{dice.choice(['yes', 'no'])}</classification>"
    return instances((f"{dice.random()}", "x"), (f"{dice.random()}", "y"))


def test_self_instruct_run_twice_and_resumed_anywhere_gives_equal_samples(tmp_path: Path):
    thirty = partial(run, samples=30, at_once=3)
    whole = assert_replays(tmp_path, thirty, _varied, (0, 1, 7, 23, 40))
    assert len(whole.samples) >= 30
    assert len(whole.rounds) > 2


def test_self_instruct_pool_of_real_instructions_is_that_of_the_plain_sequential_filter(
    shared_data: Path, tmp_path: Path
):
    folder = shared_data / "self_instruct"
    seeds = [json.loads(line) for line in (folder / "seed_tasks.jsonl").open(encoding="utf-8")]
    lines = (folder / "user_oriented_instructions.jsonl").read_text(encoding="utf-8").splitlines()
    new = [json.loads(line)["instruction"].strip() for line in lines][:60]
    rules = InstructionRules()
    pool = [seed["instruction"] for seed in seeds]
    kept: list[str] = []
    for text in new:
        if rules.refused(text) is None and all(
            rouge_l(text, old).f <= Fraction(7, 10) for old in [*pool, *kept]
        ):
            kept.append(text)
    batches = [proposed(*new[at : at + 12]) for at in range(0, 60, 12)]
    text = RECIPE.format(samples=len(kept), at_once=1, more="", form="")
    ran = run_technique(
        tmp_path,
        recipe_of(text.replace("number: 2", "number: 12"), FILES),
        seeds_of_fields(*({"instruction": seed["instruction"]} for seed in seeds)),
        script(*batches),
    )
    assert len(seeds) == 175
    assert 40 < len(kept) < 60
    assert [sample.prompt.removesuffix("\n\nin") for sample in ran.samples] == kept


def test_self_instruct_instruction_not_closed_has_a_decision_and_swallows_none(tmp_path: Path):
    said = f"<instructions><instruction>{OTHER}<instruction>{PLAIN}</instruction></instructions>"
    ran = run(tmp_path, script(said))
    assert [sample.prompt for sample in ran.samples] == [f"{PLAIN}\n\nin"]
    assert list(ran.reasons.values()) == [
        (Reason.UNPARSABLE, "a section <instruction> is not closed")
    ]


def test_self_instruct_instructions_beyond_the_number_are_not_bought(tmp_path: Path):
    third = "Nutmeg opal parsley quiver ribbon"
    ran = run(tmp_path, script(proposed(PLAIN, OTHER, third, "Sort it")), samples=2)
    assert [sample.prompt for sample in ran.samples] == [f"{PLAIN}\n\nin", f"{OTHER}\n\nin"]
    assert [len(ran.asked(step)) for step in ("classify", "input_first")] == [2, 2]
    told = "4 instructions came, 2 were asked for; the instruction: "
    assert sorted(ran.reasons.values()) == [
        (Reason.OUT_OF_BAND, f"{told}'{third}'"),
        (Reason.OUT_OF_BAND, f"{told}'Sort it'"),
    ]


def test_self_instruct_instruction_that_is_a_refusal_is_not_bought(tmp_path: Path):
    refused = "I'm sorry, but I can't help with inventing tasks."
    ran = run(tmp_path, script(proposed(refused, PLAIN)))
    assert [sample.prompt for sample in ran.samples] == [f"{PLAIN}\n\nin"]
    assert ran.why == [Reason.REFUSAL]
    assert len(ran.asked("classify")) == 1


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ("**No**", "input_first"),
        ("Classification: Yes.", "output_first"),
        ("'yes'", "output_first"),
    ],
)
def test_self_instruct_classification_in_markdown_is_read(tmp_path: Path, said: str, step: str):
    plain = script(proposed(PLAIN))

    def answer(request: Request) -> str:
        if request.step == "classify":
            return f"<classification>{said}</classification>"
        return plain(request)

    assert [sample.drawn["instances"] for sample in run(tmp_path, answer).samples] == [step]


def test_self_instruct_rows_tell_with_what_their_own_copy_was_asked(tmp_path: Path):
    text = RECIPE.format(samples=4, at_once=1, more="", form="").replace("number: 2", "number: 4")
    choice = ", sampling: {temperature: [0.1, 0.5, 0.9]}}"
    for name in ("classify", "inputs"):
        old = f"{{template: {name}.md.j2, inputs: [instruction]"
        assert f"{old}}}" in text
        text = text.replace(f"{old}}}", f"{old}{choice}")
    third, fourth = "Nutmeg opal parsley quiver ribbon", "Amber basil cedar daisy elder"
    answer = script(proposed(PLAIN, OTHER, third, fourth))
    ran = run_technique(tmp_path, recipe_of(text, FILES), SEEDS, answer)

    asked = {request.fingerprint: request for request in ran.requests}
    told = set[tuple[str, str]]()
    for sample in ran.samples:
        used = {asked[each].step: asked[each] for each in sample.request_fingerprints}
        for step in ("classify", "input_first"):
            temperature = json.loads(used[step].parameters)["temperature"]
            assert sample.drawn[f"{step}_temperature"] == str(temperature)
            told.add((step, str(temperature)))
    assert len(ran.samples) == 4
    assert len(told) > 2


def test_self_instruct_seed_without_the_field_is_named(tmp_path: Path):
    text = RECIPE.format(samples=1, at_once=1, more="instruction: task", form="")
    with pytest.raises(RecipeError, match="has no text in the field 'task'; it has instruction"):
        run_technique(tmp_path, recipe_of(text, FILES), SEEDS, script(""))


@pytest.mark.parametrize(
    ("more", "named"),
    [("most_similar: 1.5", "most_similar"), ("min_words: 151", "max_words is below min_words")],
)
def test_self_instruct_bounds_that_contradict_are_refused(more: str, named: str):
    with pytest.raises(RecipeError, match=named):
        recipe_of(RECIPE.format(samples=1, at_once=1, more=more, form=""), FILES)


def test_self_instruct_more_machine_made_than_demonstrations_is_refused():
    text = RECIPE.format(samples=1, at_once=1, more="", form="")
    with pytest.raises(RecipeError, match="machine_made is above demonstrations"):
        recipe_of(text.replace("machine_made: 1", "machine_made: 5"), FILES)
