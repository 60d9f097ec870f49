"""Drafts mended over real HTTP and both lanes: repairs, a critic without end, one that copies."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.integration.chat_server import Reply, chat_server
from tests.integration.own_project import KEY, KEY_ENV
from tests.integration.recipe_over_http import LANES, HttpRecipe

RECIPE = """
id: tiny
title: Refined
samples: 5
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
technique:
  kind: iterative_refinement
  rounds: 2
  draft: {template: draft.md.j2, inputs: [task, constraints]}
  critique: {template: critique.md.j2, inputs: [response], teachers: [{id: critic}]}
  repair: {template: repair.md.j2, inputs: [response, feedback]}
  checks:
    - {kind: words, max: 5}
    - {kind: contains, text: "{task}"}
"""
FILES = {
    "draft.md.j2": "DRAFT {{ task }}\n{{ constraints }}",
    "critique.md.j2": "CRITIQUE {{ response }}",
    "repair.md.j2": "REPAIR {{ response }}\n{{ feedback }}",
}
SEEDS = [{"task": word} for word in ("boat", "copied", "endless", "contested", "praised")]


def answer(body: dict[str, Any]) -> Reply:
    asked = body["messages"][-1]["content"]
    step = asked.partition(" ")[0]
    if step == "DRAFT":
        word = asked.split()[1]
        is_fine = word in ("contested", "praised")
        return f"The {word} is here." if is_fine else f"All of us saw the {word} there."
    if step == "CRITIQUE":
        both = "<verdict>good</verdict><verdict>faulty</verdict><feedback>?</feedback>"
        if "contested" in asked:
            return both
        if "praised" in asked:
            return "<verdict>good</verdict><feedback>- Say where.\n- Say when.</feedback>"
        verdict = "faulty" if "endless" in asked else "good"
        return f"<verdict>{verdict}</verdict><feedback>Say it again.</feedback>"
    [text] = re.findall("REPAIR (.*)", asked)
    if "copied" in text:
        return text
    word = "boat" if "boat" in text else "endless"
    return f"The {word}." if "See" in text else f"See the {word}."


@pytest.mark.parametrize("model", LANES)
def test_refinement_over_http_keeps_what_was_mended_and_names_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    monkeypatch.setenv(KEY_ENV, KEY)
    recipe = HttpRecipe.written(tmp_path, RECIPE, FILES, SEEDS)
    with chat_server(answer) as server:
        made = recipe.fill(server.base_url, model, "writer", "critic")
        paid = len(server.served)
        again = recipe.fill(server.base_url, model, "writer", "critic")

        assert len(server.served) == paid == made.bought
    assert again.samples == made.samples
    [row] = made.samples
    assert (row.response, row.rejected) == ("See the boat.", "All of us saw the boat there.")
    assert row.drawn == {"repairs": 1, "round_0_failed": "words", "round_1_fixed": "words"}
    assert made.reasons == {"not_improved": 1, "endless_critique": 1} | {
        "unparsable": 1,
        "inconsistent_judge": 1,
    }
    told = "the critic's verdict is good, beside a list of 2 points"
    assert sum(detail.startswith(told) for detail in made.details) == 1
    assert made.calls == {"draft": 5, "repair": 4, "critique": 5}
