"""Runs of shipped recipes on the embedded teacher, with what it knows of its own answers."""

import json
from dataclasses import dataclass
from functools import cache

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.finishing import finished_sample
from synth_assets.core.planning import plan_slots, sample_id
from synth_assets.core.sample import Sample, Seed
from synth_assets.core.schema import Reason, VerdictOutcome
from synth_assets.core.techniques.protocol import Slot, Unusable
from synth_assets.resources.catalogue import Catalogue, load_catalogue
from synth_assets.resources.embedded.composition import compose
from synth_assets.resources.embedded.truth import Composition, Truth
from synth_assets.resources.settings import SHIPPED_RECIPES
from synth_assets.resources.sources.reading import read_source
from synth_assets.resources.sources.seeds import seed_rows, seeds_of

RECIPES = ("math_word_problems", "python_reference_qa", "structured_extraction")


@dataclass(frozen=True)
class Made:
    """A planned sample: what became of it, and what is so about its first answer."""

    sample: Sample | None
    dropped: Reason | None
    truth: Truth
    teacher: str


@cache
def shipped() -> Catalogue:
    return load_catalogue([SHIPPED_RECIPES])


@cache
def seeds(name: str) -> tuple[Seed, ...]:
    catalogue = shipped()
    real = read_source(catalogue.sources["python_reference"])
    return seeds_of(seed_rows(catalogue.recipe(name), catalogue, real))


def answer(request: Request, shift: int = 0) -> Composition:
    parameters = json.loads(request.parameters)
    seed = request.sample_index + 1000 * shift
    return compose(request.model, request.messages, parameters, seed)


@cache
def run(name: str, shift: int = 0) -> tuple[Made, ...]:
    """All planned samples of a recipe; another shift gives other answers to the same requests."""
    recipe = shipped().recipe(name)
    return tuple(_made(recipe, slot, shift) for slot in plan_slots(recipe, seeds(name)))


def rejections(name: str, sample: Sample) -> list[Reason | None]:
    """Why the recipe's verifiers reject a sample; empty if they accept it."""
    recipe = shipped().recipe(name)
    verdicts = [verifier.prepare(recipe.files)(sample) for verifier in recipe.spec.verifiers]
    return [v.reason for v in verdicts if v.outcome is not VerdictOutcome.ACCEPTED]


def shingles(text: str, size: int = 5) -> set[tuple[str, ...]]:
    words = text.lower().split()
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}


def likeness(one: str, other: str) -> float:
    first, second = shingles(one), shingles(other)
    return len(first & second) / max(1, len(first | second))


def _made(recipe: Recipe, slot: Slot, shift: int) -> Made:
    production = recipe.spec.technique.produce(slot)
    asked = next(production)
    first, given, bought = asked, [], []
    try:
        while True:
            answers = [answer(request, shift) for request in asked]
            given.extend(answers)
            came = [
                Completion(request.fingerprint, a.text, a.finish_reason, 1, 1, 0.0, 0.0)
                for request, a in zip(asked, answers, strict=True)
            ]
            bought.extend(zip(asked, came, strict=True))
            asked = production.send(came)
    except StopIteration as end:
        truth, teacher = given[0].truth, first[0].teacher
        if isinstance(end.value, Unusable):
            return Made(None, end.value.reason, truth, teacher)
        named = sample_id(recipe, slot, first)
        return Made(finished_sample(recipe, slot, named, bought, end.value), None, truth, teacher)
