"""What a report of a mixture says: verdicts first, then figures over runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from synth_assets.core.collapse.risk_index import THRESHOLDS, Light, Sign
from synth_assets.core.config.gates import GateAction
from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.diversity.floors import crossed_floors
from synth_assets.core.diversity.metrics import DiversityMetric, spec_of
from synth_assets.core.diversity.slices import ALL, REAL, REFERENCE, SYNTHETIC
from synth_assets.resources.dashboards import figures
from synth_assets.resources.dashboards.drift_titles import drift_title
from synth_assets.resources.dashboards.labels import told_places
from synth_assets.resources.report.charts import Chart
from synth_assets.resources.report.history import History
from synth_assets.resources.report.lab_section import lab_section
from synth_assets.resources.report.making import making_section
from synth_assets.resources.report.page import Cells, Page, Section, Verdict
from synth_assets.resources.report.score_section import score_section

_SLICES = (ALL, REAL, SYNTHETIC, REFERENCE)
_MOST_MOVED = 20
_CHARACTERS = 400
_SEVERITY = {Light.GREEN: 0, Light.AMBER: 1, Light.RED: 2}
_AGAINST = {"earlier": "the reference run", "real": "real rows"}
_COLLAPSE, _DRIFT, _DIVERSITY = "SetCollapse", "SetDrift", "SetDiversity"


@dataclass(frozen=True)
class ReportInputs:
    """What a report is made of.

    Attributes:
        mixture: its policy, with its gates.
        history: its runs.
        diversity: of the last run, columns of `DIVERSITY_SCHEMA`.
        canary: the same, columns of `CANARY_SCHEMA`.
        drift: the same, columns of `DRIFT_SCHEMA`.
        moved: the same, columns of `MOVED_SCHEMA`.
        funnel: what the query of that name returns.
        drop_reasons: the same.
        cost: the same.
        lab: columns of `CURVE_SCHEMA`, of a lab if one ran.
        scores: columns of `SCORE_SCHEMA`, of registered models.
    """

    mixture: Mixture
    history: History
    diversity: pl.DataFrame
    canary: pl.DataFrame
    drift: pl.DataFrame
    moved: pl.DataFrame
    funnel: pl.DataFrame
    drop_reasons: pl.DataFrame
    cost: pl.DataFrame
    lab: pl.DataFrame
    scores: pl.DataFrame


def report_page(inputs: ReportInputs) -> Page:
    """The page of a mixture."""
    run = inputs.history.runs[-1]
    where = told_places(run.metadata)
    count = len(inputs.history.runs)
    return Page(
        f"Training set {inputs.mixture.id}",
        f"Last of {count} run{'s' * (count > 1)}, {run.timestamp:%Y-%m-%d %H:%M} UTC. {where}",
        [_of_collapse(inputs), _of_drift(inputs), _of_diversity(inputs)],
        [
            _collapse(inputs),
            _drift(inputs),
            _diversity(inputs),
            making_section(inputs.funnel, inputs.drop_reasons, inputs.cost),
            lab_section(inputs.lab, inputs.scores),
            score_section(inputs.scores, inputs.lab),
        ],
    )


def _gated(action: GateAction, light: Light) -> str:
    """What the mixture's gate makes of a light; only red closes it."""
    match action:
        case GateAction.OFF:
            return "The gate is off."
        case GateAction.WARN:
            return "The gate warns." if light is Light.RED else "The gate is open."
        case GateAction.BLOCK:
            return "The gate blocks the export." if light is Light.RED else "The gate is open."


def _of_collapse(inputs: ReportInputs) -> Verdict:
    index, canary = figures.risk_index(inputs.canary), inputs.canary
    what, action = "Risk of collapse", inputs.mixture.gates.canary
    if index is None:
        return Verdict(None, what, "There are too few held-out rows like those of the set.")
    light = max((Light(name) for name in canary["light"]), key=lambda each: _SEVERITY[each])
    worst = canary.row(0, named=True)
    told = f"{index:.0f} of 100. Worst sign: {worst['meaning']}: {worst['value']:+.3f}."
    return Verdict(light, what, f"{told} {_gated(action, light)}")


def _of_drift(inputs: ReportInputs) -> Verdict:
    drift = inputs.drift.drop_nulls("value")
    what, action = "Drift", inputs.mixture.gates.drift
    if drift.is_empty():
        return Verdict(None, what, "There is no earlier run to compare with.")
    alarms, suspects = drift.filter("alarm"), drift.filter("suspect")
    light = Light.RED if alarms.height else Light.AMBER if suspects.height else Light.GREEN
    said = f"{alarms.height} confirmed alarms, {suspects.height} suspects of {drift.height}."
    first = alarms if alarms.height else suspects
    told = " ".join(first["meaning"].head(3))
    return Verdict(light, what, f"{said} {told} {_gated(action, light)}")


def _of_diversity(inputs: ReportInputs) -> Verdict:
    what, action = "Diversity", inputs.mixture.gates.diversity
    crossed = crossed_floors(inputs.diversity)
    light = Light.RED if crossed else Light.GREEN
    told = " ".join(each.told for each in crossed[:3])
    if not crossed:
        told = "The synthetic rows are within all floors beside real rows."
    return Verdict(light, what, f"{told} {_gated(action, light)}")


def _collapse(inputs: ReportInputs) -> Section:
    history = inputs.history
    bounds = [
        history.line(name, _COLLAPSE, is_bound=True, measure=figures.RISK_INDEX, of=name)
        for name in (figures.AMBER, figures.RED)
    ]
    labels = history.last_labels(_COLLAPSE)
    students = [each["of"] for each in labels if each["measure"] == figures.BITS_PER_BYTE]
    index = history.line("risk index", _COLLAPSE, measure=figures.RISK_INDEX, of=figures.RISK_INDEX)
    losses = [
        history.line(of.replace("_", " "), _COLLAPSE, measure=figures.BITS_PER_BYTE, of=of)
        for of in students
    ]
    charts = [
        Chart("Risk of collapse", "0 to 100; lower is better.", [index, *bounds], history.moments),
        Chart(
            "Loss on held-out real text",
            "bits a byte of students trained on each; lower is better.",
            losses,
            history.moments,
        ),
        *(_sign(history, sign) for sign in Sign if _is_shown(labels, sign.value)),
    ]
    shown = inputs.canary.select("sign", "light", "value", "amber", "red", "meaning", "rationale")
    table = Cells("Signs of collapse, worst first", shown.columns, shown.rows())
    note = "What small students become that are trained on the set, beside real rows."
    return Section("Collapse", note, _drawn(charts), [table])


def _sign(history: History, sign: Sign) -> Chart:
    lines = [
        history.line(name, _COLLAPSE, is_bound=of != figures.VALUE, measure=sign.value, of=of)
        for name, of in (
            ("measured", figures.VALUE),
            (figures.AMBER, figures.AMBER),
            (figures.RED, figures.RED),
        )
    ]
    title = sign.value.replace("_", " ").capitalize()
    return Chart(title, f"{THRESHOLDS[sign].meaning}; lower is better.", lines, history.moments)


def _is_shown(labels: Sequence[dict[str, str]], measure: str) -> bool:
    return any(each["measure"] == measure for each in labels)


def _drift(inputs: ReportInputs) -> Section:
    history, labels = inputs.history, inputs.history.last_labels(_DRIFT)
    counts = (figures.SUSPECTS, figures.ALARMS, figures.THRESHOLD)
    pairs = dict.fromkeys(
        (each["against"], each["measure"]) for each in labels if each["measure"] not in counts
    )
    charts = [
        Chart(
            f"{drift_title(measure)}, from {_AGAINST.get(against, against)}",
            "effect size over its threshold: 1 is worth attention; lower is better.",
            [
                *(
                    history.line(
                        each["of"], _DRIFT, against=against, measure=measure, of=each["of"]
                    )
                    for each in labels
                    if (each["against"], each["measure"]) == (against, measure)
                ),
                history.line(
                    figures.THRESHOLD,
                    _DRIFT,
                    is_bound=True,
                    against=against,
                    measure=figures.THRESHOLD,
                    of=figures.TIMES_THRESHOLD,
                ),
            ],
            history.moments,
        )
        for against, measure in pairs
    ]
    columns = ["against", "measure", "column", "value", "low", "high", "threshold", "p"]
    told = inputs.drift.drop_nulls("value").select(
        *columns,
        pl.when("alarm").then(pl.lit("alarm")).when("suspect").then(pl.lit("suspect")).alias("is"),
        "meaning",
    )
    short = [pl.col(name).str.slice(0, _CHARACTERS) for name in ("prompt", "response")]
    moved = inputs.moved.sort("score", descending=True).head(_MOST_MOVED)
    rows = moved.select("against", "direction", "recipe", "score", *short, "sample_id")
    return Section(
        "Drift",
        "How far the set is from its earlier runs and from real rows, chance taken off.",
        _drawn(charts),
        [
            Cells("Effect sizes", told.columns, told.rows()),
            Cells("Rows that moved most", rows.columns, rows.rows()),
        ],
    )


def _diversity(inputs: ReportInputs) -> Section:
    history = inputs.history
    charts = [
        Chart(
            spec_of(metric).title,
            spec_of(metric).caption,
            [history.line(name, _DIVERSITY, measure=metric.value, slice=name) for name in _SLICES],
            history.moments,
        )
        for metric in DiversityMetric
    ]
    note = "Each figure on equal amounts of text; the real rows beside the synthetic ones."
    return Section("Diversity", note, _drawn(charts), [_by_slice(inputs.diversity)])


def _by_slice(diversity: pl.DataFrame) -> Cells:
    slices = diversity["slice"].unique(maintain_order=True).to_list()
    values = {
        (metric, name): value
        for metric, name, value in diversity.select("metric", "slice", "value").iter_rows()
    }
    rows = [
        (spec_of(metric).title, *(values.get((metric.value, name)) for name in slices))
        for metric in DiversityMetric
    ]
    return Cells("By slice", ("metric", *slices), rows)


def _drawn(charts: Sequence[Chart]) -> list[Chart]:
    """Those with a line that has a value."""
    return list(_with_values(charts))


def _with_values(charts: Sequence[Chart]) -> Iterator[Chart]:
    for chart in charts:
        if any(line.last is not None and not line.is_bound for line in chart.lines):
            yield chart
