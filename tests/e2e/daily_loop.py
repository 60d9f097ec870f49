"""The daily loop as people walk it in the Dagster UI, step by step, for a test and for pictures."""

import os
import re
import shutil
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import yaml
from playwright.sync_api import Page, expect

from synth_assets.defs.build import build_definitions
from synth_assets.defs.running import open_instance, run_job
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop
from tests.e2e.partition_page import entry
from tests.e2e.project import Project, user_interfaces
from tests.integration.chat_server import ChatServer, chat_server, embedded_answer
from tests.integration.own_project import WRITE, OwnProject, own_project
from tests.processes import free_port

SAMPLES = 12
EDITED, KEPT, ADDED = "sums", "terms", "harbours"
PATIENCE_MS = 900_000
LINE = "Write about a harbour."
CAUSE = "prompt write.md.j2: 2 lines new, 0 lines gone"
COMPARES = "set_versions_side_by_side"
LOCATION = "locations/synth_assets/jobs"

Snap = Callable[[Page, str], None]
"""Told of each moment that is worth a picture, with its name."""


@dataclass(frozen=True)
class Loop:
    """A project of two small recipes, open in the UI, and the server of its teachers."""

    own: OwnProject
    project: Project
    server: ChatServer

    def address(self, path: str) -> str:
        """Of a page of the Dagster UI."""
        return f"{self.project.dagster}/{path}"

    def files(self) -> dict[Path, tuple[int, bytes]]:
        """What lies on disk of each recipe version."""
        found = (self.own.home / "assets").rglob("*~*.parquet")
        return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in found}


def written_loop(root: Path, server: ChatServer, recipes: Sequence[str]) -> Loop:
    """A project of small recipes in a folder, with nothing made yet."""
    own = own_project(root, server.base_url)
    shutil.rmtree(own.recipes / "sums")
    for name in recipes:
        own.write_recipe(name, SAMPLES)
    own.write("mixtures.yaml", {"mixtures": [{"id": "all", "synthetic_share": 0.2}]})
    sources = yaml.safe_load((own.recipes / "sources.yaml").read_text())["sources"]
    probe = {"id": "embedded_probe", "reader": "embedded_probe", "uses": ["benchmark"]}
    own.write("sources.yaml", {"sources": [*sources, probe]})
    (root / "workplace").mkdir()
    project = Project(own.home, own.recipes, root / "workplace", free_port(), free_port())
    return Loop(own, project, server)


@contextmanager
def only_own(loop: Loop) -> Generator[None]:
    """Processes started meanwhile leave the shipped recipes, minutes of work, aside."""
    with patch.dict(os.environ, loop.own.synth.environment | {"SYNTH_SHIPPED_RECIPES": "off"}):
        yield


def workshop_of(loop: Loop) -> Workshop:
    """What works on the project in this process."""
    variables = {"SYNTH_HOME": str(loop.own.home), "SYNTH_SHIPPED_RECIPES": "off"}
    return Workshop(read_settings(loop.own.synth.environment | variables))


def refresh_inputs(loop: Loop) -> None:
    """Make what all recipes start from, in this process."""
    workshop = workshop_of(loop)
    with open_instance(workshop.home) as instance:
        done = run_job(build_definitions(workshop), instance, "refresh_inputs", None)
    assert done.failures == ()


@contextmanager
def open_loop(root: Path) -> Generator[Loop]:
    """The project, open in the UI."""
    with chat_server(embedded_answer) as server:
        loop = written_loop(root, server, (EDITED, KEPT))
        with only_own(loop), user_interfaces(loop.project):
            yield loop


def walk(page: Page, loop: Loop, snap: Snap) -> None:
    """The whole of it."""
    materialize_all(page, loop, snap)
    edit(loop)
    see_what_is_missing(page, loop, snap)
    see_why(page, loop, snap)
    fill_what_is_missing(page, loop, snap)
    see_what_is_out_of_date(page, loop, snap)
    compare(page, loop, snap)


def materialize_all(page: Page, loop: Loop, snap: Snap) -> None:
    """In the graph, launch, and wait for the end."""
    page.goto(loop.address("asset-groups"))
    page.get_by_role("button", name="Materialize all").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Launch runs to materialize 20 assets")
    snap(page, "all")
    dialog.get_by_role("button", name="Launch backfill").click()
    watch_backfill(page)


def watch_backfill(page: Page) -> None:
    """Open what was just launched, and wait for its end."""
    page.get_by_text("View", exact=True).click()
    expect(page).to_have_url(re.compile("/runs/b/"))
    status = page.get_by_text("Status", exact=True).locator("..")
    expect(status).to_contain_text("Succeeded", timeout=PATIENCE_MS)


def edit(loop: Loop) -> None:
    """A line more in a prompt, and a recipe more."""
    loop.own.write(f"{EDITED}/write.md.j2", f"{WRITE}\n{LINE}\n")
    loop.own.write_recipe(ADDED, 4)


def see_what_is_missing(page: Page, loop: Loop, snap: Snap) -> None:
    """Wait until the sensor noticed, and look at the partitions that are not filled."""
    missing = page.get_by_text("Missing (2)", exact=True)
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < deadline and not missing.count():
        page.goto(loop.address("assets/raw_generations?view=partitions"))
        expect(page.get_by_text(re.compile(r"^Missing \("))).to_be_visible()
    page.get_by_text(re.compile(r"^Materialized \(")).click()
    for name in (EDITED, ADDED):
        expect(page.get_by_text(re.compile(f"^{name}~")).first).to_be_visible()
    expect(page.get_by_text(re.compile(f"^{KEPT}~"))).to_have_count(0)
    snap(page, "missing")


def see_why(page: Page, loop: Loop, snap: Snap) -> None:
    """The newest event of the recipes: what was edited, and what filling it takes."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    # Partitions are there at once; what filling them takes is planned after.
    while time.monotonic() < deadline and not entry(page, "changes").count():
        page.goto(loop.address("assets/recipes?view=events"))
        expect(page.get_by_text("Metadata", exact=True)).to_be_visible()
    expect(entry(page, "changes")).to_contain_text(CAUSE)
    expect(entry(page, "prompts")).to_contain_text(LINE)
    snap(page, "cause")


def fill_what_is_missing(page: Page, loop: Loop, snap: Snap) -> None:
    """Of the job that fills recipes: Materialize, Missing, Launch; and watch it end."""
    page.goto(loop.address(f"{LOCATION}/fill_recipe"))
    page.get_by_role("button", name="Materialize all").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Missing", exact=True).click()
    expect(dialog).to_contain_text("2 partitions")
    snap(page, "dialog")
    dialog.get_by_role("button", name="Launch backfill").click()
    watch_backfill(page)
    snap(page, "backfill")


def see_what_is_out_of_date(page: Page, loop: Loop, snap: Snap) -> None:
    """Candidates were selected before the new rows came."""
    page.goto(loop.address("assets/deduplicated_samples"))
    expect(page.get_by_text(re.compile("^Unsynced")).first).to_be_visible()
    snap(page, "unsynced")


def compare(page: Page, loop: Loop, snap: Snap) -> None:
    """The versions of the edited recipe, side by side, by the launchpad."""
    page.goto(loop.address(f"{LOCATION}/compare_recipe_versions/playground"))
    editor = page.locator(".CodeMirror").first
    expect(editor).to_contain_text("rows")
    config = f"ops:\n  {COMPARES}:\n    config:\n      recipe: {EDITED}\n"
    editor.evaluate("(box, text) => box.CodeMirror.setValue(text)", config)
    launch = page.get_by_role("button", name="Launch Run")
    expect(launch).to_be_enabled()
    launch.click()
    expect(page.get_by_text("Success", exact=True).first).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_text("[Show Markdown]").click()
    expect(page.get_by_role("dialog")).to_contain_text("USD an accepted sample")
    snap(page, "comparison")
