"""What the report of one run shows, and the figures it carries to the dashboard.

Importing this module imports Evidently; see `native`.
"""

from collections.abc import Sequence

import polars as pl

from synth_assets.core.diversity.metrics import DiversityMetric, spec_of
from synth_assets.core.diversity.slices import SampleSize
from synth_assets.resources.dashboards import figures
from synth_assets.resources.dashboards.generation_figures import (
    MEASURE_TEXTS,
    GenerationMeasure,
    GenerationRun,
    generation_figures,
    recipe_diversity_figures,
)
from synth_assets.resources.dashboards.labels import LoggedRun
from synth_assets.resources.dashboards.native import (
    GenerationFigures,
    Part,
    RecipeDiversity,
    SetCollapse,
    SetDiversity,
    SetDrift,
    SetGates,
    Table,
)

_MOST_MOVED = 40
_CHARACTERS = 300


def set_parts(run: figures.SetRun, size: SampleSize, labels: LoggedRun) -> list[Part]:
    """Gates, collapse, drift and diversity of a training set."""
    diversity = figures.diversity_figures(run)
    titles = {metric.value: spec_of(metric).title for metric in DiversityMetric}
    return [
        Part(SetGates(), figures.gate_figures(run), (_gates(run),)),
        Part(
            SetCollapse(),
            figures.collapse_figures(run),
            (_signs(run.canary), _losses(run)),
        ),
        Part(SetDrift(), figures.drift_figures(run), (_drift(run.drift), _moved(run.moved))),
        Part(
            SetDiversity(sample_rows=size.rows, sample_words=size.words),
            diversity,
            (_wide(f"Diversity; sample: {size.rows} rows", diversity, titles), _links(labels)),
        ),
    ]


def generation_parts(run: GenerationRun, labels: LoggedRun) -> list[Part]:
    """Calls, cost, acceptance and losses; diversity of recipes."""
    made, varied = generation_figures(run), recipe_diversity_figures(run)
    titles = {measure.value: text.title for measure, text in MEASURE_TEXTS.items()}
    metrics = {metric.value: spec_of(metric).title for metric in DiversityMetric}
    of_recipes = made.filter(pl.col("measure") != GenerationMeasure.LOST.value)
    lost = made.filter(pl.col("measure") == GenerationMeasure.LOST.value)
    return [
        Part(
            GenerationFigures(),
            made,
            (
                _links(labels),
                _wide("Made and spent, by recipe", of_recipes, titles),
                Table(
                    "Why samples were lost",
                    ("reason", "share of those planned"),
                    [(reason, _number(share)) for _, reason, share in lost.iter_rows()],
                ),
            ),
        ),
        Part(RecipeDiversity(), varied, (_wide("Diversity, by recipe", varied, metrics),)),
    ]


def _links(labels: LoggedRun) -> Table:
    return Table("Where it comes from", ("what", "where"), list(labels.metadata.items()))


def _wide(title: str, table: pl.DataFrame, titles: dict[str, str]) -> Table:
    """Measures down, slices or recipes across."""
    _, across, _ = table.columns
    names = table[across].unique(maintain_order=True).to_list()
    cells = {(measure, name): value for measure, name, value in table.iter_rows()}
    measures = [name for name in titles if name in set(table["measure"])]
    rows = [
        (titles[measure], *(_number(cells.get((measure, name))) for name in names))
        for measure in measures
    ]
    return Table(title, ("measure", *names), rows)


def _drift(drift: pl.DataFrame) -> Table:
    columns = ("against", "measure", "column", "value", "low", "high", "chance", "threshold", "p")
    shown = ("suspect", "alarm", "meaning")
    return _plain("Drift: effect sizes, chance taken off", drift.select(*columns, *shown))


def _moved(moved: pl.DataFrame) -> Table:
    said = moved.sort("score", descending=True).head(_MOST_MOVED)
    short = [pl.col(name).str.slice(0, _CHARACTERS) for name in ("prompt", "response")]
    columns = ("against", "direction", "sample_id", "recipe", "score")
    return _plain("Rows that moved most", said.select(*columns, *short))


def _gates(run: figures.SetRun) -> Table:
    rows = [(each.gate.value, each.state.value, each.line) for each in run.verdicts]
    return Table("Gates: may it be exported?", ("gate", "it", "because; what to do"), rows)


def _signs(canary: pl.DataFrame) -> Table:
    columns = ("sign", "light", "value", "amber", "red", "meaning", "rationale")
    return _plain("Signs of collapse, worst first", canary.select(columns))


def _losses(run: figures.SetRun) -> Table:
    rows = [(name, _number(value)) for name, value in run.bits_per_byte.items()]
    return Table("Loss on held-out real text, bits a byte", ("trained on", "loss"), rows)


def _plain(title: str, frame: pl.DataFrame) -> Table:
    rows: Sequence[Sequence[str]] = [[_number(cell) for cell in row] for row in frame.iter_rows()]
    return Table(title, frame.columns, rows)


def _number(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
