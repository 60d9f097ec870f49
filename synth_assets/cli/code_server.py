"""Dagster's code server, started anew when it is gone.

Dagster restarts the server that its others ask, but not the process behind it that holds the
definitions: sensors, schedules and backfills would wait until somebody presses «Reload
definitions».
"""

import http.client
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import click

from synth_assets.cli.servers import HOST
from synth_assets.defs.names import CODE_LOCATION

_LOOK_EVERY_S = 5
_TIMEOUT_S = 60
_GONE = "DagsterUserCodeUnreachableError"
_LOCATIONS = """
query { workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError {
  __typename ... on PythonError { className } } } } } }
"""
_RELOAD = """
mutation ($name: String!) { reloadRepositoryLocation(repositoryLocationName: $name) {
  __typename } }
"""


@contextmanager
def code_kept_loaded(port: int) -> Generator[None]:
    """Meanwhile, have the webserver at a port of loopback reload the definitions if they are gone.

    A file that does not load is not gone: mending it is for somebody to do.
    """
    over = threading.Event()
    threading.Thread(target=_keep, args=(port, over), name="code-keeper", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _keep(port: int, over: threading.Event) -> None:
    while not over.wait(_LOOK_EVERY_S):
        try:
            if _is_gone(_asked(port, _LOCATIONS)):
                click.echo("The code server is gone; it is started again.", err=True)
                _asked(port, _RELOAD, name=CODE_LOCATION)
        except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
            continue  # the webserver is not up yet, or any more, which others look at


def _is_gone(answer: Any) -> bool:  # noqa: ANN401  as it came
    """Whether the answer says that the process behind the location cannot be reached."""
    entries: list[dict[str, Any]] = answer["data"]["workspaceOrError"]["locationEntries"]
    return any(
        entry["name"] == CODE_LOCATION and entry["locationOrLoadError"].get("className") == _GONE
        for entry in entries
    )


def _asked(port: int, query: str, **variables: str) -> Any:  # noqa: ANN401  as it came
    # Asked directly, whatever proxy the environment names.
    connection = http.client.HTTPConnection(HOST, port, timeout=_TIMEOUT_S)
    try:
        body = json.dumps({"query": query, "variables": variables})
        connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
        return json.load(connection.getresponse())
    finally:
        connection.close()
