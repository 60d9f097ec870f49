"""What shares a recipe plans: of what it draws, of what it chooses for prompts, of teachers."""

from collections.abc import Mapping

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.coverage.shares import cell_key
from synth_assets.core.draws.attributes import AttributeSpace
from synth_assets.errors import RecipeError

_MOST_CELLS = 2_000


def drawn_targets(recipe: Recipe) -> dict[str, Mapping[str, float]]:
    """Attribute -> value -> weight, of what is drawn for a planned sample."""
    space = recipe.space
    if space.never:
        drawn = _marginals(space)
    else:
        drawn = {a.name: {each.value: each.weight for each in a.choice} for a in space.attributes}
    return {**drawn, **recipe.alternatives}


def teacher_targets(recipe: Recipe) -> dict[str, dict[str, float]]:
    """`write_teacher` and the like -> teacher -> weight, of steps with several teachers."""
    found: dict[str, dict[str, float]] = {}
    for step, prompt in recipe.prompts.items():
        weights: dict[str, float] = {}
        for share in prompt.teachers or recipe.spec.teachers:
            weights[share.id] = weights.get(share.id, 0.0) + share.weight
        if len(weights) > 1:
            found[teacher_of(step)] = weights
    return found


def teacher_of(step: str) -> str:
    """The name that the teacher of a step is counted under."""
    return f"{step}_teacher"


def row_targets(recipe: Recipe) -> dict[str, Mapping[str, float]]:
    """As `drawn_targets`, of what rows alone tell; without a weight where a teacher decides."""
    technique = recipe.spec.technique
    told: dict[str, Mapping[str, float]] = {name: {} for name in technique.told_attributes}
    return {**told, **technique.own_choices(recipe.files)}


def joint_quotas(space: AttributeSpace, samples: int) -> tuple[tuple[str, ...], dict[str, int]]:
    """Share samples out among combinations of attributes, rounded down.

    Args:
        space: what is drawn.
        samples: to be shared out.

    Returns:
        The first attributes that have no more combinations than there are samples, two at least,
        and `cell_key` -> quota; nothing where there are too few samples.
    """
    for length in range(len(space.attributes), 1, -1):
        part = AttributeSpace(space.attributes[:length], space.never)
        try:
            shares = part.shares(min(_MOST_CELLS, max(samples, 1)))
        except RecipeError:
            continue  # more combinations than samples: none could have its quota
        names = tuple(attribute.name for attribute in part.attributes)
        # A product of shares may lie a last digit below the whole number that it is.
        quotas = {
            cell_key(dict(cell)): int(share * samples + 1e-9) for cell, share in shares.items()
        }
        return names, quotas
    return (), {}


def _marginals(space: AttributeSpace) -> dict[str, dict[str, float]]:
    """The share of each value where forbidden combinations shift it."""
    found = {a.name: dict.fromkeys((w.value for w in a.choice), 0.0) for a in space.attributes}
    for cell, share in space.shares().items():
        for name, value in cell:
            found[name][value] += share
    return {name: shares for name, shares in found.items() if any(shares.values())}
