"""From a recipe and its seeds to planned samples.

The plan is stable: what is drawn for a sample follows from the rank of its seed's hash among
others, so that more samples move no earlier one, and more seeds move few.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

from synth_assets.core.completion import Message, Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.draws.balance import BLOCK, Balance, Drawn
from synth_assets.core.fingerprint import canonical_json, exact_hash, short_id
from synth_assets.core.sample import Sample, Seed
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Production, Slot, Start
from synth_assets.errors import TechniqueError

_COPY_STRIDE = 1 << 24
"""More than there can be rounds, so that each copy in each round has an index of its own."""


class Planned(Protocol):
    """Planned samples, each known by its position alone."""

    @property
    def recipe(self) -> Recipe:
        """What is planned for."""
        ...

    @property
    def fingerprint(self) -> str:
        """Identity of the whole plan."""
        ...

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to start from."""
        ...

    def slots(self, start: int, stop: int) -> Iterator[Slot]:
        """The planned samples of a range of positions."""
        ...


@dataclass(frozen=True)
class Plan:
    """The planned samples of a recipe.

    Seeds come in the order of their ids; each is used once before any is used again.

    Attributes:
        recipe: what is planned for.
        seeds: in the order of their ids.
    """

    recipe: Recipe
    seeds: Sequence[Seed]
    _last: dict[tuple[int, int], Sequence[Drawn]] = field(
        default_factory=dict[tuple[int, int], Sequence[Drawn]], repr=False, compare=False
    )

    @classmethod
    def of(cls, recipe: Recipe, seeds: Sequence[Seed]) -> "Plan":
        """Plan with seeds in any order."""
        return cls(recipe, sorted(seeds, key=lambda seed: seed.seed_id))

    @property
    def fingerprint(self) -> str:
        """Identity of the whole plan: the recipe's version and the seeds it starts from."""
        return short_id([self.recipe.key, [seed.seed_id for seed in self.seeds]])

    @property
    def is_empty(self) -> bool:
        """Whether there are no seeds."""
        return not self.seeds

    def slots(self, start: int, stop: int) -> Iterator[Slot]:
        """The planned samples of a range of positions; none without seeds."""
        for position in range(start, start if self.is_empty else stop):
            round_, index = divmod(position, len(self.seeds))
            block = self._drawn(round_, index // BLOCK)
            at = Start(self.seeds[index])
            yield _slot(self.recipe, position, at, block[index % BLOCK])

    def _drawn(self, round_: int, block: int) -> Sequence[Drawn]:
        """What is drawn for up to 64 neighbours; the last block asked for is remembered."""
        place = round_, block
        if place not in self._last:
            members = self.seeds[block * BLOCK : (block + 1) * BLOCK]
            balance = Balance(self.recipe.id, self.recipe.space, self.recipe.purposes)
            self._last.clear()
            self._last[place] = balance.draw([seed.seed_id for seed in members], round_, block)
        return self._last[place]


@dataclass(frozen=True)
class RoundPlan:
    """The planned samples of one round of a growing technique, in the order it gave them.

    Attributes:
        recipe: what is planned for.
        starts: one a sample.
        number: how many rounds came before.
        first: position of the first.
        uses: seed id -> how often it was used in earlier rounds.
        produce: makes a sample, in the place of the technique's own.
    """

    recipe: Recipe
    starts: Sequence[Start]
    number: int
    first: int
    uses: Mapping[str, int]
    produce: Callable[[Slot], Production] | None = None

    @property
    def fingerprint(self) -> str:
        """Identity of the round: the recipe's version, and what it starts from."""
        said = [
            [start.seed.seed_id, dict(start.drawn), [parent.sample_id for parent in start.parents]]
            for start in self.starts
        ]
        return short_id([self.recipe.key, self.first, said])

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to start from."""
        return not self.starts

    def check(self, seeds: Sequence[Seed]) -> "RoundPlan":
        """Hold the starts to the recipe's seeds, which every row is traced to.

        Raises:
            TechniqueError: if one has a seed of its own.
        """
        known = {seed.seed_id for seed in seeds}
        strange = [start.seed for start in self.starts if start.seed.seed_id not in known]
        if strange:
            raise TechniqueError(
                f"{self.recipe.label}: technique {self.recipe.spec.technique.kind} starts a sample "
                f"from {dict(strange[0].fields)}, which is no seed of the recipe. Mend its `grow`: "
                "take one of the seeds it is given, and seed.with_fields({...})."
            )
        return self

    @cached_property
    def uses_after(self) -> Mapping[str, int]:
        """Seed id -> how often it is used with this round."""
        return Counter(self.uses) + Counter(start.seed.seed_id for start in self.starts)

    def slots(self, start: int, stop: int) -> Iterator[Slot]:
        """The planned samples of a range of positions."""
        for position in range(start, stop):
            index = position - self.first
            yield _slot(self.recipe, position, self.starts[index], self._drawn[index], self.produce)

    @cached_property
    def _drawn(self) -> Sequence[Drawn]:
        """Starts that use their seeds for the how-many-th time draw together.

        Each round has a grid of its own, shifted as those of blocks are: small rounds that all had
        the same one would never meet the values between its points.
        """
        seen = Counter(self.uses)
        groups: dict[int, list[int]] = {}
        for index, start in enumerate(self.starts):
            groups.setdefault(seen[start.seed.seed_id], []).append(index)
            seen[start.seed.seed_id] += 1
        balance = Balance(self.recipe.id, self.recipe.space, self.recipe.purposes)
        drawn: dict[int, Drawn] = {}
        for use, members in groups.items():
            ids = [self.starts[index].seed.seed_id for index in members]
            fixed = [self.starts[index].drawn for index in members]
            made = balance.draw(ids, use, self.number, fixed)
            drawn.update(zip(members, made, strict=True))
        return [drawn[index] for index in range(len(self.starts))]


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
        attributes_text(slot.drawn),
        slot.position,
    )


def attributes_text(attributes: Mapping[str, str | int | float]) -> str:
    """Attributes as rows have them: a JSON object, sorted by name."""
    return json.dumps(dict(attributes), sort_keys=True, ensure_ascii=False, allow_nan=False)


def request_identity(request: Request) -> str:
    """What was asked, as canonical JSON: kept in the ledger beside the completion."""
    messages = [[message.role, message.content] for message in request.messages]
    said = {"messages": json.dumps(messages, separators=(",", ":"), ensure_ascii=False)}
    said["parameters"] = request.parameters  # canonical JSON as it is
    if request.response_format:
        said["response_format"] = canonical_json(json.loads(request.response_format))
    said["sample_index"] = str(request.sample_index)
    return "{" + ",".join(f'"{name}":{value}' for name, value in said.items()) + "}"


def _slot(
    recipe: Recipe,
    position: int,
    start: Start,
    drawn: Drawn,
    produce: Callable[[Slot], Production] | None = None,
) -> Slot:
    seed = start.seed
    columns = recipe.spec.seeds.columns
    mapped = {
        name: seed.fields[column] for name, column in columns.items() if column in seed.fields
    }
    values = {**drawn.values, **start.drawn}
    chosen = recipe.choices(drawn)

    return Slot(
        position=position,
        round=drawn.round,
        seed=seed,
        drawn={name: value for name, value in {**values, **chosen}.items() if value},
        inputs={**seed.fields, **mapped, **values},
        ask=Asker(recipe, drawn),
        produce=produce or recipe.spec.technique.produce,
        form=recipe.form,
        parents=start.parents,
        files=recipe.files,
    )


@dataclass(frozen=True)
class Asker:
    """Renders the prompts of one planned sample; see `protocol.Ask`."""

    recipe: Recipe
    drawn: Drawn

    def __call__(
        self,
        prompt: Prompt,
        values: Mapping[str, str],
        step: str,
        *,
        copy: int = 0,
        history: Sequence[Message] = (),
    ) -> Request:
        """See `protocol.Ask`.

        Raises:
            TechniqueError: if there is no such step, by which plans estimate.
            RecipeError: if the prompt does not render.
        """
        recipe = self.recipe
        if step not in recipe.prompts:
            raise TechniqueError(
                f"{recipe.label}: technique {recipe.spec.technique.kind} asks the step {step!r}. "
                f"Steps are called as its prompts are: {', '.join(recipe.prompts)}. Mend `produce`."
            )
        chosen = recipe.choose(prompt, step, self.drawn, copy)
        messages = recipe.messages(prompt, values, chosen, history)

        def asking(teacher: Teacher) -> Request:
            request = Request(
                teacher=teacher.id,
                model=teacher.model,
                checkpoint=teacher.checkpoint,
                messages=messages,
                parameters=recipe.parameters(prompt, teacher, chosen.sampling),
                sample_index=self.drawn.round + copy * _COPY_STRIDE,
                step=step,
            )
            form = recipe.form(prompt)
            return request if form is None else form.asked(request, teacher.response_format)

        teacher = recipe.teachers[chosen.teacher]
        request = asking(teacher)
        if not teacher.fallbacks:
            return request
        others = tuple(asking(recipe.teachers[name]) for name in teacher.fallbacks)
        return replace(request, fallbacks=others)

    def teacher(self, prompt: Prompt, step: str, copy: int = 0) -> str:
        """See `protocol.Ask`."""
        return self.recipe.choose(prompt, step, self.drawn, copy).teacher

    def choices(self, prompt: Prompt, step: str, copy: int = 0) -> Mapping[str, str]:
        """See `protocol.Ask`."""
        return self.recipe.choices_of(step, prompt, self.drawn, copy)


def parents_depth(parents: Sequence[Sample]) -> int:
    """The largest synthetic depth among samples; 0 for none."""
    return max((parent.synthetic_depth for parent in parents), default=0)
