"""The parent's hold on one server of programs."""

import os
import shutil
import socket
import subprocess
import sys
import weakref
from dataclasses import dataclass
from pathlib import Path

from synth_assets.errors import SandboxError
from synth_assets.resources.sandbox.orders import (
    LATE,
    READY,
    STARVED,
    WALL,
    Bounds,
    Mode,
    Order,
    Report,
)
from synth_assets.resources.sandbox.places import DEVICES, SCRATCH, readable
from synth_assets.resources.sandbox.starvation import waited_s

_READY_S = 60.0
_SPARE_S = 20.0
_SLACK_S = 1.0
_STARVED = 0.25
"""Share of its time that a process waited for a processor, from where on time says nothing."""
_MOST_BYTES = 65_536
_ROOT = Path(__file__).parents[3]
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    # One order of sets and dicts of text for every run of a program.
    "PYTHONHASHSEED": "0",
    "HOME": SCRATCH,
    "TMPDIR": SCRATCH,
}


@dataclass(frozen=True)
class _Held:
    process: "subprocess.Popen[bytes]"
    control: socket.socket
    owner: int

    def end(self) -> None:
        """End the server, unless this is a fork of the process that it belongs to."""
        if os.getpid() != self.owner:
            return
        self.control.close()
        self.process.kill()
        self.process.wait()


class ZygoteProcess:
    """One server, started; it ends with this object, or with this process however it ends.

    Args:
        mode: the surroundings it must take.

    Raises:
        SandboxError: if it cannot.
    """

    def __init__(self, mode: Mode) -> None:
        if sys.platform != "linux":
            raise SandboxError(f"{mode}: only Linux has what it takes")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(
                _command(mode),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        self._held = _Held(process, ours, os.getpid())
        self._end = weakref.finalize(self, self._held.end)
        self.runs = 0
        ours.settimeout(_READY_S)
        fault = self._receive().decode(errors="replace")
        if fault != READY:
            self.close()
            raise SandboxError(f"{mode}: {fault}")

    def run(self, kind: str, bounds: Bounds, descriptors: list[int], modules: list[str]) -> Report:
        """Have one order served.

        Args:
            kind: see `Order`.
            bounds: of each process.
            descriptors: see `Order`.
            modules: what the program imports; the server may load those of Python's own.

        Raises:
            SandboxError: if the server is gone; it is closed then.
        """
        self.runs += 1
        # What a plain program came to may take a second run to tell.
        self._held.control.settimeout(2 * bounds.wall_s + _SPARE_S)
        try:
            socket.send_fds(
                self._held.control, [Order(kind, bounds, modules).as_bytes()], descriptors
            )
        except OSError as exc:
            self.close()
            raise SandboxError(f"the server of programs is gone: {exc}") from exc
        told = self._receive()
        if told == LATE:
            waited = waited_s(self._held.process.pid, bounds.wall_s + _SLACK_S)
            starved = waited > bounds.wall_s * _STARVED
            self._held.control.send(STARVED if starved else WALL)
            told = self._receive()
        report = Report.of(told)
        if report.last:
            self.close()
        return report

    @property
    def is_closed(self) -> bool:
        """Whether it has ended."""
        return not self._end.alive

    def close(self) -> None:
        """End it, and all that it made."""
        self._end()

    def _receive(self) -> bytes:
        try:
            data = self._held.control.recv(_MOST_BYTES)
        except OSError as exc:
            data, why = b"", str(exc)
        else:
            why = "it ended itself"
        if not data:
            self.close()
            raise SandboxError(f"the server of programs does not answer: {why}")
        return data


def _command(mode: Mode) -> list[str]:
    start = (
        f"import gc, sys; gc.disable(); sys.path.insert(0, {str(_ROOT)!r}); "
        f"from synth_assets.resources.sandbox.zygote import main; main({str(mode)!r})"
    )
    python = [sys.executable, "-s", "-P", "-c", start]
    if mode != Mode.BUBBLEWRAP:
        return python
    program = shutil.which("bwrap")
    if program is None:
        raise SandboxError("bubblewrap: it is not on PATH")
    seen = dict.fromkeys([*readable(), str(_ROOT / "synth_assets"), sys.prefix, sys.base_prefix])
    shown = [part for path in seen for part in ("--ro-bind", path, path)]
    devices = [part for path in DEVICES for part in ("--dev-bind", path, path)]
    # Before what is shown, or it would hide an installation below the scratch folder.
    scratch = ["--size", str(16 << 20), "--tmpfs", SCRATCH, "--chdir", "/"]
    return [program, "--unshare-all", "--as-pid-1", *scratch, *shown, *devices, *python]


def text_file(name: str, text: str | bytes = b"") -> int:
    """A file in memory that holds a text; a descriptor, to be closed."""
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    os.pwrite(descriptor, data, 0)
    return descriptor
