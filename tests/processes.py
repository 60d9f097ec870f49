"""Processes and ports of this machine, as tests of servers look at them."""

import socket
from pathlib import Path


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


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether a server can have the port."""
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False
