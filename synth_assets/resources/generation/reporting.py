"""Progress of generation in words, every few seconds and at the end."""

import time
from collections.abc import Callable

from synth_assets.resources.generation.engine import Progress

_REPORT_EVERY_S = 5.0


class Reporter:
    """A listener of progress that says how far a recipe is.

    Args:
        recipe: id of the recipe.
        listeners: told each line.
    """

    def __init__(self, recipe: str, *listeners: Callable[[str], None]) -> None:
        self._recipe = recipe
        self._listeners = listeners
        self._started: float | None = None
        self._first = 0
        self._last = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        """Take note, and say so when it is time."""
        now = time.monotonic()
        if self._started is None:
            # The clock starts with the first sample: loading the client is no rate.
            self._started, self._first = now, progress.finished - 1
        done = progress.finished == progress.planned
        if not done and now - self._last < _REPORT_EVERY_S:
            return
        self._last = now
        rate = (progress.finished - self._first) / max(now - self._started, 1.0)
        line = progress_line(self._recipe, progress, rate)
        for listener in self._listeners:
            listener(line)


def progress_line(recipe: str, progress: Progress, rate: float) -> str:
    """Rows, rate, time left, calls, tokens, money and failed attempts on one line.

    Args:
        recipe: id of the recipe.
        progress: how far it is.
        rate: samples a second.
    """
    spending = progress.spending
    left_s = (progress.planned - progress.finished) / rate
    parts = [
        f"{recipe}: {progress.finished:,} of {progress.planned:,} samples, {rate:,.0f}/s, "
        f"{left_s:,.0f} s left",
        f"{spending.bought:,} calls bought, {spending.from_ledger:,} from the ledger, "
        f"{progress.in_flight:,} in flight",
        f"{spending.tokens:,} tokens, {spending.cost_usd:.4f} USD",
    ]
    if spending.reserved_usd_pico:
        parts[-1] += f" and {spending.reserved_usd:.4f} reserved"
    if spending.perhaps_usd_pico:
        parts[-1] += f" and perhaps {spending.perhaps_usd:.4f}"
    if spending.spent_usd_pico:
        parts[-1] += f", {spending.cost_usd / progress.finished:.6f} USD a sample"
    if spending.unpriced:
        parts[-1] += f", {spending.unpriced:,} calls of unknown price"
    if spending.failures:
        counted = ", ".join(f"{n:,} {name}" for name, n in spending.failures.most_common())
        parts.append(f"failed attempts: {counted}")
    return "; ".join(parts)
