"""Recipes: a folder that says how one kind of sample is made.

`parse_recipe` turns the text of a folder's files into a checked, frozen `Recipe`; whatever is
wrong is a `RecipeError` that names the file, the line and the mend.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, Field, JsonValue, StringConstraints, create_model, model_validator

from synth_assets.core.completion import Message
from synth_assets.core.config.choices import ValueChoice, Weighted
from synth_assets.core.config.names import Name, Written, partition_key
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.config.yaml_text import parse_yaml, validated
from synth_assets.core.draws.attributes import AttributeSpace, Combination, Variation
from synth_assets.core.draws.balance import Drawn
from synth_assets.core.fingerprint import Json, canonical_json, fingerprint
from synth_assets.core.prompts import check_template, render
from synth_assets.core.schema import SAMPLE_SCHEMA
from synth_assets.core.techniques.answer_form import ASKED, ASKED_AGAIN, AnswerForm
from synth_assets.core.techniques.catalogue import TechniqueSpec, technique_file
from synth_assets.core.techniques.prompt import Prompt, TeacherShare, share_at
from synth_assets.core.techniques.protocol import Technique
from synth_assets.core.verify.catalogue import VerifierSpec
from synth_assets.errors import RecipeError

RECIPE_FILE = "recipe.yaml"
_ALL_TEMPLATES = "all templates of the prompt"

Text = Annotated[str, StringConstraints(min_length=1)]


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


class CoverageSpec(Written):
    """What real text the samples are to cover.

    Attributes:
        reference: a data source; by default the recipe's own seeds.
        field: which text is compared, of samples and reference alike.
        topics: how many clusters the reference is cut into, fewer where it is small.
        below: a topic is a gap if its share of the samples is surely below this part of its share
            of the reference.
        fill_gaps: start the last part of the samples from reference rows in the gaps.
        fill_share: that part.
    """

    reference: Name | None = None
    field: Literal["prompt", "response"] = "prompt"
    topics: int = Field(default=20, ge=2, le=200)
    below: float = Field(default=0.5, gt=0, lt=1)
    fill_gaps: bool = False
    fill_share: float = Field(default=0.3, gt=0, lt=1)


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
        sampling: sampling parameter -> values to draw from, over `parameters`.
        variations: attribute -> what is drawn for each sample, with quotas.
        never: combinations of attributes that no sample has.
        verifiers: what a sample must pass, in this order.
        coverage: what real text they are compared with.
        licence: under which the samples are given on.
        on_request: left out of runs and mixtures that name no recipe; no identity.
    """

    id: Name
    title: Text
    description: str = ""
    technique: TechniqueSpec
    seeds: SeedsSpec
    samples: Annotated[int, Field(ge=1, le=10_000_000)] | KeptSamples
    teachers: tuple[TeacherShare, ...] = Field(min_length=1)
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    sampling: dict[str, ValueChoice] = Field(default_factory=dict)
    variations: dict[Name, Variation] = Field(default_factory=dict)
    never: tuple[Combination, ...] = ()
    verifiers: tuple[VerifierSpec, ...] = ()
    coverage: CoverageSpec = CoverageSpec()
    licence: str = "unstated"
    on_request: bool = False

    @property
    def first_round(self) -> int:
        """How many samples are planned before anything is known of what is kept."""
        if isinstance(self.samples, int):
            return self.samples
        return min(self.samples.kept, self.samples.most)

    @property
    def wanted(self) -> int:
        """How many samples are asked for, planned or kept."""
        return self.samples if isinstance(self.samples, int) else self.samples.kept

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
class Chosen:
    """What a request takes of what its prompt gives a choice of.

    Attributes:
        teacher: id.
        template: file of the user message.
        system: file of the system message, if any.
        sampling: parameter and value, sorted by name.
    """

    teacher: str
    template: str
    system: str | None
    sampling: tuple[tuple[str, Json], ...] = ()


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

    @cached_property
    def space(self) -> AttributeSpace:
        """The attributes that are drawn for each sample."""
        return _space(self.label, self.spec, self.files)

    @cached_property
    def prompts(self) -> Mapping[str, Prompt]:
        """Step -> prompt of its technique."""
        return self.spec.technique.prompts

    @cached_property
    def purposes(self) -> Mapping[str, int]:
        """What is chosen for each prompt -> among how many; those with one are left out."""
        found: dict[str, int] = {}
        for step, prompt in self.prompts.items():
            found[f"{step}_teacher"] = len(prompt.teachers or self.spec.teachers)
            found[f"{step}_template"] = len(prompt.template)
            found[f"{step}_system"] = len(prompt.system or ())
            found |= {f"{step}_{name}": len(choice) for name, choice in prompt.sampling.items()}
        found |= {name: len(choice) for name, choice in self.spec.sampling.items()}
        return {purpose: count for purpose, count in found.items() if count > 1}

    @cached_property
    def alternatives(self) -> Mapping[str, Mapping[str, float]]:
        """What rows record of choices of prompts -> value -> weight; teachers left out."""
        found: dict[str, Sequence[Weighted[Any]]] = dict(self.spec.sampling)
        texts = dict[str, Sequence[Weighted[str]]]()
        for step, prompt in self.prompts.items():
            texts[f"{step}_template"] = prompt.template
            texts[f"{step}_system"] = prompt.system or ()
            found |= {f"{step}_{name}": choice for name, choice in prompt.sampling.items()}
        told = {name: {w.value: w.weight for w in choice} for name, choice in texts.items()}
        for name, choice in found.items():
            told[name] = {canonical_json(w.value): w.weight for w in choice}
        return {name: weights for name, weights in told.items() if len(weights) > 1}

    def choose(self, prompt: Prompt, step: str, drawn: Drawn, copy: int = 0) -> Chosen:
        """Choose for one request, by weight, what the prompt gives a choice of."""
        shares = prompt.teachers or self.spec.teachers
        point = drawn.unit(f"{step}_teacher", copy) if len(shares) > 1 else 0.0
        sampling: dict[str, Json] = {
            name: drawn.choose(choice, name, copy) for name, choice in self.spec.sampling.items()
        }
        for name, choice in prompt.sampling.items():
            sampling[name] = drawn.choose(choice, f"{step}_{name}", copy)
        system = prompt.system
        return Chosen(
            share_at(shares, point),
            drawn.choose(prompt.template, f"{step}_template", copy),
            None if system is None else drawn.choose(system, f"{step}_system", copy),
            tuple(sorted(sampling.items())),
        )

    def choices(self, drawn: Drawn) -> dict[str, str]:
        """What was chosen for a sample's prompts, but for teachers, as attributes."""
        found: dict[str, str] = {}
        for step, prompt in self.prompts.items():
            found |= self.choices_of(step, prompt, drawn)
        return found

    def choices_of(self, step: str, prompt: Prompt, drawn: Drawn, copy: int = 0) -> dict[str, str]:
        """What was chosen for one copy of a prompt, but for its teacher, as attributes."""
        if not self.alternatives:
            return {}
        chosen = self.choose(prompt, step, drawn, copy)
        told = {
            f"{step}_template": chosen.template,
            f"{step}_system": chosen.system or "",
            **{name: canonical_json(value) for name, value in chosen.sampling},
            **{f"{step}_{name}": canonical_json(value) for name, value in chosen.sampling},
        }
        return {name: value for name, value in told.items() if name in self.alternatives}

    def messages(
        self,
        prompt: Prompt,
        values: Mapping[str, str],
        chosen: Chosen,
        history: Sequence[Message] = (),
    ) -> tuple[Message, ...]:
        """Render a prompt with the values of its declared inputs, after the chat so far.

        Raises:
            RecipeError: if a declared input has no value, or the template does not render.
        """
        if missing := sorted(set(prompt.inputs) - set(values)):
            raise RecipeError(
                f"{self.label}: {chosen.template} needs {', '.join(missing)}, but the seed has "
                f"only {', '.join(sorted(values))}. Map the names under seeds: columns:."
            )
        inputs = {name: values[name] for name in prompt.inputs}
        user = Message("user", render(self.files, chosen.template, inputs))
        if chosen.system is None:
            return (*history, user)
        return (Message("system", render(self.files, chosen.system, inputs)), *history, user)

    def form(self, prompt: Prompt) -> AnswerForm | None:
        """What the answers to a prompt must be; none where they are text."""
        return None if prompt.form is None else self.forms[prompt.form]

    def parameters(
        self, prompt: Prompt, teacher: Teacher, sampling: tuple[tuple[str, Json], ...] = ()
    ) -> str:
        """Sampling parameters of a request.

        The teacher's, the recipe's, the prompt's, and what was drawn, each over those before.
        """
        place = id(prompt), teacher.id, repr(sampling)
        if place in self._parameters:
            return self._parameters[place]
        merged: dict[str, Json] = {
            **teacher.parameters,
            **self.spec.parameters,
            **prompt.parameters,
            **dict(sampling),
        }
        return self._parameters.setdefault(place, canonical_json(merged))

    def most_parameters(self, prompt: Prompt, teacher: Teacher) -> str:
        """Sampling parameters with the longest answers that may be drawn."""
        drawn = [
            each.value
            for choice in (self.spec.sampling.get("max_tokens"), prompt.sampling.get("max_tokens"))
            for each in choice or ()
            if isinstance(each.value, int)
        ]
        return self.parameters(prompt, teacher, (("max_tokens", max(drawn)),) if drawn else ())

    @cached_property
    def _parameters(self) -> dict[tuple[int, str, str], str]:
        """By prompt, which the recipe keeps alive, and teacher: every sample asks for them."""
        return {}

    def _identity(self) -> Json:
        said = self.spec.model_dump(
            mode="json", exclude={"title", "description", "on_request"}, serialize_as_any=True
        )
        teachers: dict[str, Json] = {
            name: [entry.model, entry.checkpoint, entry.parameters]
            for name, entry in self._named_teachers()
        }
        identity: dict[str, Json] = {
            "spec": said,
            "files": self.templates,
            "seeds": self.seeds_digest,
            "teachers": teachers,
            # Rows of other columns cannot stand beside those of today.
            "columns": list(SAMPLE_SCHEMA),
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
    prompts = spec.technique.prompts
    forms = _forms(label, spec, files, models or {})
    space = _space(label, spec, files)
    _refuse_clashes(label, spec, space)
    parts = {RECIPE_FILE, *_named_elsewhere(spec, files), *(set(forms) & set(files))}
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
    _check_filling(label, spec)
    chosen = {name: teachers[name] for name in sorted(used)}
    own = {name: text for name, text in files.items() if name in parts}
    return Recipe(spec, own, seeds_digest, chosen, label, forms)


def named_teachers(spec: RecipeSpec) -> set[str]:
    """Ids of the teachers that a recipe's prompts name."""
    prompts = spec.technique.prompts.values()
    return {share.id for prompt in prompts for share in (prompt.teachers or spec.teachers)}


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
    return forms


def _space(label: str, spec: RecipeSpec, files: Mapping[str, str]) -> AttributeSpace:
    """What is drawn for the technique, then for the recipe."""
    own = spec.technique.own_variations
    if clash := sorted(set(own) & set(spec.variations)):
        raise RecipeError(
            f"{label}: variations: {clash[0]} is an attribute of the technique. Rename one."
        )
    never = (*spec.technique.own_never, *spec.never)
    return AttributeSpace.of(label, {**own, **spec.variations}, never, files)


def _named_elsewhere(spec: RecipeSpec, files: Mapping[str, str]) -> set[str]:
    """Files whose name is a parameter of a verifier, the technique or a variation."""
    parts: tuple[BaseModel, ...] = (*spec.verifiers, *spec.variations.values(), spec.technique)
    said = {value for part in parts for _, value in part if isinstance(value, str)}
    if technique := technique_file(spec.technique.kind):
        said.add(technique)
    return said & set(files)


def _check_filling(label: str, spec: RecipeSpec) -> None:
    """Gaps are filled from seeds that are the reference."""
    if not spec.coverage.fill_gaps:
        return
    if spec.seeds.source is None or spec.coverage.reference not in (None, spec.seeds.source):
        raise RecipeError(
            f"{label}: coverage: fill_gaps starts samples from reference rows, so that the seeds "
            "must be a data source and the reference. Give seeds: source:, or turn fill_gaps off."
        )
    if type(spec.technique).grow is not Technique.grow:
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
