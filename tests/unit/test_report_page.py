import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import polars as pl
import pytest

from synth_assets.core.collapse.lab import CURVE_SCHEMA
from synth_assets.core.config.gates import GateAction, Gates
from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.diversity.measure import DIVERSITY_SCHEMA
from synth_assets.core.flywheel.score_curves import SCORE_SCHEMA, score_curves
from synth_assets.resources.dashboards.figures import (
    SetRun,
    collapse_figures,
    diversity_figures,
    drift_figures,
)
from synth_assets.resources.dashboards.stored import Point, StoredRun
from synth_assets.resources.report.charts import Chart, Line
from synth_assets.resources.report.contents import ReportInputs, report_page
from synth_assets.resources.report.history import History
from tests.dashboard_runs import generation_run, lab_of, labels, moved_rows, set_run
from tests.e2e.hostile import ATTACKS
from tests.scored_models import history_of, scored

FUNNEL = pl.DataFrame(
    [("recipe", "math", "verify", 80), ("synthetic", "*", "verify", 80), ("real", "", "dedup", 7)],
    schema=["scope", "recipe", "stage", "kept"],
    orient="row",
)


def stored(run: SetRun, number: int) -> StoredRun:
    tables = {
        "SetCollapse": collapse_figures(run),
        "SetDrift": drift_figures(run),
        "SetDiversity": diversity_figures(run),
    }
    points = [
        Point(f"evidently:metric_v2:{name}", {k: str(v) for k, v in row.items()}, value)
        for name, table in tables.items()
        for row in table.to_dicts()
        for value in [row.pop("value")]
    ]
    said = labels(number)
    return StoredRun(f"id{number}", said.name, said.timestamp, said.metadata, (), tuple(points))


def inputs(*runs: SetRun, gates: Gates | None = None) -> ReportInputs:
    made, last = generation_run(), runs[-1]
    return ReportInputs(
        Mixture(id="balanced_50", gates=gates or Gates()),
        History([stored(run, number) for number, run in enumerate(runs)]),
        last.diversity,
        last.canary,
        last.drift,
        last.moved,
        FUNNEL,
        made.drop_reasons.with_columns(share=pl.lit(0.1)),
        made.cost.with_columns(cost_per_kept_usd=pl.lit(0.05)),
        CURVE_SCHEMA.to_frame(),
        SCORE_SCHEMA.to_frame(),
    )


class Reader(HTMLParser):
    """Collects elements, their addresses, and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def test_report_begins_with_verdicts_on_collapse_drift_and_diversity():
    page = report_page(inputs(set_run(), set_run(1, share_of_red=1.0)))
    collapse, drift, diversity = page.verdicts
    assert collapse.light == "red"
    assert "100 of 100" in collapse.said
    assert "The gate warns." in collapse.said
    assert drift.light == "red"
    assert drift.said.startswith("2 confirmed alarms, 2 suspects of 8.")
    assert diversity.light == "green"
    html = page.html
    assert html.index("Risk of collapse: red.") < html.index("<svg")


@pytest.mark.parametrize(
    ("action", "share", "told"),
    [
        (GateAction.BLOCK, 1.0, "The gate blocks the export."),
        (GateAction.BLOCK, 0.1, "The gate is open."),
        (GateAction.OFF, 1.0, "The gate is off."),
    ],
)
def test_report_says_what_the_gate_makes_of_the_canary(action, share, told):
    run = set_run(share_of_red=share)
    [collapse, *_] = report_page(inputs(run, gates=Gates(canary=action))).verdicts
    assert collapse.said.endswith(told)


def test_report_without_canary_and_earlier_runs_says_so():
    nothing = SetRun(DIVERSITY_SCHEMA.to_frame(), {"all": 1})
    collapse, drift, _ = report_page(inputs(nothing)).verdicts
    assert collapse.light is drift.light is None
    assert "too few held-out rows" in collapse.said
    assert "no earlier run" in drift.said


def test_report_shows_hostile_rows_as_text():
    run = replace(set_run(), moved=moved_rows(ATTACKS))
    read = Reader(report_page(inputs(run)).html)
    for attack in ATTACKS:
        assert attack in read.text
    assert not {"script", "img", "iframe", "object", "link", "a"} & set(read.tags)
    assert not [name for name, _ in read.attributes if name.startswith("on")]


def test_report_asks_for_nothing_and_runs_nothing():
    html = report_page(inputs(set_run(), set_run(1))).html
    read = Reader(html)
    assert not [name for name, _ in read.attributes if name in ("src", "href", "action", "data")]
    assert not re.search(r"url\(|@import", html)
    assert "default-src 'none'" in html
    assert {"main", "svg", "table"} & set(read.tags) >= {"svg", "table"}


def test_report_of_a_year_is_small():
    made = inputs(set_run(1, recipes=("math", "qa")))
    runs = [replace(made.history.runs[0], timestamp=labels(n).timestamp) for n in range(365)]
    html = report_page(replace(made, history=History(runs))).html
    assert len(html) < 1_000_000


def test_report_tells_funnel_losses_and_cost():
    text = Reader(report_page(inputs(set_run())).html).text
    for told in ("all synthetic", "wrong_answer", "near_duplicate", "USD a kept row", "1,000"):
        assert told in text


def test_report_shows_lab_by_dose_and_generation_and_scores_of_models_beside():
    scores = score_curves(
        history_of(scored("tiny-0", 0, gsm8k=0.45), scored("tiny-2", 2, gsm8k=0.3))
    )
    made = replace(inputs(set_run()), lab=lab_of(0.1, 0.5), scores=scores)
    *_, lab, models = report_page(made).sections
    assert [chart.title for chart in lab.charts][:2] == [
        "Loss on held-out real text, by share of written rows",
        "Loss on held-out real text, by generation",
    ]
    assert [chart.title for chart in models.charts] == [
        "gsm8k of trained models, by share of written rows",
        "gsm8k of trained models, by generation",
    ]
    [table] = models.tables
    assert table.rows[1] == ("gsm8k", 2, "tiny-2", 0.3, pytest.approx(-0.15), 0.5)
    assert "Generations of trained models" in report_page(made).html


def test_report_without_models_has_no_section_of_them():
    assert "trained models" not in report_page(inputs(set_run())).html


def test_chart_draws_one_line_a_series_and_thresholds_dashed():
    lines = [Line("set", [1.0, None, 3.0]), Line("<red>", [2.0, 2.0, 2.0], is_bound=True)]
    svg = Chart("Loss & more", "bits", lines, ["Monday", "Tuesday", "Wednesday"]).svg
    [line] = re.findall(r'<polyline class="line c0" points="([^"]*)"', svg)
    [bound] = re.findall(r'<polyline class="bound" points="([^"]*)"', svg)
    assert len(line.split()) == 2
    assert len({point.split(",")[1] for point in bound.split()}) == 1
    # The lower the value, the lower the point: SVG counts from the top.
    (_, low), (_, high) = (point.split(",") for point in line.split())
    assert float(low) > float(bound.split()[0].split(",")[1]) > float(high)
    assert "Loss &amp; more" in svg
    assert "&lt;red&gt;" in svg


def test_chart_keeps_names_apart_and_inside():
    lines = [Line(f"line {n}", [1.0 + n / 1_000]) for n in range(8)]
    svg = Chart("Crowded", "", lines, ["once"]).svg
    heights = sorted(
        float(y) for y in re.findall(r'<text class="line c\d" x="[\d.]+" y="([\d.]+)"', svg)
    )
    assert len(heights) == 8
    assert min(b - a for a, b in pairwise(heights)) >= 12.9
    assert heights[0] > 0
    assert heights[-1] <= 200
