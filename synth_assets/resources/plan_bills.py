"""What replayed samples say of a whole plan: requests, tokens and US dollars by teacher."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.bill import Bill
from synth_assets.core.generation.budget import most_tokens
from synth_assets.core.generation.estimate import (
    NOTHING,
    Each,
    Estimate,
    Reach,
    counted_in_part,
)
from synth_assets.core.generation.judge_replay import asked_step
from synth_assets.core.generation.replay import AGAIN, Missing, Tally
from synth_assets.resources.ledger.observed import Observations, Observed
from synth_assets.resources.prices import most_completion_tokens, price_of
from synth_assets.resources.token_counts import tokens_a_character

_ASSUMED_COMPLETION = 4_096
_LEAST_SHARE = 0.1


@dataclass(frozen=True)
class PlanBills:
    """Bills of a plan.

    Attributes:
        tally: of the samples that were replayed, evenly spread over the plan.
        planned: samples of the plan.
        earlier: how often steps were come to when the recipe was last filled.
        observations: tokens that the ledger has seen.
        grows: whether the samples that were not replayed follow on answers yet to come, so that
            the ledger cannot have them.
    """

    tally: Tally
    planned: int
    earlier: Reach | None
    observations: Observations
    grows: bool = False

    @cached_property
    def by_teacher(self) -> Mapping[str, Bill]:
        """Teacher -> what is asked of it, those with the most to buy first."""
        made: dict[str, Bill] = {}
        for teacher, step in sorted({*self.tally.answered, *self.tally.missing, *self._later}):
            made[teacher] = made.get(teacher, Bill()) + self._bill(teacher, step)
        return dict(sorted(made.items(), key=lambda item: (-item[1].to_buy.expected, item[0])))

    @property
    def notes(self) -> Iterator[str]:
        """What rests on no observation, in words."""
        steps = {step for _, step in self._later}
        known = [step for step, _, _ in self.tally.waiting if self._reach.knows(step)]
        if steps and not known:
            yield (
                f"how many samples come to {_listed(steps)} is not known before the first "
                "answers: counted from none to all"
            )
        near, guessed = set[str](), set[str]()
        for teacher, step in {*self.tally.missing, *self._later}:
            observed = self._observed(teacher, step)
            if observed is None:
                guessed.add(teacher)
            elif not observed.alike:
                near.add(teacher)
        if near:
            yield (
                f"of {_listed(near)} the ledger has answers to other prompts only: lengths are "
                "taken as between a third of and three times theirs"
            )
        if guessed:
            yield (
                f"of {_listed(guessed)} the ledger has no answers yet: their length is taken as "
                "between a tenth of and the whole max_tokens"
            )
        if unbounded := self._unbounded(guessed):
            yield (
                f"nothing bounds the answers of {_listed(unbounded)}: taken as at most "
                f"{_ASSUMED_COMPLETION:,} tokens. Give max_tokens under parameters: in recipe.yaml"
            )
        for name, bill in self.by_teacher.items():
            if bill.usd is None:
                yield (
                    f"the price of {name} ({self._teacher(name).model}) is unknown: add price: "
                    "{input_usd: ..., output_usd: ...} to its entry in teachers.yaml, in USD per "
                    "million tokens"
                )

    @cached_property
    def _reach(self) -> Reach:
        return self.earlier or self.tally.reach()

    @cached_property
    def _later(self) -> Mapping[tuple[str, str], Estimate]:
        """(teacher, step) -> requests that follow on answers yet to come."""
        found: dict[tuple[str, str], Estimate] = {}
        for (step, later, teacher), count in self.tally.waiting.items():
            more = self._reach.later(self._whole(count, step), step, later, self._most_calls(later))
            found[teacher, later] = found.get((teacher, later), NOTHING) + more
        return found

    def _bill(self, teacher: str, step: str) -> Bill:
        missing = self.tally.missing.get((teacher, step))
        known = self._whole(missing.characters.count, step) if missing else NOTHING
        later = self._later.get((teacher, step), NOTHING)
        prompt = self._prompt_later(teacher, step).of(later)
        if missing is not None:
            prompt += self._prompt_known(teacher, step, missing).of(known)
        completion = self._completion(teacher, step).of(known + later)
        answered = self.tally.answered.get((teacher, step), 0)
        in_ledger = Estimate(float(answered)) if self.grows else self._whole(answered, step)
        price = price_of(self._teacher(teacher))
        return Bill.of(in_ledger, known + later, prompt, completion, price)

    def _prompt_known(self, teacher: str, step: str, missing: Missing) -> Each:
        observed = self._observed(teacher, step)
        ratio = (
            tokens_a_character(self._teacher(teacher), missing.texts)
            if observed is None
            else observed.a_character
        )
        seen = missing.characters
        tokens = ratio.scaled(seen.mean)
        left_out = 0.0 if self._is_standing(step) else 1 - self.tally.samples / self.planned
        drawn = ratio.mean**2 * seen.variance / seen.count * left_out
        return replace(tokens, doubt=tokens.doubt + drawn)

    def _prompt_later(self, teacher: str, step: str) -> Each:
        """Of a prompt that holds an answer yet to come."""
        observed = self._observed(teacher, step)
        if observed is not None:
            return observed.prompt
        recipe = self.tally.recipe
        texts = [recipe.files[name] for name in self._templates(step)]
        own = tokens_a_character(self._teacher(teacher), texts).of(
            Estimate(float(sum(len(text) for text in texts)))
        )
        answers = (self._most_completion(name, before) for name, before in self.tally.missing)
        return Each.between(own.low, own.high + max(answers, default=0))

    def _completion(self, teacher: str, step: str) -> Each:
        most = self._most_completion(teacher, step)
        observed = self._observed(teacher, step)
        if observed is None or observed.completion.mean > most:
            return Each.between(_LEAST_SHARE * most, most)
        said = observed.completion
        if said.mean + said.up > most:
            return Each.between(said.mean - said.down, most)
        return said

    def _most_completion(self, teacher: str, step: str) -> int:
        return self._bound(teacher, step) or _ASSUMED_COMPLETION

    def _bound(self, teacher: str, step: str) -> int | None:
        entry, recipe, step = self._teacher(teacher), self.tally.recipe, step.removesuffix(AGAIN)
        asked = asked_step(recipe, step)
        if asked is None:
            said = recipe.most_parameters(recipe.spec.technique.prompts[step], entry)
        else:
            said = asked.asker.parameters_of(entry)
        return most_tokens((), json.loads(said), most_completion_tokens(entry))[1]

    def _most_calls(self, step: str) -> int:
        """Most requests of a step that one planned sample comes to."""
        recipe, step = self.tally.recipe, step.removesuffix(AGAIN)
        asked = asked_step(recipe, step)
        if asked is not None:
            return asked.calls_a_sample
        return recipe.spec.technique.most_calls.get(step, 1)

    def _templates(self, step: str) -> tuple[str, ...]:
        recipe, step = self.tally.recipe, step.removesuffix(AGAIN)
        return (asked_step(recipe, step) or recipe.spec.technique.prompts[step]).templates

    def _unbounded(self, teachers: set[str]) -> set[str]:
        asked = {*self.tally.missing, *self._later}
        return {name for name, step in asked if name in teachers and not self._bound(name, step)}

    def _observed(self, teacher: str, step: str) -> Observed | None:
        return self.observations.of(teacher, self.tally.recipe.id, step)

    def _teacher(self, name: str) -> Teacher:
        return self.tally.recipe.teachers[name]

    def _is_standing(self, step: str) -> bool:
        """Whether its requests are the same whatever samples there are."""
        asked = asked_step(self.tally.recipe, step)
        return asked is not None and not asked.calls_a_sample

    def _whole(self, found: int, step: str) -> Estimate:
        """A count among the samples looked at, for the whole plan."""
        if self._is_standing(step):
            return Estimate(float(found))
        return counted_in_part(found, self.tally.samples, self.planned)


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))
