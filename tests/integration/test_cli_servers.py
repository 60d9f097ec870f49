"""Real little servers, started and stopped as `synth ui` starts and stops its two."""

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from synth_assets.cli.servers import Server, refuse_taken_ports
from synth_assets.errors import InterfaceError
from tests.processes import free_port, is_free, processes_with

# A server with a child of its own in its group, as `dg dev` has several.
SERVER = """
import http.server, os, signal, subprocess, sys, time
port, manner = int(sys.argv[1]), sys.argv[2]
print("I am", manner, flush=True)
if manner == "stubborn":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
if manner == "mute":
    time.sleep(600)
if manner == "crashing":
    sys.exit("out of luck")
http.server.HTTPServer(("127.0.0.1", port), http.server.SimpleHTTPRequestHandler).serve_forever()
"""

PROGRAM = """
import os, sys
from pathlib import Path
from synth_assets.cli.servers import Server, run_servers
logs, script, start_timeout_s, stop_timeout_s = sys.argv[1:5]
servers = []
for word in sys.argv[5:]:
    manner, port = word.split(":")
    command = [sys.executable, "-c", script, port, manner]
    servers.append(Server(manner, int(port), "PORT", command, Path(logs, f"{manner}.log")))
sys.exit(run_servers(servers, os.environ, start_timeout_s=float(start_timeout_s),
                     stop_timeout_s=float(stop_timeout_s)))
"""


_IGNORED_AT_TIMES = (signal.SIGHUP, signal.SIGINT)


class Run:
    """A process that runs servers, and all that it started."""

    def __init__(self, logs: Path, *prefix: str, start_timeout_s: int, stop_timeout_s: int) -> None:
        self._mark = uuid.uuid4().hex
        self._logs = logs
        self._prefix = prefix
        self._timeouts = (str(start_timeout_s), str(stop_timeout_s))
        self.ports: list[int] = []

    def start(self, *manners: str) -> None:
        self.ports = [free_port() for _ in manners]
        words = [f"{manner}:{port}" for manner, port in zip(manners, self.ports, strict=True)]
        # Under `nohup` this process ignores SIGHUP, and in the background of a script SIGINT; what
        # it starts would too.
        ignored = [(each, signal.signal(each, signal.SIG_DFL)) for each in _IGNORED_AT_TIMES]
        self.process = subprocess.Popen(
            [
                *(*self._prefix, sys.executable, "-c", PROGRAM, str(self._logs), SERVER),
                *(*self._timeouts, *words),
            ],
            # The proxy that a company's network names must not be asked for loopback.
            env={**os.environ, "MARK": self._mark, "http_proxy": "http://127.0.0.1:9"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        for each, handler in ignored:
            signal.signal(each, handler)

    def wait_until_up(self) -> None:
        assert self.process.stdout is not None
        deadline = time.monotonic() + 60
        for line in self.process.stdout:
            if line.startswith("Ctrl-C") or time.monotonic() > deadline:
                return
        pytest.fail(f"ended with {self.process.wait()}")

    def end(self) -> str:
        """Wait for the end, and return what it said of errors."""
        return self.process.communicate(timeout=60)[1]

    @property
    def left(self) -> dict[int, str]:
        return processes_with("MARK", self._mark)

    def pid_of(self, manner: str) -> int:
        """The one server of that manner; its command line ends with it."""
        [pid] = [pid for pid, command in self.left.items() if command.endswith(f" {manner}")]
        return pid

    def assert_nothing_left(self) -> None:
        deadline = time.monotonic() + 30  # a killed process may take a moment to be gone
        while self.left and time.monotonic() < deadline:
            time.sleep(0.05)
        assert self.left == {}
        assert all(is_free(port) for port in self.ports)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = Run(tmp_path, start_timeout_s=60, stop_timeout_s=30)
    yield made
    if made.process.poll() is None:
        made.process.kill()
    for pid in made.left:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_servers_asked_to_stop_end_with_all_their_processes(run: Run, asked: signal.Signals):
    run.start("polite", "friendly")
    run.wait_until_up()
    assert len(run.left) == 5
    run.process.send_signal(asked)
    run.end()
    assert run.process.returncode == 0
    run.assert_nothing_left()


def test_stubborn_server_is_killed_after_the_timeout(tmp_path: Path):
    run = Run(tmp_path, start_timeout_s=60, stop_timeout_s=1)
    run.start("polite", "stubborn")
    run.wait_until_up()
    run.process.send_signal(signal.SIGINT)
    run.end()
    assert run.process.returncode == 0
    run.assert_nothing_left()


def test_second_ctrl_c_kills_at_once(run: Run):
    run.start("stubborn", "polite")
    run.wait_until_up()
    started = time.monotonic()
    run.process.send_signal(signal.SIGINT)
    time.sleep(1)
    assert run.process.poll() is None
    run.process.send_signal(signal.SIGINT)
    run.end()
    assert run.process.returncode == 0
    assert time.monotonic() - started < 20
    run.assert_nothing_left()


def test_ctrl_c_while_servers_start_leaves_nothing(run: Run):
    run.start("mute", "polite")
    deadline = time.monotonic() + 30
    while len(run.left) < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    run.process.send_signal(signal.SIGINT)
    run.end()
    assert run.process.returncode == 0
    run.assert_nothing_left()


def test_server_that_dies_takes_the_others_and_its_orphans_along(run: Run):
    run.start("polite", "crashing")
    said = run.end()
    assert run.process.returncode == 1
    assert "crashing ended by itself" in said
    assert "out of luck" in said
    run.assert_nothing_left()


def test_server_killed_later_ends_the_run_with_its_log(run: Run):
    run.start("polite", "friendly")
    run.wait_until_up()
    os.kill(run.pid_of("friendly"), signal.SIGKILL)
    said = run.end()
    assert run.process.returncode == 1
    assert "friendly ended by itself" in said
    assert "I am friendly" in said
    run.assert_nothing_left()


def test_server_that_never_answers_is_an_error_with_its_log(tmp_path: Path):
    run = Run(tmp_path, start_timeout_s=10, stop_timeout_s=30)
    run.start("polite", "mute")
    said = run.end()
    assert run.process.returncode != 0
    assert "InterfaceError: mute did not come up" in said
    assert "I am mute" in said
    run.assert_nothing_left()


def test_nohup_keeps_servers_when_the_terminal_ends(tmp_path: Path):
    run = Run(tmp_path, "nohup", start_timeout_s=60, stop_timeout_s=30)
    run.start("polite")
    run.wait_until_up()
    run.process.send_signal(signal.SIGHUP)
    time.sleep(1)
    assert run.process.poll() is None
    assert not is_free(run.ports[0])
    run.process.terminate()
    run.end()
    run.assert_nothing_left()


def test_servers_in_the_background_of_a_script_pass_ctrl_c_over_and_stop_at_once_when_asked(
    tmp_path: Path,
):
    in_background = ("sh", "-c", "trap '' INT; exec \"$@\"", "sh")
    run = Run(tmp_path, *in_background, start_timeout_s=60, stop_timeout_s=120)
    run.start("polite")
    run.wait_until_up()
    run.process.send_signal(signal.SIGINT)
    time.sleep(1)
    assert run.process.poll() is None
    run.process.terminate()
    run.end()
    assert run.process.returncode == 0
    run.assert_nothing_left()


def test_taken_port_is_an_error_that_names_the_way_out(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        server = Server("Dagster", port, "SYNTH_DAGSTER_PORT", ["true"], tmp_path / "log")
        with pytest.raises(InterfaceError, match=rf"{port} is not free.*SYNTH_DAGSTER_PORT"):
            refuse_taken_ports([server])
    refuse_taken_ports([server])


def test_one_port_for_two_servers_is_an_error(tmp_path: Path):
    port = free_port()
    first = Server("Dagster", port, "SYNTH_DAGSTER_PORT", ["true"], tmp_path / "log")
    second = Server("Dashboards", port, "SYNTH_DASHBOARD_PORT", ["true"], tmp_path / "log")
    with pytest.raises(InterfaceError, match=r"^Dashboards.*SYNTH_DASHBOARD_PORT"):
        refuse_taken_ports([first, second])
