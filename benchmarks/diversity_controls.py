"""What the controls of diversity bring: each shipped recipe with them and without.

`python -m benchmarks.diversity_controls` prints the section alone. The embedded teacher answers,
which is rules and no language model: what it varies by itself it varies either way, so that the
differences are those of what it is asked. Without controls a recipe has the first of its templates,
system messages, sampling values and values of each attribute, and its first teacher.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.timing import table
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.coverage.controls import ControlFigures, compare_controls
from synth_assets.core.dedup.stage import deduplicate
from synth_assets.core.draws.attributes import AttributeSpace, Variation
from synth_assets.core.planning import Plan
from synth_assets.core.sample import history_of
from synth_assets.core.techniques.edge_cases import EdgeCases
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.verify.stage import verify_samples
from synth_assets.resources.catalogue import load_catalogue
from synth_assets.resources.generation.fill import Filler
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.settings import SHIPPED_RECIPES, switch_off_telemetry
from synth_assets.resources.sources.inputs import Inputs
from synth_assets.resources.teachers import Teachers

_INTRODUCTION = (
    "Each shipped recipe with its controls of diversity and without: one template, system message "
    "and temperature, the first value of each attribute, one teacher; the embedded teacher, which "
    "is rules. Of the samples that verification and deduplication keep, equal numbers: different "
    "word pairs over all (distinct-2), how evenly they spread over topics (entropy of clusters "
    "fitted on both sets; differences below 0.03 say nothing), and the share of texts in the "
    "commonest and in the ten commonest templates (lower is better)."
)


def measure() -> str:
    """Measure and return a section of Markdown."""
    switch_off_telemetry()
    rows: list[list[str]] = []
    gains: list[tuple[ControlFigures, ControlFigures]] = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        catalogue = load_catalogue([SHIPPED_RECIPES])
        inputs = Inputs(catalogue, home / "sources")
        for recipe in catalogue.recipes:
            seeds = list(inputs.seeds(recipe))
            sets = {
                name: _kept_texts(variant, Plan.of(variant, seeds), home / f"{recipe.id}-{name}")
                for name, variant in (("on", recipe), ("off", without_controls(recipe)))
            }
            kept = {name: len(texts) for name, texts in sets.items()}
            found = compare_controls(sets).figures
            rows.extend(_rows(recipe.id, kept, found["on"], found["off"]))
            gains.append((found["on"], found["off"]))
    header = ["recipe", "controls", "kept", "compared", "distinct-2", "cluster entropy"]
    header += ["commonest template", "ten commonest"]
    told = "## Controls of diversity", _INTRODUCTION, table(header, rows), _summary(gains)
    return "\n\n".join(told)


def _summary(gains: list[tuple[ControlFigures, ControlFigures]]) -> str:
    word_pairs = sum((on.distinct_2 or 0) > (off.distinct_2 or 0) for on, off in gains)
    topics = [(on.cluster_entropy or 0) - (off.cluster_entropy or 0) for on, off in gains]
    common = sum((on.template_share or 0) <= (off.template_share or 0) for on, off in gains)
    return (
        f"Of {len(gains)} recipes, distinct-2 is higher with controls in {word_pairs}; the entropy "
        f"of clusters is higher by more than 0.03 in {sum(gain > 0.03 for gain in topics)} and "
        f"lower by as much in {sum(gain < -0.03 for gain in topics)}; the commonest template has "
        f"no larger a share in {common}."
    )


def without_controls(recipe: Recipe) -> Recipe:
    """The same recipe with nothing left to draw but the seed."""
    spec = recipe.spec
    prompts = {
        name: value.model_copy(
            update={
                "template": value.template[:1],
                "system": value.system[:1] if value.system else None,
                "sampling": {key: choice[:1] for key, choice in value.sampling.items()},
                "teachers": value.teachers[:1] if value.teachers else None,
            }
        )
        for name, value in spec.technique
        if isinstance(value, Prompt)
    }
    if isinstance(spec.technique, EdgeCases):
        prompts |= {"space": _first_cell(spec.technique), "never": ()}
    update = {
        "technique": spec.technique.model_copy(update=prompts),
        "teachers": spec.teachers[:1],
        "sampling": {key: choice[:1] for key, choice in spec.sampling.items()},
    }
    made = replace(recipe, spec=spec.model_copy(update=update))
    # An attribute may depend on a value that is never drawn now, which no recipe could say.
    vars(made)["space"] = AttributeSpace(
        tuple(replace(each, choice=each.choice[:1]) for each in recipe.space.attributes)
    )
    return made


def _first_cell(technique: EdgeCases) -> dict[str, Variation]:
    """The first value of each attribute that the first values of others call for."""
    first: dict[str, str] = {}
    for attribute in technique.cells.attributes:
        if attribute.is_drawn(first):
            first[attribute.name] = attribute.choice[0].value
    return {name: Variation.model_validate([value]) for name, value in first.items()}


def _kept_texts(recipe: Recipe, plan: Plan, folder: Path) -> list[str]:
    folder.mkdir()
    ledger = Ledger(folder / "ledger.sqlite")
    try:
        filled = Filler(lambda: Teachers(recipe.teachers), ledger, folder / "parts").fill(plan)
        made = filled.parts.table("samples").lazy().collect()
    finally:
        ledger.close()
    verified = verify_samples(made, recipe.key, recipe.spec.verifiers, recipe.files).stage.kept
    kept = deduplicate(verified).kept.select("history", "prompt", "response")
    return [
        "\n".join((*(said.content for said in history_of(chat)), prompt, response))
        for chat, prompt, response in kept.iter_rows()
    ]


def _rows(
    recipe: str, kept: dict[str, int], on: ControlFigures, off: ControlFigures
) -> Iterator[list[str]]:
    for name, said in (("on", on), ("off", off)):
        yield [
            recipe if name == "on" else "",
            name,
            f"{kept[name]:,}",
            f"{said.rows:,}",
            _figure(said.distinct_2),
            _figure(said.cluster_entropy),
            _figure(said.template_share),
            _figure(said.top_template_share),
        ]


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    print(measure())
