"""Which processes buy, which of them are still alive, and what each has sent.

A process that buys holds a lock on a small file of its own, beside the ledger; the system lets go
of it however the process ends, so that a dead owner of leases is known at once and for certain. The
same file names the requests that were sent and not yet stored: of a killed process's leases, these
may have been paid for, the others were not.
"""

import errno
import fcntl
import mmap
import os
import secrets
import time
from pathlib import Path

_DIGITS = 64
_NOTHING = b"-" * _DIGITS
_GROWTH = 4_096
_TRUST_S = 0.25
"""How long an owner found alive is taken to be."""


class Owner:
    """This process as a buyer.

    Args:
        folder: where the files of owners lie.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._path = folder / self.name
        # It gets its name once it is locked, so that nobody takes it for a dead owner's.
        unnamed = folder / f".{self.name}"
        self._file = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._allocate(0)
            unnamed.rename(self._path)
        except OSError:
            unnamed.unlink(missing_ok=True)
            os.close(self._file)
            raise
        # Memory of a file outlives the process as a write does, and costs no system call.
        self._memory = mmap.mmap(self._file, _DIGITS * _GROWTH)
        self._places: dict[str, int] = {}
        self._free = [_DIGITS * number for number in range(_GROWTH)]

    def sent(self, fingerprint: str) -> None:
        """Say that a request is about to be sent."""
        if fingerprint not in self._places:
            place = self._free.pop() if self._free else self._grown()
            self._places[fingerprint] = place
            self._memory[place : place + _DIGITS] = fingerprint.encode("ascii")

    def stored(self, fingerprint: str) -> None:
        """Say that what became of a request is in the ledger."""
        place = self._places.pop(fingerprint, None)
        if place is not None:
            self._free.append(place)
            self._memory[place : place + _DIGITS] = _NOTHING

    def close(self) -> None:
        """Let go; what was sent and could not be stored remains on record."""
        if not self._places:
            self._path.unlink(missing_ok=True)
        self._memory.close()
        os.close(self._file)

    def _allocate(self, start: int) -> None:
        """Write the next places: on a full disk a hole in the file would end the process."""
        blank = _NOTHING * _GROWTH
        if os.pwrite(self._file, blank, start) != len(blank):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))

    def _grown(self) -> int:
        size = self._memory.size()
        self._allocate(size)
        self._memory.resize(size + _DIGITS * _GROWTH)
        self._free = [size + _DIGITS * number for number in range(_GROWTH)]
        return self._free.pop()


class Owners:
    """The other buyers, as seen from here."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._alive_at: dict[str, float] = {}

    def is_alive(self, name: str) -> bool:
        """Whether the process of that name still runs."""
        now = time.monotonic()
        if now - self._alive_at.get(name, float("-inf")) < _TRUST_S:
            return True
        try:
            file = os.open(self._folder / name, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._alive_at[name] = now
            return True
        finally:
            os.close(file)
        return False

    def living(self) -> frozenset[str]:
        """Names of the processes that buy just now."""
        return frozenset(name for name in self._named() if self.is_alive(name))

    def dead(self) -> frozenset[str]:
        """Names of those that are no more and still have a file."""
        return frozenset(name for name in self._named() if not self.is_alive(name))

    def sent_by(self, name: str) -> frozenset[str]:
        """Fingerprints that a dead owner had sent and not stored."""
        try:
            text = (self._folder / name).read_bytes().decode("ascii", "replace")
        except FileNotFoundError:
            return frozenset()
        return frozenset(text[at : at + _DIGITS] for at in range(0, len(text), _DIGITS))

    def forget(self, name: str) -> None:
        """Remove the file of a dead owner."""
        (self._folder / name).unlink(missing_ok=True)

    def _named(self) -> list[str]:
        try:
            return [name for name in os.listdir(self._folder) if not name.startswith(".")]
        except FileNotFoundError:
            return []
