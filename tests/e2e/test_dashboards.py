"""Every page of the dashboards in a real browser, over runs of a former version and of this one."""

import json
import re
import shutil
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from synth_assets.core.diversity.metrics import DiversityMetric, spec_of
from synth_assets.resources.dashboards.figures import SetRun
from synth_assets.resources.dashboards.trained_models import TITLE as TRAINED_MODELS
from synth_assets.resources.dashboards.workspace import DashboardWorkspace, LoggedSnapshot
from synth_assets.resources.frames import write_frame
from synth_assets.resources.models.registry import ModelRegistry
from synth_assets.resources.report.contents import report_page
from tests.dashboard_runs import diversity_of, generation_run, lab_of, labels, set_run
from tests.e2e.browser import require_browser
from tests.e2e.dashboard_server import served
from tests.e2e.hostile import ATTACKS
from tests.integration.test_dashboards_workspace import FORMER
from tests.scored_models import register, scored
from tests.unit.test_report_page import inputs

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

LINES = "path.MuiLineElement-root"
MARKS = ".MuiMarkElement-root"
MIXTURE = "balanced_50"
TABS = ("Gates", "Collapse", "Drift", "Diversity")
RUNS = 4
"""Two of the former version, two of this one."""


@dataclass(frozen=True)
class Shown:
    """What the browser looks at."""

    workspace: DashboardWorkspace
    address: str
    last: LoggedSnapshot
    generation: LoggedSnapshot

    def page(self, logged: LoggedSnapshot, tab: str = "Gates") -> str:
        return f"{self.address}/projects/{logged.project_id}?tab={tab}"

    @property
    def reports(self) -> str:
        return f"{self.address}/projects/{self.last.project_id}/reports"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    require_browser()
    workspace = DashboardWorkspace(tmp_path_factory.mktemp("home") / "evidently", "http://x")
    shutil.unpack_archive(FORMER, workspace.root)
    generation = workspace.log_generation(generation_run(), labels(1))
    workspace.log_set(MIXTURE, set_run(1), labels(1))
    with served(workspace) as address:
        # Logged while it runs, as a run does while people look.
        run = set_run(2, moved=ATTACKS, blocked_by="canary")
        last = workspace.log_set(MIXTURE, run, labels(2).judged(run.verdicts))
        yield Shown(workspace, address, last, generation)


def panel(page: Page, title: str) -> Locator:
    heading = page.get_by_role("heading", name=title, exact=True)
    card = page.locator(".MuiCard-root").filter(has=heading)
    expect(card).to_have_count(1)
    return card


def open_settled(page: Page, address: str) -> None:
    """Open a page in a window that shows all of it, as panels are drawn where they are seen."""
    page.set_viewport_size({"width": 1600, "height": 30_000})
    page.goto(address)
    page.wait_for_load_state("networkidle")


def test_mixture_page_shows_first_whether_the_last_run_was_exported(page: Page, shown: Shown):
    open_settled(page, shown.page(shown.last).partition("?")[0])
    lead = panel(page, "Gates: was the last run exported? NO: canary blocks it.")
    expect(lead).to_contain_text("http://127.0.0.1:3000/runs/run-2")
    expect(lead).to_contain_text("balanced_50~1f2e3d4c")
    gate = panel(page, "The gate canary blocks")
    expect(gate).to_contain_text("canary is beyond its threshold: 7. Mend it.")
    counts = panel(page, "Gates that warned or blocked, run by run")
    expect(counts.locator(".MuiChartsLegend-label")).to_have_text(["warned", "blocked"])
    expect(panel(page, "Risk of collapse").locator(LINES)).to_have_count(3)


def test_tabs_lead_to_their_panels_and_back(page: Page, shown: Shown):
    open_settled(page, shown.page(shown.last))
    first = page.get_by_role("heading", name=re.compile("^Gates: "))
    for tab in TABS[1:]:
        page.get_by_role("button", name=tab, exact=True).click()
        expect(page.get_by_role("heading", name=re.compile(f"^{tab}: "))).to_be_visible()
        expect(first).to_have_count(0)
        expect(page).to_have_url(shown.page(shown.last, tab))
    for tab in reversed(TABS[:-1]):
        page.go_back()
        expect(page.get_by_role("heading", name=re.compile(f"^{tab}: "))).to_be_visible()


def test_panels_of_diversity_wait_for_the_window_and_say_unit_and_direction(
    page: Page, shown: Shown
):
    last = spec_of(list(DiversityMetric)[-1]).title
    page.set_viewport_size({"width": 1600, "height": 1000})
    page.goto(shown.page(shown.last, "Diversity"))
    page.locator(LINES).first.wait_for(state="attached")
    expect(page.get_by_role("heading", name=last, exact=True)).to_have_count(0)
    page.set_viewport_size({"width": 1600, "height": 30_000})
    for metric in DiversityMetric:
        spec = spec_of(metric)
        expect(panel(page, spec.title)).to_contain_text(f"{spec.unit}; {spec.good}")


def test_thresholds_have_colours_of_their_own(page: Page, shown: Shown):
    open_settled(page, shown.page(shown.last))
    lines = panel(page, "Risk of collapse").locator(LINES)
    expect(lines).to_have_count(3)
    _, amber, red = lines.evaluate_all("lines => lines.map(line => getComputedStyle(line).stroke)")
    assert (amber, red) == ("rgb(224, 148, 0)", "rgb(211, 47, 47)")


def test_what_is_not_looking_is_answered_by_evidently_itself(shown: Shown):
    report = f"{shown.address}/api/projects/{shown.last.project_id}/{shown.last.snapshot_id}"
    with urllib.request.urlopen(f"{report}/download", timeout=300) as answer:
        assert "Signs of collapse, worst first" in answer.read().decode()
    address = f"{shown.address}/api/projects/{shown.last.project_id}/info"
    with urllib.request.urlopen(address, timeout=120) as answer:
        project = {**json.load(answer), "description": "Edited by people."}
    body = json.dumps(project).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60), urllib.request.urlopen(address) as answer:
        assert json.load(answer)["description"] == "Edited by people."


def test_lines_of_the_former_version_go_on_in_one_line(page: Page, shown: Shown):
    open_settled(page, shown.page(shown.last, "Diversity"))
    card = panel(page, spec_of(DiversityMetric.DISTINCT_2).title)
    expect(card.locator(LINES)).to_have_count(5)
    expect(card.locator(MARKS)).to_have_count(5 * RUNS)
    # What was not measured then begins where it was measured first.
    open_settled(page, shown.page(shown.last, "Collapse"))
    loss = panel(page, "Loss")
    expect(loss.locator(LINES)).to_have_count(3)
    assert loss.locator(MARKS).count() % 3 == 0


def test_collapse_shows_risk_and_signs_with_their_thresholds(page: Page, shown: Shown):
    open_settled(page, shown.page(shown.last, "Collapse"))
    risk = panel(page, "Risk of collapse, last run")
    [index] = [
        point.value
        for point in shown.workspace.runs(MIXTURE)[-1].points
        if point.labels.get("of") == "risk_index"
    ]
    expect(risk).to_contain_text(f"{index:.2f}".rstrip("0").rstrip("."))
    for title in ("All signs on one scale", "Tail", "Sharpened"):
        card = panel(page, title)
        expect(card).to_contain_text("lower is better")
        expect(card).to_contain_text("amber from here")
        expect(card).to_contain_text("red from here")
    students = panel(page, "Loss on held-out real text")
    expect(students.locator(".MuiChartsLegend-label")).to_have_count(4)


def test_scores_of_trained_models_stand_beside_the_lab_without_another_run(
    page: Page, shown: Shown
):
    home = shown.workspace.root.parent
    open_settled(page, shown.page(shown.last, "Collapse"))
    card = panel(page, TRAINED_MODELS)
    expect(card).to_contain_text("No registered model has a score yet.")
    expect(card.locator("svg")).to_have_count(0)

    models = [scored(f"tiny-{n}", n, gsm8k=0.45 - 0.05 * n) for n in range(4)]
    hostile = {attack: 0.1 for attack in ATTACKS}
    models.append(scored("tiny-2b", 2, gsm8k=0.31).model_copy(update={"scores": hostile}))
    register(ModelRegistry(home), *models)
    write_frame(home / "collapse_lab" / "curves.parquet", lab_of(0.1, 0.5))
    open_settled(page, shown.page(shown.last, "Collapse"))

    plots = panel(page, TRAINED_MODELS).locator("figure")
    expect(plots).to_have_count(2 * (1 + len(ATTACKS) + 1))
    for attack in ATTACKS:
        expect(plots.get_by_role("heading", name=attack)).to_have_count(2)
    assert_harmless(page)
    lab = plots.filter(has_text="In the lab: Loss on held-out real text, by generation")
    expect(lab).to_contain_text("bits a byte above generation 0; lower is better")
    expect(lab.locator("line.interval")).to_have_count(6)
    scores = plots.filter(has_text="gsm8k of trained models, by share of written rows")
    expect(scores).to_contain_text("of accuracies higher is better, of losses lower")
    expect(scores).to_contain_text("% written rows")
    assert scores.locator("text").all_text_contents()[-4:] == [f"tiny-{n}" for n in range(4)]
    # Side by side with the lab's, each point further right and, as the scores fall, further down.
    spots = [spot.bounding_box() for spot in scores.locator("circle").all()]
    assert [sorted(box[side] for box in spots if box) for side in ("x", "y")] == [
        [box[side] for box in spots if box] for side in ("x", "y")
    ]
    ink = scores.locator("polyline").evaluate("line => getComputedStyle(line).stroke")
    assert ink == "rgb(61, 133, 198)"
    # What the plots look like is not for the page's own pictures.
    for text, size in ((scores, "11px"), (panel(page, "Loss"), "12px")):
        found = text.locator("svg text").first.evaluate("text => getComputedStyle(text).fontSize")
        assert found == size
    page.get_by_role("button", name="Drift", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("^Drift: "))).to_be_visible()
    expect(page.locator(".plots")).to_have_count(0)
    page.go_back()
    expect(panel(page, TRAINED_MODELS).locator("figure").first).to_be_visible()


def test_tabs_stand_over_a_page_without_lines(page: Page, shown: Shown):
    bare = SetRun(diversity_of(["all"]), {"all": 1})
    logged = shown.workspace.log_set("bare", bare, labels(1))
    open_settled(page, shown.page(logged, "Collapse"))
    expect(page.get_by_role("heading", name="Collapse: ")).to_be_visible()
    expect(page.locator("nav.tabs button")).to_have_text(TABS)
    page.get_by_role("button", name="Diversity", exact=True).click()
    expect(page.get_by_role("heading", name="Diversity: ")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Collapse: ")).to_be_visible()
    expect(page.locator("nav.tabs button[aria-current=page]")).to_have_text("Collapse")


def test_drift_shows_measures_beside_their_threshold_and_counts(page: Page, shown: Shown):
    open_settled(page, shown.page(shown.last, "Drift"))
    for title in (
        "Topics shift (Jensen-Shannon), from the reference run",
        "Told apart by a classifier (AUC), from real rows",
    ):
        card = panel(page, title)
        expect(card).to_contain_text("threshold")
        expect(card.locator(LINES)).to_have_count(2)
    counts = panel(page, "Measures that moved from the reference run")
    expect(counts.locator(".MuiChartsLegend-label")).to_have_text(["suspects", "alarms"])


def test_rows_that_moved_show_as_text_on_page_and_report(page: Page, shown: Shown):
    open_settled(page, shown.page(shown.last, "Drift"))
    card = panel(page, "Rows that moved most in the last run")
    for attack in ATTACKS[:3]:
        expect(card).to_contain_text(attack)
    assert_harmless(page)
    open_settled(page, f"{shown.reports}/{shown.last.snapshot_id}")
    for attack in ATTACKS:
        expect(page.locator("body")).to_contain_text(attack)
    assert_harmless(page)


def test_report_of_a_run_shows_tables_and_where_it_comes_from(page: Page, shown: Shown):
    open_settled(page, f"{shown.reports}/{shown.last.snapshot_id}")
    for title in (
        *("Signs of collapse, worst first", "Loss on held-out real text, bits a byte"),
        *("Drift: effect sizes, chance taken off", "Rows that moved most", "Where it comes from"),
    ):
        expect(page.get_by_text(title, exact=True).first).to_be_visible()
    expect(page.locator("body")).to_contain_text("http://127.0.0.1:3000/runs/run-2")


def test_reports_page_lists_every_run_with_its_tags(page: Page, shown: Shown):
    open_settled(page, shown.reports)
    for name in ("run-2", "run-1", "run-0"):
        expect(page.get_by_text(name, exact=True).first).to_be_visible()
    expect(page.get_by_text("1f2e3d4c").first).to_be_visible()


def test_generation_page_shows_acceptance_cost_losses_and_diversity(page: Page, shown: Shown):
    open_settled(page, shown.page(shown.generation, "Generation"))
    accepted = panel(page, "Samples that every verifier accepted")
    legend = accepted.locator(".MuiChartsLegend-label")
    expect(legend).to_have_text(["all recipes", "math", "qa"])
    expect(panel(page, "Why samples were lost")).to_contain_text("near_duplicate")
    expect(panel(page, "Spent")).to_contain_text("US dollars")
    open_settled(page, shown.page(shown.generation, "Diversity by recipe"))
    varied = panel(page, spec_of(DiversityMetric.DISTINCT_2).title)
    expect(varied.locator(LINES)).to_have_count(2)


def test_projects_page_lists_mixture_and_generation(page: Page, shown: Shown):
    open_settled(page, shown.address)
    for name in (MIXTURE, "generation"):
        expect(page.get_by_text(name, exact=True).first).to_be_visible()


def test_pages_ask_nothing_of_other_hosts(page: Page, shown: Shown):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for tab, title in (
        ("Collapse", "Loss"),
        ("Diversity", spec_of(DiversityMetric.DISTINCT_2).title),
    ):
        open_settled(page, shown.page(shown.last, tab))
        expect(panel(page, title).locator(LINES).first).to_be_attached()
    assert len(asked) > 10
    own = (shown.address, "data:", "blob:")
    assert [url for url in asked if not url.startswith(own)] == []


def test_server_gives_the_values_that_are_stored(shown: Shown):
    runs = shown.workspace.runs(MIXTURE)
    folder = shown.workspace.root / shown.last.project_id
    panels = json.loads((folder / "dashboard.json").read_text())["panels"]
    title = spec_of(DiversityMetric.DISTINCT_2).title
    [lines] = [each["values"] for each in panels if each["title"] == title]
    keys = ("metric", "tags", "metadata", "metric_labels")
    asked = {"series_filter": [{key: line[key] for key in keys} for line in lines]}
    url = f"{shown.address}/api/v2/snapshots/{shown.last.project_id}/data_series_batch"
    answer = _asked(url, asked)
    assert [each["snapshot_id"] for each in answer["sources"]] == [run.snapshot_id for run in runs]
    for series in answer["series"]:
        line = lines[series["filter_index"]]["metric_labels"]
        stored = [
            next(p.value for p in run.points if line.items() <= p.labels.items()) for run in runs
        ]
        assert series["values"] == stored


def _asked(url: str, body: object) -> dict[str, list[dict]]:
    """Ask until the run that was logged last is there: the server watches the folder."""
    deadline = time.monotonic() + 120
    while True:
        data = json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            found = json.load(answer)
        if len(found["sources"]) >= RUNS or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_mailed_report_reads_in_light_and_dark_without_network(
    browser: Browser, tmp_path: Path, scheme: str
):
    run = set_run(1, moved=ATTACKS)
    file = tmp_path / "report.html"
    file.write_text(report_page(inputs(set_run(), run)).html, encoding="utf-8")
    context = browser.new_context(color_scheme=scheme, offline=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    assert asked == [file.as_uri()]
    colours = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    ink, paper = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in colours)
    assert (ink < paper) == (scheme == "light")
    assert abs(ink - paper) > 450
    for attack in ATTACKS:
        expect(page.locator("body")).to_contain_text(attack)
    assert_harmless(page)
    dashes = page.locator("polyline.bound").first
    assert dashes.evaluate("line => getComputedStyle(line).strokeDasharray") != "none"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()


def assert_harmless(page: Page) -> None:
    assert page.evaluate("window.pwned") is None
    for element in ("script:has-text('pwned')", "img[src=x]", "a[href^=javascript]"):
        assert page.locator(element).count() == 0
