"""Reading recipes: the text of a folder's files turned into a checked, frozen `Recipe`.

Whatever is wrong is a `RecipeError` that names the file, the line and the mend.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any, cast

from pydantic import BaseModel, create_model

from synth_assets.core.config.recipe import RECIPE_FILE, Recipe, named_teachers, space_of
from synth_assets.core.config.recipe_spec import RecipeSpec
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.config.yaml_text import parse_yaml, validated
from synth_assets.core.draws.attributes import AttributeSpace
from synth_assets.core.language_model.teacher_scores import refusal_of
from synth_assets.core.prompts import check_template
from synth_assets.core.techniques.answer_form import AnswerForm
from synth_assets.core.techniques.catalogue import technique_file
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Technique
from synth_assets.core.verify.json_record import JsonRecord
from synth_assets.core.verify.judge import judges_among
from synth_assets.core.verify.perplexity import Perplexity
from synth_assets.errors import RecipeError

_ALL_TEMPLATES = "all templates of the prompt"
_FILE_NAME = re.compile(r"\S+\.(?:txt|md|json|yaml)")


def parse_recipe(
    label: str,
    files: Mapping[str, str],
    seeds_digest: str,
    teachers: Mapping[str, Teacher],
    spec: RecipeSpec,
    models: Mapping[str, type[BaseModel]] | None = None,
    source_digests: Mapping[str, str] | None = None,
) -> Recipe:
    """Check a recipe's parts against each other and freeze them.

    Args:
        label: the folder, as messages call it.
        files: file name -> text.
        seeds_digest: identity of the seeds.
        teachers: the whole catalogue.
        spec: the parsed `recipe.yaml`.
        models: the Pydantic models that prompts name, by that name.
        source_digests: data source that a verifier names -> identity of its rows.

    Raises:
        RecipeError: if a template and its declaration differ, a file is missing that they or the
            technique name, a teacher is not in the catalogue, or a schema does not require what the
            technique reads.
    """
    prompts = spec.technique.prompts
    forms = _forms(label, spec, files, models or {})
    space = space_of(label, spec, files)
    _refuse_clashes(label, spec, space)
    _check_technique_files(label, spec, files)
    parts = {RECIPE_FILE, *_named_elsewhere(spec, files), *(set(forms) & set(files))}
    for prompt in prompts.values():
        parts |= _check_prompt(label, files, prompt)
    for verifier in spec.verifiers:
        parts |= verifier.parts(files)
    used = named_teachers(spec)
    used |= {name for entry in used & set(teachers) for name in teachers[entry].fallbacks}
    if unknown := sorted(used - set(teachers)):
        raise RecipeError(
            f"{label}: no teacher is called {', '.join(unknown)}. Known: "
            f"{', '.join(sorted(teachers))}. Add it to a teachers.yaml or mend the name."
        )
    _refuse_slow_judges(label, spec, teachers)
    _refuse_silent_scorers(label, spec, teachers)
    for verifier in spec.verifiers:
        verifier.prepare(files)
    _check_filling(label, spec)
    chosen = {name: teachers[name] for name in sorted(used)}
    own = {name: text for name, text in files.items() if name in parts}
    return Recipe(spec, own, seeds_digest, chosen, label, forms, source_digests or {})


def parse_recipe_yaml(
    label: str, text: str, own_technique: Callable[[str], type[Technique]] | None = None
) -> RecipeSpec:
    """Read `recipe.yaml`.

    Args:
        label: the folder, as messages call it.
        text: of the file.
        own_technique: loads the class that a kind such as `riddles.py:Riddles` names.

    Raises:
        RecipeError: naming line, key and mend.
    """
    where = f"{label}/{RECIPE_FILE}"
    document = parse_yaml(text, where, RecipeError)
    model = RecipeSpec
    kind = _kind_said(document.value)
    if own_technique is not None and technique_file(kind):
        technique: Any = (own_technique(kind), ...)
        model = create_model("RecipeSpec", __base__=RecipeSpec, technique=technique)
    spec = validated(model, document, RecipeError)
    names = [spec.seeds.file, *(each.file for each in spec.variations.values())]
    names += [*(v for p in spec.technique.prompts.values() for v in _names(p))]
    for name in names:
        if name is not None:
            check_file_name(where, name)
    return spec


def _kind_said(document: object) -> str:
    """The kind of technique that stands in a file nobody checked yet."""
    for key in ("technique", "kind"):
        document = (
            cast("Mapping[object, object]", document).get(key)
            if isinstance(document, Mapping)
            else None
        )
    return document if isinstance(document, str) else ""


def check_file_name(where: str, name: str) -> None:
    """Refuse names that leave the recipe's folder.

    Raises:
        RecipeError: for absolute paths, `..`, back slashes and control characters.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not name.isprintable():
        raise RecipeError(
            f"{where}: {json.dumps(name)} points outside the recipe's folder. Move the file into "
            "the folder and name it relative to it."
        )


def _names(prompt: Prompt) -> tuple[str | None, ...]:
    return (*prompt.templates, prompt.schema_file)


def _forms(
    label: str,
    spec: RecipeSpec,
    files: Mapping[str, str],
    models: Mapping[str, type[BaseModel]],
) -> dict[str, AnswerForm]:
    forms: dict[str, AnswerForm] = {}
    needed = spec.technique.fields
    for step, prompt in spec.technique.prompts.items():
        if (name := prompt.pydantic) is not None:
            forms[name] = AnswerForm.of_model(label, name, models[name], needed[step])
        if (name := prompt.schema_file) is not None:
            if name not in files:
                raise RecipeError(
                    f"{label}: there is no file {name}. Files here: {', '.join(sorted(files))}. "
                    "Put the JSON schema into the recipe's folder, or mend schema_file."
                )
            forms[name] = AnswerForm.of_file(label, name, files[name], needed[step])
    for judge in judges_among(spec.verifiers):
        form = judge.form(files)
        if form is not None and judge.schema_file is not None:
            forms.setdefault(judge.schema_file, form)
    for verifier in spec.verifiers:
        if isinstance(verifier, JsonRecord) and (name := verifier.pydantic) is not None:
            forms.setdefault(name, AnswerForm.of_model(label, name, models[name], ()))
    return forms


def _refuse_slow_judges(label: str, spec: RecipeSpec, teachers: Mapping[str, Teacher]) -> None:
    """Verification waits for its judges, and no day for a batch."""
    for judge in judges_among(spec.verifiers):
        for name in judge.judges:
            if teachers[name].delivery == "batch":
                raise RecipeError(
                    f"{label}: verifier judge: {name} is asked in batches, and a judge must answer "
                    "at once. Name a teacher of the same model with delivery: live."
                )


def _refuse_silent_scorers(label: str, spec: RecipeSpec, teachers: Mapping[str, Teacher]) -> None:
    """Few endpoints give the log-probabilities of a given text."""
    scorers = (each for each in spec.verifiers if isinstance(each, Perplexity))
    for name in (name for scorer in scorers for name in scorer.teachers):
        if told := refusal_of(teachers[name]):
            raise RecipeError(f"{label}: verifier perplexity: {told}")


def _named_elsewhere(spec: RecipeSpec, files: Mapping[str, str]) -> set[str]:
    """Files whose name is a parameter of a verifier, the technique or a variation."""
    parts: tuple[BaseModel, ...] = (*spec.verifiers, *spec.variations.values(), spec.technique)
    said = {value for part in parts for _, value in part if isinstance(value, str)}
    if technique := technique_file(spec.technique.kind):
        said.add(technique)
    return said & set(files)


def _check_technique_files(label: str, spec: RecipeSpec, files: Mapping[str, str]) -> None:
    """What looks like a file's name among the technique's own parameters is one, and not empty."""
    for key, value in spec.technique:
        if not isinstance(value, str) or not _FILE_NAME.fullmatch(value):
            continue
        if not files.get(value, "").strip():
            raise RecipeError(
                f"{label}: technique: {key}: there is no file {value} with a line in it. Files "
                f"here: {', '.join(sorted(files))}. Write it into the recipe's folder, or mend "
                f"{key}."
            )


def _check_filling(label: str, spec: RecipeSpec) -> None:
    """Gaps are filled from seeds that are the reference."""
    if not spec.coverage.fill_gaps:
        return
    if spec.seeds.source is None or spec.coverage.reference not in (None, spec.seeds.source):
        raise RecipeError(
            f"{label}: coverage: fill_gaps starts samples from reference rows, so that the seeds "
            "must be a data source and the reference. Give seeds: source:, or turn fill_gaps off."
        )
    if spec.technique.plans_rounds:
        raise RecipeError(
            f"{label}: coverage: technique {spec.technique.kind} plans its own rounds, so that "
            "gaps cannot be filled. Turn fill_gaps off."
        )


def _refuse_clashes(label: str, spec: RecipeSpec, space: AttributeSpace) -> None:
    """Attributes and choices of prompts stand side by side in a row."""
    drawn = {f"{step}_teacher" for step in spec.technique.prompts} | set(spec.sampling)
    for step, prompt in spec.technique.prompts.items():
        drawn |= {f"{step}_{name}" for name in ("template", "system", *prompt.sampling)}
    if clash := sorted(drawn & set(space.by_name)):
        raise RecipeError(
            f"{label}: variations: {clash[0]} is what a choice of a prompt is recorded as. Rename "
            "the variation."
        )


def _check_prompt(label: str, files: Mapping[str, str], prompt: Prompt) -> frozenset[str]:
    declared = set(prompt.inputs)
    if len(prompt.templates) == 1:
        return check_template(files, prompt.templates[0], declared, label)
    for name in prompt.templates:
        check_template(files, name, declared, label, may_leave_unused=True)
    joined = "".join(f"{{% include {json.dumps(name)} %}}" for name in prompt.templates)
    return check_template({**files, _ALL_TEMPLATES: joined}, _ALL_TEMPLATES, declared, label)
