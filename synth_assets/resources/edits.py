"""Edits before anything is bought: what changed, what that asks of teachers, what it costs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

from synth_assets.core.completion import Completion
from synth_assets.core.config.recipe import RECIPE_FILE, Recipe
from synth_assets.core.config.recipe_reading import parse_recipe, parse_recipe_yaml
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.growth_replay import GrowthReplay
from synth_assets.core.generation.outlook import RecipePlan, Unplanned
from synth_assets.core.generation.replay import Replayed, replay
from synth_assets.core.planning import Plan
from synth_assets.core.sample import Seed
from synth_assets.core.schema import Reason, Stage
from synth_assets.core.versions.causes import Cause, causes_between
from synth_assets.core.versions.manifest import Manifest
from synth_assets.core.versions.previews import (
    FileDiff,
    PromptPreview,
    file_diffs,
    prompt_previews,
)
from synth_assets.errors import SynthError
from synth_assets.resources.filled_plan import FilledPlan
from synth_assets.resources.frames import read_frame
from synth_assets.resources.history import History, manifest_of
from synth_assets.resources.own_techniques import load_technique
from synth_assets.resources.planning import Planner
from synth_assets.resources.recipe_folder import load_models
from synth_assets.resources.workshop import Workshop

_FILLED = ("seeds", "raw_generations", "verified_samples", "sample_signatures")
_LOOKED_AT = 200
_PREVIEWS = 3


@dataclass(frozen=True)
class Edit:
    """What was changed of a recipe since it was filled last.

    Attributes:
        recipe: id.
        key: partition key of the live version, which is not filled.
        since: that of the version that was filled last; empty where none was.
        causes: by what the two differ.
        files: what was edited, line by line.
        previews: what teachers will be asked for a few seeds, beside what they were.
        plan: what filling it takes; `Unplanned` where that cannot be said.
        no_previews: why there are none, where they could not be made.
    """

    recipe: str
    key: str
    since: str
    causes: tuple[Cause, ...]
    files: tuple[FileDiff, ...]
    previews: tuple[PromptPreview, ...]
    plan: RecipePlan | Unplanned
    no_previews: str = ""

    @property
    def told(self) -> str:
        """The causes in words."""
        words = "; ".join(cause.told for cause in self.causes)
        return words or ("as it was filled last" if self.since else "never filled")


def is_filled(workshop: Workshop, key: str) -> bool:
    """Whether every asset of a recipe version lies on disk, and no budget cut it short.

    Raises:
        StorageError: if its decisions cannot be read.
    """
    if not all(workshop.home.asset(name, key).exists() for name in _FILLED):
        return False
    made = workshop.home.decisions(Stage.GENERATE, key)
    return not made.exists() or Reason.BUDGET_REACHED not in read_frame(made)["reason"]


def unfilled(workshop: Workshop, names: Sequence[str] = ()) -> tuple[Recipe, ...]:
    """The recipes whose live version lacks an asset; of those named, or of the usual ones.

    Raises:
        UnknownNameError: for a recipe that there is not.
    """
    named = [workshop.catalogue.recipe(name) for name in dict.fromkeys(names)]
    return tuple(
        recipe
        for recipe in named or workshop.catalogue.usual_recipes
        if not is_filled(workshop, recipe.key)
    )


def edits_of(planner: Planner, plans: Iterable[RecipePlan | Unplanned]) -> tuple[Edit, ...]:
    """What was changed of recipes since they were filled last.

    Args:
        planner: that made the plans.
        plans: of the recipes, one each.

    Raises:
        LedgerError: if the ledger is damaged.
        StorageError: if the history cannot be read.
    """
    recipe = planner.workshop.catalogue.recipe
    return tuple(_edit(planner, recipe(plan.recipe), plan) for plan in plans)


def _edit(planner: Planner, recipe: Recipe, plan: RecipePlan | Unplanned) -> Edit:
    filled = FilledPlan.latest(planner.workshop.home, recipe.id)
    since = "" if filled is None else filled.key
    then = History(planner.workshop.home).manifest(since) if since else None
    if then is None:
        return Edit(recipe.id, recipe.key, since, (), (), (), plan)
    now = manifest_of(planner.workshop.catalogue, recipe)
    edit = Edit(
        recipe.id,
        recipe.key,
        since,
        causes_between(then, now),
        file_diffs(then, now),
        (),
        plan,
    )
    try:
        return replace(edit, previews=_previews(planner, then, recipe))
    except SynthError as exc:
        return replace(edit, no_previews=str(exc))


def _previews(planner: Planner, then: Manifest, recipe: Recipe) -> tuple[PromptPreview, ...]:
    teachers = {**planner.workshop.catalogue.teachers, **recipe.teachers}
    before = recipe_of(then, teachers, recipe.label)
    seeds = Plan.of(recipe, planner.inputs.seeds(recipe)).seeds
    samples = partial(_samples, seeds=seeds, bought=planner.bought)
    return prompt_previews(samples(before), samples(recipe), _PREVIEWS)


def _samples(
    recipe: Recipe, seeds: Sequence[Seed], bought: Callable[[str], Completion | None]
) -> Iterator[Replayed]:
    growth = GrowthReplay.of(recipe, seeds, bought)
    if growth is not None:
        return islice(growth.samples(), _LOOKED_AT)
    slots = Plan.of(recipe, seeds).slots(0, min(_LOOKED_AT, recipe.spec.first_round))
    return (replay(recipe, slot, bought) for slot in slots)


def recipe_of(manifest: Manifest, teachers: Mapping[str, Teacher], label: str) -> Recipe:
    """The recipe that a version was, to look at; its teachers are today's.

    Args:
        manifest: of the version.
        teachers: id -> entry, as they are now.
        label: the recipe's folder.

    Raises:
        RecipeError: if it does not load any more, as where a teacher is gone.
    """
    files = manifest.files
    spec = parse_recipe_yaml(
        label, files[RECIPE_FILE], lambda kind: load_technique(Path(label), files, kind)
    )
    return parse_recipe(label, files, "", teachers, spec, load_models(label, spec))
