"""Judges as far as completions at hand carry them; nothing is asked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.judging.judgment import Judgment
from synth_assets.core.schema import Reason
from synth_assets.core.verify.judge import Judge, judges_among
from synth_assets.core.verify.tools import CallFailure, JudgeCall

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
        """The judges of a recipe; none where it asks none."""
        return cls(recipe.teachers, bought) if judges_among(recipe.spec.verifiers) else None

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


def judge_steps(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """The steps that ask judges, each with its teacher; they follow on all others."""
    steps = {
        judge.step_of(name): name
        for judge in judges_among(recipe.spec.verifiers)
        for name in judge.judges
    }
    yield from steps.items()


def judge_of_step(recipe: Recipe, step: str) -> Judge | None:
    """The verifier whose judges a step asks; none of another step."""
    for judge in judges_among(recipe.spec.verifiers):
        if step in map(judge.step_of, judge.judges):
            return judge
    return None
