"""`synth ui`: the Dagster UI and the dashboards, side by side."""

import json
import shutil
import sys
from pathlib import Path

import click

from synth_assets.cli.code_server import code_kept_loaded
from synth_assets.cli.servers import HOST, Server, refuse_taken_ports, run_servers
from synth_assets.defs.names import CODE_LOCATION
from synth_assets.errors import InterfaceError
from synth_assets.resources.settings import child_environment, read_settings, switch_off_telemetry
from synth_assets.resources.workshop import Workshop, project_file


def serve() -> int:
    """Start both, say where they are, wait for Ctrl-C, and stop them.

    Returns:
        0 when asked to stop, 1 if a server ended by itself.

    Raises:
        InterfaceError: if a port is taken, a command is missing or a server does not come up.
        DashboardError: if a file of the dashboards is damaged.
    """
    switch_off_telemetry()
    workshop = Workshop(read_settings())
    servers = (_dagster(workshop), _dashboards(workshop))
    refuse_taken_ports(servers)
    click.echo("Starting Dagster and the dashboards; this takes about 20 seconds.")
    _prepare(workshop)
    environment = child_environment(
        workshop.settings,
        DAGSTER_HOME=str(workshop.home.dagster),
        # Backfills wait for a code server that is away; they would be given up.
        DAGSTER_BACKFILL_RETRY_DEFINITION_CHANGED_ERROR="1",
    )
    with code_kept_loaded(workshop.settings.dagster_port):
        return run_servers(servers, environment)


def _dagster(workshop: Workshop) -> Server:
    beside = Path(sys.executable).with_name("dg")
    program = str(beside) if beside.exists() else shutil.which("dg")
    if program is None:
        raise InterfaceError("The command `dg` is missing. Install the package again: make ui.")
    port = workshop.settings.dagster_port
    where = ("--host", HOST, "--port", str(port))
    command = [program, "dev", "--workspace", str(_workspace_file(workshop)), *where]
    return Server("Dagster", port, "SYNTH_DAGSTER_PORT", command, _logs(workshop) / "dagster.log")


def _dashboards(workshop: Workshop) -> Server:
    port = workshop.settings.dashboard_port
    command = workshop.dashboards.ui_command(port)
    log = _logs(workshop) / "dashboards.log"
    return Server("Dashboards", port, "SYNTH_DASHBOARD_PORT", command, log)


def _workspace_file(workshop: Workshop) -> Path:
    return workshop.home.dagster / "workspace.yaml"


def _logs(workshop: Workshop) -> Path:
    return workshop.home.root / "logs"


def _prepare(workshop: Workshop) -> None:
    from synth_assets.defs.partitions import sync_partitions
    from synth_assets.defs.running import open_instance

    with open_instance(workshop.home) as instance:
        sync_partitions(instance, workshop)
    # A workspace file, as dg takes only a checkout for a project, and no installed copy.
    definitions = project_file("definitions.py")
    code = {
        "relative_path": str(definitions),
        "working_directory": str(definitions.parent),
        "location_name": CODE_LOCATION,
    }
    workspace = {"load_from": [{"python_file": code}]}
    _workspace_file(workshop).write_text(json.dumps(workspace), encoding="utf-8")
    _logs(workshop).mkdir(exist_ok=True)
    workshop.home.dashboards.mkdir(exist_ok=True)
    workshop.dashboards.check()
