"""Makes the pictures of README and docs from the real product: `python -m tests.e2e.screenshots`.

Three runs, so that the dashboard has lines to show: the embedded teachers copy and repeat
themselves more in each.
"""

import tempfile
from pathlib import Path

import yaml
from playwright.sync_api import Browser, FloatRect, Page, ViewportSize

from tests.e2e.browser import find_browser, open_browser
from tests.e2e.partition_page import TO_TOP, entry, open_partition
from tests.e2e.project import Project, user_interfaces

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
SHIPPED_TEACHERS = ROOT / "synth_assets" / "recipes" / "teachers.yaml"
NARROWING = (0.05, 0.12, 0.2)
RECIPE, MIXTURE = "math_word_problems", "balanced_50"
WIDE_RECIPE = "edge_case_support"
VIEW = ViewportSize(width=1600, height=1130)
MARGIN = 24
PATIENCE_MS = 300_000
_TO_TOP = "heading => heading.closest('.MuiCard-root').scrollIntoView({block: 'start'})"


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, open_browser(find_browser()) as browser:
        project = Project.make(Path(folder))
        # First, as each run after it adds a point to the dashboard; with the teachers of the last
        # of them, so that its version is live again when the pictures are taken.
        _narrow_teachers(project, NARROWING[-1])
        _run(project, "--recipe", WIDE_RECIPE)
        for rate in NARROWING:
            _narrow_teachers(project, rate)
            _run(project)
        with user_interfaces(project):
            _graph(browser, project)
            _partition(browser, project)
            _coverage(browser, project)
            _dashboards(browser, project)
        _mailed(browser, project)


def _run(project: Project, *arguments: str) -> None:
    run = project.synth("run", *arguments)
    if run.returncode:
        raise SystemExit(run.stdout + run.stderr)


def _narrow_teachers(project: Project, rate: float) -> None:
    file = yaml.safe_load(SHIPPED_TEACHERS.read_text(encoding="utf-8"))
    for teacher in file["teachers"]:
        if "parameters" in teacher:
            teacher["parameters"]["flaws"]["near_duplicate"] = rate
    (project.recipes / "teachers.yaml").write_text(yaml.safe_dump(file), encoding="utf-8")


def _graph(browser: Browser, project: Project) -> None:
    page = browser.new_page(viewport={"width": 1600, "height": 1100}, device_scale_factor=1.25)
    view = "view=lineage&lineageScope=neighbors&lineageDepth=5"
    page.goto(f"{project.dagster}/assets/deduplicated_samples?{view}")
    page.get_by_text("Hide navigation").click()
    page.reload()
    page.get_by_text("training_sets").first.wait_for()
    _settle(page)
    boxes = [box for node in page.locator("foreignObject").all() if (box := node.bounding_box())]
    left, top = (min(box[side] for box in boxes) - MARGIN for side in ("x", "y"))
    right = max(box["x"] + box["width"] for box in boxes) + MARGIN
    bottom = max(box["y"] + box["height"] for box in boxes) + MARGIN
    clip: FloatRect = {"x": left, "y": top, "width": right - left, "height": bottom - top}
    page.screenshot(path=IMAGES / "asset-graph.png", clip=clip)


def _partition(browser: Browser, project: Project) -> None:
    page = browser.new_page(viewport=VIEW)
    [*_, newest] = sorted(
        (project.home / "assets" / "verified_samples").glob(f"{RECIPE}~*.parquet"),
        key=lambda path: path.stat().st_mtime,
    )
    page.goto(f"{project.dagster}/assets/verified_samples?view=partitions&partition={newest.stem}")
    page.get_by_text("not_kept").wait_for()
    _settle(page)
    page.screenshot(path=IMAGES / "partition.png")


def _coverage(browser: Browser, project: Project) -> None:
    page = browser.new_page(viewport=VIEW)
    open_partition(page, project, "verified_samples", WIDE_RECIPE)
    plot = entry(page, "coverage_plot")
    plot.evaluate(TO_TOP)
    _settle(page)
    page.screenshot(path=IMAGES / "coverage.png")


def _dashboards(browser: Browser, project: Project) -> None:
    page = browser.new_page(viewport=VIEW)
    page.set_default_timeout(PATIENCE_MS)
    mixture, report = _logged(page, project, "dashboard_snapshots", MIXTURE)
    generation, _ = _logged(page, project, "generation_snapshots")
    dashboard_pages(page, mixture, generation, report)


def dashboard_pages(page: Page, mixture: str, generation: str, report: str) -> None:
    """The page of a mixture, section by section, that of generation, and a run's report."""
    page.goto(mixture)
    page.get_by_text("Different word pairs (distinct-2)").wait_for()
    _settle(page)
    page.screenshot(path=IMAGES / "dashboard-collapse.png")
    for name, title in (
        ("drift", "Drift: does the training set move?"),
        ("diversity", "Diversity: how varied is the training set?"),
    ):
        page.get_by_role("heading", name=title).evaluate(_TO_TOP)
        _settle(page)
        page.screenshot(path=IMAGES / f"dashboard-{name}.png")
    for name, address in (("generation", generation), ("report", report)):
        page.goto(address)
        _settle(page)
        page.evaluate("window.scrollTo(0, 0)")  # the page keeps the place of the one before
        page.screenshot(path=IMAGES / f"dashboard-{name}.png")


def _logged(page: Page, project: Project, asset: str, name: str = "") -> list[str]:
    """Addresses of a project on the dashboards, and of its last report."""
    view = "view=events"
    if name:
        view = f"view=partitions&partition={project.partition('training_sets', name)}"
    page.goto(f"{project.dagster}/assets/{asset}?{view}")
    links = page.locator("a[href*='/projects/']")
    links.first.wait_for()
    found = [link.get_attribute("href") or "" for link in links.all()]
    return sorted(dict.fromkeys(found), key=len)[:2]


def _mailed(browser: Browser, project: Project) -> None:
    file = project.workplace / "report.html"
    made = project.synth("report", MIXTURE, "-o", str(file))
    if made.returncode:
        raise SystemExit(made.stdout + made.stderr)
    page = browser.new_page(viewport=VIEW)
    page.goto(file.as_uri())
    page.screenshot(path=IMAGES / "report.png")


def _settle(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)


if __name__ == "__main__":
    main()
