"""What the controls of diversity bring: each shipped recipe with them and without.

`python -m benchmarks.diversity_controls` prints the section alone. The embedded teacher answers,
which is rules and no language model: what it varies by itself it varies either way, so that the
differences are those of what it is asked. Without controls a recipe has the first of its templates,
system messages, sampling values, styles and values of each attribute, and its first teacher.

Compared are rows of the same seeds, as many of each on either side: what a seed brings itself (a
human text that is the answer, a passage) is no merit of the controls, and one that comes twice on
one side alone would pass for monotony. Each recipe is run three times with other answers of its
teachers, which shows what is chance.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from benchmarks.timing import table
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.coverage.controls import ControlFigures, compare_controls, equal_samples
from synth_assets.core.dedup.stage import deduplicate
from synth_assets.core.draws.attributes import AttributeSpace, Variation
from synth_assets.core.planning import Plan
from synth_assets.core.sample import Seed, history_of
from synth_assets.core.techniques.edge_cases import EdgeCases
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.verify.stage import verify_samples
from synth_assets.core.verify.tools import Tools
from synth_assets.resources.catalogue import load_catalogue
from synth_assets.resources.generation.fill import Filler
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.sandbox.runner import Sandbox
from synth_assets.resources.settings import SHIPPED_RECIPES, switch_off_telemetry
from synth_assets.resources.sources.inputs import Inputs
from synth_assets.resources.teachers import Teachers

_INTRODUCTION = (
    "Each shipped recipe with its controls of diversity and without: one template, system message, "
    "temperature and style, the first value of each attribute, one teacher; the embedded teacher, "
    "which is rules. Of the samples that verification and deduplication keep, equal numbers of "
    "each seed: different word pairs over all (distinct-2), how evenly they spread over topics "
    "(entropy of clusters fitted on both sets; differences below 0.03 say nothing), and the share "
    "of texts in the commonest and in the ten commonest templates (lower is better). Means of "
    "three runs, each with other answers of the teachers; in brackets the smallest and the largest "
    "gain of the three."
)
_RUNS = 3
_NOISE = 0.03
_ON, _OFF = "on", "off"

_Texts = Mapping[str, Sequence[str]]
"""Seed -> what the rows that came of it say."""


@dataclass(frozen=True)
class Run:
    """One run of a recipe, with its controls and without.

    Attributes:
        kept: variant -> rows after deduplication.
        figures: variant -> what was measured of the rows that are compared.
    """

    kept: Mapping[str, int]
    figures: Mapping[str, ControlFigures]

    @property
    def word_pair_gain(self) -> float:
        """How much higher distinct-2 is with controls."""
        on, off = (self.figures[name].distinct_2 or 0.0 for name in (_ON, _OFF))
        return on - off

    @property
    def topic_gain(self) -> float:
        """How much higher the entropy of clusters is with controls."""
        on, off = (self.figures[name].cluster_entropy or 0.0 for name in (_ON, _OFF))
        return on - off

    @property
    def template_gain(self) -> float:
        """How much smaller the share of the commonest template is with controls."""
        on, off = (self.figures[name].template_share or 0.0 for name in (_ON, _OFF))
        return off - on


def measure() -> str:
    """Measure and return a section of Markdown."""
    switch_off_telemetry()
    runs: dict[str, list[Run]] = {}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        catalogue = load_catalogue([SHIPPED_RECIPES])
        inputs = Inputs(catalogue, home / "sources")
        for recipe in catalogue.recipes:
            seeds = list(inputs.seeds(recipe))
            runs[recipe.id] = [
                _run(answered_anew(recipe, number), seeds, home / f"{recipe.id}-{number}")
                for number in range(_RUNS)
            ]
    rows = [row for recipe, found in runs.items() for row in _rows(recipe, found)]
    header = ["recipe", "controls", "kept", "compared", "distinct-2", "cluster entropy"]
    header += ["commonest template", "ten commonest"]
    told = "## Controls of diversity", _INTRODUCTION, table(header, rows), _summary(runs)
    return "\n\n".join(told)


def _summary(runs: Mapping[str, Sequence[Run]]) -> str:
    pairs = [[run.word_pair_gain for run in found] for found in runs.values()]
    topics = [fmean(run.topic_gain for run in found) for found in runs.values()]
    common = [fmean(run.template_gain for run in found) for found in runs.values()]
    return (
        f"Of {len(runs)} recipes, distinct-2 is higher with controls in "
        f"{sum(fmean(gains) > 0 for gains in pairs)}, in each single run in "
        f"{sum(min(gains) > 0 for gains in pairs)}; the entropy of clusters is higher by more than "
        f"{_NOISE} in {sum(gain > _NOISE for gain in topics)} and lower by as much in "
        f"{sum(gain < -_NOISE for gain in topics)}; the commonest template has no larger a share "
        f"in {sum(gain >= 0 for gain in common)}."
    )


def answered_anew(recipe: Recipe, number: int) -> Recipe:
    """The same recipe with other answers of the embedded teacher; number 0 is the recipe itself.

    The teacher heeds no `top_p`, but chooses among its answers by all parameters.
    """
    changed = {"top_p": 1 - number / 1000} if number else {}
    parameters = {**recipe.spec.parameters, **changed}
    return replace(recipe, spec=recipe.spec.model_copy(update={"parameters": parameters}))


def _run(recipe: Recipe, seeds: Sequence[Seed], folder: Path) -> Run:
    folder.mkdir()
    variants = {_ON: recipe, _OFF: without_controls(recipe)}
    sets = {
        name: _kept_texts(variant, Plan.of(variant, seeds), folder / name)
        for name, variant in variants.items()
    }
    kept = {name: sum(map(len, texts.values())) for name, texts in sets.items()}
    return Run(kept, compare_controls(of_like_seeds(sets)).figures)


def of_like_seeds(sets: Mapping[str, _Texts]) -> dict[str, list[str]]:
    """As many texts of each seed from every set as the one has that has fewest of it."""
    drawn: dict[str, list[str]] = {name: [] for name in sets}
    for seed in sorted(sets[_ON]):
        of_seed = {name: texts.get(seed, ()) for name, texts in sets.items()}
        for name, texts in equal_samples(of_seed).items():
            drawn[name] += texts
    return drawn


def without_controls(recipe: Recipe) -> Recipe:
    """The same recipe with nothing left to draw but the seed, and one style for all answers."""
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
    technique = spec.technique.model_copy(update=prompts)
    # A copy keeps what was worked out of the old space.
    vars(technique).pop("cells", None)
    update = {
        "technique": technique,
        "teachers": spec.teachers[:1],
        "sampling": {key: choice[:1] for key, choice in spec.sampling.items()},
    }
    files = {**recipe.files, **_first_style(recipe)}
    made = replace(recipe, spec=spec.model_copy(update=update), files=files)
    # An attribute may depend on a value that is never drawn now, which no recipe could say.
    vars(made)["space"] = AttributeSpace(
        tuple(replace(each, choice=each.choice[:1]) for each in recipe.space.attributes)
    )
    return made


def _first_style(recipe: Recipe) -> dict[str, str]:
    """The file of styles, if the technique has one, with its first line alone."""
    file = getattr(recipe.spec.technique, "styles", "")
    lines = [line for line in recipe.files.get(file, "").splitlines() if line.strip()]
    return {file: next(line for line in lines if not line.startswith("#"))} if file else {}


def _first_cell(technique: EdgeCases) -> dict[str, Variation]:
    """The first value of each attribute that the first values of others call for."""
    first: dict[str, str] = {}
    for attribute in technique.cells.attributes:
        if attribute.is_drawn(first):
            first[attribute.name] = attribute.choice[0].value
    return {name: Variation.model_validate([value]) for name, value in first.items()}


def _kept_texts(recipe: Recipe, plan: Plan, folder: Path) -> dict[str, list[str]]:
    folder.mkdir()
    ledger = Ledger(folder / "ledger.sqlite")
    try:
        filled = Filler(lambda: Teachers(recipe.teachers), ledger, folder / "parts").fill(plan)
        made = filled.parts.table("samples").lazy().collect()
    finally:
        ledger.close()
    with closing(Sandbox()) as programs:
        tools = Tools(programs=programs)
        verified = verify_samples(made, recipe.key, recipe.spec.verifiers, recipe.files, tools)
    kept = deduplicate(verified.stage.kept).kept.select("seed_id", "history", "prompt", "response")
    texts: dict[str, list[str]] = {}
    for seed, chat, prompt, response in kept.iter_rows():
        said = (*(message.content for message in history_of(chat)), prompt, response)
        texts.setdefault(seed, []).append("\n".join(said))
    return texts


def _rows(recipe: str, runs: Sequence[Run]) -> Iterator[list[str]]:
    """With controls, with the gains in brackets, and without."""
    gains = {
        "distinct_2": _range([run.word_pair_gain for run in runs]),
        "cluster_entropy": _range([run.topic_gain for run in runs]),
    }
    for name in (_ON, _OFF):
        found = [run.figures[name] for run in runs]
        figures = {
            "distinct_2": [each.distinct_2 for each in found],
            "cluster_entropy": [each.cluster_entropy for each in found],
            "template_share": [each.template_share for each in found],
            "top_template_share": [each.top_template_share for each in found],
        }
        yield [
            recipe if name == _ON else "",
            name,
            f"{fmean(run.kept[name] for run in runs):,.0f}",
            f"{fmean(each.rows for each in found):,.0f}",
            *(
                _mean(values) + (gains.get(column, "") if name == _ON else "")
                for column, values in figures.items()
            ),
        ]


def _range(gains: Sequence[float]) -> str:
    return f" ({min(gains):+.3f} to {max(gains):+.3f})"


def _mean(values: Sequence[float | None]) -> str:
    there = [value for value in values if value is not None]
    return f"{fmean(there):.3f}" if there else "-"


if __name__ == "__main__":
    print(measure())
