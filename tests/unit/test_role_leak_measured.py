"""How often role leaks of a user are found, and how often what people write is taken for one.

Real turns stand in the shared data; what they come to is what docs/techniques/conversation.md says.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from synth_assets.core.completion import Message
from synth_assets.core.techniques.turns import role_leak
from tests.unit import assistant_lines, user_lines

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_OFFERS_HELP = re.compile(r"\b(?:help|assist|assistance|questions?|know|hesitate)\b", re.IGNORECASE)


def leaks(texts: Iterable[str]) -> list[str]:
    found = (role_leak(Message("user", text)) for text in texts)
    return [leak for leak in found if leak is not None]


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def open_assistant(data: Path, side: str) -> set[str]:
    """The turns of one side, `Human` or `Assistant`, of chats between people."""
    found = set[str]()
    for row in rows(data / "oasst_questions" / "oa_questions.A.jsonl"):
        parts = re.split(r"### (Human|Assistant):", f"{row['input']} {row['output']}")
        turns = zip(parts[1::2], parts[2::2], strict=True)
        found |= {text.strip() for who, text in turns if who == side and text.strip()}
    return found


def user_turns(data: Path) -> Iterator[str]:
    yield from open_assistant(data, "Human")
    alpaca = json.loads((data / "alpaca" / "alpaca_5000.json").read_text("utf-8"))
    yield from {f"{row['instruction']}\n{row['input']}".strip() for row in alpaca}
    for row in rows(data / "mtbench" / "question.jsonl"):
        yield from row["turns"]
    files = (
        ("wizardlm/WizardLM_testset.jsonl", "Instruction"),
        ("alpagasus/koala_test_set.jsonl", "prompt"),
        ("ifeval/input_data.A.jsonl", "prompt"),
        ("halueval/general_data.A.jsonl", "user_query"),
    )
    for path, field in files:
        yield from (row[field] for row in rows(data / path))
    for row in rows(data / "self_instruct" / "user_oriented_instructions.jsonl"):
        yield f"{row['instruction']}\n{row['instances'][0]['input']}"
    with (data / "xstest" / "xstest_prompts.csv").open(encoding="utf-8") as lines:
        yield from (row["prompt"] for row in csv.DictReader(lines))


def closings(data: Path) -> set[str]:
    """Last sentences of real answers in which the writer offers the reader help or answers."""
    texts: list[str] = []
    for name in ("gpt4", "llama2orig"):
        path = data / "xstest" / f"xstest_v2_completions_{name}_streval.csv"
        with path.open(encoding="utf-8") as lines:
            texts += [row["completion"] for row in csv.DictReader(lines)]
    last = {_SENTENCE_END.split(text.strip())[-1] for text in texts if text.isascii()}
    return {
        each
        for each in last
        if _OFFERS_HELP.search(each)
        and re.search(r"\byou\b", each, re.IGNORECASE)
        and re.search(r"\b(?:I|we|me|us|our)\b", each)
    }


def test_role_leak_finds_most_lines_of_assistants_those_never_looked_at_too():
    tuned, held_out = assistant_lines.LINES[0::2], assistant_lines.LINES[1::2]
    assert (len(tuned), len(held_out)) == (40, 40)
    assert (len(leaks(tuned)), len(leaks(held_out))) == (40, 39)


def test_role_leak_finds_most_real_closings_of_assistants(shared_data: Path):
    real = closings(shared_data)
    assert (len(leaks(real)), len(real)) == (69, 80)


def test_role_leak_raises_hardly_an_alarm_on_real_turns_of_users(shared_data: Path):
    turns = list(user_turns(shared_data))
    alarms = leaks(turns)
    assert len(turns) == 9379
    labels = [alarm for alarm in alarms if alarm.startswith("names its speaker")]
    assert (len(labels), len(alarms)) == (6, 8)


def test_role_leak_raises_no_alarm_on_turns_between_people(shared_data: Path):
    turns = open_assistant(shared_data, "Human")
    assert (leaks(turns), len(turns)) == ([], 599)


@pytest.mark.parametrize("line", user_lines.LINES)
def test_role_leak_lets_users_say_what_comes_near(line: str):
    assert role_leak(Message("user", line)) is None


def test_role_leak_passes_over_what_a_user_quotes_and_not_a_turn_that_is_all_quotes():
    asked = 'End your answer with "Is there anything else I can help with?", please.'
    assert role_leak(Message("user", asked)) is None
    found = role_leak(Message("user", '"Is there anything else I can help with?"'))
    assert found == "the user speaks as the assistant: 'is there anything else i can help'"
