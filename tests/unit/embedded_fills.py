"""Shipped recipes filled by the real engine with the embedded teacher, verified, deduplicated."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from synth_assets.core.completion import Completion, Request
from synth_assets.core.dedup.stage import deduplicate
from synth_assets.core.planning import Plan
from synth_assets.core.sample import Sample, samples_of
from synth_assets.core.schema import SAMPLE_SCHEMA
from synth_assets.core.verify.stage import verify_samples
from synth_assets.resources.catalogue import load_catalogue
from synth_assets.resources.embedded.composition import compose
from synth_assets.resources.embedded.truth import Truth
from synth_assets.resources.generation.fill import Filler
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.settings import SHIPPED_RECIPES
from synth_assets.resources.sources.seeds import seed_rows, seeds_of
from synth_assets.resources.teachers import Watch
from tests.verifier_tools import tools_for


@dataclass
class EmbeddedModel:
    """Answers as the embedded teacher does, and remembers what is so about its answers.

    Attributes:
        flaws: rates in the place of the teachers' own.
        truths: step -> what is so about each answer.
    """

    flaws: Mapping[str, float] | None
    truths: dict[str, list[Truth]] = field(default_factory=dict)

    def stop(self) -> None:
        """See `ChatModel`."""

    async def close(self) -> None:
        """See `ChatModel`."""

    async def complete(self, request: Request, watch: Watch) -> Completion:
        """See `ChatModel`."""
        await asyncio.sleep(0)
        watch.sent()
        parameters = json.loads(request.parameters)
        if self.flaws is not None:
            parameters["flaws"] = dict(self.flaws)
        made = compose(request.model, request.messages, parameters, request.sample_index)
        self.truths.setdefault(request.step, []).append(made.truth)
        return Completion(request.fingerprint, made.text, made.finish_reason, 1, 1, 0.0, 0.0)


@dataclass(frozen=True)
class FilledRecipe:
    """What became of a shipped recipe.

    Attributes:
        made: rows that generation kept.
        verified: rows that the recipe's verifiers accept.
        kept: rows that deduplication keeps of these.
        generated: reason -> pieces that generation dropped.
        details: why, in words.
        rejected: reason -> rows that verification dropped.
        truths: step -> what is so about each answer.
    """

    made: tuple[Sample, ...]
    verified: tuple[Sample, ...]
    kept: tuple[Sample, ...]
    generated: Counter[str]
    details: tuple[str, ...]
    rejected: Counter[str]
    truths: Mapping[str, list[Truth]]

    @property
    def share_kept(self) -> float:
        """Rows kept in the end over pieces that were made or dropped."""
        return len(self.kept) / (len(self.made) + self.generated.total())


def fill_shipped(folder: Path, name: str, flaws: Mapping[str, float] | None = None) -> FilledRecipe:
    """Fill a shipped recipe whose seeds are its own file; `flaws` replace all teachers'."""
    catalogue = load_catalogue([SHIPPED_RECIPES])
    recipe = catalogue.recipe(name)
    seeds = seeds_of(seed_rows(recipe, catalogue, pl.DataFrame(schema=SAMPLE_SCHEMA)))
    model = EmbeddedModel(flaws)
    ledger = Ledger(folder / "ledger.sqlite")
    try:
        filled = Filler(lambda: model, ledger, folder / "generating").fill(Plan.of(recipe, seeds))
        samples = filled.parts.table("samples").lazy().collect()
        decisions = filled.parts.table("decisions").lazy().collect()
    finally:
        ledger.close()
    with tools_for(recipe) as tools:
        checked = verify_samples(samples, recipe.key, recipe.spec.verifiers, recipe.files, tools)
    verified = checked.stage
    kept = deduplicate(verified.kept).kept
    return FilledRecipe(
        tuple(samples_of(samples)),
        tuple(samples_of(verified.kept)),
        tuple(samples_of(kept)),
        Counter(decisions["reason"].drop_nulls().to_list()),
        tuple(decisions["detail"].drop_nulls().to_list()),
        Counter(verified.decisions["reason"].drop_nulls().to_list()),
        model.truths,
    )
