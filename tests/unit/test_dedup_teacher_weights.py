"""Of two duplicates of one score and length the teacher with the larger weight has the one kept."""

from dataclasses import replace

import pytest

from synth_assets.core.dedup.stage import deduplicate, survivor_order
from synth_assets.resources.catalogue import load_catalogue
from tests.samples import frame_of, real_row, synthetic_row

WEIGHTS = {("math", "scholar"): 0.75, ("math", "clerk"): 0.25, ("qa", "clerk"): 1.0}


def test_survivor_order_takes_the_weight_between_length_and_id():
    samples = frame_of(
        synthetic_row("a-unknown", "p", "four", teacher="nobody"),
        synthetic_row("b-clerk", "p", "four", teacher="clerk"),
        synthetic_row("c-scholar", "p", "four", teacher="scholar"),
        synthetic_row("d-other-recipe", "p", "four", teacher="clerk", recipe="qa"),
        synthetic_row("e-scholar", "p", "four", teacher="scholar"),
        synthetic_row("f-longer", "p", "longer", teacher="nobody"),
        synthetic_row("g-better", "p", "r", teacher="nobody", score=0.9),
        real_row("h-real", "p", "r"),
    )
    ordered = samples["sample_id"][survivor_order(samples, WEIGHTS)].to_list()
    assert [name[0] for name in ordered] == list("hgfdceba")


def test_deduplicate_keeps_the_row_of_the_teacher_with_the_larger_weight():
    samples = frame_of(
        synthetic_row("a", "p", "the same", teacher="clerk"),
        synthetic_row("b", "p", "the same", teacher="scholar"),
    )
    assert deduplicate(samples).kept["sample_id"].to_list() == ["a"]
    assert deduplicate(samples, weights=WEIGHTS).kept["sample_id"].to_list() == ["b"]


RECIPE = """id: sums
title: T
samples: 2
seeds: {file: seeds.jsonl}
teachers: [{id: scholar, weight: 3}, {id: clerk}]
technique:
  kind: problem_generation
  write: {template: write.md.j2, inputs: [problem]}
  solve: {template: solve.md.j2, inputs: [question], teachers: [{id: clerk}, {id: solver}]}
"""


@pytest.fixture
def catalogue(tmp_path):
    folder = tmp_path / "sums"
    folder.mkdir()
    entries = ", ".join(f"{{id: {name}, model: x/y}}" for name in ("scholar", "clerk", "solver"))
    (tmp_path / "teachers.yaml").write_text(f"teachers: [{entries}]")
    (folder / "recipe.yaml").write_text(RECIPE)
    (folder / "write.md.j2").write_text("Like {{ problem }}")
    (folder / "solve.md.j2").write_text("Solve {{ question }}")
    (folder / "seeds.jsonl").write_text('{"problem": "1 + 1"}\n')
    return load_catalogue([tmp_path])


def test_teacher_weights_of_a_catalogue_are_shares_of_the_requests_of_a_recipe(catalogue):
    assert catalogue.broken == ()
    assert catalogue.teacher_weights == {
        ("sums", "scholar"): 0.75,
        ("sums", "clerk"): 0.5,
        ("sums", "solver"): 0.5,
    }


def test_teacher_weights_of_two_recipes_stay_apart(catalogue):
    [recipe] = catalogue.recipes
    only = recipe.spec.answered_by("clerk").model_copy(update={"id": "other"})
    both = replace(catalogue, recipes=(recipe, replace(recipe, spec=only)))
    assert both.teacher_weights["other", "clerk"] == 1.0
    assert both.teacher_weights["sums", "clerk"] == 0.5
