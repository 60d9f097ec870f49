"""Chats over HTTP, through both lanes: roles as sent, and what leaks, repeats or breaks off."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.integration.chat_server import Reply, Said, chat_server
from tests.integration.technique_http import generated

RECIPE = """
id: tiny
title: Chats
samples: 5
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
technique:
  kind: conversation
  simulate: {template: u.j2, system: us.j2, inputs: [goal, message], teachers: [{id: second}]}
  reply: {template: a.j2, inputs: [message]}
  judge: {template: j.j2, inputs: [goal, chat], teachers: [{id: judge}]}
  max_turns: 4
"""
FILES = {
    "u.j2": "{{ message or 'Begin.' }}",
    "us.j2": "You want {{ goal }}.",
    "a.j2": "{{ message }}",
    "j.j2": "Judge for {{ goal }}:\n{{ chat }}",
}
GOALS = ("a kite", "a lamp", "a boat", "a drum", "a bell")
SEEDS = [{"goal": goal} for goal in GOALS]


def answer(body: dict[str, Any]) -> Reply:
    """One good chat, and four that go wrong."""
    messages = body["messages"]
    first = messages[0]["content"]
    if first.startswith("Judge for"):
        return "<goal_met>partly</goal_met>"
    if messages[0]["role"] != "system":
        goal = next(goal for goal in GOALS if goal in first)
        if goal == "a boat":
            return "By the pier.\n\nCustomer: And the price?"
        return f"We have {goal} by the pier, for {len(messages)} coins."
    goal = next(goal for goal in GOALS if goal in first)
    own = sum(message["role"] == "assistant" for message in messages)
    match goal, own:
        case "a lamp", 0:
            return "Hello! How may I assist you today?"
        case "a drum", 1:
            return f"Good day, where do you sell {goal}?"
        case "a bell", 0:
            return Said("I have been looking for", finish_reason="length")
        case _, 0:
            return f"Good day, where do you sell {goal}?"
        case _, 1:
            return "And is there a cheaper one to be had?"
        case _:
            return "<done/><goal_met>yes</goal_met>"


@pytest.mark.parametrize("model", ["hosted_vllm/scribe", "litellm_proxy/scribe"])
def test_conversation_over_http_keeps_the_good_chat_and_names_each_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    with chat_server(answer) as server:
        made = generated(tmp_path, monkeypatch, server, RECIPE, FILES, SEEDS, model)
        paid = len(server.served)
        again = generated(tmp_path, monkeypatch, server, RECIPE, FILES, SEEDS, model)

        assert len(server.served) == paid
    [row] = made.stage.kept.rows(named=True)
    assert row["prompt"] == "And is there a cheaper one to be had?"
    assert row["response"] == "We have a kite by the pier, for 3 coins."
    assert row["teacher"] == "writer"
    assert '"goal_met": "partly", "goal_met_user": "yes"' in row["attributes"]
    lost = made.stage.decisions.filter(pl.col("outcome") == "dropped")
    told = sorted(lost.select("reason", "detail").rows())
    assert [(reason, detail.partition(":")[0]) for reason, detail in told] == [
        ("not_novel", "user turn 2"),
        ("role_leak", "assistant turn 1"),
        ("role_leak", "user turn 1"),
        ("truncated", "user turn 1"),
    ]
    roles = {tuple(message["role"] for message in body["messages"]) for body in server.served}
    assert ("system", "user", "assistant", "user", "assistant", "user") in roles
    assert ("user", "assistant", "user") in roles
    steps = made.calls.group_by("step").len().sort("step").rows()
    assert steps == [("judge", 1), ("reply", 4), ("simulate", 8)]
    assert again.stage.kept.equals(made.stage.kept)
