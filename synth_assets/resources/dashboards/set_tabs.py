"""The tabs of a mixture's project: diversity, drift, collapse.

Importing this module imports Evidently; see `native`.
"""

# pyright: reportMissingTypeStubs=false

from collections.abc import Sequence

from evidently.sdk.models import DashboardPanelPlot, PanelMetric
from evidently.sdk.panels import counter_panel, line_plot_panel, text_panel

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
from synth_assets.resources.dashboards import figures
from synth_assets.resources.dashboards.drift_titles import drift_title
from synth_assets.resources.dashboards.native import SetCollapse, SetDiversity, SetDrift
from synth_assets.resources.dashboards.tabs import LineKey, Tab, figure_line

_ORDER = {ALL: 0, REAL: 1, SYNTHETIC: 2, REFERENCE: 3}
_AGAINST = {"earlier": "the reference run", "real": "real rows"}
_THRESHOLD_LEGENDS = {figures.AMBER: "amber from here", figures.RED: "red from here"}
_TRAINED = {
    "set": "trained on the set",
    "real_part": "on its real rows alone",
    "real_equal": "on as many real rows",
    "real_again": "on other real rows, as many",
}


def set_tabs(size: SampleSize, links: str, moved: Sequence[str]) -> list[Tab]:
    """The tabs, in order.

    Args:
        size: how much of each slice was measured; other sizes are other lines.
        links: where the last run stands in Dagster.
        moved: the rows that moved most in the last run, as text.
    """
    return [
        Tab(
            "Collapse",
            SetCollapse.__name__,
            figures.LABELS,
            lambda lines: _collapse(lines, links),
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


def _collapse(lines: Sequence[LineKey], links: str) -> list[DashboardPanelPlot]:
    def line(measure: str, of: str, legend: str) -> PanelMetric:
        labels = dict[str, str](zip(figures.LABELS, (measure, of), strict=True))
        return figure_line(SetCollapse.__name__, labels, legend)

    bounds = [(of, _THRESHOLD_LEGENDS[of]) for of in (figures.AMBER, figures.RED)]
    measured = {measure for measure, _ in lines}
    signs = [sign for sign in Sign if sign.value in measured]
    panels = [
        text_panel(
            "Collapse: what would a model trained on it become?",
            "Small language models are trained on the set and beside it, on real rows; then on "
            "what those write. They tell which of two sets harms more, and on which side; not by "
            f"how much a large model would suffer. {links}",
        )
    ]
    if not measured:
        return panels
    index = line(figures.RISK_INDEX, figures.RISK_INDEX, "risk index")
    low, high = (f"{figures.NO_AMBER_BELOW:g}", f"{figures.NO_RED_BELOW:g}")
    return [
        *panels,
        counter_panel("Risk of collapse, last run", [index], "0 to 100; lower is better"),
        line_plot_panel(
            "Risk of collapse",
            [index, *(line(figures.RISK_INDEX, of, legend) for of, legend in bounds)],
            f"0 to 100; lower is better. Below {low} no sign is amber, below {high} none is red.",
        ),
        line_plot_panel(
            "All signs on one scale",
            [
                *(line(figures.SCALED, sign.value, sign.value.replace("_", " ")) for sign in signs),
                *(line(figures.SCALED, of, legend) for of, legend in bounds),
            ],
            "0 is nothing, .5 amber, 1 red; lower is better.",
        ),
        line_plot_panel(
            "Loss on held-out real text",
            [line(figures.BITS_PER_BYTE, of, told) for of, told in _TRAINED.items()],
            "bits a byte; lower is better. Above as many real rows: real text was displaced. Above "
            "its own real rows alone: the synthetic rows do harm of their own.",
        ),
        *(
            line_plot_panel(
                sign.value.replace("_", " ").capitalize(),
                [
                    line(sign.value, figures.VALUE, "measured"),
                    *(line(sign.value, of, legend) for of, legend in bounds),
                ],
                f"{THRESHOLDS[sign].meaning}; lower is better.",
                size="half",
            )
            for sign in signs
        ),
    ]
