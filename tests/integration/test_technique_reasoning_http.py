"""Verified solutions over HTTP, through both lanes: right, wrong, cut off, with a hint."""

from pathlib import Path
from typing import Any

import pytest

from synth_assets.core.sample import samples_of
from tests.integration.chat_server import Reply, Said, chat_server
from tests.integration.technique_http import generated

RECIPE = """
id: tiny
title: Reasoning
samples: 3
seeds: {file: seeds.jsonl}
teachers: [{id: writer}, {id: second}]
technique:
  kind: reasoning
  attempts: 3
  keep: shortest
  styles: styles.txt
  solve: {template: t.j2, inputs: [question, style]}
  hint: {template: h.j2, inputs: [question, known_answer]}
"""
STYLES = ("one", "two", "three")
FILES = {
    "t.j2": "{{ style }}: {{ question }}",
    "h.j2": "hint {{ known_answer }}: {{ question }}",
    "styles.txt": "\n".join(STYLES),
}
SEEDS = [
    {"problem": f"{name}, what is 3 times 4?", "answer": "12"}
    for name in ("easy", "hard", "appealing")
]


def said(reasoning: str, answer: str) -> str:
    return f"<reasoning>{reasoning}</reasoning><answer>{answer}</answer>"


def answer(body: dict[str, Any]) -> Reply:
    style, problem = body["messages"][-1]["content"].split(": ")
    if style == "hint 12":
        appeal = "Since the answer is 12, " if problem.startswith("appealing") else ""
        return said(f"{appeal}3 * 4 = <<3*4=12>>12", "12")
    if not problem.startswith("easy"):
        return said("3 + 4", "7")
    match style:
        case "one":
            return said("Three fours are 3 * 4 = <<3*4=12>>12", "12.0")
        case "two":
            return said("3 * 4 = <<3*4=12>>12", "$12")
        case _:
            return Said("<reasoning>Three", finish_reason="length")


@pytest.mark.parametrize("model", ["hosted_vllm/scribe", "litellm_proxy/scribe"])
def test_reasoning_over_http_keeps_right_solutions_and_marks_rationalised_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    with chat_server(answer) as server:
        made = generated(tmp_path, monkeypatch, server, RECIPE, FILES, SEEDS, model)
        again = generated(tmp_path, monkeypatch, server, RECIPE, FILES, SEEDS, model)

        assert len(server.served) == 3 * 3 + 2
    rows = {sample.prompt.partition(",")[0]: sample for sample in samples_of(made.stage.kept)}
    assert set(rows) == {"easy", "hard"}
    assert rows["easy"].response == "3 * 4 = <<3*4=12>>12\n#### $12"
    assert rows["easy"].difficulty == 0.0, "of the two that were not cut off"
    assert (rows["easy"].drawn["style"], rows["easy"].drawn["rationalised"]) == ("two", "no")
    assert (rows["hard"].difficulty, rows["hard"].drawn["rationalised"]) == (1.0, "yes")
    lost = made.stage.decisions.drop_nulls("reason")["reason"].to_list()
    assert sorted(lost) == ["beyond_target", *["not_solved"] * 4, "truncated"]
    assert again.stage.kept.equals(made.stage.kept)
    assert again.calls["from_ledger"].all()
