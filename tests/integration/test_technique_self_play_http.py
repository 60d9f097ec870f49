"""Self-play over real HTTP and both lanes: rising difficulty, and a solver that contradicts."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.integration.chat_server import Reply, Said, chat_server
from tests.integration.own_project import KEY, KEY_ENV
from tests.integration.recipe_over_http import LANES, HttpRecipe

RECIPE = """
id: tiny
title: Play
samples: 3
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
technique:
  kind: self_play
  levels: [easy, hard]
  attempts: 2
  low: 0.5
  high: 0.5
  at_once: 4
  earlier: 0
  propose: {template: propose.md.j2, inputs: [problem, level]}
  solve: {template: solve.md.j2, inputs: [question], teachers: [{id: solver}]}
"""
FILES = {
    "propose.md.j2": "PROPOSE {{ level }}: {{ problem }}",
    "solve.md.j2": "SOLVE {{ question }}",
}
WORDS = ("kestrel harbour", "cellar window", "turnip market", "violin lesson")
SEEDS = [{"problem": f"A tale of one {word}"} for word in WORDS]


def answer(body: dict[str, Any]) -> Reply:
    asked = body["messages"][-1]["content"]
    if asked.startswith("PROPOSE"):
        level, _, word = asked.removeprefix("PROPOSE ").partition(": A tale of one ")
        if "violin" in word:
            return Said("<problem>Half a", finish_reason="length")
        text = f"{level}: what do {word} numbers come to in year {body['seed']}"
        return f"<problem>{text}</problem><solution>#### 12</solution>"
    attempt = body["seed"] >> 24
    if "easy" in asked or (attempt == 0 and "turnip" not in asked):
        return "It is\n#### 12"
    return "#### 13" if attempt else "I cannot help with that."


@pytest.mark.parametrize("model", LANES)
def test_self_play_over_http_climbs_to_hard_and_keeps_what_the_solver_gets_half_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    monkeypatch.setenv(KEY_ENV, KEY)
    recipe = HttpRecipe.written(tmp_path, RECIPE, FILES, SEEDS)
    with chat_server(answer) as server:
        made = recipe.fill(server.base_url, model, "writer", "solver")
        paid = len(server.served)
        again = recipe.fill(server.base_url, model, "writer", "solver")

        assert len(server.served) == paid == made.bought
    assert again.bought == 0
    assert again.samples == made.samples
    assert len(made.samples) >= 3
    assert {sample.difficulty for sample in made.samples} == {2.0}
    assert {sample.drawn["solve_rate"] for sample in made.samples} == {0.5}
    assert set(made.reasons) == {"out_of_band", "truncated"}
    rates = Counter(detail.split(" attempts")[0] for detail in made.details)
    assert rates["2 of 2"] == 6, "two easy rounds: turnips bring the hard one below the band"
    assert rates["0 of 1"] >= 1, "turnips, where a refused attempt does not count"
