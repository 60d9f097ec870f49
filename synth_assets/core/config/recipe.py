"""Recipes: a folder that says how one kind of sample is made, loaded and checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from synth_assets.core.completion import Message
from synth_assets.core.config.choices import Weighted
from synth_assets.core.config.names import partition_key
from synth_assets.core.config.recipe_spec import CoverageSpec, RecipeSpec
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.draws.attributes import AttributeSpace
from synth_assets.core.draws.balance import Drawn
from synth_assets.core.fingerprint import Json, canonical_json, fingerprint
from synth_assets.core.prompts import render
from synth_assets.core.schema import SAMPLE_SCHEMA
from synth_assets.core.techniques.answer_form import ASKED, ASKED_AGAIN, AnswerForm
from synth_assets.core.techniques.prompt import Prompt, share_at
from synth_assets.errors import RecipeError

RECIPE_FILE = "recipe.yaml"


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
        source_digests: data source that a verifier names -> identity of its rows.
    """

    spec: RecipeSpec
    files: Mapping[str, str]
    seeds_digest: str
    teachers: Mapping[str, Teacher]
    label: str
    forms: Mapping[str, AnswerForm] = field(default_factory=dict[str, AnswerForm])
    source_digests: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def id(self) -> str:
        """The recipe's name."""
        return self.spec.id

    @cached_property
    def version(self) -> str:
        """Eight digits of the fingerprint of all that makes its samples what they are."""
        return fingerprint(self.identity)[:8]

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
        return space_of(self.label, self.spec, self.files)

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

    @property
    def identity(self) -> Mapping[str, Json]:
        """All that makes its samples what they are, and nothing else."""
        # What rows are only compared with makes none of them what it is.
        spec = self.spec
        if not spec.coverage.fill_gaps:
            spec = spec.model_copy(update={"coverage": CoverageSpec()})
        said = spec.model_dump(
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
        if self.source_digests:
            identity["sources"] = dict(self.source_digests)
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


def named_teachers(spec: RecipeSpec) -> set[str]:
    """Ids of the teachers that a recipe's prompts and verifiers name."""
    prompts = spec.technique.prompts.values()
    writers = {share.id for prompt in prompts for share in (prompt.teachers or spec.teachers)}
    return writers.union(*(verifier.teachers for verifier in spec.verifiers))


def space_of(label: str, spec: RecipeSpec, files: Mapping[str, str]) -> AttributeSpace:
    """What is drawn for the technique, then for the recipe."""
    own = spec.technique.own_variations
    if clash := sorted(set(own) & set(spec.variations)):
        raise RecipeError(
            f"{label}: variations: {clash[0]} is an attribute of the technique. Rename one."
        )
    never = (*spec.technique.own_never, *spec.never)
    return AttributeSpace.of(label, {**own, **spec.variations}, never, files)
