"""How much memory a process and all that it started hold together, at most."""

import threading
from pathlib import Path
from types import TracebackType

_EVERY_S = 0.2
_PROC = Path("/proc")


class TreePeak:
    """Looks five times a second while it is open; sees nothing where there is no `/proc`.

    A page that several processes share counts in parts, so that workers that were forked do not
    count their parent's memory again.
    """

    def __init__(self, process: int, until: Path) -> None:
        """Be ready.

        Args:
            process: the one that started the others.
            until: once this file is there, nothing more counts.
        """
        self._process = process
        self._until = until
        self._most_kib = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def mib(self) -> float:
        """The most seen so far, in MiB."""
        return self._most_kib / 1024

    def __enter__(self) -> "TreePeak":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(_EVERY_S) and not self._until.exists():
            held = sum(_held_kib(each) for each in _tree(self._process))
            self._most_kib = max(self._most_kib, held)


def _tree(root: int) -> list[int]:
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        for path in _PROC.glob(f"{process}/task/*/children"):
            waiting += [int(child) for child in _read(path).split()]
    return found


def _held_kib(process: int) -> int:
    for line in _read(_PROC / str(process) / "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except OSError:  # The process ended meanwhile.
        return ""
