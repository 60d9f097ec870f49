"""The catalogue: every recipe, teacher, mixture and source that the recipe folders declare.

A folder holds `teachers.yaml`, `mixtures.yaml`, `sources.yaml`, `budgets.yaml` and
`selection.yaml`, each optional, and a sub-folder with a `recipe.yaml` for each recipe. Later
folders extend and override earlier ones.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from synth_assets.core.config.budgets import Budgets
from synth_assets.core.config.mixtures import Mixture, MixturesFile, NamedPolicy
from synth_assets.core.config.names import Written, unknown_name
from synth_assets.core.config.recipe import RECIPE_FILE, Recipe
from synth_assets.core.config.selection import Selection
from synth_assets.core.config.sources import SourcesFile
from synth_assets.core.config.teachers import Teacher, TeachersFile
from synth_assets.core.config.yaml_text import YamlText, parse_yaml, validated
from synth_assets.core.embedding.tfidf import TFIDF
from synth_assets.core.fingerprint import short_id
from synth_assets.errors import (
    CatalogueError,
    ConfigurationError,
    RecipeError,
    SourceError,
    UnknownNameError,
)
from synth_assets.resources.embedding.minilm import MINILM
from synth_assets.resources.embedding.sentence_transformers import SENTENCE_TRANSFORMERS
from synth_assets.resources.recipe_folder import (
    read_text,
)
from synth_assets.resources.recipe_loading import ReadRecipe, checked_recipe, read_recipe
from synth_assets.resources.sources.located import LocatedSource

_F = TypeVar("_F", bound=Written)


@dataclass(frozen=True)
class BrokenRecipe:
    """A recipe that does not load; `label` is its folder, `message` says where and the mend."""

    label: str
    message: str


@dataclass(frozen=True)
class Catalogue:
    """What the recipe folders declare.

    Attributes:
        recipes: those that load, by id.
        broken: those that do not, by folder.
        teachers: id -> entry.
        mixtures: id -> entry.
        sources: id -> entry with the place of its data.
        seed_files: id of a recipe with seeds of its own -> their JSONL file.
        budgets: what may be spent.
        selection: which rows count as repetitions.
        policies: id -> what mixtures may name.
    """

    recipes: tuple[Recipe, ...]
    broken: tuple[BrokenRecipe, ...]
    teachers: Mapping[str, Teacher]
    mixtures: Mapping[str, Mixture]
    sources: Mapping[str, LocatedSource]
    seed_files: Mapping[str, Path]
    budgets: Budgets = field(default_factory=Budgets)
    selection: Selection = field(default_factory=Selection)
    policies: Mapping[str, NamedPolicy] = field(default_factory=dict[str, NamedPolicy])

    @property
    def usual_recipes(self) -> tuple[Recipe, ...]:
        """Those that take part where none is named."""
        return tuple(recipe for recipe in self.recipes if not recipe.spec.on_request)

    @property
    def usual_mixtures(self) -> tuple[Mixture, ...]:
        """Those that are composed where none is named."""
        return tuple(each for each in self.mixtures.values() if not each.on_request)

    @property
    def teacher_weights(self) -> dict[tuple[str, str], float]:
        """(Recipe, teacher) -> its share of the recipe's requests, from 0 to 1."""
        return {
            (recipe.id, teacher): weight
            for recipe in self.recipes
            for teacher, weight in recipe.spec.teacher_weights.items()
        }

    @property
    def on_request(self) -> frozenset[str]:
        """Ids of the recipes that take part only where they are named."""
        return frozenset(recipe.id for recipe in self.recipes if recipe.spec.on_request)

    def recipe(self, name: str) -> Recipe:
        """The recipe of that id.

        Raises:
            UnknownNameError: listing what there is, and which folders are broken.
        """
        for recipe in self.recipes:
            if recipe.id == name:
                return recipe
        message = unknown_name("recipe", name, [recipe.id for recipe in self.recipes])
        if self.broken:
            folders = ", ".join(recipe.label for recipe in self.broken)
            message += f" Broken, and left out until mended: {folders}."
        raise UnknownNameError(message)

    def mixture(self, name: str) -> Mixture:
        """The mixture of that id.

        Raises:
            UnknownNameError: listing what there is.
        """
        if name not in self.mixtures:
            raise UnknownNameError(unknown_name("mixture", name, self.mixtures))
        return self.mixtures[name]


def load_catalogue(
    folders: Sequence[Path],
    *,
    lent: Sequence[Path] = (),
    teacher_override: str | None = None,
    kept: Mapping[Path, Recipe] | None = None,
    read: Callable[[Path], ReadRecipe] | None = None,
) -> Catalogue:
    """Read every recipe folder.

    Entries of a later folder replace those of the same id in earlier ones; of two recipes of one
    id the later is broken. A broken recipe stops no other.

    Args:
        folders: the shipped folder, then the user's.
        lent: folders before these of which only teachers and policies are taken.
        teacher_override: a teacher's id, or a LiteLLM model name (with a `/`), that answers every
            prompt of every recipe.
        kept: folder -> the recipe that it is known to hold, which is not checked again.
        read: reads a recipe's folder; by default `read_recipe`.

    Raises:
        CatalogueError: if a folder is missing, or a file that all recipes share is broken.
        UnknownNameError: if `teacher_override` is neither.
    """
    roots = tuple(dict.fromkeys(folder.absolute() for folder in folders))
    for root in roots:
        if not root.is_dir():
            raise CatalogueError(f"{root}: is no folder. Create it, or mend the path to it.")
    lenders = (*lent, *roots)
    teachers = {
        teacher.id: teacher
        for _, file in _files(lenders, "teachers.yaml", TeachersFile, "teachers")
        for teacher in file.teachers
    }
    sources = {
        source.id: LocatedSource.named_in(Path(document.label), source)
        for document, file in _files(roots, "sources.yaml", SourcesFile, "sources")
        for source in file.sources
    }
    mixing = list(_files(lenders, "mixtures.yaml", MixturesFile, "mixtures", "policies"))
    policies = {policy.id: policy for _, file in mixing for policy in file.policies}
    own = [(document, file) for document, file in mixing if Path(document.label).parent in roots]
    mixtures = _mixtures(own, policies, sources)
    budgets = Budgets()
    for _, file in _files(roots, "budgets.yaml", Budgets):
        budgets = file.over(budgets)
    selection = Selection()
    for document, file in _files(roots, "selection.yaml", Selection):
        selection = file.located_in(Path(document.label).parent).over(selection)
    shared = Catalogue((), (), teachers, mixtures, sources, {}, budgets, selection, policies)
    answering = _override(teachers, teacher_override) if teacher_override else None
    if answering is not None:
        shared = replace(shared, teachers={**teachers, answering.id: answering})
    catalogue = _with_recipes(shared, roots, answering, kept or {}, read or read_recipe)
    _refuse_caps_of_nobody(catalogue)
    _refuse_unknown_helpers(catalogue)
    return catalogue


def _files(
    roots: Iterable[Path], name: str, model: type[_F], *keys: str
) -> Iterator[tuple[YamlText, _F]]:
    """The shared file of that name of each folder that has one, as it stands and checked."""
    for root in roots:
        path = root / name
        if os.path.lexists(path):
            document = parse_yaml(read_text(path, CatalogueError), str(path), CatalogueError)
            file = validated(model, document, CatalogueError)
            for key in keys:
                _refuse_repeated_ids(document, key)
            yield document, file


def _refuse_repeated_ids(document: YamlText, key: str) -> None:
    seen: dict[str, int] = {}
    for index, entry in enumerate(document.value.get(key) or ()):
        line = document.line_of([key, index, "id"])
        if entry["id"] in seen:
            raise CatalogueError(
                f"{document.label}: line {line}: the id {entry['id']} stands on line "
                f"{seen[entry['id']]} already. Rename one, or remove it."
            )
        seen[entry["id"]] = line


def _refuse_caps_of_nobody(catalogue: Catalogue) -> None:
    """A cap under a mistyped name would cap nothing."""
    known = {"teacher": set(catalogue.teachers), "recipe": {r.id for r in catalogue.recipes}}
    capped = {"teacher": catalogue.budgets.teachers, "recipe": catalogue.budgets.recipes}
    for kind, names in capped.items():
        for name in names:
            # Of a broken recipe nobody knows the name.
            if name not in known[kind] and not (kind == "recipe" and catalogue.broken):
                raise CatalogueError(f"budgets.yaml: {unknown_name(kind, name, known[kind])}")


def _refuse_unknown_helpers(catalogue: Catalogue) -> None:
    """Selection comes after all that costs money: a mistyped name must not wait for it."""
    semantic, section = catalogue.selection.dedup.semantic, catalogue.selection.decontaminate
    if semantic is not None:
        _refuse_unknown_embedder(catalogue, "dedup.semantic", semantic.embedder)
    if section.embedder is not None:
        _refuse_unknown_embedder(catalogue, "decontaminate.embedder", section.embedder)
    asked = {"judge": section.judge}
    asked["translation"] = section.translation.teacher if section.translation else None
    for key, name in asked.items():
        if name is not None and name not in catalogue.teachers:
            told = unknown_name("teacher", name, set(catalogue.teachers))
            raise CatalogueError(f"selection.yaml: decontaminate.{key}: {told}")


def _refuse_unknown_embedder(catalogue: Catalogue, place: str, name: str) -> None:
    known = {MINILM, TFIDF, *catalogue.teachers}
    if name not in known and not name.startswith(f"{SENTENCE_TRANSFORMERS}:"):
        told = unknown_name("embedder", name, [*known, f"{SENTENCE_TRANSFORMERS}:FOLDER"])
        raise CatalogueError(f"selection.yaml: {place}: {told}")


def _mixtures(
    files: Iterable[tuple[YamlText, MixturesFile]],
    policies: Mapping[str, NamedPolicy],
    sources: Mapping[str, LocatedSource],
) -> dict[str, Mixture]:
    """The mixtures of all files, each under the policy that it names, of any file."""
    mixtures: dict[str, Mixture] = {}
    for document, file in files:
        for index, mixture in enumerate(file.mixtures):
            line = document.line_of(["mixtures", index, "id"])
            where = f"{document.label}: line {line}: mixture {mixture.id}"
            made = _under_policy(mixture, where, policies)
            for name in made.sources or ():
                if name not in sources:
                    raise CatalogueError(f"{where}: {unknown_name('source', name, sources)}")
            mixtures[made.id] = made.located_in(Path(document.label).parent)
    return mixtures


def _under_policy(mixture: Mixture, where: str, policies: Mapping[str, NamedPolicy]) -> Mixture:
    if mixture.policy is None:
        return mixture
    if mixture.policy not in policies:
        raise CatalogueError(f"{where}: {unknown_name('policy', mixture.policy, policies)}")
    try:
        return mixture.under(policies[mixture.policy])
    except ValidationError as exc:
        faults = "; ".join(fault["msg"].removeprefix("Value error, ") for fault in exc.errors())
        raise CatalogueError(
            f"{where}: under the policy {mixture.policy} it says what no mixture may: {faults}."
        ) from exc


def _override(teachers: Mapping[str, Teacher], name: str) -> Teacher:
    """The teacher that answers everything: an entry, or a new one for a LiteLLM model."""
    if name in teachers:
        return teachers[name]
    if "/" not in name or not name.isprintable() or len(name) > 200:
        raise UnknownNameError(
            f"{unknown_name('teacher', name[:200], teachers)} A model that stands in no "
            "teachers.yaml is named as LiteLLM does, with its provider: ollama/llama3.2."
        )
    for teacher in teachers.values():
        if teacher.model == name:
            return teacher
    slug = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-_0123456789")[:50] or "model"
    return Teacher(id=slug if slug not in teachers else f"{slug}-{short_id(name)[:8]}", model=name)


def _with_recipes(
    shared: Catalogue,
    roots: Iterable[Path],
    answering: Teacher | None,
    kept: Mapping[Path, Recipe],
    read: Callable[[Path], ReadRecipe],
) -> Catalogue:
    recipes: dict[str, Recipe] = {}
    seed_files: dict[str, Path] = {}
    broken: list[BrokenRecipe] = []
    for folder in _recipe_folders(roots):
        try:
            recipe = kept.get(folder)
            if recipe is None:
                recipe = checked_recipe(
                    folder, read(folder), shared.teachers, shared.sources, answering
                )
            if recipe.id in recipes:
                raise RecipeError(
                    f"{folder}: the id {recipe.id} is that of {recipes[recipe.id].label} already. "
                    "Rename one in its recipe.yaml."
                )
        except (ConfigurationError, SourceError) as exc:
            broken.append(BrokenRecipe(str(folder), str(exc)))
            continue
        recipes[recipe.id] = recipe
        if recipe.spec.seeds.file is not None:
            seed_files[recipe.id] = folder / recipe.spec.seeds.file
    ordered = tuple(recipes[name] for name in sorted(recipes))
    return replace(shared, recipes=ordered, broken=tuple(broken), seed_files=seed_files)


def _recipe_folders(roots: Iterable[Path]) -> Iterator[Path]:
    for root in roots:
        for folder in sorted(root.iterdir()):
            if folder.name.startswith(".") or not folder.is_dir():
                continue
            unreadable = not os.access(folder, os.R_OK | os.X_OK)
            if unreadable or os.path.lexists(folder / RECIPE_FILE):
                yield folder
