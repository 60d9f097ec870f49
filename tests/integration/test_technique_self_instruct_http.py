"""Self-Instruct over real HTTP and both lanes: a good task, and what goes wrong with others."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.chat_server import Reply, Said, chat_server
from tests.integration.own_project import KEY, KEY_ENV
from tests.integration.recipe_over_http import LANES, HttpRecipe

RECIPE = """
id: tiny
title: Tasks
samples: 40
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
technique:
  kind: self_instruct
  demonstrations: 2
  machine_made: 1
  number: 4
  at_once: 1
  least_novelty: 0
  propose: {template: propose.md.j2, inputs: [demonstrations, number]}
  classify: {template: classify.md.j2, inputs: [instruction]}
  output_first: {template: solve.md.j2, inputs: [instruction]}
  input_first: {template: solve.md.j2, inputs: [instruction]}
"""
FILES = {
    "propose.md.j2": "PROPOSE {{ number }}\n{{ demonstrations }}",
    "classify.md.j2": "CLASSIFY: {{ instruction }}",
    "solve.md.j2": "SOLVE: {{ instruction }}",
}
SEEDS = [{"instruction": f"Name {word} things on a table"} for word in ("red", "old", "wet")]
FIRST = (
    "Sort the numbers by size",
    "Draw a picture of an otter",
    "Say whether an otter is a bird",
    "Name red things on a big table",
)
SECOND = ("Translate this word for a baker", "Cut this answer short for me")
INSTANCE = "<instance><input>{}</input><output>{}</output></instance>"


def answer(body: dict[str, Any]) -> Reply:
    asked = body["messages"][-1]["content"]
    if asked.startswith("PROPOSE"):
        lines = SECOND if "Sort the" in asked or "Say whether" in asked else FIRST
        items = "".join(f"<instruction>{line}</instruction>" for line in lines)
        return f"<instructions>{items}</instructions>"
    if asked.startswith("CLASSIFY"):
        return f"<classification>{'yes' if 'whether' in asked else 'no'}</classification>"
    if "short" in asked:
        return Said("<instances><instance><input>cut", finish_reason="length")
    if "baker" in asked:
        return f"<instances>{INSTANCE.format('a', 'b')}{INSTANCE.format('a', 'c')}</instances>"
    return f"<instances>{INSTANCE.format('3, 1', '1, 3')}</instances>"


@pytest.mark.parametrize("model", LANES)
def test_self_instruct_over_http_grows_until_two_rounds_bring_nothing_and_names_every_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    monkeypatch.setenv(KEY_ENV, KEY)
    recipe = HttpRecipe.written(tmp_path, RECIPE, FILES, SEEDS)
    with chat_server(answer) as server:
        made = recipe.fill(server.base_url, model, "writer")
        paid = len(server.served)
        again = recipe.fill(server.base_url, model, "writer")

        assert len(server.served) == paid
    assert again.bought == 0
    assert again.samples == made.samples
    assert [(sample.prompt, sample.response) for sample in made.samples] == [
        ("Sort the numbers by size\n\n3, 1", "1, 3"),
        ("Say whether an otter is a bird\n\n3, 1", "1, 3"),
    ]
    assert [sample.drawn["instances"] for sample in made.samples] == ["input_first", "output_first"]
    assert made.reasons == {
        "blocked_kind": 1,
        "not_novel": 1,
        "no_agreement": 2 * 2,
        "truncated": 2,
    }
    assert made.calls["input_first"] == 5
    assert any("names 'Draw'" in detail for detail in made.details)
    assert any("with 'Name red things on a table'" in detail for detail in made.details)
