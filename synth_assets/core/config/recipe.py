"""Recipes: a folder that says how one kind of sample is made.

`parse_recipe` turns the text of a folder's files into a checked, frozen `Recipe`; whatever is
wrong is a `RecipeError` that names the file, the line and the mend.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue, StringConstraints, model_validator

from synth_assets.core.completion import Message
from synth_assets.core.config.names import Name, Written, partition_key
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.config.yaml_text import parse_yaml, validated
from synth_assets.core.fingerprint import Json, canonical_json, fingerprint
from synth_assets.core.prompts import check_template, render
from synth_assets.core.techniques.answer_form import ASKED, ASKED_AGAIN, AnswerForm
from synth_assets.core.techniques.catalogue import TechniqueSpec, fields_of, prompts_of
from synth_assets.core.techniques.protocol import Prompt, TeacherShare
from synth_assets.core.verify.catalogue import VerifierSpec
from synth_assets.errors import RecipeError

RECIPE_FILE = "recipe.yaml"

Text = Annotated[str, StringConstraints(min_length=1)]
Values = Annotated[tuple[Text, ...], Field(min_length=1)]


class SeedsSpec(Written):
    """Where seeds come from: a JSONL file of the recipe, or a data source.

    Attributes:
        file: a JSONL file in the recipe's folder, one object of text fields a line.
        source: a data source; its rows have the fields `prompt`, `response`.
        columns: template input -> field, where the names differ.
        limit: take this many; which ones is drawn by hash, so that order never matters.
    """

    file: str | None = None
    source: Name | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    limit: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_origin(self) -> "SeedsSpec":
        if (self.file is None) == (self.source is None):
            raise ValueError("give either `file` or `source`")
        return self


class KeptSamples(Written):
    """A number of samples that verification and deduplication are to keep.

    Attributes:
        kept: how many; a round may bring a few more.
        rounds: at most so many rounds of generation.
        planned_at_most: stop when so many were planned, kept or not; by default ten times `kept`.
    """

    kept: int = Field(ge=1, le=1_000_000)
    rounds: int = Field(default=6, ge=1, le=100)
    planned_at_most: int | None = Field(default=None, ge=1, le=10_000_000)

    @property
    def most(self) -> int:
        """How many may be planned."""
        return self.planned_at_most or 10 * self.kept


class RecipeSpec(Written):
    """The content of `recipe.yaml`.

    Attributes:
        id: name of the recipe; unique among all recipes.
        title: what people see; no identity.
        description: what it makes and for whom; no identity.
        technique: the method, with its prompts.
        seeds: what each sample starts from.
        samples: how many samples to plan, or how many are to be kept in the end.
        teachers: who writes, by weight.
        parameters: sampling parameters, over the teacher's own.
        variations: attribute -> values, spread evenly over the samples.
        verifiers: what a sample must pass, in this order.
        licence: under which the samples are given on.
    """

    id: Name
    title: Text
    description: str = ""
    technique: TechniqueSpec
    seeds: SeedsSpec
    samples: Annotated[int, Field(ge=1, le=10_000_000)] | KeptSamples
    teachers: tuple[TeacherShare, ...] = Field(min_length=1)
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    variations: dict[Name, Values] = Field(default_factory=dict)
    verifiers: tuple[VerifierSpec, ...] = ()
    licence: str = "unstated"

    @property
    def first_round(self) -> int:
        """How many samples are planned before anything is known of what is kept."""
        if isinstance(self.samples, int):
            return self.samples
        return min(self.samples.kept, self.samples.most)

    def answered_by(self, teacher: str) -> "RecipeSpec":
        """The same recipe with one teacher for everything, prompts with their own included."""
        prompts = {
            name: prompt.model_copy(update={"teachers": None})
            for name, prompt in self.technique
            if isinstance(prompt, Prompt)
        }
        technique = self.technique.model_copy(update=prompts)
        share = TeacherShare(id=teacher)
        return self.model_copy(update={"teachers": (share,), "technique": technique})


@dataclass(frozen=True)
class Recipe:
    """A loaded and checked recipe.

    Attributes:
        spec: what `recipe.yaml` says.
        files: file name -> text of `recipe.yaml` and of every file that takes part; notes and
            whatever else lies in the folder are no part of the recipe.
        seeds_digest: identity of the seeds, whatever they are read from.
        teachers: id -> the catalogue entries it names, and their fallbacks.
        label: the folder, as messages call it.
        forms: schema file or Pydantic model -> the form of answers that it says.
    """

    spec: RecipeSpec
    files: Mapping[str, str]
    seeds_digest: str
    teachers: Mapping[str, Teacher]
    label: str
    forms: Mapping[str, AnswerForm] = field(default_factory=dict[str, AnswerForm])

    @property
    def id(self) -> str:
        """The recipe's name."""
        return self.spec.id

    @cached_property
    def version(self) -> str:
        """Eight digits of the fingerprint of all that makes its samples what they are."""
        return fingerprint(self._identity())[:8]

    @property
    def key(self) -> str:
        """Partition key: `math_word_problems~1f2e3d4c`."""
        return partition_key(self.id, self.version)

    @property
    def templates(self) -> dict[str, str]:
        """File name -> text of every file but `recipe.yaml`."""
        return {name: text for name, text in self.files.items() if name != RECIPE_FILE}

    def messages(self, prompt: Prompt, values: Mapping[str, str]) -> tuple[Message, ...]:
        """Render a prompt with the values of its declared inputs.

        Raises:
            RecipeError: if a declared input has no value, or the template does not render.
        """
        if missing := sorted(set(prompt.inputs) - set(values)):
            raise RecipeError(
                f"{self.label}: {prompt.template} needs {', '.join(missing)}, but the seed has "
                f"only {', '.join(sorted(values))}. Map the names under seeds: columns:."
            )
        chosen = {name: values[name] for name in prompt.inputs}
        user = Message("user", render(self.files, prompt.template, chosen))
        if prompt.system is None:
            return (user,)
        return (Message("system", render(self.files, prompt.system, chosen)), user)

    def form(self, prompt: Prompt) -> AnswerForm | None:
        """What the answers to a prompt must be; none where they are text."""
        return None if prompt.form is None else self.forms[prompt.form]

    def parameters(self, prompt: Prompt, teacher: Teacher) -> str:
        """Sampling parameters of a request: the teacher's, the recipe's, the prompt's on top."""
        place = id(prompt), teacher.id
        if place in self._parameters:
            return self._parameters[place]
        merged: dict[str, Json] = {
            **teacher.parameters,
            **self.spec.parameters,
            **prompt.parameters,
        }
        return self._parameters.setdefault(place, canonical_json(merged))

    @cached_property
    def _parameters(self) -> dict[tuple[int, str], str]:
        """By prompt, which the recipe keeps alive, and teacher: every sample asks for them."""
        return {}

    def _identity(self) -> Json:
        said = self.spec.model_dump(mode="json", exclude={"title", "description"})
        teachers: dict[str, Json] = {
            name: [entry.model, entry.checkpoint, entry.parameters]
            for name, entry in self._named_teachers()
        }
        identity: dict[str, Json] = {
            "spec": said,
            "files": self.templates,
            "seeds": self.seeds_digest,
            "teachers": teachers,
        }
        if self.forms:
            identity["answers"] = self._asking_identity()
        return identity

    def _named_teachers(self) -> list[tuple[str, Teacher]]:
        """Those that the recipe names; a fallback that is asked tomorrow changes nothing today."""
        return [(name, self.teachers[name]) for name in sorted(named_teachers(self.spec))]

    def _asking_identity(self) -> Json:
        """How JSON is asked for, in recipes that ask for it."""
        return {
            "schemas": {name: form.schema for name, form in self.forms.items()},
            "formats": {name: entry.response_format for name, entry in self._named_teachers()},
            "words": [ASKED, ASKED_AGAIN],
        }


def parse_recipe(
    label: str,
    files: Mapping[str, str],
    seeds_digest: str,
    teachers: Mapping[str, Teacher],
    spec: RecipeSpec,
    models: Mapping[str, type[BaseModel]] | None = None,
) -> Recipe:
    """Check a recipe's parts against each other and freeze them.

    Args:
        label: the folder, as messages call it.
        files: file name -> text.
        seeds_digest: identity of the seeds.
        teachers: the whole catalogue.
        spec: the parsed `recipe.yaml`.
        models: the Pydantic models that prompts name, by that name.

    Raises:
        RecipeError: if a template and its declaration differ, a file is missing, a teacher is not
            in the catalogue, or a schema does not require what the technique reads.
    """
    prompts = prompts_of(spec.technique)
    forms = _forms(label, spec, files, models or {})
    parts = {RECIPE_FILE, *_named_by_verifiers(spec, files), *(set(forms) & set(files))}
    for prompt in prompts.values():
        parts |= _check_prompt(label, files, prompt)
    used = named_teachers(spec)
    used |= {name for entry in used & set(teachers) for name in teachers[entry].fallbacks}
    if unknown := sorted(used - set(teachers)):
        raise RecipeError(
            f"{label}: no teacher is called {', '.join(unknown)}. Known: "
            f"{', '.join(sorted(teachers))}. Add it to a teachers.yaml or mend the name."
        )
    for verifier in spec.verifiers:
        verifier.prepare(files)
    chosen = {name: teachers[name] for name in sorted(used)}
    own = {name: text for name, text in files.items() if name in parts}
    return Recipe(spec, own, seeds_digest, chosen, label, forms)


def named_teachers(spec: RecipeSpec) -> set[str]:
    """Ids of the teachers that a recipe's prompts name."""
    prompts = prompts_of(spec.technique).values()
    return {share.id for prompt in prompts for share in (prompt.teachers or spec.teachers)}


def parse_recipe_yaml(label: str, text: str) -> RecipeSpec:
    """Read `recipe.yaml`.

    Raises:
        RecipeError: naming line, key and mend.
    """
    where = f"{label}/{RECIPE_FILE}"
    spec = validated(RecipeSpec, parse_yaml(text, where, RecipeError), RecipeError)
    names = [spec.seeds.file, *(v for p in prompts_of(spec.technique).values() for v in _names(p))]
    for name in names:
        if name is not None:
            check_file_name(where, name)
    return spec


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
    return prompt.template, prompt.system, prompt.schema_file


def _forms(
    label: str,
    spec: RecipeSpec,
    files: Mapping[str, str],
    models: Mapping[str, type[BaseModel]],
) -> dict[str, AnswerForm]:
    forms: dict[str, AnswerForm] = {}
    needed = fields_of(spec.technique)
    for step, prompt in prompts_of(spec.technique).items():
        if (name := prompt.pydantic) is not None:
            forms[name] = AnswerForm.of_model(label, name, models[name], needed[step])
        if (name := prompt.schema_file) is not None:
            if name not in files:
                raise RecipeError(
                    f"{label}: there is no file {name}. Files here: {', '.join(sorted(files))}. "
                    "Put the JSON schema into the recipe's folder, or mend schema_file."
                )
            forms[name] = AnswerForm.of_file(label, name, files[name], needed[step])
    return forms


def _named_by_verifiers(spec: RecipeSpec, files: Mapping[str, str]) -> set[str]:
    """Files whose name is a parameter of a verifier, as `schema_file` is."""
    said = {
        value
        for verifier in spec.verifiers
        for value in verifier.model_dump().values()
        if isinstance(value, str)
    }
    return said & set(files)


def _check_prompt(label: str, files: Mapping[str, str], prompt: Prompt) -> frozenset[str]:
    declared = set(prompt.inputs)
    if prompt.system is None:
        return check_template(files, prompt.template, declared, label)
    joined = {**files, "__both__": _both(prompt.system, prompt.template)}
    for name in (prompt.system, prompt.template):
        check_template(files, name, declared, label, may_leave_unused=True)
    return check_template(joined, "__both__", declared, label)


def _both(system: str, user: str) -> str:
    return f"{{% include {json.dumps(system)} %}}{{% include {json.dumps(user)} %}}"
