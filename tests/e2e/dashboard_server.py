"""The dashboards' own server over a workspace, without any run of the project."""

import os
import subprocess
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager

from synth_assets.resources.dashboards.workspace import DashboardWorkspace
from tests.processes import free_port

START_TIMEOUT_S = 240


@contextmanager
def served(workspace: DashboardWorkspace) -> Generator[str]:
    """Where the UI answers, until the end."""
    port = free_port()
    server = subprocess.Popen(
        workspace.ui_command(port),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "DO_NOT_TRACK": "1"},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/api/projects", server)
        yield address
    finally:
        server.terminate()
        server.wait(60)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=30):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{address} never answered; exit code {server.poll()}")
