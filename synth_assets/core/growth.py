"""The rounds of a recipe: its technique's own, or those that fill gaps of its coverage."""

import math
from collections.abc import Sequence

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.recipe_spec import KeptSamples
from synth_assets.core.coverage.compared import reference_text, texts_of
from synth_assets.core.coverage.topics import topic_gaps
from synth_assets.core.sample import Seed
from synth_assets.core.techniques.protocol import Growth, Round, Start

_FILLING_ROUNDS = 2
FILLED_TOPIC = "filled_topic"
"""The attribute that names the topic a sample was started for."""


def growth_of(recipe: Recipe, seeds: Sequence[Seed]) -> Growth | None:
    """The rounds in which a recipe is filled; none where all is planned at once.

    Args:
        recipe: what is filled.
        seeds: in the order of their ids.
    """
    if not seeds:
        return None
    if recipe.spec.coverage.fill_gaps:
        return fill_gaps(recipe, seeds)
    return recipe.spec.technique.grow(seeds, recipe.spec.wanted)


def fill_gaps(recipe: Recipe, seeds: Sequence[Seed]) -> Growth:
    """Plan most samples from the seeds in turn, and the rest from where samples are too few.

    Seeds are cut into topics. A topic whose share of the accepted samples is surely too small
    gives the seeds of the next round, as many as it misses; where there is none, the seeds go on
    in turn. Ends when so many are planned (or accepted, where the recipe asks for kept samples).
    """
    said, wanted = recipe.spec.coverage, recipe.spec.wanted
    counts_kept = isinstance(recipe.spec.samples, KeptSamples)
    by_id = {seed.seed_id: seed for seed in seeds}
    reference = {seed.seed_id: reference_text(seed.fields, said.field) for seed in seeds}
    planned = accepted = turn = 0
    texts: list[str] = []
    size = math.ceil(wanted * (1 - said.fill_share))
    part = max(1, math.ceil((wanted - size) / _FILLING_ROUNDS))
    starts: list[Start] = []
    while True:
        missing = size - len(starts)
        starts += [Start(seeds[(turn + at) % len(seeds)]) for at in range(missing)]
        turn += missing
        made = yield Round(starts)
        planned += len(starts)
        texts += texts_of(made, said.field)
        accepted += len(made)
        left = wanted - (accepted if counts_kept else planned)
        if left <= 0 or (counts_kept and not made):
            return {}
        size = min(left, part)
        found = topic_gaps(texts, reference, said.topics)
        names = {row: topic.name for topic in found.gaps(said.below) for row in topic.rows}
        starts = [
            Start(by_id[row], {FILLED_TOPIC: names[row]})
            for row in found.rows_to_start_from(size, said.below)
        ]
