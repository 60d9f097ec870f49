"""What the benchmark of controls switches off, and which rows it sets against each other."""

import json

import pytest

from benchmarks.diversity_controls import Run, answered_anew, of_like_seeds, without_controls
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.coverage.controls import ControlFigures
from synth_assets.core.planning import Plan
from synth_assets.core.sample import Seed
from synth_assets.core.techniques.edge_cases import EdgeCases
from synth_assets.core.techniques.protocol import Slot
from synth_assets.resources.catalogue import load_catalogue
from synth_assets.resources.settings import SHIPPED_RECIPES

SEEDS = [Seed.of("recipe", {"puzzle": f"How much is {n} and {n}?"}) for n in range(12)]


@pytest.fixture(scope="module")
def voted() -> Recipe:
    return load_catalogue([SHIPPED_RECIPES]).recipe("voted_puzzles")


def slots(recipe: Recipe) -> list[Slot]:
    return list(Plan.of(recipe, SEEDS).slots(0, len(SEEDS)))


def test_without_controls_leaves_nothing_to_draw(voted: Recipe):
    drawn = [{**slot.drawn} for slot in slots(without_controls(voted))]
    assert drawn == [{"request": "Show how you get there."}] * len(SEEDS)
    assert len({slot.drawn["request"] for slot in slots(voted)}) >= 6


def test_without_controls_has_one_style_for_all_answers(voted: Recipe):
    styles = without_controls(voted).files["styles.txt"].splitlines()
    assert styles == ["Work step by step, one step a line, each line beginning with a dash."]


def test_without_controls_leaves_one_cell_of_a_space_of_cases():
    recipe = load_catalogue([SHIPPED_RECIPES]).recipe("edge_case_support")
    technique = without_controls(recipe).spec.technique
    assert isinstance(technique, EdgeCases)
    [cell] = technique.cells.shares()
    assert dict(cell) == {"family": "rare error", "error": "charged twice", "tone": "polite"}


def test_answered_anew_asks_the_same_with_a_parameter_that_the_teacher_does_not_heed(
    voted: Recipe,
):
    assert answered_anew(voted, 0).spec == voted.spec
    other = answered_anew(voted, 2)
    assert {**other.spec.parameters} == {**voted.spec.parameters, "top_p": 0.998}
    drawn = [json.dumps({**slot.drawn}) for slot in slots(other)]
    assert drawn == [json.dumps({**slot.drawn}) for slot in slots(voted)]


def test_of_like_seeds_takes_as_many_rows_of_each_seed_from_both_sides():
    on = {"first": ["a", "b", "c"], "second": ["d"], "on alone": ["e"]}
    off = {"first": ["f", "g"], "second": ["h", "i"], "off alone": ["j"]}
    drawn = of_like_seeds({"on": on, "off": off})
    assert [len(texts) for texts in drawn.values()] == [3, 3]
    assert set(drawn["off"]) >= {"f", "g"}
    assert "d" in drawn["on"]
    assert set(drawn["on"]) < {"a", "b", "c", "d"}


def test_run_gains_are_positive_where_controls_pay():
    on = ControlFigures(20, 400, 0.5, 0.75, 0.125, 0.4)
    off = ControlFigures(20, 400, 0.375, 0.5, 0.375, 0.9)
    run = Run({"on": 24, "off": 20}, {"on": on, "off": off})
    assert (run.word_pair_gain, run.topic_gain, run.template_gain) == (0.125, 0.25, 0.25)
