"""Who has the ledger open: all share it, but whoever repairs it must be alone.

A process that writes on into a file that was moved aside would lose what it paid for.
"""

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from synth_assets.errors import LedgerError

_LOOK_AGAIN_S = 0.05


class Use:
    """Having the ledger open beside others, until `close` or the end of the process.

    Making one waits while the ledger is being repaired.

    Raises:
        OSError: if there can be no lock file.
    """

    def __init__(self, path: Path) -> None:
        self._file = _opened(path)
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def close(self) -> None:
        """Let go; a second time, nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self.close()


@contextmanager
def perhaps_alone(path: Path) -> Generator[bool]:
    """Have the ledger for oneself where nobody has it open, in this process or another.

    Waits while somebody repairs it. Only who is alone may open the file but through SQLite: closing
    it would cancel the locks of SQLite in this process.

    Yields:
        Whether it is so.

    Raises:
        OSError: if there can be no lock file.
    """
    file = _opened(path)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(file, fcntl.LOCK_SH)
            fcntl.flock(file, fcntl.LOCK_UN)
            yield False
        else:
            yield True
    finally:
        os.close(file)


@contextmanager
def alone(path: Path, patience_s: float) -> Generator[None]:
    """Have the ledger for oneself.

    Args:
        path: the ledger.
        patience_s: how long others are waited for.

    Raises:
        LedgerError: if others still have it open then.
        OSError: if there can be no lock file.
    """
    file = _opened(path)
    try:
        deadline = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise LedgerError(
                        f"{path}: it is to be repaired, and other processes have it open. Wait for "
                        "them or end them, then run `synth ledger repair`."
                    ) from None
                time.sleep(_LOOK_AGAIN_S)
        yield
    finally:
        os.close(file)


def _opened(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
