"""Shipped recipes through the real filler, answered by the embedded teacher."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from synth_assets.core.completion import Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.dedup.stage import deduplicate
from synth_assets.core.sample import Sample, Seed, sample_frame, samples_of
from synth_assets.core.schema import SAMPLE_SCHEMA
from synth_assets.core.verify.stage import verify_samples
from synth_assets.resources.catalogue import Catalogue, load_catalogue
from synth_assets.resources.embedded.composition import compose
from synth_assets.resources.embedded.truth import Flaw, Truth
from synth_assets.resources.settings import SHIPPED_RECIPES
from synth_assets.resources.sources.reading import read_source
from synth_assets.resources.sources.seeds import seed_rows, seeds_of
from tests.technique_runs import TechniqueRun, run_technique
from tests.verifier_tools import tools_for


@dataclass(frozen=True)
class ShippedRun:
    """What became of a shipped recipe.

    Attributes:
        run: of the technique.
        verified: samples that the recipe's verifiers accept.
        kept: those of them that deduplication keeps.
        rejected: reason -> how many samples the verifiers reject for it.
        truths: fingerprint of a request -> what is so about its answer.
    """

    run: TechniqueRun
    verified: tuple[Sample, ...]
    kept: tuple[Sample, ...]
    rejected: Counter[str]
    truths: Mapping[str, Truth]

    def flaws_of(self, sample: Sample) -> set[Flaw | None]:
        """What was injected into the answers that a sample was made of."""
        return {self.truths[name].flaw for name in sample.request_fingerprints}


def run_shipped(folder: Path, name: str, flaws: Mapping[str, float] | None = None) -> ShippedRun:
    """Run a shipped recipe; `flaws` in the place of those of its teachers."""
    catalogue = load_catalogue([SHIPPED_RECIPES])
    recipe = catalogue.recipe(name)
    truths: dict[str, Truth] = {}

    def answer(request: Request) -> str:
        parameters = json.loads(request.parameters)
        if flaws is not None:
            parameters["flaws"] = dict(flaws)
        made = compose(request.model, request.messages, parameters, request.sample_index)
        truths[request.fingerprint] = made.truth
        return made.text

    run = run_technique(folder, recipe, _seeds(recipe, catalogue), answer)
    made = sample_frame(run.samples)
    with tools_for(recipe) as tools:
        checked = verify_samples(made, recipe.key, recipe.spec.verifiers, recipe.files, tools)
    kept = deduplicate(checked.stage.kept).kept
    reasons = checked.stage.decisions["reason"].drop_nulls()
    return ShippedRun(
        run,
        tuple(samples_of(checked.stage.kept)),
        tuple(samples_of(kept)),
        Counter(reasons.to_list()),
        truths,
    )


def _seeds(recipe: Recipe, catalogue: Catalogue) -> Sequence[Seed]:
    real = pl.DataFrame(schema=SAMPLE_SCHEMA)
    source = recipe.spec.seeds.source
    if source is not None and "pool" in catalogue.sources[source].spec.uses:
        real = read_source(catalogue.sources[source])
    return seeds_of(seed_rows(recipe, catalogue, real))
