"""Evolutions over real HTTP and both lanes: a chain, a copy, a judge that contradicts itself."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.chat_server import Reply, chat_server
from tests.integration.own_project import KEY, KEY_ENV
from tests.integration.recipe_over_http import LANES, HttpRecipe

RECIPE = """
id: tiny
title: Evolved
samples: 4
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
technique:
  kind: evol_instruct
  depth: 2
  evolve: {template: evolve.md.j2, inputs: [instruction, operation]}
  compare: {template: compare.md.j2, inputs: [first, second], teachers: [{id: judge}]}
  answer: {template: answer.md.j2, inputs: [instruction]}
"""
FILES = {
    "evolve.md.j2": "EVOLVE ({{ operation }}): {{ instruction }}",
    "compare.md.j2": "COMPARE: {{ first }} | {{ second }}",
    "answer.md.j2": "ANSWER: {{ instruction }}",
}
SEEDS = [
    {"instruction": f"Describe the {word} harbour for a new pilot"}
    for word in ("good", "copied", "contested", "sorry")
]


def answer(body: dict[str, Any]) -> Reply:
    asked = body["messages"][-1]["content"]
    step, _, told = asked.partition(": ")
    if step.startswith("EVOLVE"):
        more = "" if "copied" in told else f" and heed what {step.split('(')[1][:-1]} means there"
        return f"<instruction>{told}{more}</instruction>"
    if step == "COMPARE":
        both = "<verdict>equal</verdict> <verdict>different</verdict>"
        return both if "contested" in told else "<verdict>different</verdict>"
    return "Sorry, no such harbour is known." if "sorry" in told else f"It lies in a bay. {told}"


@pytest.mark.parametrize("model", LANES)
def test_evol_instruct_over_http_keeps_the_good_chain_and_names_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    monkeypatch.setenv(KEY_ENV, KEY)
    recipe = HttpRecipe.written(tmp_path, RECIPE, FILES, SEEDS)
    with chat_server(answer) as server:
        made = recipe.fill(server.base_url, model, "writer", "judge")
        paid = len(server.served)
        again = recipe.fill(server.base_url, model, "writer", "judge")

        assert len(server.served) == paid == made.bought
    assert again.bought == 0
    assert again.samples == made.samples
    first, second = made.samples
    assert second.prompt.startswith(first.prompt)
    assert second.parent_ids == (first.sample_id,)
    assert (first.difficulty, second.difficulty) == (1.0, 2.0)
    assert made.reasons == {"failed_evolution": 4, "unparsable": 2}
    assert sum("copies its parent word for word" in detail for detail in made.details) == 2
    assert sum("says sorry" in detail for detail in made.details) == 2
    assert sum("<verdict> stands 2 times" in detail for detail in made.details) == 2
    assert made.calls == {"evolve": 8, "compare": 6, "answer": 4}


BROAD = """
id: tiny
title: Evolved in breadth
samples: 3
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
technique:
  kind: evol_instruct
  depth: 2
  breadth_share: 1
  evolve: {template: evolve.md.j2, inputs: [instruction, operation]}
  mutate: {template: mutate.md.j2, inputs: [instruction]}
  compare: {template: compare.md.j2, inputs: [first, second], teachers: [{id: judge}]}
  answer: {template: answer.md.j2, inputs: [instruction]}
"""
RARER = {
    "Describe the good harbour for a new pilot": "List four winds that a baker should know",
    "List four winds that a baker should know": "Explain knots to somebody afraid of ropes",
    "Describe the contested harbour for a new pilot": "Compare two maps of one island",
}


def broader(body: dict[str, Any]) -> Reply:
    """New instructions of the same domain; one seed's are copies, another's bring nothing new."""
    asked = body["messages"][-1]["content"]
    step, _, told = asked.partition(": ")
    if step == "MUTATE":
        return f"<instruction>{RARER.get(told, told)}</instruction>"
    if step == "COMPARE":
        return f"<verdict>{'equal' if 'contested' in told else 'different'}</verdict>"
    return f"Gladly, in short: {told}"


@pytest.mark.parametrize("model", LANES)
def test_evol_instruct_over_http_in_breadth_is_as_hard_as_what_it_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    monkeypatch.setenv(KEY_ENV, KEY)
    files = {**FILES, "mutate.md.j2": "MUTATE: {{ instruction }}"}
    recipe = HttpRecipe.written(tmp_path, BROAD, files, SEEDS[:3])
    with chat_server(broader) as server:
        made = recipe.fill(server.base_url, model, "writer", "judge")
        paid = len(server.served)
        again = recipe.fill(server.base_url, model, "writer", "judge")

        assert len(server.served) == paid == made.bought
    assert again.samples == made.samples
    first, second = made.samples
    assert first.prompt == "List four winds that a baker should know"
    assert second.prompt == "Explain knots to somebody afraid of ropes"
    assert second.parent_ids == (first.sample_id,)
    for sample in (first, second):
        assert (sample.difficulty, sample.drawn["operation"]) == (0.0, "breadth")
        assert sample.response == f"Gladly, in short: {sample.prompt}"
    assert made.reasons == {"failed_evolution": 4}
    assert sum("breadth: copies its parent word for word" in told for told in made.details) == 2
    assert sum("breadth: no information gained" in told for told in made.details) == 2
    assert made.calls == {"mutate": 6, "compare": 4, "answer": 2}
