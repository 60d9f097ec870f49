"""A textbook over real HTTP and both lanes: a tree that grows, a circle, a wrong solution."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.integration.chat_server import Reply, chat_server
from tests.integration.own_project import KEY, KEY_ENV
from tests.integration.recipe_over_http import LANES, HttpRecipe

RECIPE = """
id: tiny
title: Textbook
samples: 4
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
technique:
  kind: textbook
  min_words: 3
  expand: {template: expand.md.j2, inputs: [topic]}
  write: {template: write.md.j2, inputs: [topic]}
  exercise: {template: exercise.md.j2, inputs: [topic, lesson_text]}
  solve: {template: solve.md.j2, inputs: [exercise], teachers: [{id: solver}]}
"""
FILES = {
    "expand.md.j2": "EXPAND {{ topic }}",
    "write.md.j2": "WRITE {{ topic }}",
    "exercise.md.j2": "EXERCISE {{ topic }}: {{ lesson_text }}",
    "solve.md.j2": "SOLVE {{ exercise }}",
}
SEEDS = [
    {"topic": "Tides", "prerequisites": "none"},
    {"topic": "Knots", "prerequisites": "Tides"},
]


def answer(body: dict[str, Any]) -> Reply:
    step, _, told = body["messages"][-1]["content"].partition(" ")
    match step:
        case "EXPAND":
            # Each needs the other: the second prerequisite is cut.
            lines = f"Low {told} | When low. | High {told}\nHigh {told} | When high. | Low {told}"
            return f"<subtopics>{lines}\nLow {told} | Again. |</subtopics>"
        case "WRITE":
            return f"Here is what {told} are."
        case "EXERCISE":
            topic = told.partition(":")[0]
            return f"<exercise>Count {topic}.</exercise><solution>#### {len(topic)}</solution>"
        case _:
            [topic] = re.findall("Count (.*)[.]", told)
            return "#### 99" if topic == "High Knots" else f"#### {len(topic)}"


@pytest.mark.parametrize("model", LANES)
def test_textbook_over_http_grows_cuts_teaches_and_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    monkeypatch.setenv(KEY_ENV, KEY)
    recipe = HttpRecipe.written(tmp_path, RECIPE, FILES, SEEDS)
    with chat_server(answer) as server:
        made = recipe.fill(server.base_url, model, "writer", "solver")
        paid = len(server.served)
        again = recipe.fill(server.base_url, model, "writer", "solver")

        assert len(server.served) == paid == made.bought
    assert again.samples == made.samples
    assert made.calls == {"expand": 2, "write": 4, "exercise": 4, "solve": 4}
    assert made.reasons == {"scaffold": 4, "not_novel": 2, "no_agreement": 1}
    assert sum("would close a cycle" in detail for detail in made.details) == 2
    sections = [s for s in made.samples if s.drawn["piece"] == "section"]
    told = [(s.drawn["topic"], s.drawn["lesson"], s.difficulty) for s in sections]
    assert told == [
        ("High Tides", 1, 0.0),
        ("Low Tides", 2, 1.0),
        ("High Knots", 3, 2.0),
        ("Low Knots", 4, 3.0),
    ]
    exercises = [s.prompt for s in made.samples if s.drawn["piece"] == "exercise"]
    assert exercises == ["Count High Tides.", "Count Low Tides.", "Count Low Knots."]


STEADY = """
id: tiny
title: Textbook
samples: 2
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
technique:
  kind: textbook
  min_words: 3
  expand: {template: expand.md.j2, inputs: [topic]}
  write: {template: write.md.j2, inputs: [topic]}
"""
CHAIN = [
    {"topic": topic, "prerequisites": needed}
    for topic, needed in (("Tides", "none"), ("Knots", "Tides"), ("Sails", "Knots"))
]


@pytest.mark.parametrize("model", LANES)
@pytest.mark.parametrize("later", ["good", "bad"])
def test_textbook_over_http_goes_on_after_an_empty_round_and_ends_after_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, later: str
):
    def writing(body: dict[str, Any]) -> Reply:
        step, _, topic = body["messages"][-1]["content"].partition(" ")
        if step == "EXPAND":
            return "<none/>"
        # The first round is that of the first two lessons; the second begins with the third.
        written.append(topic)
        return "Too short." if later == "bad" or len(written) <= 2 else f"Here is all of {topic}."

    written: list[str] = []
    monkeypatch.setenv(KEY_ENV, KEY)
    recipe = HttpRecipe.written(tmp_path, STEADY, FILES, CHAIN)
    with chat_server(writing) as server:
        made = recipe.fill(server.base_url, model, "writer")
        paid = len(server.served)
        again = recipe.fill(server.base_url, model, "writer")

        assert len(server.served) == paid == made.bought
    assert again.samples == made.samples
    assert [(each.planned, each.kept) for each in made.rounds] == [
        (2, 0),
        (4, 0),
        (6, 2 if later == "good" else 0),
    ]
    assert made.calls == {"expand": 2, "write": 4}
    assert sorted(written[:2]) == ["Knots", "Tides"]
    if later == "good":
        assert [(s.drawn["topic"], s.drawn["lesson"]) for s in made.samples] == [
            ("Sails", 3),
            ("Tides", 1),
        ]
        assert made.reasons == {"declined": 2, "too_short": 2}
    else:
        assert made.samples == ()
        assert made.reasons == {"declined": 2, "too_short": 4}
