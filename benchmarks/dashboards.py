"""A year of daily runs on the dashboards: logging, starting the UI, opening a page.

    python -m benchmarks.dashboards [--stock]

Five projects of 365 runs each. With `--stock` the same workspace is served by Evidently's own
command, too. Panels are drawn where they are seen, in a window of 1,600 by 1,000: timed is the page
until the lines in view are drawn, and then each tab. Beside the wall clock, which other programs on
the machine stretch, stand the CPU seconds of server and browser together.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Browser

from synth_assets.resources.dashboards.workspace import DashboardWorkspace
from tests.dashboard_runs import NOON, generation_run, labels, set_run
from tests.e2e.browser import find_browser, open_browser

DAYS, MIXTURES = 365, 4
FIRST = "Gates"
TABS = {
    FIRST: "Risk of collapse",
    "Collapse": "All signs on one scale",
    "Drift": "Measures that moved from the reference run",
    "Diversity": "Different words (distinct-1)",
}
"""Tab -> a panel that is in view as soon as it opens."""

_COUNT = "document.querySelectorAll('path.MuiLineElement-root').length"
RECIPES = ("math_word_problems", "python_reference_qa", "structured_extraction")


def main(arguments: Sequence[str]) -> None:
    """Make a year of runs, and open its pages."""
    with tempfile.TemporaryDirectory() as folder, open_browser(find_browser()) as browser:
        workspace = DashboardWorkspace(Path(folder) / "evidently", "http://127.0.0.1")
        logged = [_log(workspace, f"mixture_{number}", 0) for number in range(MIXTURES)]
        workspace.log_generation(generation_run(RECIPES), labels(0))
        size = sum(_repeated(path) for path in list(workspace.root.glob("*/snapshots/*.json")))
        print(f"a snapshot: {size / (MIXTURES + 1) / 1024:.0f} KB on average")
        started = time.process_time()
        _log(workspace, "mixture_0", DAYS)
        print(f"logging a run into a year of them: {time.process_time() - started:.2f} CPU s")
        port = _free_port()
        _opened(browser, "ours", workspace.ui_command(port), port, logged[0])
        if "--stock" in arguments:
            port = _free_port()
            where = ["--workspace", str(workspace.root), "--port", str(port)]
            command = [sys.executable, "-m", "evidently.cli", "ui", *where]
            _opened(browser, "Evidently's own", command, port, logged[0])


def _log(workspace: DashboardWorkspace, name: str, day: int) -> str:
    run = set_run(day, recipes=RECIPES, moved=["a row that moved " * 20] * 40)
    return workspace.log_set(name, run, labels(day)).project_id


def _repeated(path: Path) -> int:
    """Copy a run to every day of the year."""
    document = json.loads(path.read_bytes())
    for day in range(1, DAYS):
        document["timestamp"] = (NOON + timedelta(days=day)).isoformat()
        path.with_name(f"{uuid.uuid4()}.json").write_text(json.dumps(document))
    return path.stat().st_size


def _opened(browser: Browser, what: str, command: list[str], port: int, project: str) -> None:
    address = f"http://127.0.0.1:{port}"
    started = time.monotonic()
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"{address}/api/projects")
        up = time.monotonic() - started
        print(f"{what}: up after {up:.1f} s, {_cpu_s(server.pid):.1f} CPU s")
        for visit in ("first", "second"):
            _visit(browser, f"{what}, {visit} visit", f"{address}/projects/{project}")
    finally:
        server.terminate()
        server.wait(30)


def _visit(browser: Browser, what: str, address: str) -> None:
    page = browser.new_page(viewport={"width": 1600, "height": 1000})
    for tab, title in TABS.items():
        button = page.get_by_role("button", name=tab, exact=True)
        started, cpu = time.monotonic(), _cpu_s(os.getpid())
        if tab == FIRST:
            page.goto(address)
        elif button.count():
            button.click()
        page.get_by_role("heading", name=title, exact=True).wait_for(timeout=300_000)
        page.wait_for_function(f"{_COUNT} > 0", timeout=300_000)
        taken, spent = time.monotonic() - started, _cpu_s(os.getpid()) - cpu
        lines = page.evaluate(_COUNT)
        print(f"{what}, {tab}: {lines} lines after {taken:.1f} s ({spent:.1f} CPU s)")
    page.close()


def _cpu_s(root: int) -> float:
    """CPU seconds of a process and of all that it started and that still run."""
    ticks, parents = dict[int, int](), dict[int, int]()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        parents[int(path.parent.name)] = int(fields[1])
        ticks[int(path.parent.name)] = int(fields[11]) + int(fields[12])
    family = {root}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    return sum(ticks.get(pid, 0) for pid in family) / os.sysconf("SC_CLK_TCK")


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=600):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"{address} never answered")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main(sys.argv[1:])
