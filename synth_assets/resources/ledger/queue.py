"""The ledger for many tasks at once: one thread, one transaction for all that waits.

While a transaction is being made durable, what comes in gathers for the next one, so that a
thousand completions a second cost some dozens of commits, and none waits longer than for the commit
under way and its own.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Sequence
from typing import TypeAlias

from synth_assets.core.generation.budget import Budget
from synth_assets.errors import LedgerError
from synth_assets.resources.ledger.orders import Damaged, Order, Outcome
from synth_assets.resources.ledger.store import Ledger, damaged_row

_GATHER_S = 0.002
_MOST_AT_ONCE = 2_000

_Asked: TypeAlias = tuple[Order, "asyncio.Future[Outcome]"]


class LedgerQueue:
    """Hands orders to a ledger of its own; use within one event loop.

    Args:
        ledger: which file, with which budget; its connection is left alone.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._ledger = Ledger(ledger.path, ledger.budget)
        self._ledger.reap_the_dead()
        self.owner = self._ledger.owner
        self._thread = threading.Thread(target=self._serve, name="ledger", daemon=True)
        self._thread.start()

    @property
    def budget(self) -> Budget:
        """The caps that claims are held against."""
        return self._ledger.budget

    async def carry_out(self, order: Order) -> Outcome:
        """Carry out an order; durable when this returns, see `Ledger.carry_out`.

        Raises:
            LedgerError: if the ledger cannot be written, or what it has of the request is damaged.
        """
        done: asyncio.Future[Outcome] = self._loop.create_future()
        self._waiting.put((order, done))
        # Where the one who waits is cancelled, the order is carried out all the same.
        outcome = await done
        if isinstance(outcome, Damaged):
            raise damaged_row(self._ledger.path, outcome.fingerprint)
        return outcome

    async def close(self) -> None:
        """Carry out what waits, then let go."""
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)
        self._ledger.close()

    def _serve(self) -> None:
        open_ = True
        while open_:
            asked = [self._waiting.get()]
            if asked[0] is not None:
                time.sleep(_GATHER_S)
            while len(asked) < _MOST_AT_ONCE and not self._waiting.empty():
                asked.append(self._waiting.get())
            open_ = None not in asked
            self._carry_out([one for one in asked if one is not None])

    def _carry_out(self, asked: Sequence[_Asked]) -> None:
        if not asked:
            return
        try:
            outcomes = self._ledger.carry_out([order for order, _ in asked])
        except Exception as exc:  # noqa: BLE001  a mistake here must reach those who wait
            if len(asked) > 1 and not isinstance(exc, LedgerError):
                # The disk is well: one order cannot be carried out, and must not spoil the others.
                for one in asked:
                    self._carry_out([one])
                return
            self._loop.call_soon_threadsafe(_refuse, asked, exc)
        else:
            self._loop.call_soon_threadsafe(_deliver, asked, outcomes)


def _deliver(asked: Sequence[_Asked], outcomes: Sequence[Outcome]) -> None:
    for (_, done), outcome in zip(asked, outcomes, strict=True):
        if not done.done():
            done.set_result(outcome)


def _refuse(asked: Sequence[_Asked], exc: Exception) -> None:
    for _, done in asked:
        if not done.done():
            done.set_exception(exc)
