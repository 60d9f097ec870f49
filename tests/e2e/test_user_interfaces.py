"""The two user interfaces in a real browser, over one run of the whole graph."""

import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Locator, Page, expect

from synth_assets.core.schema import Stage
from tests.e2e.browser import require_browser
from tests.e2e.hostile import ATTACKS, BROKEN_LINE, write_broken_recipe, write_hostile_recipe
from tests.e2e.partition_page import entry, open_partition
from tests.e2e.project import Project, user_interfaces

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore::dagster.PreviewWarning")]

ROOT = Path(__file__).parents[2]
SCAFFOLD = ROOT / "synth_assets" / "resources" / "scaffold"
GROUPS = {
    "1_inputs": {"recipes", "real_data", "held_out_real", "benchmarks", "seeds"},
    "2_generation": {"raw_generations", "verified_samples"},
    "3_selection": {
        *("sample_signatures", "real_signatures"),
        *("deduplicated_samples", "decontaminated_samples"),
    },
    "4_training_sets": {"training_sets"},
    "5_evidence": {
        *("lineage", "recipe_diversity", "diversity_snapshots", "drift_reports"),
        *("collapse_canaries", "dose_curves", "dashboard_snapshots", "generation_snapshots"),
        "dataset_cards",
    },
}
RECIPE, MIXTURE = "math_word_problems", "balanced_50"
LINES = "path.MuiLineElement-root"
POINTS = ".MuiMarkElement-root"
LEGEND = ".MuiChartsLegend-label"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A whole run, made while both user interfaces were open already."""
    require_browser()
    made = Project.make(tmp_path_factory.mktemp("user"))
    write_hostile_recipe(made.recipes, SCAFFOLD)
    with user_interfaces(made):
        run = made.synth("run")
        assert run.returncode == 0, run.stdout + run.stderr
        yield made


def documented_assets() -> set[str]:
    """The assets that the table in docs/architecture.md tells of."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    _, _, table = text.partition("| asset |")
    cells = [line.split("|")[1] for line in table.partition("\n\n")[0].splitlines()[2:]]
    return set(re.findall(r"`(\w+)`", " ".join(cells)))


@cache
def declared_checks() -> dict[str, dict[str, str]]:
    """Asset -> name -> description of each check that the project declares."""
    from synth_assets.defs.checks import all_checks

    found: dict[str, dict[str, str]] = {}
    for made in all_checks():
        for spec in made.check_specs:
            checks = found.setdefault(spec.asset_key.to_user_string(), {})
            checks[spec.name] = spec.description or ""
    return found


def open_checks(page: Page, project: Project, asset: str) -> None:
    page.goto(f"{project.dagster}/assets/{asset}?view=checks")
    expect(page.get_by_text(re.compile(r"^Checks \(\d+\)$|^No checks defined"))).to_be_visible()


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_assets_page_names_every_documented_asset_with_its_group(page: Page, project: Project):
    # Rows below the window are not drawn.
    page.set_viewport_size({"width": 1_600, "height": 2_500})
    page.goto(f"{project.dagster}/assets")
    links = page.locator('a[href^="/assets/"]')
    expect(links).to_have_count(len(documented_assets()))
    shown = {name.split("\n")[0] for name in links.all_inner_texts()}
    assert shown == documented_assets() == set().union(*GROUPS.values())
    for group, assets in GROUPS.items():
        expect(page.get_by_text(group, exact=True)).to_have_count(len(assets))


def test_graph_shows_the_groups_in_the_order_in_which_data_flows(page: Page, project: Project):
    page.goto(f"{project.dagster}/asset-groups")
    nodes = page.locator("foreignObject").filter(has_text=re.compile(r"^\d_"))
    expect(nodes).to_have_count(len(GROUPS))
    from_left = sorted(
        (box(node)["x"], (node.text_content() or "").strip()) for node in nodes.all()
    )
    assert [name for _, name in from_left] == list(GROUPS)


def box(node: Locator) -> dict[str, float]:
    found = node.bounding_box()
    assert found is not None
    return dict(found)


def test_checks_tabs_show_no_check_that_failed(page: Page, project: Project):
    assert len(declared_checks()) >= 10
    for asset, checks in declared_checks().items():
        open_checks(page, project, asset)
        expect(page.get_by_text("Succeeded", exact=True)).to_have_count(len(checks))


def test_checks_of_training_sets_say_what_they_hold_and_passed(page: Page, project: Project):
    checks = declared_checks()["training_sets"]
    assert len(checks) >= 4
    open_checks(page, project, "training_sets")
    for name, description in checks.items():
        # The visible name may be shortened; the whole one lies hidden beside it.
        page.get_by_text(name, exact=True).first.dispatch_event("click")
        expect(page.get_by_text(description)).to_be_visible()
        expect(page.get_by_text("Passed", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("asset", "stage"),
    [("raw_generations", Stage.GENERATE), ("verified_samples", Stage.VERIFY)],
)
def test_partition_shows_its_rows_schema_and_drop_reasons(
    page: Page, project: Project, asset: str, stage: Stage
):
    key = open_partition(page, project, asset, RECIPE)
    rows = project.rows(asset, key)
    decisions = pl.read_parquet(project.home / "decisions" / stage / f"{key}.parquet", glob=False)
    lost = decisions["reason"].drop_nulls().value_counts()
    assert rows.height > 100
    assert lost.height > 1

    expect(entry(page, "dagster/row_count")).to_have_text(str(rows.height))
    expect(entry(page, "rows_dropped")).to_have_text(str(lost["count"].sum()))
    preview = entry(page, "preview")
    for prompt in rows["prompt"].head(3):
        expect(preview).to_contain_text(squeezed(prompt)[:200])
    for reason, count in lost.iter_rows():
        expect(entry(page, "drop_reasons")).to_contain_text(re.compile(rf"{reason}\s*{count}"))
        expect(entry(page, "not_kept")).to_contain_text(reason)

    entry(page, "drop_reasons_plot").get_by_text("[Show Markdown]").click()
    plot = page.get_by_role("dialog").locator("img")
    expect(plot).to_have_attribute("src", re.compile("^data:image/png;base64,"))
    assert plot.evaluate("image => image.naturalWidth") > 300
    page.keyboard.press("Escape")

    entry(page, "dagster/column_schema").get_by_text("[Show Table Schema]").click()
    for column in rows.columns:
        expect(page.get_by_role("dialog").get_by_text(column, exact=True).first).to_be_visible()


def duplicates(project: Project) -> pl.DataFrame:
    """Kept row -> how many were dropped for it, most first."""
    file = project.home / "decisions" / Stage.DEDUP / "all.parquet"
    lost = pl.read_parquet(file).filter(pl.col("duplicate_of").is_not_null())
    return lost["duplicate_of"].value_counts().sort("count", "duplicate_of", descending=True)


def test_deduplication_shows_its_largest_clusters_and_their_sizes(page: Page, project: Project):
    counted = duplicates(project)
    assert counted["count"][0] > 1
    page.goto(f"{project.dagster}/assets/deduplicated_samples?view=events")
    expect(entry(page, "duplicate_clusters")).to_have_text(str(counted.height))
    rows = entry(page, "largest_clusters").locator("tr")
    shown = [cells.split("\t") for cells in rows.all_inner_texts() if cells.count("\t") > 2]
    largest = counted.filter(pl.col("count") == counted["count"][0])["duplicate_of"]
    assert shown[1][0] in [kept_id[:12] for kept_id in largest]
    assert shown[1][1] == str(counted["count"][0] + 1)
    assert len(shown[1][shown[0].index("shared text")].split()) >= 5
    expect(entry(page, "signatures_made")).to_have_text("0")

    entry(page, "cluster_sizes_plot").get_by_text("[Show Markdown]").click()
    plot = page.get_by_role("dialog").locator("img")
    expect(plot).to_have_attribute("src", re.compile("^data:image/png;base64,"))


def test_giant_cluster_is_a_warning_with_its_text_and_recipes(page: Page, project: Project):
    size = duplicates(project)["count"][0] + 1
    said = project.recipes / "selection.yaml"
    said.write_text(f"dedup: {{giant_cluster: {{rows: {size - 1}, share: 0}}}}")
    try:
        open_checks(page, project, "deduplicated_samples")
        page.get_by_text("no_giant_cluster", exact=True).first.dispatch_event("click")
        expect(entry(page, "above_rows")).to_have_text("50")
        page.get_by_text("Execute", exact=True).click()
        expect(entry(page, "above_rows")).to_have_text(str(size - 1), timeout=240_000)
    finally:
        said.unlink()
    told = re.compile(rf"{size} of [\d,]+ rows .* are one row and its duplicates: .+\. Kept is")
    expect(page.get_by_text(told).first).to_contain_text(re.compile(r"come from \w+ \(\d+\)"))
    expect(page.get_by_role("img", name=re.compile("^warning")).first).to_be_visible()


def test_raw_generations_show_calls_tokens_and_cost(page: Page, project: Project):
    key = open_partition(page, project, "raw_generations", RECIPE)
    calls = pl.read_parquet(project.home / "calls" / f"{key}.parquet", glob=False)
    assert calls.height > 100
    kept = int(calls["from_ledger"].sum())
    expect(entry(page, "calls_bought")).to_have_text(str(calls.height - kept))
    expect(entry(page, "calls_from_ledger")).to_have_text(str(kept))
    for column in ("prompt_tokens", "completion_tokens"):
        assert calls[column].sum() > 10_000
        expect(entry(page, column)).to_have_text(str(calls[column].sum()))
    expect(entry(page, "cost_usd")).to_have_text("0")
    expect(entry(page, "calls_of_unknown_price")).to_have_text("0")


@pytest.mark.parametrize("asset", ["seeds", "raw_generations", "verified_samples"])
def test_hostile_rows_show_as_text(page: Page, project: Project, asset: str):
    key = open_partition(page, project, asset, "hostile")
    held = " ".join(str(row) for row in project.rows(asset, key).iter_rows())
    attacks = [attack for attack in ATTACKS if attack in held]
    assert len(attacks) > 1
    for attack in attacks:
        expect(entry(page, "preview")).to_contain_text(attack)
    assert_harmless(page)


def test_hostile_recipe_title_shows_as_text(page: Page, project: Project):
    page.goto(f"{project.dagster}/assets/recipes?view=events")
    for attack in ATTACKS[1:]:
        expect(entry(page, "live")).to_contain_text(attack)
    assert_harmless(page)


def test_dataset_card_with_hostile_rows_renders_harmlessly(page: Page, project: Project):
    [card] = (project.home / "exports").glob(f"{MIXTURE}/README.md")
    assert "hostile" in card.read_text(encoding="utf-8")
    page.goto(f"{project.dagster}/assets/dataset_cards?view=partitions")
    page.get_by_text(project.partition("training_sets", MIXTURE), exact=True).first.click()
    entry(page, "card").get_by_text("[Show Markdown]").click()
    expect(page.get_by_role("dialog").get_by_role("heading", name=MIXTURE)).to_be_visible()
    assert_harmless(page)


def assert_harmless(page: Page) -> None:
    assert page.evaluate("window.pwned") is None
    for element in ("script:has-text('pwned')", "img[src=x]", "a[href^=javascript]"):
        assert page.locator(element).count() == 0


def open_logged(page: Page, project: Project) -> str:
    """Choose the mixture's partition of the snapshots, and return its key."""
    key = project.partition("training_sets", MIXTURE)
    page.goto(f"{project.dagster}/assets/dashboard_snapshots?view=partitions&partition={key}")
    expect(page.get_by_text("Latest materialization")).to_be_visible()
    return key


def panel(page: Page, title: str) -> Locator:
    heading = page.get_by_role("heading", name=title, exact=True)
    return page.locator(".MuiCard-root").filter(has=heading)


def test_snapshots_link_to_the_dashboard_with_a_line_per_slice(page: Page, project: Project):
    key = open_logged(page, project)
    with page.context.expect_page() as opened:
        entry(page, "dashboard").get_by_role("link").first.click()
    dashboard = opened.value
    dashboard.wait_for_load_state("networkidle")
    assert dashboard.url.startswith(f"{project.dashboards}/projects/")
    expect(panel(dashboard, "Risk of collapse").locator(LINES)).to_have_count(3)
    run_id = re.search(r"/runs/([0-9a-f-]+)", dashboard.locator("body").inner_text())
    assert run_id is not None
    dashboard.get_by_role("button", name="Diversity", exact=True).click()
    rows = project.rows("training_sets", key)
    counter = panel(dashboard, "Rows in the last training set")
    expect(counter).to_contain_text(re.compile(rf"{rows.height}all"))
    slices = {"all", "real", "synthetic", "reference", *rows["recipe"].unique()} - {""}
    labels = panel(dashboard, "Different word pairs (distinct-2)").locator(LEGEND)
    expect(labels).to_have_count(len(slices))
    assert set(labels.all_inner_texts()) == slices
    dashboard.goto(f"{project.dagster}/runs/{run_id[1]}")
    expect(dashboard.get_by_text("dashboard_snapshots").first).to_be_visible()


def test_second_run_adds_a_point_to_every_line(page: Page, project: Project):
    open_logged(page, project)
    address = entry(page, "dashboard").inner_text().strip()
    for points in (1, 2):
        for tab, title in (
            ("Diversity", "Different word pairs (distinct-2)"),
            ("Gates", "Risk of collapse"),
        ):
            page.goto(f"{address}?tab={tab}")
            page.wait_for_load_state("networkidle")
            card = panel(page, title)
            expect(card.locator(LINES).first).to_be_attached()
            expect(card.locator(POINTS)).to_have_count(points * card.locator(LINES).count())
        if points == 1:
            run = project.synth("run", "--recipe", RECIPE, "--mixture", MIXTURE)
            assert run.returncode == 0, run.stdout + run.stderr


def test_materializing_from_the_page_makes_a_run_with_its_metadata(page: Page, project: Project):
    key = open_partition(page, project, "training_sets", MIXTURE)
    file = project.home / "assets" / "training_sets" / f"{key}.parquet"
    written = file.stat().st_mtime_ns

    page.get_by_role("button", name="Materialize").click()
    page.get_by_role("dialog").get_by_role("button", name="Launch 1 run").click()
    page.get_by_text("View", exact=True).click()
    expect(page).to_have_url(re.compile("/runs/"))
    expect(page.get_by_text("Success", exact=True)).to_be_visible(timeout=240_000)
    run_id = page.url.rpartition("/")[2].partition("?")[0]
    assert file.stat().st_mtime_ns > written

    open_partition(page, project, "training_sets", MIXTURE)
    expect(page.get_by_role("link", name=run_id[:8])).to_be_visible()
    expect(entry(page, "dagster/row_count")).to_have_text(
        str(project.rows("training_sets", key).height)
    )
    expect(entry(page, "synthetic_share")).to_have_text("0.5")
    for name, count in project.rows("training_sets", key)["teacher"].value_counts().iter_rows():
        label = re.escape(name or "(none)")
        expect(entry(page, "by_teacher")).to_contain_text(re.compile(rf"{label}\s*{count}"))


def test_pages_ask_nothing_of_other_hosts(page: Page, project: Project):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for address in (project.dagster, f"{project.dagster}/assets/lineage", project.dashboards):
        page.goto(address)
        page.wait_for_load_state("networkidle")
    own = (project.dagster, project.dashboards, "data:", "blob:")
    assert len(asked) > 10
    assert [url for url in asked if not url.startswith(own)] == []


def test_broken_recipe_is_a_warning_with_file_line_and_mend(page: Page, project: Project):
    folder = write_broken_recipe(project.recipes, SCAFFOLD)
    try:
        open_checks(page, project, "recipes")
        page.get_by_text("Execute", exact=True).click()
        told = entry(page, str(folder))
        expect(told).to_contain_text("recipe.yaml", timeout=240_000)
    finally:
        shutil.rmtree(folder)
    expect(told).to_contain_text(f"line {BROKEN_LINE}")
    expect(told).to_contain_text("samples")
    expect(page.get_by_text("Failed", exact=True).first).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^warning")).first).to_be_visible()
