"""Filling the gaps of a recipe's coverage, by the real engine."""

import json
import re
from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.config.recipe_reading import parse_recipe, parse_recipe_yaml
from synth_assets.core.growth import FILLED_TOPIC
from synth_assets.core.sample import Seed
from synth_assets.core.techniques.grounded_qa import GroundedQa
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.errors import RecipeError
from tests.fakes import TEACHERS
from tests.technique_runs import run_technique

RECIPE = """
id: gaps
title: Problems on every topic
samples: 200
seeds: {{source: problems, columns: {{problem: prompt}}}}
teachers: [{{id: writer}}]
technique:
  kind: problem_generation
  write: {{template: write.md.j2, inputs: [problem]}}
  solve: {{template: solve.md.j2, inputs: [question]}}
coverage: {{fill_gaps: {fill}, topics: 2, fill_share: 0.4}}
"""
FILES = {"write.md.j2": "Like: {{ problem }}", "solve.md.j2": "Solve: {{ question }}"}
_TREES = ("oak", "birch", "maple", "willow", "leaf", "branch", "root", "forest", "bark", "seedling")
_SHIPS = ("harbour", "sail", "anchor", "captain", "deck", "mast", "voyage", "cargo", "tide", "crew")


def recipe(fill: str = "true", text: str = RECIPE):
    said = text.format(fill=fill)
    files = {"recipe.yaml": said, **FILES}
    return parse_recipe("gaps", files, "digest", TEACHERS, parse_recipe_yaml("gaps", said))


def seeds() -> list[Seed]:
    made = []
    for number in range(100):
        for words in (_TREES, _SHIPS):
            some = " ".join(words[(number * step) % 10] for step in (1, 3, 7))
            text = f"The {some} {words[number % 10]} number {number} {words[(number // 10) % 10]}"
            made.append(Seed.of("problems", {"prompt": text, "response": "#### 1"}))
    return made


def is_of_ships(text: str) -> bool:
    return sum(word in text for word in _SHIPS) > sum(word in text for word in _TREES)


def lazy(request: Request) -> str:
    """A teacher that turns every ship into a tree, until it is asked a second time."""
    asked = request.messages[-1].content
    if request.step == "solve":
        return "#### 5"
    story = asked.removeprefix("Like: ")
    if is_of_ships(story) and request.sample_index == 0:
        story = "The oak leaf branch root forest bark maple willow birch seedling"
    return f"<problem>{story} again {request.sample_index}</problem><solution>#### 5</solution>"


def test_gaps_give_the_seeds_of_the_next_rounds(tmp_path: Path):
    run = run_technique(tmp_path, recipe(), seeds(), lazy)
    filled = [sample for sample in run.samples if FILLED_TOPIC in json.loads(sample.attributes)]

    assert [round_.planned for round_ in run.rounds] == [120, 160, 200]
    assert len(run.samples) == 200
    assert len(filled) >= 40
    assert all(is_of_ships(request_of(run, sample)) for sample in filled)


def request_of(run, sample) -> str:
    [asked] = [r for r in run.requests if r.fingerprint == sample.request_fingerprints[0]]
    return asked.messages[-1].content


def test_without_gaps_the_seeds_go_on_in_turn(tmp_path: Path):
    def faithful(request: Request) -> str:
        return (
            lazy(request)
            if request.step == "solve"
            else (f"<problem>{request.messages[-1].content}</problem><solution>#### 5</solution>")
        )

    run = run_technique(tmp_path, recipe(), seeds(), faithful)

    assert len({sample.seed_id for sample in run.samples}) == 200
    assert not any(FILLED_TOPIC in sample.attributes for sample in run.samples)


PASSAGES = """
id: gaps
title: Questions on every topic
samples: 200
seeds: {source: handbook, columns: {passage: response, place: prompt}}
teachers: [{id: writer}]
technique:
  kind: grounded_qa
  passages: PASSAGES_EACH
  questions: 2
  passage: PASSAGE
  document: prompt
  ask: {template: ask.md.j2, inputs: [INPUT, count, earlier]}
coverage: {fill_gaps: true, topics: 2, fill_share: 0.4, field: passage}
"""
ASK = {"ask.md.j2": "About: {{ passage }} ({{ count }} {{ earlier }})"}


def asking(passages: int = 1):
    names = {"PASSAGES_EACH": str(passages), "PASSAGE": "passage", "INPUT": "passage"}
    if passages > 1:
        names |= {"PASSAGE": "response", "INPUT": "passages"}
    said = PASSAGES
    for name, text in names.items():
        said = re.sub(rf"\b{name}\b", text, said)
    files = {"recipe.yaml": said, "ask.md.j2": ASK["ask.md.j2"].replace("passage", names["INPUT"])}
    return parse_recipe("gaps", files, "digest", TEACHERS, parse_recipe_yaml("gaps", said))


def test_gaps_of_passages_are_filled_whatever_their_places_are_called(tmp_path: Path):
    places = [seed.fields["prompt"] for seed in seeds()]
    passages = [
        Seed.of("handbook", {"prompt": f"Handbook (book.md, page {at})", "response": text})
        for at, text in enumerate(places)
    ]

    def unwilling(request: Request) -> str:
        """Nothing of ships, until it is asked a second time; else two questions a passage."""
        asked = request.messages[-1].content
        if is_of_ships(asked) and request.sample_index == 0:
            return "I will not."
        return "".join(
            f"<qa><question>What of {at}?</question><answer>{asked.split()[at]}</answer>"
            f"<quote>{asked.removeprefix('About: ').partition(' (')[0]}</quote></qa>"
            for at in (2, 3)
        )

    run = run_technique(tmp_path, asking(), passages, unwilling)
    filled = [sample for sample in run.samples if FILLED_TOPIC in json.loads(sample.attributes)]

    assert [round_.planned for round_ in run.rounds] == [120, 160, 200]
    assert len(filled) == 2 * len({sample.position for sample in filled}) >= 40
    assert all(is_of_ships(sample.context) for sample in filled)
    assert not any(is_of_ships(s.context) for s in run.samples if s.position < 120)


def test_techniques_say_whether_they_plan_their_own_rounds():
    assert not asking_technique(1).plans_rounds
    assert asking_technique(2).plans_rounds
    assert not recipe().spec.technique.plans_rounds


def asking_technique(passages: int) -> GroundedQa:
    ask = Prompt(template="ask.md.j2", inputs=("passage",))  # pyright: ignore[reportArgumentType]
    return GroundedQa(kind="grounded_qa", ask=ask, passages=passages)


def test_gaps_of_questions_over_several_passages_are_refused_as_they_plan_rounds():
    with pytest.raises(RecipeError, match="grounded_qa plans its own rounds"):
        asking(2)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{{source: problems, columns: {{problem: prompt}}}}", "{{file: s.jsonl}}", "data source"),
        ("topics: 2", "topics: 2, reference: other", "must be a data source and the reference"),
    ],
)
def test_gaps_that_cannot_be_filled_are_refused_with_the_mend(old: str, new: str, said: str):
    with pytest.raises(RecipeError, match=said):
        recipe(text=RECIPE.replace(old, new))
