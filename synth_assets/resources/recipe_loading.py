"""Recipes from their folders: read first, then checked against what all recipes share."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from synth_assets.core.config.names import unknown_name
from synth_assets.core.config.recipe import RECIPE_FILE, Recipe
from synth_assets.core.config.recipe_reading import parse_recipe, parse_recipe_yaml
from synth_assets.core.config.recipe_spec import RecipeSpec
from synth_assets.core.config.sources import holds_passages
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.fingerprint import fingerprint
from synth_assets.core.verify.judge import judges_among
from synth_assets.errors import RecipeError
from synth_assets.resources.file_digest import file_digest
from synth_assets.resources.own_techniques import load_technique
from synth_assets.resources.recipe_folder import (
    RecipeFolder,
    load_models,
    read_recipe_folder,
    read_verifier_rows,
)
from synth_assets.resources.response_format import with_response_formats
from synth_assets.resources.sources.located import LocatedSource, source_digest

SOURCE_FIELDS = ("prompt", "response")
"""The fields of seeds that come from a source."""

TRAINING_USES = frozenset({"pool", "seeds"})
"""What a source must be for, one at least, for generation to learn or start from its rows."""


@dataclass(frozen=True)
class ReadRecipe:
    """What stands in a recipe's folder, before it is checked against what recipes share."""

    content: RecipeFolder
    spec: RecipeSpec


def read_recipe(folder: Path) -> ReadRecipe:
    """Read a recipe's folder.

    Raises:
        RecipeError: if a file cannot be read, or `recipe.yaml` is missing or not right.
    """
    content = read_recipe_folder(folder)
    if RECIPE_FILE not in content.texts:
        raise RecipeError(f"{folder}: {RECIPE_FILE} is no regular file. Make it one.")
    spec = parse_recipe_yaml(
        str(folder),
        content.texts[RECIPE_FILE],
        lambda kind: load_technique(folder, content.texts, kind),
    )
    return ReadRecipe(content, spec)


def checked_recipe(
    folder: Path,
    found: ReadRecipe,
    teachers: Mapping[str, Teacher],
    sources: Mapping[str, LocatedSource],
    answering: Teacher | None = None,
) -> Recipe:
    """A recipe, checked against what recipes share.

    Args:
        folder: of the recipe.
        found: what stands in it.
        teachers: id -> entry of the catalogue.
        sources: id -> data source.
        answering: the teacher that answers every prompt, in the place of those that it names.

    Raises:
        ConfigurationError: if its parts do not fit each other, or it names what nobody declared.
        SourceError: if a data source that it names cannot be read.
    """
    label, content, spec = str(folder), found.content, found.spec
    if answering is not None:
        spec = spec.answered_by(answering.id)
    spec = _with_compared_field(spec, sources)
    digest = _seeds_digest(label, spec, content, sources)
    forms = [prompt.form for prompt in spec.technique.prompts.values()]
    if any([*forms, *(judge.schema_file for judge in judges_among(spec.verifiers))]):
        teachers = with_response_formats(teachers)
    models = load_models(label, spec)
    texts = {**content.texts, **read_verifier_rows(content, spec.verifiers)}
    digests = _verifier_digests(label, spec, sources)
    return parse_recipe(label, texts, digest, teachers, spec, models, digests)


def _with_compared_field(spec: RecipeSpec, sources: Mapping[str, LocatedSource]) -> RecipeSpec:
    """Coverage against passages is of passages, unless the recipe names a field."""
    found = sources.get(spec.coverage.reference or spec.seeds.source or "")
    passages = found is not None and holds_passages(found.spec)
    return spec.model_copy(update={"coverage": spec.coverage.against(passages=passages)})


def _seeds_digest(
    label: str, spec: RecipeSpec, content: RecipeFolder, sources: Mapping[str, LocatedSource]
) -> str:
    where = f"{label}/{RECIPE_FILE}: seeds"
    if spec.seeds.file is not None:
        if spec.seeds.file not in content.seed_files:
            there = ", ".join(sorted(content.seed_files)) or "none"
            raise RecipeError(
                f"{where}: there is no seeds file {spec.seeds.file}. JSONL files here: {there}. "
                "Write it, one JSON object a line, or mend the name."
            )
        return fingerprint(file_digest(content.seed_files[spec.seeds.file], where))
    source = _training_source(where, spec.seeds.source or "", sources)
    if strange := sorted(set(spec.seeds.columns.values()) - set(SOURCE_FIELDS)):
        raise RecipeError(
            f"{where}: columns: names {', '.join(strange)}, but rows of a source have the fields "
            f"{', '.join(SOURCE_FIELDS)}. Mend the name."
        )
    return source_digest(source)


def _verifier_digests(
    label: str, spec: RecipeSpec, sources: Mapping[str, LocatedSource]
) -> dict[str, str]:
    """Data source that a verifier names -> identity of its rows."""
    return {
        name: source_digest(
            _training_source(f"{label}/{RECIPE_FILE}: verifier {verifier.kind}", name, sources)
        )
        for verifier in spec.verifiers
        for name in verifier.sources
    }


def _training_source(where: str, name: str, sources: Mapping[str, LocatedSource]) -> LocatedSource:
    if name not in sources:
        raise RecipeError(f"{where}: {unknown_name('source', name, sources)}")
    if not TRAINING_USES & set(sources[name].spec.uses):
        raise RecipeError(
            f"{where}: source {name} is kept out of training. Name one with the use pool or seeds."
        )
    return sources[name]
