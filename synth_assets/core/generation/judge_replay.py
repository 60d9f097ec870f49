"""Judges, and who scores texts, as far as completions at hand carry them; nothing is asked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.judging.judgment import Judgment
from synth_assets.core.schema import Reason
from synth_assets.core.verify.asking import (
    AskedStep,
    asked_steps,
    askers_among,
    standing_calls,
)
from synth_assets.core.verify.tools import CallFailure, JudgeCall, Tools

_NOT_BOUGHT = CallFailure(Reason.PROVIDER_ERROR, "not asked yet")


@dataclass
class LedgerJudges:
    """Answers what was bought, and notes what was not; see `core.verify.tools.Judges`.

    Attributes:
        teachers: id -> entry, of those that the recipe names.
        bought: fingerprint -> completion, where there is one.
        answered: requests whose completions are at hand.
        missing: those that are to be bought.
    """

    teachers: Mapping[str, Teacher]
    bought: Callable[[str], Completion | None]
    answered: list[Request] = field(default_factory=list[Request])
    missing: list[Request] = field(default_factory=list[Request])

    @classmethod
    def of(
        cls, recipe: Recipe, bought: Callable[[str], Completion | None]
    ) -> "LedgerJudges | None":
        """Those whom the verifiers of a recipe ask; none where they ask nobody."""
        return cls(recipe.teachers, bought) if askers_among(recipe.spec.verifiers) else None

    def teacher(self, name: str) -> Teacher | None:
        """See `Judges`."""
        return self.teachers.get(name)

    def ask(self, calls: Sequence[JudgeCall]) -> Sequence[Completion | CallFailure]:
        """See `Judges`."""
        return [self._known(call.request) for call in calls]

    def take_down(self, judgments: Sequence[Judgment]) -> None:
        """See `Judges`; plans tell none."""

    def _known(self, request: Request) -> Completion | CallFailure:
        came = self.bought(request.fingerprint)
        (self.missing if came is None else self.answered).append(request)
        return _NOT_BOUGHT if came is None else came


def ask_standing(recipe: Recipe, judges: LedgerJudges, tools: Tools) -> None:
    """Look up what verifiers ask whatever samples there are, as where real texts are scored.

    Raises:
        RecipeError: if a file that a verifier needs is wrong.
        SourceError: if a data source cannot be read.
    """
    using = replace(tools, judges=judges)
    judges.ask(standing_calls(recipe.spec.verifiers, recipe.files, using))


def judge_steps(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """The steps at which verifiers ask about samples, each with its teacher; after all others."""
    asked = (step for step in asked_steps(recipe.spec.verifiers) if step.calls_a_sample)
    yield from {step.name: step.teacher for step in asked}.items()


def asked_step(recipe: Recipe, name: str) -> AskedStep | None:
    """What a verifier asks under a name; none where it is a step of the technique."""
    steps = asked_steps(recipe.spec.verifiers)
    return next((step for step in steps if step.name == name), None)
