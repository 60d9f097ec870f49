"""Whether a budget can be held at all: a cap on what nobody can price or bound is none."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.fingerprint import canonical_json
from synth_assets.core.generation.budget import Budget, Payer, most_tokens
from synth_assets.core.verify.asking import asked_steps
from synth_assets.core.verify.protocol import Verifier
from synth_assets.errors import BudgetError
from synth_assets.resources.prices import most_completion_tokens, price_of


def check_funds(recipe: Recipe, budget: Budget, payer: Payer) -> None:
    """Refuse what could overrun a cap unseen.

    Raises:
        BudgetError: if a teacher under a cap in US dollars has no known price, or nothing bounds
            the length of its answers; with the line to add.
    """
    for prompt in recipe.spec.technique.prompts.values():
        for share in prompt.teachers or recipe.spec.teachers:
            teacher = recipe.teachers[share.id]
            for asked in (teacher, *(recipe.teachers[name] for name in teacher.fallbacks)):
                parameters = recipe.most_parameters(prompt, asked)
                asking = _Asking(f"{prompt.templates[0]} of {recipe.label}", parameters)
                _check(asking, asked, budget, payer)
    check_judges(recipe.spec.verifiers, recipe.teachers, recipe.label, budget, payer)


def check_judges(
    verifiers: Iterable[Verifier],
    teachers: Mapping[str, Teacher],
    label: str,
    budget: Budget,
    payer: Payer,
) -> None:
    """The same for what verifiers ask.

    Args:
        verifiers: judges and others.
        teachers: id -> entry of all that they name.
        label: where the verifiers are written, as messages call it.
        budget: the caps.
        payer: whose accounts are charged.

    Raises:
        BudgetError: as `check_funds`.
    """
    for step in asked_steps(verifiers):
        asked, kind = teachers[step.teacher], step.asker.kind
        template = step.templates[0] if step.templates else f"the verifier {kind}"
        asking = _Asking(
            f"{template} of {label}",
            step.asker.parameters_of(asked),
            f"the verifier {kind} of {label}",
        )
        _check(asking, asked, budget, payer)


def check_asked(what: str, teacher: Teacher, budget: Budget, payer: Payer) -> None:
    """The same for a teacher that is asked with its own parameters.

    Args:
        what: what it is asked for, as messages call it.
        teacher: its entry.
        budget: the caps.
        payer: whose accounts are charged.

    Raises:
        BudgetError: as `check_funds`.
    """
    asking = _Asking(what, canonical_json(teacher.parameters), "its entry in teachers.yaml")
    _check(asking, teacher, budget, payer)


@dataclass(frozen=True)
class _Asking:
    """A template that is asked with sampling parameters, and where more of these may be said."""

    template: str
    parameters: str
    where: str = "recipe.yaml"


def _check(asking: _Asking, teacher: Teacher, budget: Budget, payer: Payer) -> None:
    caps = budget.concerning(payer, teacher.id)
    if not caps:
        return
    price = price_of(teacher)
    in_usd = any(cap.usd is not None for cap in caps)
    if in_usd and price is None:
        raise BudgetError(
            f"Teacher {teacher.id} ({teacher.model}) has no known price, and a budget in USD is to "
            "be held. Add to its entry in teachers.yaml, in USD per million tokens:\n"
            "    price: {input_usd: 0.15, output_usd: 0.60}"
        )
    costs = price is not None and (price.input_usd > 0 or price.output_usd > 0)
    counts = any(cap.tokens is not None for cap in caps) or (in_usd and costs)
    parameters = json.loads(asking.parameters)
    if counts and most_tokens((), parameters, most_completion_tokens(teacher))[1] is None:
        raise BudgetError(
            f"Nothing bounds the answers of teacher {teacher.id} ({teacher.model}) to "
            f"{asking.template}, and a budget is to be held. Add to {asking.where}\n"
            "    parameters: {max_tokens: 1024}\n"
            "or to the teacher's entry in teachers.yaml\n"
            "    context_limit: 8192"
        )
