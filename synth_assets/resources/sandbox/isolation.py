"""What keeps untrusted programs from this machine, shown by attacks of its own."""

import contextlib
import os
import secrets
import socket
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from synth_assets.core.verify.programs import (
    NotRun,
    Passed,
    ProgramJob,
    ProgramLimits,
    StreamCase,
    StreamTests,
)
from synth_assets.resources.sandbox import landlock
from synth_assets.resources.sandbox.orders import Mode
from synth_assets.resources.sandbox.runner import Sandbox

_LIMITS = ProgramLimits(cpu_s=2.0, wall_s=20.0)
_REACHED = "reached"
_GIGABYTES = 4

_CONNECT = """
import socket
socket.create_connection(("127.0.0.1", int(input())), timeout=2).sendall(b"reached")
print("reached")
"""
_READ = """
print("reached" if open(input()).read() else "")
"""
_LIST = """
import os
print("reached" if os.listdir(input()) else "")
"""
_WRITE = """
with open(input(), "w") as file:
    file.write("written")
print("reached")
"""
_FORK = """
import os
child = os.fork()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
print("reached")
"""
_MEMORY = f"""
held = [bytes(1 << 20) * 64 for _ in range({_GIGABYTES * 16})]
print("reached")
"""
_RUN = """
import os
os.execv("/bin/sh", ["sh", "-c", "echo reached"])
"""


@dataclass(frozen=True)
class Attack:
    """One attempt to get out.

    Attributes:
        name: what was tried.
        held: whether it failed, as seen from outside.
    """

    name: str
    held: bool


@dataclass(frozen=True)
class Proof:
    """What attacks came to.

    Attributes:
        mode: what keeps programs from the machine.
        landlock: its version, 0 where the kernel has none.
        attacks: in the order they were made.
    """

    mode: Mode
    landlock: int
    attacks: tuple[Attack, ...]

    @property
    def holds(self) -> bool:
        """Whether every attack failed."""
        return all(attack.held for attack in self.attacks)

    def as_text(self) -> str:
        """In one line."""
        parts = [str(self.mode), "seccomp" if self.mode != Mode.NOTHING else ""]
        parts.append(f"Landlock {self.landlock}" if self.landlock else "no Landlock")
        broken = [attack.name for attack in self.attacks if not attack.held]
        told = f"{len(self.attacks)} attacks of its own held off"
        return f"{', '.join(filter(None, parts))}; {'it gave in to: ' if broken else told}" + (
            ", ".join(broken)
        )


def prove(sandbox: Sandbox) -> Proof:
    """Attack this machine from inside of the sandbox; no attack does lasting harm.

    Raises:
        SandboxError: if nothing keeps programs from the machine, so that none is run.
    """
    mode = sandbox.mode
    with _listener() as server, tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "secret"
        secret.write_text(secrets.token_hex())
        before = secret.read_text()
        port = str(server.getsockname()[1])
        attacks = (
            Attack("network", not _reaches(sandbox, _CONNECT, port) and not _called(server)),
            Attack("reading files", not _reaches(sandbox, _READ, str(secret))),
            Attack("reading home", not _reaches(sandbox, _LIST, os.path.expanduser("~"))),
            Attack(
                "writing files",
                not _reaches(sandbox, _WRITE, str(secret)) and secret.read_text() == before,
            ),
            Attack("starting processes", not _reaches(sandbox, _FORK, "")),
            Attack("running programs", not _reaches(sandbox, _RUN, "")),
            Attack("taking memory", not _reaches(sandbox, _MEMORY, "")),
        )
    return Proof(mode, landlock.version() if mode != Mode.NOTHING else 0, attacks)


def _reaches(sandbox: Sandbox, program: str, given: str) -> bool:
    """Whether a program gets through; what could not be tried is not held off either."""
    tests = StreamTests((StreamCase(given, _REACHED),))
    outcome = sandbox.run(ProgramJob(program, tests, _LIMITS))
    return isinstance(outcome, Passed | NotRun)


@contextlib.contextmanager
def _listener() -> Generator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def _called(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True
