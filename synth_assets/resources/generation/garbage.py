"""Python's garbage collector, while thousands of tasks are alive."""

import gc
from collections.abc import Generator
from contextlib import contextmanager

_THRESHOLDS = (50_000, 20, 50)


@contextmanager
def rare_collections() -> Generator[None]:
    """Look for cycles a hundredth as often, and not among what was there before.

    With 1,024 samples under way the collector took a third of all CPU, walking again and again over
    live tasks; reference counts free nearly everything anyhow.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
