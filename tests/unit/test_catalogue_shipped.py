import json
from pathlib import Path

import polars as pl
import pytest

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.planning import plan_slots
from synth_assets.core.sample import Sample
from synth_assets.core.schema import SAMPLE_SCHEMA, Origin, VerdictOutcome
from synth_assets.core.techniques.protocol import Draft, Slot, Unusable
from synth_assets.errors import ConfigurationError
from synth_assets.resources.catalogue import load_catalogue
from synth_assets.resources.embedded.composition import compose
from synth_assets.resources.new_recipe import create_recipe
from synth_assets.resources.settings import SHIPPED_RECIPES
from synth_assets.resources.sources.seeds import seed_rows, seeds_of


def answered(request: Request) -> Completion:
    """What the embedded teacher says when it makes none of its deliberate faults."""
    parameters = {**json.loads(request.parameters), "flaws": {}}
    made = compose(request.model, request.messages, parameters, request.sample_index)
    return Completion(request.fingerprint, made.text, "stop", 1, 1, 0.0, 0.0)


def drafted(recipe: Recipe, slot: Slot) -> Draft | Unusable:
    production = recipe.spec.technique.produce(slot)
    try:
        requests = next(production)
        while True:
            requests = production.send([answered(request) for request in requests])
    except StopIteration as end:
        return end.value


def as_sample(draft: Draft) -> Sample:
    row = Sample.real("s", 0, draft.prompt, draft.response, "x")
    changes = {"context": draft.context, "reference": draft.reference, "origin": Origin.SYNTHETIC}
    return Sample(**{**row.__dict__, **changes})


def test_load_catalogue_shipped_folder_is_whole():
    catalogue = load_catalogue([SHIPPED_RECIPES])
    assert catalogue.broken == ()
    assert len(catalogue.recipes) >= 3


def test_create_recipe_loads_beside_the_shipped_ones_and_passes_its_checks(tmp_path: Path):
    made = create_recipe(tmp_path / "recipes", "my_docs")
    catalogue = load_catalogue([SHIPPED_RECIPES, made.parent])
    assert catalogue.broken == ()
    recipe = catalogue.recipe("my_docs")
    seeds = seeds_of(seed_rows(recipe, catalogue, pl.DataFrame(schema=SAMPLE_SCHEMA)))
    made_of_slots = [drafted(recipe, slot) for slot in plan_slots(recipe, seeds)]
    drafts = [draft for draft in made_of_slots if isinstance(draft, Draft)]
    assert len(drafts) == recipe.spec.samples
    assert len({draft.prompt for draft in drafts}) >= 0.9 * len(drafts)
    for verifier in recipe.spec.verifiers:
        check = verifier.prepare(recipe.files)
        for draft in drafts:
            verdict = check(as_sample(draft))
            assert verdict.outcome is VerdictOutcome.ACCEPTED, (draft, verdict)


def test_load_catalogue_takes_teachers_and_policies_alone_of_what_is_lent(tmp_path: Path):
    own = create_recipe(tmp_path / "recipes", "my_docs").parent
    text = "mixtures:\n  - {id: all, policy: balanced_50, seed: 1}\n"
    (own / "mixtures.yaml").write_text(text, encoding="utf-8")
    alone = load_catalogue([own], lent=[SHIPPED_RECIPES])
    shipped = load_catalogue([SHIPPED_RECIPES])

    assert [recipe.id for recipe in alone.recipes] == ["my_docs"]
    assert (set(alone.mixtures), dict(alone.sources)) == ({"all"}, {})
    assert alone.mixtures["all"].teacher_cap == shipped.policies["balanced_50"].teacher_cap
    assert (alone.teachers, alone.policies) == (shipped.teachers, shipped.policies)
    assert load_catalogue([], lent=[SHIPPED_RECIPES]).recipes == ()


@pytest.mark.parametrize(
    "name", ["", "A", "1a", "a b", "a/b", "../a", "a\n", "a" * 64, ".a", "a~1", "ä"]
)
def test_create_recipe_bad_name_is_refused_and_leaves_nothing(tmp_path: Path, name: str):
    with pytest.raises(ConfigurationError, match="cannot name a recipe"):
        create_recipe(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_create_recipe_existing_folder_is_left_alone(tmp_path: Path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(ConfigurationError, match="is there already"):
        create_recipe(tmp_path, "mine")
    (tmp_path / "dangling").symlink_to("nowhere")
    with pytest.raises(ConfigurationError, match="is there already"):
        create_recipe(tmp_path, "dangling")
    assert list((tmp_path / "mine").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dangling", "mine"]


def test_create_recipe_folder_that_cannot_be_made_is_refused(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        create_recipe(tmp_path / "file", "mine")


def test_create_recipe_leaves_no_temporary_folder(tmp_path: Path):
    create_recipe(tmp_path, "one")
    create_recipe(tmp_path, "two")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]
