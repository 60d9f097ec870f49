"""`synth ui`: two servers on loopback, one Ctrl-C."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click

from synth_assets.errors import InterfaceError
from synth_assets.resources.settings import child_environment, read_settings
from synth_assets.resources.workshop import Workshop, project_file

_START_TIMEOUT_S = 180.0
_STOP_TIMEOUT_S = 15.0


@dataclass(frozen=True)
class _Server:
    name: str
    command: Sequence[str]
    url: str
    port: int
    log: Path


def serve() -> int:
    """Start both servers, say where they are, wait for Ctrl-C, and stop them.

    Returns:
        0 after Ctrl-C, 1 if a server ended by itself.

    Raises:
        InterfaceError: if a port is taken, a command is missing or a server does not come up.
    """
    from synth_assets.defs.partitions import sync_partitions
    from synth_assets.defs.running import open_instance, prepare_dagster_home

    settings = read_settings()
    workshop = Workshop(settings)
    dagster_home = prepare_dagster_home(workshop.home)
    with open_instance(workshop.home) as instance:
        sync_partitions(instance, workshop.catalogue)
    servers = _servers(workshop)
    for server in servers:
        _refuse_taken(server)
    environment = child_environment(settings, DAGSTER_HOME=str(dagster_home))
    signal.signal(signal.SIGTERM, _interrupt)
    running: list[tuple[_Server, subprocess.Popen[bytes]]] = []
    try:
        for server in servers:
            running.append((server, _start(server, environment)))
        for server, process in running:
            _await_answer(server, process)
            click.echo(f"{server.name:<12} {server.url}")
        click.echo("Ctrl-C stops both.")
        return _watch(running)
    except KeyboardInterrupt:
        click.echo("\nStopping.")
        return 0
    finally:
        _stop([process for _, process in running])


def _servers(workshop: Workshop) -> list[_Server]:
    settings = workshop.settings
    workshop.dashboards.root.mkdir(parents=True, exist_ok=True)
    workshop.dashboards.check()
    logs = settings.home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    program = Path(sys.executable).with_name("dg")
    command = str(program) if program.exists() else shutil.which("dg")
    if command is None:
        raise InterfaceError("The command `dg` is missing. Install the package again: make ui.")
    root = str(project_file("definitions.py").parent)
    return [
        _Server(
            "Dagster",
            [
                *(command, "dev", "--target-path", root),
                *("--host", "127.0.0.1", "--port", str(settings.dagster_port)),
            ],
            settings.dagster_url,
            settings.dagster_port,
            logs / "dagster.log",
        ),
        _Server(
            "Dashboards",
            workshop.dashboards.ui_command(settings.dashboard_port),
            settings.dashboard_url,
            settings.dashboard_port,
            logs / "dashboards.log",
        ),
    ]


def _start(server: _Server, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with server.log.open("wb") as log:
        # A session of its own: Ctrl-C reaches us alone, and we stop the whole group in order.
        return subprocess.Popen(
            server.command, env=environment, stdout=log, stderr=log, start_new_session=True
        )


def _refuse_taken(server: _Server) -> None:
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", server.port)) == 0:
            raise InterfaceError(
                f"{server.name}: port {server.port} is taken. Stop what listens there, or set "
                "SYNTH_DAGSTER_PORT / SYNTH_DASHBOARD_PORT."
            )


def _await_answer(server: _Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(server.url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise InterfaceError(f"{server.name} did not come up. Its log: {server.log}")


def _watch(running: Sequence[tuple[_Server, subprocess.Popen[bytes]]]) -> int:
    while True:
        for server, process in running:
            if process.poll() is not None:
                click.echo(f"{server.name} ended by itself. Its log: {server.log}", err=True)
                return 1
        time.sleep(0.5)


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for ask in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        for process in processes:
            if process.poll() is None:
                os.killpg(process.pid, ask)
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while time.monotonic() < deadline and any(p.poll() is None for p in processes):
            time.sleep(0.1)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
