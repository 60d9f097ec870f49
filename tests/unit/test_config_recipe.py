import pytest

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.config.names import is_partition_key, partition_key, partition_name
from synth_assets.core.config.recipe import Chosen, Recipe
from synth_assets.core.config.recipe_reading import parse_recipe, parse_recipe_yaml
from synth_assets.core.config.sources import SourcesFile
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.config.yaml_text import parse_yaml, validated
from synth_assets.errors import CatalogueError, RecipeError

YAML = """
id: facts
title: Facts
samples: 4
seeds: {file: seeds.jsonl}
teachers: [{id: one, weight: 2}, {id: two}]
technique:
  kind: problem_generation
  write: {template: write.j2, system: system.j2, inputs: [problem]}
  solve: {template: solve.j2, inputs: [question], teachers: [{id: solver}]}
"""
FILES = {
    "write.j2": "Like {{ problem }}. {% include 'tail.j2' %}",
    "system.j2": "You write.",
    "tail.j2": "The end.",
    "solve.j2": "{{ question }}",
}
TEACHERS = {name: Teacher(id=name, model=f"x/{name}") for name in ("one", "two", "solver")}


def recipe(text: str = YAML, digest: str = "d", **files: str) -> Recipe:
    named = {name.replace("_", "."): body for name, body in files.items()}
    everything = {"recipe.yaml": text, **FILES, **named}
    return parse_recipe("facts", everything, digest, TEACHERS, parse_recipe_yaml("facts", text))


def refusal(text: str) -> str:
    with pytest.raises(RecipeError) as caught:
        recipe(text)
    return str(caught.value)


@pytest.mark.parametrize(
    "name", ["../up.j2", "/etc/passwd", "a/../../b", "a\\b", "tab\there", "nul\0", "..", "\u202e"]
)
def test_parse_recipe_yaml_file_outside_the_folder_is_refused(name: str):
    escaped = name.encode("unicode_escape").decode().replace('"', '\\"')
    for place in ("write.j2", "system.j2", "seeds.jsonl"):
        text = YAML.replace(place, f'"{escaped}"', 1)
        assert "points outside the recipe's folder" in refusal(text)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("id: facts", "id: Facts!", "line 2: `id` must be a name"),
        ("id: facts", "id: facts~1", "line 2: `id` must be a name"),
        ("samples: 4", "samples: 0", "line 4: `samples`"),
        ("samples: 4", "samples: 99999999999", "line 4: `samples`"),
        ("samples: 4", "sampels: 4", "line 4: `sampels` is no known key"),
        ("{file: seeds.jsonl}", "{}", "line 5: `seeds` is not right: give either"),
        ("weight: 2", "weight: 0", "line 6: `teachers[0].weight`"),
        ("kind: problem_generation", "kind: magic", "line 7: `technique`"),
        ("inputs: [problem]", "input: [problem]", "line 9: `technique.write.inputs` is missing"),
        ("teachers: [{id: solver}]", "teachers: [{id: nobody}]", "no teacher is called nobody"),
        ("samples: 4", "samples: 4\nvariations: {level: []}", "line 5: `variations.level`"),
    ],
)
def test_parse_recipe_fault_is_told_with_its_place(old: str, new: str, told: str):
    assert told in refusal(YAML.replace(old, new))


@pytest.mark.parametrize("name", ["rules.txt", "in/rules.md", "rules.json", "rules.yaml"])
def test_parse_recipe_file_that_the_technique_names_must_be_there(name: str):
    text = YAML[: YAML.index("technique:")] + (
        "technique:\n  kind: constitutional\n"
        f"  principles: {name}\n"
        "  answer: {template: solve.j2, inputs: [question]}\n"
        "  critique: {template: solve.j2, inputs: [question]}\n"
        "  revise: {template: solve.j2, inputs: [question]}\n"
    )
    told = refusal(text)
    assert f"facts: technique: principles: there is no file {name} with a line in it" in told
    assert "Files here: recipe.yaml, solve.j2" in told
    spec = parse_recipe_yaml("facts", text)
    files = {"recipe.yaml": text, **FILES, name: "Be kind."}
    assert name in parse_recipe("facts", files, "d", TEACHERS, spec).files


def test_recipe_version_follows_what_makes_samples_and_nothing_else():
    version = recipe().version
    assert recipe(YAML.replace("title: Facts", "title: Other\ndescription: new")).version == version
    assert recipe(NOTES_md="not a part").version == version
    assert recipe(YAML + "# a comment\n").version == version
    assert recipe(YAML.replace("samples: 4", "samples: 5")).version != version
    assert recipe(digest="other").version != version
    for part in FILES:
        edited = {part.replace(".", "_"): FILES[part] + " Edited."}
        assert recipe(**edited).version != version


def test_recipe_files_are_those_that_take_part():
    assert set(recipe(NOTES_md="x", unused_j2="{{").files) == {"recipe.yaml", *FILES}


def test_recipe_answered_by_replaces_every_teacher():
    spec = recipe().spec.answered_by("two")
    assert [share.id for share in spec.teachers] == ["two"]
    assert all(prompt.teachers is None for prompt in spec.technique.prompts.values())
    assert spec.technique.write.inputs == ("problem",)


def test_recipe_messages_without_a_declared_input_name_the_mend():
    made = recipe()
    write = made.spec.technique.prompts["write"]
    with pytest.raises(RecipeError, match=r"write\.j2 needs problem, .* only text\. Map the names"):
        made.messages(write, {"text": "x"}, Chosen("t", "write.j2", None))


@pytest.mark.parametrize(
    ("key", "is_one"),
    [
        ("math~1f2e3d4c", True),
        ("math~1F2E3D4C", False),
        ("math~1f2e3d4c\n", False),
        ("a/b~1f2e3d4c", False),
        ("math", False),
        ("~1f2e3d4c", False),
        ("math~1f2e3d4c5", False),
    ],
)
def test_is_partition_key_takes_only_what_partition_key_makes(key: str, is_one: bool):
    assert is_partition_key(key) is is_one


def test_partition_key_gives_its_name_back():
    key = partition_key("math_word", "1f2e3d4c")
    assert is_partition_key(key)
    assert partition_name(key) == "math_word"


def test_mixture_version_ignores_the_description_only():
    plain = Mixture(id="half", synthetic_share=0.5)
    assert Mixture(id="half", synthetic_share=0.5, description="x").key == plain.key
    assert Mixture(id="half", synthetic_share=0.5, seed=1).key != plain.key


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("reader: file, path: p, prompt: a, response: b, uses: []", "`sources[0].uses`"),
        ("reader: file, path: p, prompt: a, response: b, uses: [pool, seeds]", "no other use"),
        ("reader: stdlib_docstrings, min_characters: 9, max_characters: 8", "no row could fit"),
        ("reader: stdlib_reference, held_out_share: 1.5", "`sources[0].held_out_share`"),
        ("reader: embedded_probe, uses: [pool]", "`sources[0].uses"),
        ("reader: url", "`sources[0]` is not right"),
    ],
)
def test_sources_file_senseless_entry_is_refused(entry: str, told: str):
    document = parse_yaml(f"sources: [{{id: s, {entry}}}]", "s.yaml", CatalogueError)
    with pytest.raises(CatalogueError) as caught:
        validated(SourcesFile, document, CatalogueError)
    assert told in str(caught.value)
