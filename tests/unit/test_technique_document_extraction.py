"""A document and its record: what the student is told varies where a recipe says so."""

from collections import Counter
from pathlib import Path

import pytest

from synth_assets.core.completion import Completion
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.planning import plan_slots
from synth_assets.core.sample import Seed
from synth_assets.core.techniques.protocol import Draft
from synth_assets.resources.catalogue import load_catalogue

RECIPE = """
id: records
title: Records
samples: 60
seeds: {{file: seeds.jsonl}}
teachers: [{{id: embedded-scholar}}]
technique:
  kind: document_extraction
  instruction: {instruction}
  write: {{template: write.md.j2, inputs: [kind]}}
"""
TEACHERS = "teachers: [{id: embedded-scholar, model: embedded/scholar}]"
ANSWER = '<document>Box 7 is here.</document><record>{"box": 7}</record>'


def recipe(folder: Path, instruction: str) -> Recipe:
    place = folder / "records"
    place.mkdir()
    (folder / "teachers.yaml").write_text(TEACHERS)
    (place / "recipe.yaml").write_text(RECIPE.format(instruction=instruction))
    (place / "write.md.j2").write_text("Write a {{ kind }}.")
    (place / "seeds.jsonl").write_text('{"kind": "ticket"}\n')
    return load_catalogue([folder]).recipe("records")


def drafts(made: Recipe) -> list[tuple[Draft, str]]:
    seeds = [Seed.of("recipe", {"kind": f"ticket {number}"}) for number in range(60)]
    found: list[tuple[Draft, str]] = []
    for slot in plan_slots(made, seeds):
        production = made.spec.technique.produce(slot)
        [asked] = next(production)
        with pytest.raises(StopIteration) as ended:
            production.send([Completion(asked.fingerprint, ANSWER, "stop", 1, 1, 0.0, 0.1)])
        found.append((ended.value.value, slot.drawn.get("instruction", "")))
    return found


def test_one_instruction_stands_before_every_document_and_is_no_attribute(tmp_path: Path):
    made = recipe(tmp_path, "Give the record.")
    found = drafts(made)

    assert made.spec.technique.model_dump()["instruction"] == "Give the record."
    assert {draft.prompt for draft, _ in found} == {"Give the record.\n\nBox 7 is here."}
    assert {drawn for _, drawn in found} == {""}
    assert {draft.response for draft, _ in found} == {'{"box": 7}'}


def test_several_instructions_are_drawn_by_weight_and_recorded(tmp_path: Path):
    found = drafts(recipe(tmp_path, "[Give the record., {value: What stands here?, weight: 2}]"))

    assert all(draft.prompt == f"{drawn}\n\nBox 7 is here." for draft, drawn in found)
    assert Counter(drawn for _, drawn in found) == {"Give the record.": 20, "What stands here?": 40}
