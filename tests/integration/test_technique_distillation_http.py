"""Chats distilled over HTTP, through both lanes: what is sent turn by turn, and bad answers."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.integration.chat_server import Reply, Said, chat_server
from tests.integration.technique_http import generated

RECIPE = """
id: tiny
title: Instructions answered
samples: 5
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
technique:
  kind: distillation
  answer: {template: a.j2, system: s.j2, inputs: [instruction]}
  follow_up: {template: f.j2, inputs: [chat]}
  turns: 2
  keep_system: true
"""
FILES = {"a.j2": "{{ instruction }}", "s.j2": "Be brief.", "f.j2": "Chat so far:\n{{ chat }}"}
PLACES = ("Oslo", "Lima", "Accra", "Hanoi", "Quito")
SEEDS = [{"instruction": f"How far is it to {place} by road?"} for place in PLACES]


def answer(body: dict[str, Any]) -> Reply:
    """One good chat, and four that go wrong: refused, echoed, cut off, spoken by the assistant."""
    messages = body["messages"]
    last = messages[-1]["content"]
    if last.startswith("Chat so far:"):
        if "Hanoi" in last:
            return "<message>I'd be happy to help. How may I assist you?</message>"
        return "<message>What would the journey there cost?</message>"
    if last.startswith("What would"):
        return "About as much as a week of rent."
    place = next(place for place in PLACES if place in last)
    match place:
        case "Lima":
            return "I'm sorry, but I can't help with that."
        case "Accra":
            return f"{last} That depends."
        case "Quito":
            return Said("It is a long way to", finish_reason="length")
        case _:
            return f"To {place} it is a day by car."


@pytest.mark.parametrize("model", ["hosted_vllm/scribe", "litellm_proxy/scribe"])
def test_distillation_over_http_keeps_the_good_chat_and_names_each_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    with chat_server(answer) as server:
        made = generated(tmp_path, monkeypatch, server, RECIPE, FILES, SEEDS, model)
        again = generated(tmp_path, monkeypatch, server, RECIPE, FILES, SEEDS, model)

        assert len(server.served) == 8
    [row] = made.stage.kept.rows(named=True)
    assert row["prompt"] == "What would the journey there cost?"
    assert row["response"] == "About as much as a week of rent."
    assert row["history"] == (
        '[{"role": "system", "content": "Be brief."}, '
        '{"role": "user", "content": "How far is it to Oslo by road?"}, '
        '{"role": "assistant", "content": "To Oslo it is a day by car."}]'
    )
    sent = [
        [(message["role"], message["content"]) for message in body["messages"]]
        for body in server.served
    ]
    assert [
        ("system", "Be brief."),
        ("user", "How far is it to Oslo by road?"),
        ("assistant", "To Oslo it is a day by car."),
        ("user", "What would the journey there cost?"),
    ] in sent
    lost = made.stage.decisions.filter(pl.col("outcome") == "dropped")
    assert sorted(lost["reason"]) == ["echoed_prompt", "refusal", "role_leak", "truncated"]
    steps = made.calls.group_by("step").len().sort("step").rows()
    assert steps == [("answer", 6), ("follow_up", 2)]
    assert again.stage.kept.equals(made.stage.kept)
