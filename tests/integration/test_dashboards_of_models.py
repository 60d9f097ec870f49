"""The panel of trained models over workspaces as runs store them, of this version and a former."""

import json
import shutil
from pathlib import Path

import pytest

from synth_assets.resources.dashboards.trained_models import with_trained_models
from synth_assets.resources.dashboards.workspace import DashboardWorkspace
from synth_assets.resources.home import Home
from tests.integration.test_dashboards_workspace import BASE, FORMER, dashboard_of, log


@pytest.fixture
def workspace(tmp_path: Path) -> DashboardWorkspace:
    return DashboardWorkspace(tmp_path / "evidently", BASE, lock_timeout_s=20)


def test_a_former_page_opens_as_it_is_and_shows_models_from_the_next_run_on(workspace):
    shutil.unpack_archive(FORMER, workspace.root)
    [path] = workspace.root.glob("*/dashboard.json")
    home = Home(workspace.root.parent)
    before = json.loads(path.read_text())
    assert with_trained_models(before, home) == before
    after = dashboard_of(workspace, log(workspace, number=1))
    shown = with_trained_models(after, home)["panels"]
    assert shown[:-1] == after["panels"]
    assert shown[-1]["subtitle"].startswith("No registered model has a score yet.")


def test_an_edited_page_that_was_stored_with_models_is_written_without_them(workspace):
    logged = log(workspace)
    path = workspace.root / logged.project_id / "dashboard.json"
    before = json.loads(path.read_text())
    shown = with_trained_models(before, Home(workspace.root.parent))
    path.write_text(json.dumps({"tabs": shown["tabs"], "panels": shown["panels"]}))
    log(workspace, number=1)
    titles = [panel["title"] for panel in json.loads(path.read_text())["panels"]]
    assert titles == [panel["title"] for panel in before["panels"]]
