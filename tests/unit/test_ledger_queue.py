import asyncio
import os
import resource
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from synth_assets.core.completion import Completion
from synth_assets.core.generation.budget import PICO
from synth_assets.errors import LedgerError
from synth_assets.resources.ledger.orders import Held, Leased, Settle
from synth_assets.resources.ledger.queue import LedgerQueue
from synth_assets.resources.ledger.store import Ledger
from tests.unit.ledger_rows import claim, completion, request


@contextmanager
def _full_disk(path: Path) -> Iterator[None]:
    """No file may grow beyond the ledger's log; what is written there fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = path.with_name(f"{path.name}-wal")
    resource.setrlimit(resource.RLIMIT_FSIZE, (os.path.getsize(log), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_queue_carries_out_thousands_of_orders_of_many_tasks(tmp_path: Path):
    async def buy(queue: LedgerQueue, number: int) -> None:
        assert await queue.carry_out(claim(number)) == Leased()
        await queue.carry_out(Settle(claim(number), completion(number, f"text {number}")))
        again = await queue.carry_out(claim(number))
        assert isinstance(again, Completion)
        assert again.text == f"text {number}"

    async def work(ledger: Ledger) -> None:
        queue = LedgerQueue(ledger)
        await asyncio.gather(*(buy(queue, number) for number in range(2_000)))
        await queue.close()

    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        asyncio.run(work(ledger))
        account = ledger.account("all")
        assert ledger.stats().completions == 2_000
        assert (account.usd_pico, account.tokens) == (1_000 * PICO, 14_000)
        assert (account.reserved_usd_pico, account.reserved_tokens) == (0, 0)


def test_queue_gathers_what_waits_into_few_transactions(tmp_path: Path):
    async def work(ledger: Ledger) -> None:
        queue = LedgerQueue(ledger)
        orders = (Settle(claim(n), completion(n)) for n in range(1_000))
        await asyncio.gather(*(queue.carry_out(order) for order in orders))
        await queue.close()

    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        asyncio.run(work(ledger))
        # All rows of one transaction have its time.
        times = "SELECT count(DISTINCT created_at) FROM completions"
        assert ledger.connection.execute(times).fetchone()[0] <= 20
        assert ledger.stats().completions == 1_000


def test_queue_on_a_full_disk_refuses_every_waiter_and_works_once_there_is_room(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"

    async def settle(queue: LedgerQueue, number: int) -> object:
        return await queue.carry_out(Settle(claim(number), completion(number, "x" * 9_000)))

    async def work(ledger: Ledger) -> None:
        queue = LedgerQueue(ledger)
        await settle(queue, 0)
        with _full_disk(path):
            failed = await asyncio.gather(
                *(settle(queue, number) for number in range(1, 201)), return_exceptions=True
            )
        assert [type(one) for one in failed] == [LedgerError] * 200
        assert "Make room on the disk and run again" in str(failed[0])
        await settle(queue, 1)
        await queue.close()

    with closing(Ledger(path)) as ledger:
        asyncio.run(work(ledger))
        assert ledger.stats().completions == 2
        assert ledger.account("all").usd_pico == PICO


def test_queue_with_an_order_that_cannot_be_carried_out_refuses_that_one_alone(tmp_path: Path):
    async def work(ledger: Ledger) -> list[object]:
        queue = LedgerQueue(ledger)
        endless = replace(completion(1), prompt_tokens=2**70)
        orders = [Settle(claim(0), completion(0)), Settle(claim(1), endless), claim(2)]
        outcomes = await asyncio.gather(
            *(queue.carry_out(order) for order in orders), return_exceptions=True
        )
        await queue.close()
        return list(outcomes)

    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        first, second, third = asyncio.run(work(ledger))
        assert (first, third) == (None, Leased())
        assert isinstance(second, OverflowError)
        assert ledger.stats().completions == 1


def test_queue_asked_for_a_damaged_completion_raises_for_that_asker_alone(tmp_path: Path):
    async def work(ledger: Ledger) -> list[object]:
        queue = LedgerQueue(ledger)
        orders = [claim(1), claim(2), claim(3)]
        outcomes = await asyncio.gather(
            *(queue.carry_out(order) for order in orders), return_exceptions=True
        )
        await queue.close()
        return list(outcomes)

    with (
        closing(Ledger(tmp_path / "ledger.sqlite")) as ledger,
        closing(Ledger(ledger.path)) as other,
    ):
        ledger.put([(request(1), completion(1))])
        with ledger.writing() as connection:
            connection.execute("UPDATE completions SET text = 'another'")
        other.carry_out([claim(3)])
        damaged, leased, held = asyncio.run(work(ledger))
        assert isinstance(damaged, LedgerError)
        assert leased == Leased()
        assert isinstance(held, Held)


def test_queue_whose_asker_is_cancelled_still_stores_what_was_paid_for(tmp_path: Path):
    async def work(ledger: Ledger) -> None:
        queue = LedgerQueue(ledger)
        order = Settle(claim(1), completion(1))
        task = asyncio.create_task(queue.carry_out(order))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await queue.close()

    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        asyncio.run(work(ledger))
        assert ledger.get(request(1).fingerprint) is not None
