"""Servers that run side by side on loopback until someone asks them to stop."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click

from synth_assets.errors import InterfaceError

HOST = "127.0.0.1"

_POLL_S = 0.2
_LOG_LINES = 12


@dataclass(frozen=True)
class Server:
    """A server to start.

    Attributes:
        name: what people call it.
        port: where it will answer HTTP, on loopback.
        port_variable: the environment variable that sets the port.
        command: program and arguments.
        log: file that takes what it prints; its folder exists.
    """

    name: str
    port: int
    port_variable: str
    command: Sequence[str]
    log: Path


def refuse_taken_ports(servers: Sequence[Server]) -> None:
    """Hold every port for a moment.

    Raises:
        InterfaceError: naming the port that is not to be had, and the variable that moves it.
    """
    with ExitStack() as held:
        for server in servers:
            try:
                held.enter_context(socket.create_server((HOST, server.port)))
            except OSError as exc:
                raise InterfaceError(
                    f"{server.name}: port {server.port} is not free: {os.strerror(exc.errno or 0)}."
                    f" Stop what listens there, or set {server.port_variable} to another port."
                ) from exc


def run_servers(
    servers: Sequence[Server],
    environment: Mapping[str, str],
    *,
    start_timeout_s: float = 180,
    stop_timeout_s: float = 15,
) -> int:
    """Start servers, say where each answers, wait to be asked to stop, and leave none behind.

    Ctrl-C, SIGTERM and the end of the terminal ask to stop; asking again stops by force.

    Returns:
        0 when asked to stop, 1 if a server ended by itself.

    Raises:
        InterfaceError: if a server does not come up in time.
    """
    requests = _StopRequests()
    started: list[_Started] = []
    try:
        for server in servers:
            started.append(_start(server, environment))
        return _watch(started, requests, start_timeout_s)
    finally:
        _stop(started, requests, stop_timeout_s)


class _StopRequests:
    """Counts requests to stop.

    It counts, and raises nothing: an exception could strike between the start of a server and the
    note of it, or while servers are being stopped, and leave processes behind.
    """

    def __init__(self) -> None:
        self.count = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # `nohup`, and `&` in a script, have some of these ignored on purpose.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._note)
            elif number == signal.SIGINT:
                # Ignored by us all the same, but not by servers, which are stopped with it.
                signal.signal(number, _nothing)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1


def _nothing(number: int, frame: FrameType | None) -> None:
    """Do nothing, and hand nothing on to what is started."""


@dataclass(frozen=True)
class _Started:
    """A server that was started, as the leader of a process group of its own."""

    server: Server
    process: subprocess.Popen[bytes]

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def answers(self) -> bool:
        """Whether it speaks HTTP by now; asked directly, whatever proxy the environment names."""
        connection = http.client.HTTPConnection(HOST, self.server.port, timeout=2)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def signal_group(self, number: int) -> bool:
        """Signal all that is left of its group (0: nobody); False if nothing is left.

        The leader may be long gone while others of its group run on.
        """
        self.process.poll()
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS denies where only zombies are left
            return False
        return True

    def last_words(self) -> str:
        lines = self.server.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([f"The end of its log, {self.server.log}:", *lines[-_LOG_LINES:]])


def _start(server: Server, environment: Mapping[str, str]) -> _Started:
    with server.log.open("wb") as log:
        # A session of its own: Ctrl-C reaches us alone, and we stop the whole group in order.
        process = subprocess.Popen(
            server.command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return _Started(server, process)


def _watch(started: Sequence[_Started], requests: _StopRequests, start_timeout_s: float) -> int:
    waiting = list(started)
    deadline = time.monotonic() + start_timeout_s
    while not requests.count:
        for one in started:
            if one.ended:
                click.echo(f"{one.server.name} ended by itself. {one.last_words()}", err=True)
                return 1
        for one in [one for one in waiting if one.answers()]:
            waiting.remove(one)
            click.echo(f"{one.server.name:<12} http://{HOST}:{one.server.port}")
            if not waiting:
                click.echo("Ctrl-C stops them.")
        if waiting and time.monotonic() > deadline:
            name = waiting[0].server.name
            raise InterfaceError(f"{name} did not come up. {waiting[0].last_words()}")
        time.sleep(_POLL_S)
    return 0


def _stop(started: Sequence[_Started], requests: _StopRequests, stop_timeout_s: float) -> None:
    for number in (signal.SIGINT, signal.SIGKILL):
        seen = requests.count
        deadline = time.monotonic() + stop_timeout_s
        left = [one for one in started if one.signal_group(number)]
        while left and requests.count == seen and time.monotonic() < deadline:
            time.sleep(_POLL_S)
            left = [one for one in left if one.signal_group(0)]
