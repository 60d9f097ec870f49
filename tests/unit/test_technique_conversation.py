"""Chats of a simulated user and an assistant: who sees what, when they end, what is dropped."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from synth_assets.core.completion import Message, Request
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
title: Chats
samples: {samples}
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer}}]
technique:
  kind: conversation
  simulate: {{template: u.j2, system: us.j2, inputs: [goal, message, turn],
             teachers: [{{id: second}}]}}
  reply: {{template: a.j2, system: as.j2, inputs: [goal, message]}}
  max_turns: 3
{more}
"""
FILES = {
    "u.j2": "{% if message %}{{ message }}{% else %}Begin.{% endif %} [{{ turn }}]",
    "us.j2": "Play somebody who wants {{ goal }}.",
    "a.j2": "{{ message }}",
    "as.j2": "Sell {{ goal }}.",
    "j.j2": "Goal: {{ goal }}\n{{ chat }}",
}
JUDGE = "  judge: {template: j.j2, inputs: [goal, chat], teachers: [{id: judge}]}\n"
GOALS = ("a kite", "a lamp", "a boat", "a drum")
SEEDS = seeds_of_fields(*({"goal": goal} for goal in GOALS))
FIRST, SECOND = "Where is it sold, please?", "And what does it cost there?"
SHOP, PRICE = "At the shop by the pier.", "Twelve, or ten on Mondays."
ENDING = "Thanks!\n<done/>\n<goal_met>yes</goal_met>"


def recipe(more: str = "", samples: int = 4, **files: str):
    return recipe_of(RECIPE.format(samples=samples, more=more), {**FILES, **files})


def script(
    user: tuple[str, ...] = (FIRST, SECOND, ENDING),
    assistant: tuple[str, ...] = (SHOP, PRICE, "Until eight."),
    judge: str = "<goal_met>yes</goal_met>",
) -> Callable[[Request], str]:
    """Each side's turns in order, told by how much chat it sees."""

    def answer(request: Request) -> str:
        if request.step == "judge":
            return judge
        lines = user if request.step == "simulate" else assistant
        return lines[sum(message.role == "assistant" for message in request.messages)]

    return answer


# --- what is made -------------------------------------------------------------------------------


def test_conversation_ends_where_the_user_is_done_and_keeps_the_chat(tmp_path: Path):
    made = run_technique(tmp_path, recipe(), SEEDS, script())

    assert len(made.samples) == 4
    for sample in made.samples:
        assert sample.earlier == (Message("user", FIRST), Message("assistant", SHOP))
        assert (sample.prompt, sample.response) == (SECOND, PRICE)
        assert sample.drawn == {
            "turn_count": 2,
            "ended": "user",
            "goal_met": "yes",
            "asked_again": 0,
        }
        assert sample.teacher == "writer"
        assert len(sample.request_fingerprints) == 5
        replies = [r.fingerprint for r in made.asked("reply")]
        assert set(sample.request_fingerprints[:2]) <= set(replies)
    assert (len(made.asked("simulate")), len(made.asked("reply"))) == (12, 8)


def test_conversation_each_side_sees_itself_as_the_assistant(tmp_path: Path):
    made = run_technique(tmp_path, recipe(samples=1), SEEDS[:1], script())

    goal = SEEDS[0].fields["goal"]
    last_user = max(made.asked("simulate"), key=lambda r: len(r.messages))
    assert [(m.role, m.content) for m in last_user.messages] == [
        ("system", f"Play somebody who wants {goal}."),
        ("user", "Begin. [1]"),
        ("assistant", FIRST),
        ("user", f"{SHOP} [2]"),
        ("assistant", SECOND),
        ("user", f"{PRICE} [3]"),
    ]
    last_reply = max(made.asked("reply"), key=lambda r: len(r.messages))
    assert [(m.role, m.content) for m in last_reply.messages] == [
        ("system", f"Sell {goal}."),
        ("user", FIRST),
        ("assistant", SHOP),
        ("user", SECOND),
    ]


def test_conversation_that_never_ends_stops_at_max_turns(tmp_path: Path):
    user = (FIRST, SECOND, "Until what time is it open?", "never asked")
    made = run_technique(tmp_path, recipe(), SEEDS, script(user))

    for sample in made.samples:
        assert len(sample.earlier) == 4
        assert sample.prompt == "Until what time is it open?"
        assert sample.response == "Until eight."
        assert (sample.drawn["ended"], sample.drawn["goal_met"]) == ("max_turns", "unstated")
    assert len(made.asked("simulate")) == len(made.asked("reply")) == 12


@pytest.mark.parametrize(
    ("closing", "verdict"),
    [
        ("<done/>", "unstated"),
        ("<done />\n<goal_met> Partly. </goal_met>", "partly"),
        ("<goal_met>no</goal_met><done/>", "no"),
        ("<done/><goal_met>perhaps</goal_met>", "unstated"),
        ("<DONE/> <Goal_Met>**yes**</Goal_Met>", "yes"),
        ("**<done/>** **<goal_met>**partially**</goal_met>**", "partly"),
        ("<done></done><goal_met>yes</goal_met><goal_met>no</goal_met>", "unstated"),
    ],
)
def test_conversation_goal_met_is_the_users_closing_word(
    tmp_path: Path, closing: str, verdict: str
):
    made = run_technique(tmp_path, recipe(), SEEDS, script((FIRST, closing)))

    assert {sample.drawn["goal_met"] for sample in made.samples} == {verdict}
    assert {sample.drawn["turn_count"] for sample in made.samples} == {1}
    assert {sample.history for sample in made.samples} == {""}


def test_conversation_judge_that_contradicts_the_user_has_the_last_word(tmp_path: Path):
    answer = script(judge="Hm.\n<goal_met>\nPartly.\n</goal_met>")
    made = run_technique(tmp_path, recipe(JUDGE), SEEDS, answer)

    assert {(s.drawn["goal_met"], s.drawn["goal_met_user"]) for s in made.samples} == {
        ("partly", "yes")
    }
    shown = made.asked("judge")[0].messages[-1].content
    assert shown.endswith(
        f"User: {FIRST}\n\nAssistant: {SHOP}\n\nUser: {SECOND}\n\nAssistant: {PRICE}"
    )
    assert {r.teacher for r in made.asked("judge")} == {"judge"}
    assert {s.teacher for s in made.samples} == {"writer"}


def test_conversation_kept_where_the_goal_is_met_drops_the_others(tmp_path: Path):
    def answer(request: Request) -> str:
        met = "lamp" in request.messages[0].content
        return script((FIRST, f"<done/><goal_met>{'yes' if met else 'no'}</goal_met>"))(request)

    made = run_technique(tmp_path, recipe("  goal: met"), SEEDS, answer)

    assert len(made.samples) == 1
    assert made.why == ["not_solved"] * 3
    assert {detail for _, detail in made.reasons.values()} == {
        "whether the user's goal was met: no"
    }


def test_conversation_system_message_is_kept_where_that_is_asked(tmp_path: Path):
    made = run_technique(tmp_path, recipe("  keep_system: true"), SEEDS, script())
    told = {s.earlier[0] for s in made.samples}
    assert told == {Message("system", f"Sell {goal}.") for goal in GOALS}
    assert {len(s.earlier) for s in made.samples} == {3}


def test_conversation_in_json_reads_the_message_and_the_end(tmp_path: Path):
    schema = {
        "type": "object",
        "properties": {"message": {"type": "string"}},
        "required": ["message"],
        "additionalProperties": False,
    }
    text = RECIPE.format(samples=4, more="").replace(
        "message, turn]", "message, turn], schema_file: m.json"
    )
    told = recipe_of(text, {**FILES, "m.json": json.dumps(schema)})
    plain = script()

    def answer(request: Request) -> str:
        said = plain(request)
        return json.dumps({"message": said}) if request.step == "simulate" else said

    made = run_technique(tmp_path, told, SEEDS, answer)
    assert {(s.prompt, s.drawn["ended"]) for s in made.samples} == {(SECOND, "user")}


def test_conversation_of_seeds_in_another_order_gives_equal_samples(tmp_path: Path):
    first = run_technique(tmp_path / "a", recipe(JUDGE), SEEDS, script())
    turned = run_technique(tmp_path / "b", recipe(JUDGE), SEEDS[::-1], script())
    assert turned.samples == first.samples


def test_conversation_run_twice_and_resumed_anywhere_gives_equal_samples(tmp_path: Path):
    def run(folder: Path, answer: Answer) -> TechniqueRun:
        return run_technique(folder, recipe(JUDGE), SEEDS, answer)

    assert len(assert_replays(tmp_path, run, script(), (0, 1, 9, 17, 23)).samples) == 4


# --- what is dropped ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "assistant", "reason", "told"),
    [
        (("How can I help you today?",), (), "role_leak", "user turn 1: the user speaks as"),
        ((FIRST, "I'd be happy to help with that."), (SHOP,), "role_leak", "user turn 2"),
        (("User: Where is it?",), (), "role_leak", "user turn 1: names its speaker"),
        (("As an AI assistant, I need a kite.",), (), "role_leak", "'as an ai assistant, i'"),
        ((FIRST,), ("By the pier.\n\nUser: And the price?",), "role_leak", "assistant turn 1"),
        ((FIRST,), ("By the pier. <done/>",), "role_leak", "the assistant speaks as the user"),
        ((FIRST,), ("Thank you for your help!",), "role_leak", "assistant turn 1"),
        ((FIRST, SECOND), (SHOP, "Ten.<|im_end|>"), "role_leak", "assistant turn 2: has markup"),
        ((FIRST, "Where is it sold please?"), (SHOP,), "not_novel", "user turn 2: it says again"),
        ((FIRST, SHOP), (SHOP,), "not_novel", "what message 2 of the chat said"),
        ((FIRST, SECOND), (SHOP, SHOP), "not_novel", "assistant turn 2"),
        ((FIRST,), ("Where is it sold, please?",), "not_novel", "what message 1"),
        (("",), (), "empty_completion", "user turn 1"),
        ((FIRST,), ("  ",), "empty_completion", "assistant turn 1"),
        ((FIRST,), ("I'm sorry, but I can't help with that.",), "refusal", "assistant turn 1"),
        (("I cannot assist with this.",), (), "refusal", "user turn 1"),
        ((FIRST, "<goal_met>yes</goal_met>"), (SHOP,), "unparsable", "does not end it"),
        (("<done/>",), (), "too_short", "after 0 turns; at least 1"),
    ],
)
def test_conversation_turn_that_is_none_drops_the_chat_and_says_which(
    tmp_path: Path, user: tuple[str, ...], assistant: tuple[str, ...], reason: str, told: str
):
    made = run_technique(tmp_path, recipe(), SEEDS, script(user, assistant))

    assert made.samples == ()
    assert made.why == [reason] * 4
    assert all(told in detail for _, detail in made.reasons.values()), made.reasons
    assert len(made.requests) == 4 * (len(user) + len(assistant)), "nothing is bought after it"


@pytest.mark.parametrize("said", ["**yes**", "`Yes`", "Verdict: yes", "YES!"])
def test_conversation_judges_word_is_read_however_it_is_dressed(tmp_path: Path, said: str):
    answer = script(judge=f"<goal_met>{said}</goal_met>")
    made = run_technique(tmp_path, recipe(JUDGE), SEEDS, answer)
    assert {sample.drawn["goal_met"] for sample in made.samples} == {"yes"}


@pytest.mark.parametrize(
    ("judge", "reason", "told"),
    [
        ("<goal_met>maybe</goal_met>", "unparsable", "the judge says 'maybe', not yes, partly"),
        ("yes", "unparsable", "the judge: section <goal_met> stands 0 times"),
        ("<goal_met>yes</goal_met> or <goal_met>no</goal_met>", "unparsable", "2 times"),
        ("", "empty_completion", "the judge"),
    ],
)
def test_conversation_judge_without_a_verdict_drops_the_chat(
    tmp_path: Path, judge: str, reason: str, told: str
):
    made = run_technique(tmp_path, recipe(JUDGE), SEEDS, script(judge=judge))
    assert made.why == [reason] * 4
    assert all(told in detail for _, detail in made.reasons.values())


def test_conversation_shorter_than_asked_is_dropped(tmp_path: Path):
    made = run_technique(tmp_path, recipe("  min_turns: 3"), SEEDS, script())
    assert made.why == ["too_short"] * 4
    assert "after 2 turns; at least 3" in next(iter(made.reasons.values()))[1]


def test_conversation_short_turns_may_come_again(tmp_path: Path):
    user = ("Is it open?", "Yes?", "Is it open?", "")
    made = run_technique(tmp_path, recipe(), SEEDS, script(user, ("Yes.", "Yes.", "Yes.")))
    assert len(made.samples) == 4


# --- second tries -------------------------------------------------------------------------------


def test_conversation_faulty_turn_is_asked_again_as_another_copy(tmp_path: Path):
    def answer(request: Request) -> str:
        if request.sample_index == 0 and request.messages[-1].content in (SECOND, "Begin. [1]"):
            return "User: A leak.\nAssistant: Indeed."
        return script()(request)

    made = run_technique(tmp_path, recipe("  tries: 2"), SEEDS, answer)

    assert {(s.prompt, s.response) for s in made.samples} == {(SECOND, PRICE)}
    assert {s.drawn["asked_again"] for s in made.samples} == {2}
    assert {len(s.request_fingerprints) for s in made.samples} == {5}, "the leaks made no row"
    assert len(made.requests) == 4 * 7
    assert all("A leak" not in m.content for r in made.requests for m in r.messages)


def test_conversation_turn_faulty_in_every_try_drops_the_chat(tmp_path: Path):
    made = run_technique(tmp_path, recipe("  tries: 3"), SEEDS, lambda _: "Assistant: Hello.")
    assert made.why == ["role_leak"] * 4
    assert "user turn 1, asked 3 times: names" in next(iter(made.reasons.values()))[1]
    assert len(made.requests) == 12


def test_conversation_row_tells_what_the_kept_copies_were_asked_with(tmp_path: Path):
    def answer(request: Request) -> str:
        if request.step == "reply" and request.sample_index == 0:
            return "User: A leak."
        return script((FIRST, ENDING))(request)

    made = run_technique(tmp_path, chosen_by_copy(), SEEDS, answer)
    asked = {r.fingerprint: json.loads(r.parameters)["temperature"] for r in made.asked("reply")}
    assert len(made.samples) == 4
    for sample in made.samples:
        kept = asked[sample.request_fingerprints[0]]
        assert sample.drawn["reply_temperature"] == str(kept)
    first = {r.fingerprint for r in made.asked("reply") if r.sample_index == 0}
    assert not first & {sample.request_fingerprints[0] for sample in made.samples}


def test_conversation_row_whose_turns_were_asked_with_different_choices_tells_none(
    tmp_path: Path,
):
    def answer(request: Request) -> str:
        late = any(message.role == "assistant" for message in request.messages)
        if request.step == "reply" and request.sample_index == 0 and late:
            return "User: A leak."
        return script()(request)

    made = run_technique(tmp_path, chosen_by_copy(), SEEDS, answer)
    asked = {r.fingerprint: json.loads(r.parameters)["temperature"] for r in made.asked("reply")}
    seen: set[int] = set()
    for sample in made.samples:
        used = {asked[name] for name in sample.request_fingerprints if name in asked}
        seen.add(len(used))
        told = str(min(used)) if len(used) == 1 else ""
        assert sample.drawn.get("reply_temperature", "") == told
    assert 2 in seen


def chosen_by_copy():
    text = RECIPE.format(samples=4, more="  tries: 2").replace(
        "inputs: [goal, message]}",
        "inputs: [goal, message], sampling: {temperature: [0.1, 0.5, 0.9]}}",
    )
    return recipe_of(text, FILES)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("  min_turns: 4", "max_turns is below min_turns"),
        ("  tries: 0", "tries"),
        ("  goal: maybe", "goal"),
    ],
)
def test_conversation_parameters_that_make_no_sense_are_refused(more: str, said: str):
    with pytest.raises(RecipeError, match=said):
        recipe(more)
