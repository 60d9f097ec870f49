"""Progress of work on files, on one line of the terminal."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synth_assets.resources.row_files.text_rows import OnAdvance


class FileProgress:
    """Says on a terminal how far the work is."""

    def __init__(self, silent: bool) -> None:
        """Say nothing if silent, or where nobody looks."""
        self._shown = not silent and sys.stderr.isatty()
        self._last = 0.0
        self._open = False

    def of(self, doing: str) -> "OnAdvance":
        """A callback for files that are read."""
        return lambda at: self._tell(f"{doing}: {at.rows:,} rows, {at.share:.0%}")

    def counted(self, doing: str) -> Callable[[int, int], None]:
        """A callback for rows, of how many."""
        return lambda done, of: self._tell(f"{doing}: {done:,} of {of:,} rows")

    def saying(self, what: str) -> None:
        """Say what is being done now."""
        self._last = 0.0
        self._tell(what)

    def close(self) -> None:
        """Leave a clean line."""
        if self._open:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _tell(self, said: str) -> None:
        now = time.monotonic()
        if self._shown and now - self._last > 0.2:
            self._last, self._open = now, True
            sys.stderr.write(f"\r{said}\x1b[K")
            sys.stderr.flush()
