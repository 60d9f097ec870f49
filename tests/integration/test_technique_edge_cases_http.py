"""Edge cases over real HTTP and both lanes: quotas, a hole filled later, a hopeless cell."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.integration.chat_server import Reply, Said, chat_server
from tests.integration.own_project import KEY, KEY_ENV
from tests.integration.recipe_over_http import LANES, HttpRecipe

RECIPE = """
id: tiny
title: Cases
samples: 6
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
technique:
  kind: edge_cases
  space: {case: [blank, storm, refund]}
  give_up_after: 2
  write: {template: write.md.j2, inputs: [matter, case]}
  check: {template: check.md.j2, inputs: [query, case], teachers: [{id: judge}]}
verifiers: [{kind: length, min_words: 2}]
"""
FILES = {
    "write.md.j2": "WRITE {{ case }}: {{ matter }}",
    "check.md.j2": "CHECK {{ case }}: {{ query }}",
}
SEEDS = [{"matter": matter} for matter in ("dogs", "late check-out", "parking")]


def answer(body: dict[str, Any]) -> Reply:
    asked = body["messages"][-1]["content"]
    if asked.startswith("CHECK"):
        verdict = "no" if "storm" in asked and "gale" not in asked else "yes"
        both = "<verdict>yes</verdict>" if "blank" in asked and "again" not in asked else ""
        return f"{both}<reason>it says so</reason><verdict>{verdict}</verdict>"
    case = asked.removeprefix("WRITE ").partition(":")[0]
    word = "a gale, " if case == "storm" and body["seed"] else "no weather, "
    if case == "refund":
        return Said("<query>my mon", finish_reason="length")
    more = "again " if body["seed"] else ""
    return f"<query>{word}{more}{asked}</query><handling>Look into {asked}</handling>"


@pytest.mark.parametrize("model", LANES)
def test_edge_cases_over_http_fill_holes_later_and_name_the_cell_that_is_given_up(
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
    found = Counter(str(sample.drawn["case"]) for sample in made.samples)
    assert found == {"blank": 2, "storm": 2}
    assert made.reasons["truncated"] == 4
    assert {*made.reasons} == {"truncated", "wrong_kind", "unparsable"}
    assert any(detail.endswith("another brings one: case refund") for detail in made.details)
    assert any("the judge does not see the case" in detail for detail in made.details)
