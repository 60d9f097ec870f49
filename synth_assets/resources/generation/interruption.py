"""Ctrl-C and Dagster's cancel, while an event loop runs."""

import asyncio
import signal
import threading
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import TypeVar

_T = TypeVar("_T")
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)


def run_until_interrupted(work: Coroutine[object, object, _T]) -> _T:
    """Run a coroutine to its end.

    Raises:
        KeyboardInterrupt: at SIGINT or SIGTERM, once the coroutine has cleaned up.
    """
    with _own_signal_handlers():
        try:
            return asyncio.run(_cancelled_by_signals(work))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


@contextmanager
def _own_signal_handlers() -> Generator[None]:
    """Give back whatever handlers there were: Dagster's throw into the event loop as it is."""
    before = {name: signal.getsignal(name) for name in _INTERRUPTS}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for name, handler in before.items():
                signal.signal(name, handler)


async def _cancelled_by_signals(work: Coroutine[object, object, _T]) -> _T:
    task = asyncio.ensure_future(work)
    stopping = False

    def stop() -> None:
        # Cleaning up is short, and a second signal must not cut it.
        nonlocal stopping
        if not stopping:
            stopping = True
            task.cancel()

    if threading.current_thread() is threading.main_thread():
        for name in _INTERRUPTS:
            asyncio.get_running_loop().add_signal_handler(name, stop)
    return await task
