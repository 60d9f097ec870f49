"""From a recipe and its seeds to planned samples, and from finished ones to rows.

The plan is stable: each (seed, round) draws its teacher and attributes from its own hash, so
that adding a seed or asking for more samples changes no other planned sample.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from synth_assets.core.completion import Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.fingerprint import (
    canonical_json,
    content_hash,
    exact_hash,
    fingerprint,
    short_id,
)
from synth_assets.core.sample import Sample, Seed
from synth_assets.core.schema import Origin
from synth_assets.core.techniques.protocol import Draft, Prompt, Slot, TeacherShare

_GOLDEN = 0.6180339887498949
_MENDED = {"json": "mended"}
"""Stands among a row's attributes where an answer's JSON had to be mended."""


@dataclass(frozen=True)
class Draw:
    """The source of chance of one planned sample: a seed, and how often it was used before."""

    recipe: str
    seed_id: str
    round: int

    def unit(self, purpose: str) -> float:
        """A number in [0, 1) for one purpose; over the rounds of a seed it spreads evenly."""
        start = int(fingerprint([self.recipe, self.seed_id, purpose])[:13], 16) / 16**13
        return (start + self.round * _GOLDEN) % 1.0

    def teacher(self, shares: Sequence[TeacherShare], purpose: str) -> str:
        """One of the teachers, by weight."""
        if len(shares) == 1:
            return shares[0].id
        total = sum(share.weight for share in shares)
        point = self.unit(f"teacher/{purpose}") * total
        for share in shares:
            point -= share.weight
            if point < 0:
                return share.id
        return shares[-1].id


@dataclass(frozen=True)
class Plan:
    """The planned samples of a recipe, each known by its position alone.

    Seeds come in the order of their ids; each is used once before any is used again.

    Attributes:
        recipe: what is planned for.
        seeds: in the order of their ids.
    """

    recipe: Recipe
    seeds: Sequence[Seed]

    @classmethod
    def of(cls, recipe: Recipe, seeds: Sequence[Seed]) -> "Plan":
        """Plan with seeds in any order."""
        return cls(recipe, sorted(seeds, key=lambda seed: seed.seed_id))

    @cached_property
    def fingerprint(self) -> str:
        """Identity of the whole plan: the recipe's version and the seeds it starts from."""
        return short_id([self.recipe.key, [seed.seed_id for seed in self.seeds]])

    def slots(self, start: int, stop: int) -> Iterator[Slot]:
        """The planned samples of a range of positions; none without seeds."""
        for position in range(start, stop if self.seeds else start):
            seed = self.seeds[position % len(self.seeds)]
            yield _slot(self.recipe, seed, position, position // len(self.seeds))


def plan_slots(recipe: Recipe, seeds: Sequence[Seed]) -> Iterator[Slot]:
    """Plan the samples of the first round; see `Plan`."""
    return Plan.of(recipe, seeds).slots(0, recipe.spec.first_round)


def sample_id(recipe: Recipe, slot: Slot, first: Sequence[Request]) -> str:
    """Name a planned sample by its seed, round and first requests.

    An edit that leaves the rendered requests alone leaves the name alone.
    """
    asked = [request.fingerprint for request in first]
    return short_id([recipe.id, slot.seed.seed_id, slot.round, asked])


def planned_row(name: str, slot: Slot, first: Request) -> tuple[object, ...]:
    """A row of `PLAN_SCHEMA`: a planned sample by its name, its place and its first request."""
    return (
        name,
        slot.seed.seed_id,
        slot.round,
        first.fingerprint,
        first.teacher,
        f"{first.model}@{first.checkpoint}",
        first.parameters,
        exact_hash(*(part for said in first.messages for part in (said.role, said.content))),
    )


def finished_sample(
    recipe: Recipe, slot: Slot, name: str, requests: Sequence[Request], draft: Draft
) -> Sample:
    """Make the row of a drafted sample; the first request's teacher counts as its writer."""
    return Sample(
        sample_id=name,
        origin=Origin.SYNTHETIC,
        recipe=recipe.id,
        recipe_version=recipe.version,
        technique=recipe.spec.technique.kind,
        source=slot.seed.source,
        seed_id=slot.seed.seed_id,
        parent_ids=(),
        position=slot.position,
        teacher=requests[0].teacher,
        request_fingerprints=tuple(request.fingerprint for request in requests),
        context=draft.context,
        prompt=draft.prompt,
        response=draft.response,
        reference=draft.reference,
        attributes=json.dumps(
            {**slot.drawn, **(_MENDED if draft.mended else {})}, sort_keys=True, ensure_ascii=False
        ),
        licence=recipe.spec.licence,
        synthetic_depth=1,
        content_hash=content_hash(draft.prompt, draft.response),
    )


def _slot(recipe: Recipe, seed: Seed, position: int, round_: int) -> Slot:
    draw = Draw(recipe.id, seed.seed_id, round_)
    drawn = {
        name: values[int(draw.unit(f"variation/{name}") * len(values))]
        for name, values in recipe.spec.variations.items()
    }
    columns = recipe.spec.seeds.columns
    mapped = {name: seed.fields[field] for name, field in columns.items() if field in seed.fields}

    def ask(prompt: Prompt, values: Mapping[str, str], step: str) -> Request:
        messages = recipe.messages(prompt, values)

        def asking(teacher: Teacher) -> Request:
            request = Request(
                teacher=teacher.id,
                model=teacher.model,
                checkpoint=teacher.checkpoint,
                messages=messages,
                parameters=recipe.parameters(prompt, teacher),
                sample_index=round_,
                step=step,
            )
            form = recipe.form(prompt)
            return request if form is None else form.asked(request, teacher.response_format)

        drawn = recipe.teachers[draw.teacher(prompt.teachers or recipe.spec.teachers, step)]
        request = asking(drawn)
        if not drawn.fallbacks:
            return request
        others = tuple(asking(recipe.teachers[name]) for name in drawn.fallbacks)
        return replace(request, fallbacks=others)

    return Slot(position, round_, seed, drawn, {**seed.fields, **mapped, **drawn}, ask, recipe.form)


def request_identity(request: Request) -> str:
    """What was asked, as canonical JSON: kept in the ledger beside the completion."""
    messages = [[message.role, message.content] for message in request.messages]
    said = {"messages": json.dumps(messages, separators=(",", ":"), ensure_ascii=False)}
    said["parameters"] = request.parameters  # canonical JSON as it is
    if request.response_format:
        said["response_format"] = canonical_json(json.loads(request.response_format))
    said["sample_index"] = str(request.sample_index)
    return "{" + ",".join(f'"{name}":{value}' for name, value in said.items()) + "}"
