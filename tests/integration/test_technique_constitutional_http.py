"""Critique and revision over HTTP, through both lanes, with the bad ends there are."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.integration.chat_server import Reply, Said, chat_server
from tests.integration.technique_http import generated

RECIPE = """
id: tiny
title: Advice revised
samples: 7
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
technique:
  kind: constitutional
  rounds: 2
  answer: {template: a.j2, inputs: [instruction]}
  critique: {template: c.j2, inputs: [instruction, response, principles], teachers: [{id: judge}]}
  revise: {template: r.j2, inputs: [instruction, response, critique], teachers: [{id: second}]}
"""
FILES = {
    "a.j2": "Asked: {{ instruction }}",
    "c.j2": "Hold {{ response }} to:\n{{ principles }}\nAsked: {{ instruction }}",
    "r.j2": "Mend {{ response }} as {{ critique }}\nAsked: {{ instruction }}",
    "principles.txt": "Be kind to whoever asks.\n",
}
THINGS = ("map", "ladder", "vase", "rope", "sail", "kite", "oar")
SEEDS = [{"instruction": f"How do I fold a {thing}?"} for thing in THINGS]
NONE = "<critique>Nothing to say.</critique><verdict>none</verdict>"
PRESENT = "<critique>It scolds.</critique><verdict>present</verdict>"


def answer(body: dict[str, Any]) -> Reply:
    """Fine at once, fine when revised, endless, copied, cut off, and critics who contradict."""
    said = body["messages"][-1]["content"]
    thing = next(thing for thing in THINGS if f"fold a {thing}?" in said)
    if said.startswith("Asked:"):
        return f"Fold the {thing}, silly."
    if said.startswith("Mend"):
        text = said.removeprefix("Mend ").partition(" as ")[0]
        match thing:
            case "rope":
                return f"<revision>{text}</revision>"
            case "sail":
                return Said("<revision>Fold the", finish_reason="length")
            case _:
                return f"<revision>{text.replace(', silly', '')} Slowly.</revision>"
    match thing:
        case "map":
            return NONE
        case "vase":
            return PRESENT
        case "kite":
            return "<critique>Nothing to say.</critique><verdict>none, or present</verdict>"
        case "oar":
            return '<critique>"Fold the oar, silly" scolds.</critique><verdict>none</verdict>'
        case _:
            return PRESENT if "silly" in said else NONE


@pytest.mark.parametrize("model", ["hosted_vllm/scribe", "litellm_proxy/scribe"])
def test_constitutional_over_http_makes_answers_and_pairs_and_names_each_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    with chat_server(answer) as server:
        made = generated(tmp_path, monkeypatch, server, RECIPE, FILES, SEEDS, model)
        paid = len(server.served)
        again = generated(tmp_path, monkeypatch, server, RECIPE, FILES, SEEDS, model)

        assert len(server.served) == paid
    kept = made.stage.kept.sort("prompt").select("prompt", "response", "rejected", "teacher").rows()
    assert kept == [
        (
            "How do I fold a ladder?",
            "Fold the ladder. Slowly.",
            "Fold the ladder, silly.",
            "second",
        ),
        ("How do I fold a map?", "Fold the map, silly.", "", "writer"),
    ]
    lost = made.stage.decisions.filter(pl.col("outcome") == "dropped")
    assert sorted(lost["reason"]) == [
        "endless_critique",
        "inconsistent_judge",
        "not_improved",
        "truncated",
        "unparsable",
    ]
    [contradiction] = lost.filter(pl.col("reason") == "inconsistent_judge")["detail"]
    assert contradiction == "critique 1: its verdict is none, but it quotes 'Fold the oar, silly'"
    steps = made.calls.group_by("step").len().sort("step").rows()
    assert steps == [("answer", 7), ("critique", 10), ("revise", 5)]
    assert again.stage.kept.equals(made.stage.kept)
