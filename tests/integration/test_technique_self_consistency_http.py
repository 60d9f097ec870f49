"""Votes over HTTP, through both lanes: agreement, a tie, silence, refusals, cut solutions."""

from pathlib import Path
from typing import Any

import pytest

from synth_assets.core.sample import samples_of
from tests.integration.chat_server import Reply, Said, chat_server
from tests.integration.technique_http import generated

RECIPE = """
id: tiny
title: Votes
samples: 4
seeds: {file: seeds.jsonl}
teachers: [{id: writer}, {id: second}]
technique:
  kind: self_consistency
  votes: 4
  styles: styles.txt
  reference: answer
  solve: {template: t.j2, inputs: [question, style]}
"""
STYLES = ("one", "two", "three", "four")
FILES = {"t.j2": "{{ style }}: {{ question }}", "styles.txt": "\n".join(STYLES)}
SEEDS = [
    {"problem": f"{name}: what is 3 times 4?", "answer": "12"}
    for name in ("agreed", "tied", "silent", "refused")
]


def answer(body: dict[str, Any]) -> Reply:
    style, problem, _ = body["messages"][-1]["content"].split(": ")
    place = STYLES.index(style)
    match problem:
        case "agreed":
            if place == 3:
                return Said("Three times four", finish_reason="length")
            return f"By way {style}.\n#### {('12', '12.0', '$12')[place]}"
        case "tied":
            return f"#### {12 + place % 2}"
        case "silent":
            return "It is twelve."
        case _:
            return "I'm sorry, but I can't help with that."


@pytest.mark.parametrize("model", ["hosted_vllm/scribe", "litellm_proxy/scribe"])
def test_self_consistency_over_http_keeps_the_agreed_and_tells_the_votes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    with chat_server(answer) as server:
        made = generated(tmp_path, monkeypatch, server, RECIPE, FILES, SEEDS, model)
        again = generated(tmp_path, monkeypatch, server, RECIPE, FILES, SEEDS, model)

        assert len(server.served) == 16
    [sample] = samples_of(made.stage.kept)
    told = sample.drawn
    assert (told["agreement"], told["votes"], told["majority_is_right"]) == (1.0, 3, "yes")
    assert sample.response.startswith(f"By way {told['style']}.")
    lost = made.stage.decisions.drop_nulls("reason")
    assert set(lost["reason"]) == {"no_agreement"}
    tied, *rest = sorted(lost["detail"])
    none = "fewer than 3 votes: answers of 0 of 4 solutions: none; without an answer: "
    assert set(rest) == {f"{none}4 no_final_answer", f"{none}4 refusal"}
    assert tied.startswith("a tie: answers of 4 of 4 solutions: ")
    assert again.stage.kept.equals(made.stage.kept)
    assert again.calls["from_ledger"].all()
