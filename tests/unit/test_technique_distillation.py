"""Instructions answered by a teacher: what is asked, what is made of it, what is dropped."""

import json
from pathlib import Path

import pytest

from synth_assets.core.completion import Message, Request
from synth_assets.core.techniques.turns import repeated_turn, role_leak
from synth_assets.errors import RecipeError, TechniqueError
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
title: Instructions answered
samples: {samples}
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer}}]
technique:
  kind: distillation
  answer: {{template: [a.j2, b.j2], system: [s1.j2, s2.j2], inputs: [instruction, turn],
            sampling: {{temperature: [0.1, 0.9]}}}}
{more}
"""
FILES = {
    "a.j2": "{{ instruction }}",
    "b.j2": "Please: {{ instruction }}{% if turn != '1' %} (turn {{ turn }}){% endif %}",
    "s1.j2": "Be short.",
    "s2.j2": "Be kind.",
    "f.j2": "Chat:\n{{ chat }}\nNext after: {{ instruction }}",
}
TWO_TURNS = "  follow_up: {template: f.j2, inputs: [chat, instruction]}\n  turns: 2\n"
PLACES = ("Oslo", "Lima", "Accra", "Hanoi", "Quito", "Perth")
SEEDS = seeds_of_fields(
    *({"instruction": f"How far is it to {place} by road?"} for place in PLACES)
)


def recipe(more: str = "", samples: int = 6, **files: str):
    return recipe_of(RECIPE.format(samples=samples, more=more), {**FILES, **files})


def answer(request: Request) -> str:
    """An answer that tells what it answers; a follow-up that tells which chat it follows."""
    said = request.messages[-1].content
    if request.step == "follow_up":
        place = next(place for place in PLACES if f"to {place} by road" in said)
        return f"<message>What would the journey to {place} cost?</message>"
    return f"A fact about [{said}]."


# --- what is made -------------------------------------------------------------------------------


def test_distillation_single_turn_is_the_rendered_message_and_its_answer(tmp_path: Path):
    made = run_technique(tmp_path, recipe(), SEEDS, answer)

    assert len(made.samples) == len(made.requests) == 6
    for sample in made.samples:
        [asked] = [r for r in made.requests if r.fingerprint in sample.request_fingerprints]
        assert sample.prompt == asked.messages[-1].content
        assert sample.response == f"A fact about [{sample.prompt}]."
        assert (sample.history, sample.rejected, sample.reference) == ("", "", "")
        drawn = sample.drawn
        assert drawn["turn_count"] == 1
        assert asked.messages[0] == Message("system", FILES[str(drawn["answer_system"])])
        assert json.loads(asked.parameters) == {"temperature": float(drawn["answer_temperature"])}
    for choice in ("answer_system", "answer_template", "answer_temperature"):
        drawn = [sample.drawn[choice] for sample in made.samples]
        assert sorted(map(drawn.count, set(drawn))) == [3, 3]


def test_distillation_student_that_sees_the_instruction_alone_is_not_shown_the_template(
    tmp_path: Path,
):
    made = run_technique(tmp_path, recipe("  student_sees: instruction"), SEEDS, answer)

    assert {sample.prompt for sample in made.samples} == {
        f"How far is it to {place} by road?" for place in PLACES
    }
    assert sum("[Please: " in sample.response for sample in made.samples) == 3


def test_distillation_system_message_is_kept_where_that_is_asked(tmp_path: Path):
    made = run_technique(tmp_path, recipe("  keep_system: true"), SEEDS, answer)

    told = {sample.earlier for sample in made.samples}
    assert told == {(Message("system", "Be short."),), (Message("system", "Be kind."),)}


def test_distillation_two_turns_answer_with_the_chat_and_keep_it(tmp_path: Path):
    made = run_technique(tmp_path, recipe(TWO_TURNS), SEEDS, answer)

    steps = [request.step for request in made.requests]
    assert (steps.count("answer"), steps.count("follow_up")) == (12, 6)
    for sample in made.samples:
        first, last, follow = (
            next(r for r in made.requests if r.fingerprint == fingerprint)
            for fingerprint in (
                sample.request_fingerprints[0],
                sample.request_fingerprints[2],
                sample.request_fingerprints[1],
            )
        )
        reply = Message("assistant", f"A fact about [{first.messages[-1].content}].")
        assert sample.earlier == (first.messages[-1], reply)
        assert last.messages[1:3] == sample.earlier
        assert last.messages[-1] == Message("user", sample.prompt)
        place = next(place for place in PLACES if place in sample.prompt)
        assert f"What would the journey to {place} cost?" in sample.prompt
        assert ("(turn 2)" in sample.prompt) == (sample.drawn["answer_template"] == "b.j2")
        shown = f"User: {first.messages[-1].content}\n\nAssistant: {reply.content}"
        assert follow.messages[-1].content.startswith(f"Chat:\n{shown}\nNext after: How far")
        assert sample.drawn["turn_count"] == 2


@pytest.mark.parametrize("turns", [2, 3])
def test_distillation_row_tells_what_its_follow_ups_were_asked_with_where_they_agree(
    tmp_path: Path, turns: int
):
    more = TWO_TURNS.replace("template: f.j2", "template: [f.j2, g.j2]")
    more = more.replace("turns: 2", f"turns: {turns}")

    def numbered(request: Request) -> str:
        chat = request.messages[-1].content.count("User: ")
        where = ("", "north of here", "across two wide rivers")[chat]
        return answer(request) if not where else f"<message>What lies {where}, pray?</message>"

    told = recipe(more, **{"g.j2": "Another. {{ chat }} {{ instruction }}"})
    made = run_technique(tmp_path, told, SEEDS, numbered)
    asked = {
        r.fingerprint: "g.j2" if r.messages[-1].content.startswith("Another.") else "f.j2"
        for r in made.asked("follow_up")
    }
    templates: list[str] = []
    for sample in made.samples:
        used = {asked[name] for name in sample.request_fingerprints if name in asked}
        templates.append(min(used) if len(used) == 1 else "")
        assert sample.drawn.get("follow_up_template", "") == templates[-1]
    assert len(templates) == 6
    assert ("" in templates) == (turns == 3)


def test_distillation_thoughts_before_an_answer_are_no_part_of_it(tmp_path: Path):
    made = run_technique(
        tmp_path, recipe(), SEEDS, lambda _: "<think>\nUser: hm.\n</think>\n\nAbout a day."
    )
    assert {sample.response for sample in made.samples} == {"About a day."}


def test_distillation_turns_drawn_by_a_variation_are_as_many_as_drawn(tmp_path: Path):
    more = TWO_TURNS.replace("turns: 2", "turns: length")
    more += 'variations: {length: [{value: "1", weight: 2}, "3"]}\n'

    def numbered(request: Request) -> str:
        chat = request.messages[-1].content.count("User: ")
        where = ("", "north of here", "across two wide rivers")[chat]
        return answer(request) if not where else f"<message>What lies {where}, pray?</message>"

    made = run_technique(tmp_path, recipe(more), SEEDS, numbered)

    counts = sorted((s.drawn["length"], s.drawn["turn_count"]) for s in made.samples)
    assert counts == [("1", 1)] * 4 + [("3", 3)] * 2
    assert {len(s.earlier) for s in made.samples} == {0, 4}


def test_distillation_of_seeds_in_another_order_gives_equal_samples(tmp_path: Path):
    first = run_technique(tmp_path / "a", recipe(TWO_TURNS), SEEDS, answer)
    turned = run_technique(tmp_path / "b", recipe(TWO_TURNS), SEEDS[::-1], answer)
    assert turned.samples == first.samples


def test_distillation_run_twice_and_resumed_anywhere_gives_equal_samples(tmp_path: Path):
    def run(folder: Path, answer: Answer) -> TechniqueRun:
        return run_technique(folder, recipe(TWO_TURNS), SEEDS, answer)

    assert assert_replays(tmp_path, run, answer, (0, 1, 7, 11)).reasons == {}


def test_distillation_answers_in_json_are_read_by_their_field(tmp_path: Path):
    schema = {
        "type": "object",
        "properties": {"response": {"type": "string"}},
        "required": ["response"],
        "additionalProperties": False,
    }
    more = "  turns: 1\n"
    text = RECIPE.format(samples=6, more=more).replace(
        "inputs: [instruction, turn]", "inputs: [instruction, turn], schema_file: answer.json"
    )
    made = run_technique(
        tmp_path,
        recipe_of(text, {**FILES, "answer.json": json.dumps(schema)}),
        SEEDS,
        lambda _: 'Here: {"response": "About a day."}',
    )

    assert {sample.response for sample in made.samples} == {"About a day."}
    assert {sample.drawn["json"] for sample in made.samples} == {"mended"}


# --- what is dropped ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "reason", "told"),
    [
        ("", "empty_completion", "empty"),
        ("   \n", "empty_completion", "empty"),
        ("I'm sorry, but I can't help with that.", "refusal", "can't help"),
        ("<none/>", "declined", "gives no sample"),
        ("How far is it to {place} by road? About a day.", "echoed_prompt", "answer 1 begins"),
        ("how far is it to  {place} BY ROAD?", "echoed_prompt", "whole instruction"),
        ("Please: How far is it to {place} by road? Far.", "echoed_prompt", "answer 1 begins"),
        ("A day.\n\nUser: And back?\n\nAssistant: The same.", "role_leak", "answer 1: names its"),
        ("A day.<|im_end|>", "role_leak", "markup"),
    ],
)
def test_distillation_answer_that_teaches_nothing_is_dropped(
    tmp_path: Path, said: str, reason: str, told: str
):
    def bad(request: Request) -> str:
        place = next(p for p in PLACES if p in request.messages[-1].content)
        framed = said.startswith("Please:") and "Please:" not in request.messages[-1].content
        return "Far." if framed else said.format(place=place)

    made = run_technique(tmp_path, recipe(), SEEDS, bad)

    assert set(made.why) == {reason}
    assert all(told in detail for _, detail in made.reasons.values())
    assert len(made.samples) == (3 if said.startswith("Please:") else 0)


def test_distillation_short_instruction_may_stand_in_its_answer(tmp_path: Path):
    seeds = seeds_of_fields({"instruction": "Define osmosis"})
    made = run_technique(tmp_path, recipe(samples=1), seeds, lambda _: "Define osmosis? A flow.")
    assert [sample.response for sample in made.samples] == ["Define osmosis? A flow."]


@pytest.mark.parametrize(
    ("said", "reason", "told"),
    [
        ("What would it cost?", "unparsable", "<message> stands 0 times"),
        ("<message>a</message><message>b</message>", "unparsable", "stands 2 times"),
        ("<message> </message>", "unparsable", "is empty"),
        ("<message>How far is it to {place}, by road?</message>", "not_novel", "user turn 2 says"),
        ("<message>Happy to help! How may I assist you?</message>", "role_leak", "user turn 2"),
        ("<message>User: what does it cost?</message>", "role_leak", "names its speaker"),
    ],
)
def test_distillation_follow_up_that_is_no_user_turn_is_dropped(
    tmp_path: Path, said: str, reason: str, told: str
):
    def bad(request: Request) -> str:
        if request.step == "answer":
            return "A day."
        place = next(p for p in PLACES if p in request.messages[-1].content)
        return said.format(place=place)

    more = TWO_TURNS + "  student_sees: instruction\n"
    made = run_technique(tmp_path, recipe(more), SEEDS, bad)

    assert made.samples == ()
    assert made.why == [reason] * 6
    assert all(told in detail for _, detail in made.reasons.values())
    assert len(made.asked("answer")) == 6, "no later turn is bought"


def test_distillation_second_answer_refused_drops_the_chat_and_counts_all_calls(tmp_path: Path):
    def late(request: Request) -> str:
        return "I cannot assist with that." if len(request.messages) > 2 else answer(request)

    made = run_technique(tmp_path, recipe(TWO_TURNS), SEEDS, late)
    assert made.why == ["refusal"] * 6
    assert len(made.requests) == 18


# --- what recipes may say -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("  turns: 2", "give `follow_up` where"),
        ("  follow_up: {template: f.j2, inputs: [chat, instruction]}", "give `follow_up` where"),
        ("  turns: 0", "turns"),
        ("  turns: 21", "turns"),
        ("  student_sees: nothing", "student_sees"),
    ],
)
def test_distillation_parameters_that_make_no_sense_are_refused(more: str, said: str):
    with pytest.raises(RecipeError, match=said):
        recipe(more)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("  instruction: question", "no field 'question'. It has: instruction"),
        (
            TWO_TURNS.replace("turns: 2", "turns: length") + "variations: {length: [few, many]}",
            "numbers from 1 to 20",
        ),
        (TWO_TURNS.replace("turns: 2", "turns: length"), "length is ''"),
    ],
)
def test_distillation_names_that_lead_nowhere_stop_with_the_mend(
    tmp_path: Path, more: str, said: str
):
    with pytest.raises(TechniqueError, match=said):
        run_technique(tmp_path, recipe(more), SEEDS, answer)


# --- turns --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "text", "leak"),
    [
        ("user", "How can I help you today?", "speaks as the assistant"),
        ("user", "I\u2019d be happy to assist with that.", "speaks as the assistant"),
        ("user", "As an AI language model, I have no plans.", "speaks as the assistant"),
        ("user", "**Assistant:** Hello.", "names its speaker"),
        ("user", "Well.\n### Response\nYes.", "markup"),
        ("assistant", "Hello. <done/>", "speaks as the user"),
        ("assistant", "Thank you so much for your help!", "speaks as the user"),
        ("assistant", "It is open.\nCustomer: Great.", "names its speaker"),
        ("user", "As an AI, how do you see that?", None),
        ("user", "Can you help me with the user manual?", None),
        ("assistant", "How can I help you today?", None),
        ("assistant", "The user: whoever logs in. Assistants come later.", None),
    ],
)
def test_role_leak_finds_what_belongs_to_the_other_role(role: str, text: str, leak: str | None):
    found = role_leak(Message(role, text))
    assert (found is None) == (leak is None), found
    assert leak is None or leak in str(found)


def test_repeated_turn_is_the_first_that_says_nearly_the_same():
    chat = [
        Message("user", "Yes, please."),
        Message("user", "When does the ferry leave on Sunday?"),
    ]
    assert repeated_turn("When does the ferry leave, on Sunday?!", chat) == 2
    assert repeated_turn("When does the ferry leave on Monday and why?", chat) is None
    assert repeated_turn("Yes, please.", chat) is None
    assert repeated_turn("", chat) is None
