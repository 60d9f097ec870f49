"""What a run and its worker processes say to each other; all of it can be pickled."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.recipe_reading import parse_recipe
from synth_assets.core.config.recipe_spec import RecipeSpec
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.budget import Budget
from synth_assets.core.planning import Plan
from synth_assets.core.sample import Seed
from synth_assets.errors import StageContractError
from synth_assets.resources.generation.parts import Part
from synth_assets.resources.generation.shop import Spending


@dataclass(frozen=True)
class RecipeText:
    """A recipe as it is written: compiled schemas cannot be sent to another process."""

    label: str
    files: Mapping[str, str]
    seeds_digest: str
    teachers: Mapping[str, Teacher]
    spec: RecipeSpec
    models: Mapping[str, type[BaseModel]]
    source_digests: Mapping[str, str]

    @classmethod
    def of(cls, recipe: Recipe) -> "RecipeText":
        """The text of a recipe."""
        models = {name: form.model for name, form in recipe.forms.items() if form.model is not None}
        return cls(
            recipe.label,
            recipe.files,
            recipe.seeds_digest,
            recipe.teachers,
            recipe.spec,
            models,
            recipe.source_digests,
        )

    def recipe(self) -> Recipe:
        """The recipe itself."""
        return parse_recipe(
            self.label,
            self.files,
            self.seeds_digest,
            self.teachers,
            self.spec,
            self.models,
            self.source_digests,
        )


@dataclass(frozen=True)
class Errand:
    """What one worker process is to do.

    Attributes:
        text: the recipe; its teachers have the worker's share of what they bear.
        seeds: of the plan.
        plan: identity of the plan.
        start: first position.
        stop: last position, without it.
        folder: where the parts of the recipe version lie.
        ledger: the file.
        budget: the caps, shared by all through the ledger.
        run: id of the run whose account is charged.
    """

    text: RecipeText
    seeds: tuple[Seed, ...]
    plan: str
    start: int
    stop: int
    folder: Path
    ledger: Path
    budget: Budget
    run: str

    def planned(self) -> Plan:
        """The plan.

        Raises:
            StageContractError: if it is another than was sent.
        """
        plan = Plan(self.text.recipe(), self.seeds)
        if plan.fingerprint != self.plan:
            raise StageContractError(
                f"{self.text.label}: a worker process read another version of the recipe. This is "
                "a mistake in the program; set SYNTH_WORKERS=1 and run again."
            )
        return plan


@dataclass(frozen=True)
class PartWanted:
    """A worker asks for the next part that nobody has; answered by a `Part`, or none.

    Attributes:
        start: at or after this position.
    """

    start: int


@dataclass(frozen=True)
class PartWritten:
    """A part is on disk."""

    part: Part


@dataclass(frozen=True)
class Count:
    """How far a worker is.

    Attributes:
        finished: samples of its own parts that are done.
        in_flight: requests that it is buying.
        spending: calls, tokens and money so far.
    """

    finished: int
    in_flight: int
    spending: Spending


@dataclass(frozen=True)
class Ended:
    """The last that a worker says.

    Attributes:
        count: how far it came.
        stopped: it was told to stop, and may not have done all.
        failure: what ended it.
    """

    count: Count
    stopped: bool = False
    failure: Exception | None = None


def divided(teachers: Mapping[str, Teacher], place: int, workers: int) -> dict[str, Teacher]:
    """One worker's share of what each teacher bears; all shares together are the whole.

    Args:
        teachers: id -> entry; each of at least as many requests at once as there are workers.
        place: which worker, from 0.
        workers: how many.
    """

    def share(teacher: Teacher) -> Teacher:
        each, more = divmod(teacher.parallelism, workers)
        rates = {
            name: rate / workers
            for name in ("requests_per_minute", "tokens_per_minute")
            if (rate := getattr(teacher, name)) is not None
        }
        return teacher.model_copy(update={"parallelism": each + (place < more), **rates})

    return {name: share(teacher) for name, teacher in teachers.items()}
