"""`synth ui` in a terminal, before any run was made."""

import socket
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.project import CTRL_C, Project, Terminal
from tests.processes import is_free, processes_with

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.make(tmp_path)


@pytest.fixture
def terminal(project: Project) -> Iterator[Terminal]:
    opened = Terminal(project)
    yield opened
    opened.kill()


def assert_all_gone(project: Project) -> None:
    deadline = time.monotonic() + 30  # a killed process may take a moment to be gone
    while processes_with("SYNTH_HOME", str(project.home)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_with("SYNTH_HOME", str(project.home)) == {}
    assert is_free(project.dagster_port)
    assert is_free(project.dashboard_port)


def test_ui_opens_both_and_ctrl_c_closes_both(project: Project, terminal: Terminal):
    terminal.wait_for("Ctrl-C stops them.")
    for address in (project.dagster, project.dashboards):
        assert address in terminal.shown
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert answer.status == 200
    # dg dev, its code server, that one's worker, the webserver, the daemon, Evidently, and us.
    assert len(processes_with("SYNTH_HOME", str(project.home))) >= 7
    # Nothing is left lying about where the user works, or in the Dagster home of the other project.
    assert list(project.workplace.iterdir()) == []

    terminal.press(CTRL_C)
    assert terminal.wait_for_end() == 0
    assert "Traceback" not in terminal.shown
    assert_all_gone(project)


def test_closed_terminal_window_closes_both(project: Project, terminal: Terminal):
    terminal.wait_for("Dashboards   http")
    terminal.close()
    terminal.wait_for_end()
    assert_all_gone(project)


def test_taken_port_is_told_before_anything_starts(project: Project):
    with socket.create_server(("127.0.0.1", project.dashboard_port)):
        ended = project.synth("ui")
    assert ended.returncode == 2
    assert f"port {project.dashboard_port} is not free" in ended.stderr
    assert "SYNTH_DASHBOARD_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not project.home.exists()
    assert_all_gone(project)
