"""How long the Dagster UI takes with thousands of recipes: its graph, and the page of partitions.

`python -m benchmarks.daily_loop_pages --recipes 2000`: a few partitions are filled, the rest are
missing. Seconds are from asking for a page to what is named being there; the least of three.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
from playwright.sync_api import Page, expect

from benchmarks.timing import table
from synth_assets.defs.partitions import sync_partitions
from synth_assets.defs.running import open_instance
from tests.e2e.browser import WINDOW, find_browser, open_browser
from tests.e2e.dagster_api import FILLED
from tests.e2e.daily_loop import LOCATION, Loop, only_own, workshop_of, written_loop
from tests.e2e.project import user_interfaces
from tests.integration.chat_server import chat_server, embedded_answer

_TIMES = 3
_FILLED = 20
_INPUTS = ("recipes", "real_data", "held_out_real", "benchmarks")
"""Without them the dialog asks first whether one is sure."""
_PATIENCE_MS = 120_000


def measure(recipes: int = 2_000) -> str:
    """The pages, and how long each takes."""
    names = [f"r{number:05d}" for number in range(recipes)]
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        chat_server(embedded_answer) as server,
        open_browser(find_browser()) as browser,
    ):
        loop = written_loop(Path(folder), server, names)
        _pretend_filled(loop)
        page = browser.new_page(viewport=WINDOW)
        page.set_default_timeout(_PATIENCE_MS)
        expect.set_options(timeout=_PATIENCE_MS)
        with only_own(loop), user_interfaces(loop.project):
            rows: list[list[str]] = []
            for what, look in _LOOKS.items():
                took = min(_seconds(look, page, loop) for _ in range(_TIMES))
                rows.append([what, f"{took:.1f}"])
                print(*rows[-1], flush=True)
    return table([f"{recipes:,} recipe versions, {_FILLED} of them filled", "wall s"], rows)


def _pretend_filled(loop: Loop) -> None:
    workshop = workshop_of(loop)
    with open_instance(workshop.home) as instance:
        sync_partitions(instance, workshop)
        for asset in _INPUTS:
            instance.report_runless_asset_event(dg.AssetMaterialization(asset))
        for recipe in workshop.catalogue.recipes[:_FILLED]:
            for asset in FILLED:
                made = dg.AssetMaterialization(asset, partition=recipe.key)
                instance.report_runless_asset_event(made)


def _seconds(look: Callable[[Page, Loop], None], page: Page, loop: Loop) -> float:
    page.goto("about:blank")
    began = time.monotonic()
    look(page, loop)
    return time.monotonic() - began


def _graph(page: Page, loop: Loop) -> None:
    page.goto(loop.address("asset-groups"))
    expect(page.get_by_text("5_evidence", exact=True).last).to_be_visible()


def _lineage(page: Page, loop: Loop) -> None:
    view = "view=lineage&lineageScope=neighbors&lineageDepth=5"
    page.goto(loop.address(f"assets/raw_generations?{view}"))
    expect(page.get_by_text("sample_signatures").first).to_be_visible()
    page.wait_for_load_state("networkidle")


def _partitions(page: Page, loop: Loop) -> None:
    page.goto(loop.address("assets/raw_generations?view=partitions"))
    expect(page.get_by_text("r00000~").first).to_be_visible()


def _dialog(page: Page, loop: Loop) -> None:
    page.goto(loop.address(f"{LOCATION}/fill_recipe"))
    page.get_by_role("button", name="Materialize all").click()
    page.get_by_role("dialog").get_by_role("button", name="Missing", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("partitions")


_LOOKS = {
    "asset graph, by groups": _graph,
    "lineage of `raw_generations`, until nothing more is asked": _lineage,
    "partitions of `raw_generations`": _partitions,
    "dialog of `fill_recipe`, preset Missing": _dialog,
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipes", type=int, default=2_000)
    print(measure(parser.parse_args().recipes))
