"""A planned sample as far as completions at hand carry it; nothing is asked."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.finishing import Piece, finished
from synth_assets.core.generation.estimate import Moments, Reach
from synth_assets.core.generation.judge_replay import judge_steps
from synth_assets.core.planning import planned_row, sample_id
from synth_assets.core.techniques.advance import Asking, begun
from synth_assets.core.techniques.protocol import Slot

AGAIN = "/again"
"""Ends the name of a step that asks a second time for JSON that could not be used."""

_MOST_TEXTS = 50
_MOST_REMEMBERED = 2_000_000


@dataclass(frozen=True)
class Replayed:
    """What is known of one planned sample.

    Attributes:
        slot: the planned sample.
        row: of `PLAN_SCHEMA`.
        answered: requests whose completions are at hand.
        missing: the next requests, which are not; empty where the sample is complete.
        pieces: what the technique made, where the sample is complete.
    """

    slot: Slot
    row: tuple[object, ...]
    answered: tuple[Request, ...]
    missing: tuple[Request, ...]
    pieces: tuple[Piece, ...] = ()


def replay(recipe: Recipe, slot: Slot, bought: Callable[[str], Completion | None]) -> Replayed:
    """Carry a planned sample as far as what was bought goes.

    Args:
        recipe: whose technique it is.
        slot: the planned sample.
        bought: fingerprint -> completion, where there is one.

    Raises:
        RecipeError: if a prompt does not render with the seed.
    """
    kind = recipe.spec.technique.kind
    asking = Asking(recipe.label, kind, begun(recipe.label, kind, slot))
    asked = asking.first()
    name = sample_id(recipe, slot, asked)
    row = planned_row(name, slot, asked[0])
    answered: list[tuple[Request, Completion]] = []
    while True:
        found = [(request, bought(request.fingerprint)) for request in asked]
        there = [(request, came) for request, came in found if came is not None]
        answered.extend(there)
        known = tuple(request for request, _ in answered)
        if missing := tuple(request for request, came in found if came is None):
            return Replayed(slot, row, known, missing)
        try:
            asked = asking.next([came for _, came in there])
        except StopIteration as stop:
            return Replayed(
                slot, row, known, (), finished(recipe, slot, name, answered, stop.value)
            )


@dataclass
class Missing:
    """Requests of one step to one teacher that are to be bought.

    Attributes:
        parameters: their sampling parameters, as canonical JSON.
        characters: of their prompts.
        texts: a few of the prompts.
    """

    parameters: str
    characters: Moments = field(default_factory=Moments)
    texts: list[str] = field(default_factory=list[str])

    def add(self, request: Request) -> None:
        """Count one request."""
        text = "\n".join(message.content for message in request.messages)
        self.characters = self.characters.and_one(len(text))
        if len(self.texts) < _MOST_TEXTS:
            self.texts.append(text)


@dataclass
class Tally:
    """Counts over replayed samples of one recipe; its size does not grow with theirs.

    Equal requests are counted once, as they are bought once: among the first two million, which
    are remembered.

    Attributes:
        recipe: whose samples they are.
        samples: how many were replayed.
        answered: (teacher, step) -> requests whose completions are at hand.
        missing: (teacher, step) -> requests that are to be bought.
        waiting: (step, later step, teacher of that) -> requests of the step that are missing.
    """

    recipe: Recipe
    samples: int = 0
    answered: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    missing: dict[tuple[str, str], Missing] = field(default_factory=dict[tuple[str, str], Missing])
    waiting: dict[tuple[str, str, str], int] = field(
        default_factory=dict[tuple[str, str, str], int]
    )
    _remembered: set[int] = field(default_factory=set[int])

    def add(self, replayed: Replayed) -> None:
        """Count one sample."""
        self.samples += 1
        self.add_requests(replayed.answered, replayed.missing)
        for step in dict.fromkeys(request.step for request in replayed.missing):
            for later, teacher in self._later(replayed.slot, step):
                place = step, later, teacher
                self.waiting[place] = self.waiting.get(place, 0) + 1

    def add_requests(self, answered: Iterable[Request], missing: Iterable[Request]) -> None:
        """Count requests whose completions are at hand, and those that are to be bought."""
        for request in answered:
            if self._is_new(request):
                key = request.teacher, request.step
                self.answered[key] = self.answered.get(key, 0) + 1
        for request in missing:
            if not self._is_new(request):
                continue
            key = request.teacher, request.step
            if key not in self.missing:
                self.missing[key] = Missing(request.parameters)
            self.missing[key].add(request)

    def reach(self) -> Reach:
        """How far the samples whose answers are at hand went."""
        answered, seen = dict[str, int](), dict[str, int]()
        for (_, step), count in self.answered.items():
            answered[step] = answered.get(step, 0) + count
            seen[step] = seen.get(step, 0) + count
        for (_, step), missing in self.missing.items():
            seen[step] = seen.get(step, 0) + missing.characters.count
        return Reach(answered, seen)

    def _is_new(self, request: Request) -> bool:
        mark = int(request.fingerprint[:15], 16)
        if mark in self._remembered:
            return False
        if len(self._remembered) < _MOST_REMEMBERED:
            self._remembered.add(mark)
        return True

    def _later(self, slot: Slot, step: str) -> Iterator[tuple[str, str]]:
        """The steps that may follow, and who would answer them; also those asked in turns."""
        technique = self.recipe.spec.technique
        prompts, again = technique.prompts, technique.most_calls
        steps = tuple(steps_of(self.recipe))
        place = steps.index(step) if step in steps else len(steps)
        for at, later in enumerate(steps):
            if at <= place and again.get(later, 1) == 1:
                continue
            base = later.removesuffix(AGAIN)
            yield later, slot.ask.teacher(prompts[base], base)
        yield from judge_steps(self.recipe)


def steps_of(recipe: Recipe) -> Iterable[str]:
    """The steps of a recipe's samples, in their order, with those that ask again for JSON."""
    for step, prompt in recipe.spec.technique.prompts.items():
        yield step
        if prompt.form is not None:
            yield f"{step}{AGAIN}"
