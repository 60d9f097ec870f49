"""From a recipe and its seeds to planned samples, and from finished ones to rows.

The plan is stable: each (seed, round) draws its teacher and attributes from its own hash, so
that adding a seed or asking for more samples changes no other planned sample.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from synth_assets.core.completion import Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.fingerprint import canonical_json, content_hash, fingerprint, short_id
from synth_assets.core.sample import Sample, Seed
from synth_assets.core.schema import Origin
from synth_assets.core.techniques.protocol import Draft, Prompt, Slot, TeacherShare

_GOLDEN = 0.6180339887498949


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
        total = sum(share.weight for share in shares)
        point = self.unit(f"teacher/{purpose}") * total
        for share in shares:
            point -= share.weight
            if point < 0:
                return share.id
        return shares[-1].id


def plan_slots(recipe: Recipe, seeds: Sequence[Seed]) -> Iterator[Slot]:
    """Plan `recipe.spec.samples` samples, going round the seeds in the order of their ids.

    Seeds come first in the order of their hashes; each is used once before any is used again.
    """
    ordered = sorted(seeds, key=lambda seed: seed.seed_id)
    for position in range(recipe.spec.samples if ordered else 0):
        seed = ordered[position % len(ordered)]
        yield _slot(recipe, seed, position, position // len(ordered))


def sample_id(recipe: Recipe, slot: Slot, first: Sequence[Request]) -> str:
    """Name a planned sample by its seed, round and first requests.

    An edit that leaves the rendered requests alone leaves the name alone.
    """
    asked = [request.fingerprint for request in first]
    return short_id([recipe.id, slot.seed.seed_id, slot.round, asked])


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
        attributes=json.dumps(dict(slot.drawn), sort_keys=True, ensure_ascii=False),
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
        teacher = recipe.teachers[draw.teacher(prompt.teachers or recipe.spec.teachers, step)]
        return Request(
            teacher=teacher.id,
            model=teacher.model,
            checkpoint=teacher.checkpoint,
            messages=recipe.messages(prompt, values),
            parameters=recipe.parameters(prompt, teacher),
            sample_index=round_,
            step=step,
        )

    return Slot(position, round_, seed, drawn, {**seed.fields, **mapped, **drawn}, ask)


def request_identity(request: Request) -> str:
    """What was asked, as canonical JSON: kept in the ledger beside the completion."""
    return canonical_json(
        {
            "messages": [[message.role, message.content] for message in request.messages],
            "parameters": json.loads(request.parameters),
            "sample_index": request.sample_index,
        }
    )
