"""Recipes whose prompts ask for JSON: loading, identity, and how each teacher is asked."""

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from synth_assets.core.completion import Completion
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.recipe_reading import parse_recipe, parse_recipe_yaml
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.finishing import finished_sample
from synth_assets.core.planning import plan_slots, request_identity
from synth_assets.core.sample import Seed
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Draft
from synth_assets.errors import RecipeError
from synth_assets.resources.catalogue import Catalogue, load_catalogue

RECIPE = """
id: qa
title: Questions
samples: 2
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
technique:
  kind: grounded_qa
  ask: {template: ask.md.j2, inputs: [passage], FORM}
"""
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("question", "answer", "quote")},
        "required": ["question", "answer", "quote"],
    }
)
TEACHERS = """
teachers:
  - {id: writer, model: MODEL}
"""
SEED = Seed.of("s", {"passage": "It was Ann."})


class QuestionAnswer(BaseModel):
    """A user's model, importable from where the tests run."""

    question: str
    answer: str
    quote: str


THIS = f"{__name__}:QuestionAnswer"


def folder(
    root: Path,
    form: str = "schema_file: answer.json",
    model: str = "openai/gpt-4.1-mini",
    **more: str,
) -> Catalogue:
    """Load a folder with one recipe; `more` is further lines of the teacher's entry."""
    (root / "qa").mkdir(parents=True, exist_ok=True)
    (root / "qa" / "recipe.yaml").write_text(RECIPE.replace("FORM", form))
    (root / "qa" / "ask.md.j2").write_text("Ask about: {{ passage }}")
    (root / "qa" / "seeds.jsonl").write_text('{"passage": "It was Ann."}\n')
    if not (root / "qa" / "answer.json").exists():
        (root / "qa" / "answer.json").write_text(SCHEMA)
    entry = ", ".join([model, *(f"{key}: {value}" for key, value in more.items())])
    (root / "teachers.yaml").write_text(TEACHERS.replace("MODEL", entry))
    return load_catalogue([root])


def sent(recipe: Recipe) -> tuple[str, str]:
    """What a recipe's first request sends: kind of response format, and the user message."""
    slot = next(plan_slots(recipe, [SEED]))
    request = slot.ask(prompt_of(recipe), slot.inputs, "ask")
    how = json.loads(request.response_format)["type"] if request.response_format else ""
    return how, request.messages[-1].content


def prompt_of(recipe: Recipe) -> Prompt:
    return recipe.spec.technique.prompts["ask"]


@pytest.mark.parametrize(
    ("model", "more", "how"),
    [
        ("openai/gpt-4.1-mini", {}, "json_schema"),
        ("openai/gpt-4.1-mini", {"api_base": "http://127.0.0.1:9/v1"}, ""),
        ("hosted_vllm/gpt-4.1-mini", {"api_base": "http://127.0.0.1:9/v1"}, ""),
        ("ollama/a-model-of-ones-own", {}, ""),
        ("lm_studio/a-model-of-ones-own", {}, "json_schema"),
        ("ollama/a-model-of-ones-own", {"response_format": "schema"}, "json_schema"),
        ("openai/gpt-4.1-mini", {"response_format": "object"}, "json_object"),
        ("openai/gpt-4.1-mini", {"response_format": "none"}, ""),
    ],
)
def test_recipe_with_a_schema_asks_each_teacher_as_it_can_be_asked(
    tmp_path: Path, model: str, more: dict[str, str], how: str
):
    catalogue = folder(tmp_path, model=model, **more)

    assert catalogue.broken == ()
    kind, message = sent(catalogue.recipe("qa"))
    assert kind == how
    assert ('"required":["question","answer","quote"]' in message) == (how != "json_schema")


def test_recipe_with_a_pydantic_model_asks_by_its_schema(tmp_path: Path):
    recipe = folder(tmp_path, form=f"pydantic: '{THIS}'").recipe("qa")
    form = recipe.form(prompt_of(recipe))

    assert form is not None
    assert json.loads(form.schema) == QuestionAnswer.model_json_schema()
    assert (form.name, form.model) == ("QuestionAnswer", QuestionAnswer)
    assert sent(recipe)[0] == "json_schema"


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ("schema_file: none.json", "there is no file none.json. Files here: answer.json"),
        ("schema_file: ../answer.json", "points outside the recipe's folder"),
        (f"schema_file: answer.json, pydantic: '{THIS}'", "either `schema_file` or `pydantic`"),
        ("pydantic: 'no_such_package.shapes:Answer'", "No module named 'no_such_package'. Install"),
        (f"pydantic: '{__name__}:Missing'", "has no Pydantic model Missing"),
        (f"pydantic: '{__name__}:prompt_of'", "has no Pydantic model prompt_of"),
        ("pydantic: 'os.system'", "is not right"),
    ],
)
def test_recipe_whose_form_cannot_be_had_is_broken_with_the_mend(
    tmp_path: Path, form: str, problem: str
):
    [broken] = folder(tmp_path, form=form).broken

    assert problem in broken.message


def test_recipe_whose_schema_lacks_a_field_of_the_technique_is_broken(tmp_path: Path):
    folder(tmp_path)
    (tmp_path / "qa" / "answer.json").write_text(SCHEMA.replace(', "quote"]', "]"))
    [broken] = folder(tmp_path).broken

    assert "answer.json: the technique reads quote of each answer" in broken.message


def test_recipe_version_changes_with_schema_and_way_of_asking_and_not_with_other_files(
    tmp_path: Path,
):
    first = folder(tmp_path).recipe("qa").version
    (tmp_path / "qa" / "notes.md").write_text("nothing to do with it")
    assert folder(tmp_path).recipe("qa").version == first
    loose = folder(tmp_path, response_format="object").recipe("qa").version
    (tmp_path / "qa" / "answer.json").write_text(SCHEMA.replace('{"type": "string"}', "{}", 1))
    wider = folder(tmp_path).recipe("qa").version

    assert len({first, loose, wider}) == 3


def test_recipe_without_a_schema_says_nothing_of_forms_in_its_identity():
    prompt = Prompt(template="ask.md.j2", inputs=("passage",))
    asked = prompt.model_copy(update={"schema_file": "answer.json"})

    assert set(prompt.model_dump()) == {"template", "system", "inputs", "teachers", "parameters"}
    assert asked.model_dump()["schema_file"] == "answer.json"


def test_schema_on_a_prompt_answered_in_free_text_reads_the_field_solution():
    text = """
id: sums
title: Sums
samples: 1
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
technique:
  kind: problem_generation
  write: {template: write.md.j2, inputs: []}
  solve: {template: write.md.j2, inputs: [], schema_file: solved.json}
"""
    files = {"recipe.yaml": text, "write.md.j2": "Go.", "solved.json": SCHEMA}
    teachers = {"writer": Teacher(id="writer", model="ollama/x")}
    with pytest.raises(RecipeError, match=r"solved\.json: the technique reads solution"):
        parse_recipe("sums", files, "d", teachers, parse_recipe_yaml("sums", text))


def test_request_kept_in_the_ledger_tells_its_response_format(tmp_path: Path):
    recipe = folder(tmp_path).recipe("qa")
    slot = next(plan_slots(recipe, [SEED]))
    kept = json.loads(request_identity(slot.ask(prompt_of(recipe), slot.inputs, "ask")))

    assert kept["response_format"]["json_schema"]["schema"] == json.loads(SCHEMA)


def test_sample_of_mended_json_says_so_among_its_attributes(tmp_path: Path):
    recipe = folder(tmp_path).recipe("qa")
    slot = next(plan_slots(recipe, [SEED]))
    request = slot.ask(prompt_of(recipe), slot.inputs, "ask")
    answers = [(request, Completion(request.fingerprint, "{}", "stop", 1, 1, None, 0.1))]
    mended = finished_sample(recipe, slot, "n", answers, Draft("p", "r", mended=True))
    clean = finished_sample(recipe, slot, "n", answers, Draft("p", "r"))

    assert (mended.drawn, clean.drawn) == ({"json": "mended"}, {})


def test_recipe_of_the_documentation_loads_as_it_stands(tmp_path: Path):
    text = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text()
    section = text.partition("## Answers in JSON")[2].partition("## Verifiers")[0]
    named = dict(
        re.findall(r"`recipes/(passages/[a-z.0-9]+)`:\n\n```\w*\n(.*?)```", section, re.DOTALL)
    )
    [entry] = re.findall(r"`(\{id: writer, [^`]*\})`", section)
    (tmp_path / "passages").mkdir()
    for name, body in named.items():
        (tmp_path / name).write_text(body)
    (tmp_path / "passages" / "seeds.jsonl").write_text('{"passage": "It was Ann."}\n')
    (tmp_path / "teachers.yaml").write_text(f"teachers:\n  - {entry}\n")
    catalogue = load_catalogue([tmp_path])

    assert catalogue.broken == ()
    slot = next(plan_slots(catalogue.recipe("passages"), [SEED]))
    asked = slot.ask(prompt_of(catalogue.recipe("passages")), slot.inputs, "ask")
    told = json.loads(asked.response_format)["json_schema"]
    assert (told["strict"], next(iter(told["schema"]["properties"]))) == (True, "reasoning")
