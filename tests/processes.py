"""Processes and ports of this machine, as tests of servers look at them."""

import os
import random
import socket
from pathlib import Path

_FIRST_PORT, _PORTS_EACH, _MOST_WORKERS = 20_000, 1_000, 12
_given_ports: set[int] = set()


def processes_with(variable: str, value: str) -> dict[int, str]:
    """Id and command line of each process that was started with this in its environment."""
    wanted = f"{variable}={value}".encode()
    found: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                found[int(folder.name)] = b" ".join(words).decode(errors="replace").strip()
        except OSError:  # it ended meanwhile, or is another user's
            continue
    return found


def parent_of(pid: int) -> int:
    """The id of its parent; 0 if there is no such process."""
    told = _told(pid)
    return int(told[1]) if told else 0


def is_running(pid: int) -> bool:
    """Whether it is there and has not ended; one that only waits to be collected has."""
    told = _told(pid)
    return told is not None and told[0] != "Z"


def processes_under(owner: int) -> set[int]:
    """Ids of the processes that one started, and of those that these started."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            pid = int(folder.name)
            children.setdefault(parent_of(pid), []).append(pid)
    found: set[int] = set()
    left = [owner]
    while left:
        made = children.get(left.pop(), [])
        found.update(made)
        left.extend(made)
    return found


def free_port() -> int:
    """A port that nothing listens on, given once.

    A server may have it seconds later: it lies below the ports that the system gives to
    connections, and where no other worker of these tests looks.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = _FIRST_PORT + _PORTS_EACH * (worker % _MOST_WORKERS)
    for port in random.SystemRandom().sample(range(first, first + _PORTS_EACH), _PORTS_EACH):
        if port not in _given_ports and is_free(port):
            _given_ports.add(port)
            return port
    raise OSError(f"no port is free from {first} to {first + _PORTS_EACH - 1}")


def is_free(port: int) -> bool:
    """Whether a server can have the port."""
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False


def _told(pid: int) -> list[str] | None:
    """State, parent and so on, what follows the name in `/proc/PID/stat`."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()
