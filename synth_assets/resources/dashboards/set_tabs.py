"""The tabs of a mixture's project: gates, collapse, drift, diversity.

Importing this module imports Evidently; see `native`.
"""

# pyright: reportMissingTypeStubs=false

from collections.abc import Sequence

from evidently.sdk.models import DashboardPanelPlot, PanelMetric
from evidently.sdk.panels import bar_plot_panel, counter_panel, line_plot_panel, text_panel

from synth_assets.core.collapse.risk_index import THRESHOLDS, Sign
from synth_assets.core.diversity.metrics import DiversityMetric, spec_of
from synth_assets.core.diversity.slices import (
    ALL,
    REAL,
    REFERENCE,
    SYNTHETIC,
    SampleSize,
    recipe_slice,
)
from synth_assets.core.gating import GateState
from synth_assets.resources.dashboards import figures
from synth_assets.resources.dashboards.drift_titles import drift_title
from synth_assets.resources.dashboards.ids import COLLAPSE
from synth_assets.resources.dashboards.labels import told_doses, told_rows
from synth_assets.resources.dashboards.native import (
    SetCollapse,
    SetDiversity,
    SetDrift,
    SetGates,
)
from synth_assets.resources.dashboards.tabs import LineKey, Tab, figure_line

_ORDER = {ALL: 0, REAL: 1, SYNTHETIC: 2, REFERENCE: 3}
_AGAINST = {"earlier": "the reference run", "real": "real rows"}
_BOUNDS = ((figures.AMBER, "amber from here"), (figures.RED, "red from here"))
_TRAINED = {
    "set": "trained on the set",
    "real_part": "on its real rows alone",
    "real_equal": "on as many real rows",
    "real_again": "on other real rows, as many",
}


def set_tabs(size: SampleSize, run: figures.SetRun, links: str) -> list[Tab]:
    """The tabs, in order.

    Args:
        size: how much of each slice was measured; other sizes are other lines.
        run: the last one; of it texts are told.
        links: where it stands in Dagster, and what its gates say.
    """
    doses, moved = told_doses(run.lab), told_rows(run.moved)
    return [
        Tab(
            "Gates",
            SetGates.__name__,
            figures.LABELS,
            lambda lines: _gates(lines, run, links),
        ),
        Tab(
            COLLAPSE,
            SetCollapse.__name__,
            figures.LABELS,
            lambda lines: _collapse(lines, doses),
        ),
        Tab(
            "Drift",
            SetDrift.__name__,
            figures.DRIFT_LABELS,
            lambda lines: _drift(lines, moved),
        ),
        Tab(
            "Diversity",
            SetDiversity.__name__,
            figures.DIVERSITY_LABELS,
            lambda lines: _diversity(lines, size),
            former=("SliceDiversity",),
        ),
    ]


def _diversity(lines: Sequence[LineKey], size: SampleSize) -> list[DashboardPanelPlot]:
    identity = {"sample_rows": str(size.rows), "sample_words": str(size.words)}
    # By slice and not by line: a metric that a slice has too little text for today may come.
    names = sorted({name for _, name in lines}, key=lambda name: (_ORDER.get(name, 4), name))

    def line(measure: str, name: str) -> PanelMetric:
        labels = dict[str, str](zip(figures.DIVERSITY_LABELS, (measure, name), strict=True))
        legend = name.removeprefix(recipe_slice(""))
        return figure_line(SetDiversity.__name__, labels, legend, identity)

    return [
        text_panel(
            "Diversity: how varied is the training set?",
            f"Each figure is measured on {size.rows} rows of a slice or on about {size.words} "
            "words of them, drawn by hash: most figures fall with the amount of text by "
            "themselves, so a slice with less text looks more varied than it is. One point is one "
            f"materialization; click it for its report. The lines: {ALL} rows; {REAL}; "
            f"{SYNTHETIC}; {REFERENCE}, real rows that are never trained on; and each recipe by "
            "its name.",
        ),
        counter_panel(
            "Rows in the last training set",
            [line(figures.ROWS, name) for name in names if name != REFERENCE],
            "rows, before any sampling",
        ),
        *(
            line_plot_panel(
                spec_of(metric).title,
                [line(metric.value, name) for name in names],
                spec_of(metric).caption,
                size="half",
            )
            for metric in DiversityMetric
        ),
    ]


def _drift(lines: Sequence[LineKey], moved: Sequence[str]) -> list[DashboardPanelPlot]:
    told = (
        "Effect sizes, each divided by its threshold: 1 is where a change is worth attention, 0 is "
        "what chance alone gives; lower is better. A suspect is beyond its threshold and beyond "
        "chance in one run; an alarm is confirmed over runs. The reference run is the first, or "
        "the one that was accepted last; the first is compared with real rows alone."
    )
    panels = [text_panel("Drift: does the training set move?", told)]
    for against, name in _AGAINST.items():
        here = [line for line in lines if line[0] == against]
        counts = (figures.SUSPECTS, figures.ALARMS)
        if not here:
            continue
        panels.append(
            line_plot_panel(
                f"Measures that moved from {name}",
                [_drift_line((against, count, count), count) for count in counts],
                "number of measures; 0 is best. Alarms count, suspects are a first sign.",
            )
        )
        threshold = (against, figures.THRESHOLD, figures.TIMES_THRESHOLD)
        for measure in sorted({line[1] for line in here} - {*counts, figures.THRESHOLD}):
            own = [_drift_line(line, line[2]) for line in here if line[1] == measure]
            panels.append(
                line_plot_panel(
                    f"{drift_title(measure)}, from {name}",
                    [*own, _drift_line(threshold, "threshold")],
                    "times the threshold; below 1 is good, lower is better.",
                    size="half",
                )
            )
    shown = "  ◆  ".join(moved) or "None: nothing was compared yet, or no row moved."
    panels.append(
        text_panel("Rows that moved most in the last run", f"{shown} All of them: the last report.")
    )
    return panels


def _drift_line(key: LineKey, legend: str) -> PanelMetric:
    labels = dict[str, str](zip(figures.DRIFT_LABELS, key, strict=True))
    return figure_line(SetDrift.__name__, labels, legend)


def _gates(lines: Sequence[LineKey], run: figures.SetRun, links: str) -> list[DashboardPanelPlot]:
    blocking = run.blocking
    answer = f"NO: {' and '.join(blocking)} blocks it." if blocking else "Yes, no gate blocks it."
    panels = [text_panel(f"Gates: was the last run exported? {answer}", links)]
    panels += [
        text_panel(f"The gate {each.gate.value} {each.state.value}", each.line)
        for each in run.verdicts
        if each.state is not GateState.OPEN
    ]
    if lines:
        counts = (figures.WARNED, figures.BLOCKED)
        drawn = [_line_of(SetGates.__name__, figures.GATES, of, of) for of in counts]
        told = "number of gates, of three; 0 is best. Where one blocked, the set was not exported."
        title = "Gates that warned or blocked, run by run"
        panels.append(bar_plot_panel(title, drawn, told, size="half", stacked=True))
    if run.canary.height:
        panels.append(_risk())
    return panels


def _risk() -> DashboardPanelPlot:
    low, high = (f"{figures.NO_AMBER_BELOW:g}", f"{figures.NO_RED_BELOW:g}")
    bounds = [_collapse_line(figures.RISK_INDEX, of, legend) for of, legend in _BOUNDS]
    return line_plot_panel(
        "Risk of collapse",
        [_risk_index(), *bounds],
        f"0 to 100; lower is better. Below {low} no sign is amber, below {high} none is red.",
        size="half",
    )


def _risk_index() -> PanelMetric:
    return _collapse_line(figures.RISK_INDEX, figures.RISK_INDEX, "risk index")


def _collapse_line(measure: str, of: str, legend: str) -> PanelMetric:
    return _line_of(SetCollapse.__name__, measure, of, legend)


def _line_of(metric: str, measure: str, of: str, legend: str) -> PanelMetric:
    labels = dict[str, str](zip(figures.LABELS, (measure, of), strict=True))
    return figure_line(metric, labels, legend)


def _collapse(lines: Sequence[LineKey], doses: str) -> list[DashboardPanelPlot]:
    measured = {measure for measure, _ in lines}
    signs = [sign for sign in Sign if sign.value in measured]
    panels = [
        text_panel(
            "Collapse: what would a model trained on it become?",
            "Small language models are trained on the set and beside it, on real rows; then on "
            "what those write. They tell which of two sets harms more, and on which side; not by "
            "how much a large model would suffer.",
        )
    ]
    lab = text_panel("Generations on: how many written rows do the real ones bear?", doses)
    if not measured:
        return [*panels, lab]
    return [
        *panels,
        counter_panel("Risk of collapse, last run", [_risk_index()], "0 to 100; lower is better"),
        line_plot_panel(
            "All signs on one scale",
            [
                *(
                    _collapse_line(figures.SCALED, sign.value, sign.value.replace("_", " "))
                    for sign in signs
                ),
                *(_collapse_line(figures.SCALED, of, legend) for of, legend in _BOUNDS),
            ],
            "0 is nothing, .5 amber, 1 red; lower is better.",
        ),
        line_plot_panel(
            "Loss on held-out real text",
            [_collapse_line(figures.BITS_PER_BYTE, of, told) for of, told in _TRAINED.items()],
            "bits a byte; lower is better. Above as many real rows: real text was displaced. Above "
            "its own real rows alone: the synthetic rows do harm of their own.",
        ),
        *(
            line_plot_panel(
                sign.value.replace("_", " ").capitalize(),
                [
                    _collapse_line(sign.value, figures.VALUE, "measured"),
                    *(_collapse_line(sign.value, of, legend) for of, legend in _BOUNDS),
                ],
                f"{THRESHOLDS[sign].meaning}; lower is better.",
                size="half",
            )
            for sign in signs
        ),
        lab,
    ]
