"""Which texts coverage compares."""

from pathlib import Path

import pytest

from synth_assets.core.config.recipe_spec import CoverageSpec
from synth_assets.core.coverage.compared import compared_texts, reference_text, texts_of
from synth_assets.resources.catalogue import load_catalogue
from synth_assets.resources.settings import SHIPPED_RECIPES
from tests.samples import frame_of, synthetic_row

ROWS = (
    synthetic_row("a", "Q1", "A1", position=0, context="The first passage"),
    synthetic_row("b", "Q2", "A2", position=0, context="The first passage"),
    synthetic_row("c", "Q3", "A3", position=1, context=""),
)


@pytest.mark.parametrize(
    ("field", "texts"),
    [
        ("prompt", ["Q1", "Q2", "Q3"]),
        ("response", ["A1", "A2", "A3"]),
        ("passage", ["The first passage", "Q3\nA3"]),
    ],
)
def test_compared_texts_of_passages_are_one_a_planned_sample(field, texts):
    assert compared_texts(frame_of(*ROWS), field) == texts
    assert texts_of(ROWS, field) == texts


def test_reference_text_of_a_passage_is_its_text_and_not_its_place():
    fields = {"prompt": "Guide > Dosage (guide.pdf, page 3)", "response": "Twice a day."}
    assert reference_text(fields, "passage") == "Twice a day."
    assert reference_text(fields, "prompt").startswith("Guide")


def test_field_that_a_recipe_names_is_compared_whatever_the_reference_is():
    named = CoverageSpec(field="prompt")
    assert named.against(passages=True).field == "prompt"
    assert CoverageSpec().against(passages=True).field == "passage"
    assert CoverageSpec().against(passages=False).field == "prompt"


def test_recipes_from_documents_compare_passages_and_others_prompts():
    recipes = load_catalogue([SHIPPED_RECIPES]).recipes
    fields = {recipe.id: recipe.spec.coverage.field for recipe in recipes}
    assert {name for name, field in fields.items() if field == "passage"} == {
        *("medical_guideline_qa", "legal_guideline_qa", "financial_guideline_qa"),
        "python_reference_qa",
    }
    assert set(fields.values()) == {"passage", "prompt"}


RECIPE = """
id: asked
title: Asked
samples: 2
seeds: {{source: handbook, columns: {{passage: response}}}}
teachers: [{{id: embedded-scholar}}]
technique: {{kind: grounded_qa, ask: {{template: ask.md.j2, inputs: [passage]}}}}
coverage: {coverage}
"""
SOURCES = """
sources:
  - {id: handbook, reader: documents, path: pages, min_characters: 10}
  - {id: letters, reader: file, path: rows.jsonl, prompt: q, response: a}
"""


def version(folder: Path, coverage: str) -> tuple[str, str]:
    (folder / "asked").mkdir(parents=True, exist_ok=True)
    (folder / "pages").mkdir(exist_ok=True)
    (folder / "pages" / "one.md").write_text("# Dogs\n\nDogs sleep for half of the day.\n")
    (folder / "rows.jsonl").write_text('{"q": "Why?", "a": "Because."}\n')
    (folder / "sources.yaml").write_text(SOURCES)
    (folder / "asked" / "recipe.yaml").write_text(RECIPE.format(coverage=coverage))
    (folder / "asked" / "ask.md.j2").write_text("{{ passage }}")
    recipe = load_catalogue([SHIPPED_RECIPES, folder]).recipe("asked")
    return recipe.version, recipe.spec.coverage.field


def test_field_follows_the_reference_and_only_filling_gaps_is_part_of_the_version(tmp_path: Path):
    plain, field = version(tmp_path, "{}")
    assert field == "passage"
    assert version(tmp_path, "{reference: letters}") == (plain, "prompt")
    assert version(tmp_path, "{topics: 7, below: 0.3}") == (plain, "passage")
    filling, field = version(tmp_path, "{fill_gaps: true}")
    assert (filling != plain, field) == (True, "passage")
    assert version(tmp_path, "{fill_gaps: true, topics: 7}")[0] != filling
