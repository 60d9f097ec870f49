"""Planned against achieved in a real browser: a recipe filled, materialized, looked at."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
import yaml
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browser import WINDOW, require_browser
from tests.e2e.partition_page import TO_TOP, entry, open_partition
from tests.e2e.project import Project, user_interfaces

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore::dagster.PreviewWarning")]

ASSET, RECIPE = "verified_samples", "edge_case_support"
RECIPE_FILE = Path(__file__).parents[2] / "synth_assets" / "recipes" / RECIPE / "recipe.yaml"
ATTRIBUTE = "family"
LONGEST_BAR = 20
TEXT_LINES = """cell => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  return new Set([...range.getClientRects()].map(each => Math.round(each.top))).size;
}"""
HIDDEN_AT_THE_RIGHT_PX = """table => {
  let hidden = 0;
  for (let box = table.parentElement; box; box = box.parentElement) {
    if (getComputedStyle(box).overflowX === "visible") continue;
    const over = table.getBoundingClientRect().right - box.getBoundingClientRect().right;
    hidden = Math.max(hidden, over);
  }
  return hidden;
}"""


@dataclass(frozen=True)
class Line:
    """One value of an attribute, as the page shows it."""

    attribute: str
    value: str
    bar: str
    planned: str
    achieved: str
    rows: str
    samples: str


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project in which one recipe is filled, with both user interfaces open."""
    require_browser()
    made = Project.make(tmp_path_factory.mktemp("user"))
    run = made.synth("run", "--recipe", RECIPE)
    assert run.returncode == 0, run.stdout + run.stderr
    with user_interfaces(made):
        yield made


@pytest.fixture(scope="module")
def run_id(browser: Browser, project: Project) -> str:
    """The run that materialized the partition once more, launched from its page."""
    page = browser.new_page(viewport=WINDOW)
    open_partition(page, project, ASSET, RECIPE)
    page.get_by_role("button", name="Materialize").click()
    page.get_by_role("dialog").get_by_role("button", name="Launch 1 run").click()
    page.get_by_text("View", exact=True).click()
    expect(page).to_have_url(re.compile("/runs/"))
    expect(page.get_by_text("Success", exact=True)).to_be_visible(timeout=240_000)
    launched = page.url.rpartition("/")[2].partition("?")[0]
    page.close()
    return launched


@pytest.fixture
def plot(page: Page, project: Project, run_id: str) -> Locator:
    """The entry `coverage_plot` of that materialization, its first line at the top."""
    open_partition(page, project, ASSET, RECIPE)
    expect(page.get_by_role("link", name=run_id[:8])).to_be_visible()
    shown = entry(page, "coverage_plot")
    shown.evaluate(TO_TOP)
    return shown


def lines_of(plot: Locator) -> list[Line]:
    """The lines of values; a line with a name alone says whose they are."""
    lines: list[Line] = []
    attribute = ""
    for row in plot.locator("tbody tr").all():
        name, *cells = (text.strip() for text in row.locator("td").all_inner_texts())
        if any(cells):
            lines.append(Line(attribute, name, *cells))
        else:
            attribute = name
    return lines


def weights_of_recipe() -> dict[str, float]:
    space = yaml.safe_load(RECIPE_FILE.read_text(encoding="utf-8"))["technique"]["space"]
    return {each["value"]: each["weight"] for each in space[ATTRIBUTE]}


def counts(attributes: Iterable[str]) -> Counter[str]:
    return Counter(json.loads(each)[ATTRIBUTE] for each in attributes)


def percents(text: str) -> float:
    return float(text.removesuffix("%"))


def test_coverage_plot_shows_the_shares_of_the_recipe_and_of_the_rows(
    page: Page, project: Project, plot: Locator, tmp_path: Path
):
    key = project.partition(ASSET, RECIPE)
    kept = counts(project.rows(ASSET, key)["attributes"].to_list())
    planned = counts(pl.read_parquet(project.home / "plans" / f"{key}.parquet")["attributes"])
    weights = weights_of_recipe()
    assert len(set(weights.values())) > 1
    lines = {line.value: line for line in lines_of(plot) if line.attribute == ATTRIBUTE}

    assert lines.keys() == weights.keys()
    for value, line in lines.items():
        assert line.planned == f"{weights[value] / sum(weights.values()):.1%}"
        assert line.achieved == f"{kept[value] / kept.total():.1%}"
        assert line.rows == str(kept[value])
        assert line.samples == f"{kept[value]} of {planned[value]}", "a row a sample"
    page.screenshot(path=tmp_path / "coverage-plot.png")


def test_coverage_tells_the_cells_of_the_space_and_no_hole(page: Page, plot: Locator):
    expect(entry(page, "coverage_cells")).to_contain_text(
        "52 cells of the technique's own space, 108 samples wanted: each has its quota"
    )


def test_coverage_plot_draws_bars_as_long_as_the_shares_beside_them(plot: Locator):
    lines = lines_of(plot)
    for attribute in {line.attribute for line in lines}:
        of_it = [line for line in lines if line.attribute == attribute]
        largest = max(percents(share) for line in of_it for share in (line.planned, line.achieved))
        for line in of_it:
            planned, achieved = (
                LONGEST_BAR * percents(share) / largest for share in (line.planned, line.achieved)
            )
            assert not {"░", "▓"} <= set(line.bar), line
            assert line.bar.count("█") + line.bar.count("░") == pytest.approx(planned, abs=0.6)
            assert line.bar.count("█") + line.bar.count("▓") == pytest.approx(achieved, abs=0.6)
    assert len(lines) > 30
    assert {mark for line in lines for mark in line.bar} == {"█", "░", "▓"}


def test_coverage_plot_needs_no_click_and_nothing_of_it_is_cut_off(plot: Locator):
    lines = plot.locator("tbody tr")
    for number in range(15):
        expect(lines.nth(number)).to_be_in_viewport(ratio=1)
        bar = lines.nth(number).locator("td").nth(1)
        assert bar.evaluate(TEXT_LINES) <= 1, "a bar that is wrapped is read as two"
    assert plot.locator("table").evaluate(HIDDEN_AT_THE_RIGHT_PX) == 0
