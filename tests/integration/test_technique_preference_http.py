"""Pairs judged over HTTP, through both lanes: what is sent, and a judge that goes wrong."""

import re
from pathlib import Path
from typing import Any

import pytest

from synth_assets.core.sample import samples_of
from tests.integration.chat_server import Reply, Said, chat_server
from tests.integration.technique_http import generated

RECIPE = """
id: tiny
title: Pairs
samples: 5
seeds: {file: seeds.jsonl}
teachers: [{id: writer}, {id: second}]
technique:
  kind: preference
  responses: 2
  respond: {template: r.j2, system: s.j2, inputs: [question, style]}
  judge: {template: j.j2, inputs: [first, second], teachers: [{id: judge}]}
  styles: styles.txt
"""
FILES = {
    "r.j2": "{{ question }}",
    "s.j2": "{{ style }}",
    "j.j2": "Which is better? A: {{ first }} B: {{ second }}",
    "styles.txt": "Be brief.\nTell more.\n",
}
PLACES = ("Oslo", "Lima", "Accra", "Hanoi", "Quito")
SEEDS = [{"instruction": f"What is {place} known for?"} for place in PLACES]


def answer(body: dict[str, Any]) -> Reply:
    """One place with a clear winner; a cut response, a biased judge, a tie, a cut verdict."""
    last = body["messages"][-1]["content"]
    place = next(place for place in PLACES if place in last)
    if not last.startswith("Which"):
        brief = body["messages"][0]["content"] == "Be brief."
        if place == "Lima" and brief:
            return Said("Lima is", finish_reason="length")
        return f"{place} has a harbour." + ("" if brief else " It is old, and full of ships.")
    longer_first = re.search(r"A: .*ships\. B:", last) is not None
    match place:
        case "Accra":
            return "<verdict>A</verdict>"
        case "Hanoi":
            return "<verdict>tie</verdict>"
        case "Quito":
            return Said("<verdict>", finish_reason="length")
        case _:
            return f"<verdict>{'A' if longer_first else 'B'}</verdict>"


@pytest.mark.parametrize("model", ["hosted_vllm/scribe", "litellm_proxy/scribe"])
def test_preference_over_http_keeps_the_clear_pair_and_names_each_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    with chat_server(answer) as server:
        made = generated(tmp_path, monkeypatch, server, RECIPE, FILES, SEEDS, model)
        again = generated(tmp_path, monkeypatch, server, RECIPE, FILES, SEEDS, model)

        assert len(server.served) == 5 * 2 + 4 * 2
    [sample] = samples_of(made.stage.kept)
    assert sample.prompt == "What is Oslo known for?"
    assert sample.response == "Oslo has a harbour. It is old, and full of ships."
    assert sample.rejected == "Oslo has a harbour."
    told = sample.drawn
    assert (told["style"], told["rejected_style"]) == ("Tell more.", "Be brief.")
    assert (told["margin"], told["judge"], told["length_difference"]) == (1.0, "judge", 7)
    lost = made.stage.decisions.drop_nulls("reason").sort("reason", "detail")
    assert lost["reason"].to_list() == ["inconsistent_judge", "tie", "truncated", "truncated"]
    assert lost["detail"][0] == "shown as 1, 2: A; shown as 2, 1: A"
    assert again.stage.kept.equals(made.stage.kept)
    assert again.calls["from_ledger"].all()
