"""Makes the pictures of README and docs from the real product: `python -m tests.e2e.screenshots`.

`python -m tests.e2e.screenshots daily-loop` makes those of the daily loop alone. For the others
three runs are made, so that the dashboard has lines to show: the embedded teachers copy and repeat
themselves more in each.
"""

import sys
import tempfile
from pathlib import Path

import yaml
from playwright.sync_api import Browser, FloatRect, Page, ViewportSize, expect

from tests.e2e.browser import WINDOW, find_browser, open_browser
from tests.e2e.daily_loop import open_loop, walk
from tests.e2e.partition_page import TO_TOP, entry, open_partition
from tests.e2e.project import Project, user_interfaces

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
SHIPPED_TEACHERS = ROOT / "synth_assets" / "recipes" / "teachers.yaml"
SHIPPED_MIXTURES = ROOT / "synth_assets" / "recipes" / "mixtures.yaml"
NARROWING = (0.05, 0.12, 0.2)
RECIPE, MIXTURE = "math_word_problems", "balanced_50"
WIDE_RECIPE = "edge_case_support"
VIEW = ViewportSize(width=1600, height=1130)
LINES = "path.MuiLineElement-root"
MARGIN = 24
PATIENCE_MS = 300_000


def main(*groups: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    if groups in ((), ("daily-loop",)):
        _daily_loop()
    if not groups:
        _whole_runs()


def _daily_loop() -> None:
    with tempfile.TemporaryDirectory() as folder, open_browser(find_browser()) as browser:
        page = browser.new_page(viewport=WINDOW)
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        with open_loop(Path(folder)) as loop:
            walk(page, loop, _picture_of_loop)


def _picture_of_loop(page: Page, name: str) -> None:
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / f"daily-loop-{name}.png")


def _whole_runs() -> None:
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
        _block(project)
        with user_interfaces(project):
            _dashboards(browser, project)
        _mailed(browser, project)


def _run(project: Project, *arguments: str) -> None:
    run = project.synth("run", *arguments)
    if run.returncode:
        raise SystemExit(run.stdout + run.stderr)


def _block(project: Project) -> None:
    """Run once more under a gate that blocks, which makes no other version of the mixture."""
    file = yaml.safe_load(SHIPPED_MIXTURES.read_text(encoding="utf-8"))
    [mixture] = [each for each in file["mixtures"] if each["id"] == MIXTURE]
    mixture["gates"] = {"canary": "block"}
    written = {"mixtures": [mixture], "policies": file["policies"]}
    (project.recipes / "mixtures.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    if project.synth("run").returncode != 1:
        raise SystemExit(f"The gate of {MIXTURE} did not block.")


def _narrow_teachers(project: Project, rate: float) -> None:
    file = yaml.safe_load(SHIPPED_TEACHERS.read_text(encoding="utf-8"))
    for teacher in file["teachers"]:
        if "parameters" in teacher:
            teacher["parameters"]["flaws"]["near_duplicate"] = rate
    (project.recipes / "teachers.yaml").write_text(yaml.safe_dump(file), encoding="utf-8")


def _graph(browser: Browser, project: Project) -> None:
    page = browser.new_page(viewport={"width": 1600, "height": 1600}, device_scale_factor=1.25)
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
    """The page of a mixture, tab by tab, that of generation, and a run's report."""
    page.goto(mixture)
    page.locator(LINES).first.wait_for(state="attached")
    _settle(page)
    page.screenshot(path=IMAGES / "dashboard-gates.png")
    for tab in ("Collapse", "Drift", "Diversity"):
        page.get_by_role("button", name=tab, exact=True).click()
        _settle(page)
        page.screenshot(path=IMAGES / f"dashboard-{tab.lower()}.png")
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
    main(*sys.argv[1:])
