"""Batches as Dagster sees them: what ends a run that waits, and which runs go on with answers."""

import asyncio
import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from synth_assets.errors import BatchPendingError
from synth_assets.resources.batches.books import BatchBooks
from synth_assets.resources.batches.courier import Courier
from synth_assets.resources.batches.round_trip import Poll, poll
from synth_assets.resources.batches.states import Batch, BatchState
from synth_assets.resources.workshop import Workshop

_TICK_S = 45.0
"""Dagster gives up on a tick after a minute; what a tick began the next one goes on with."""


@contextmanager
def pending_as_failure() -> Generator[None]:
    """End a step that waits for batches with one message.

    Raises:
        dg.Failure: in place of `BatchPendingError`, which is its cause.
    """
    try:
        yield
    except BatchPendingError as exc:
        raise dg.Failure(str(exc), allow_retries=False) from exc


@dataclass(frozen=True)
class BatchTick:
    """What a look at the batches came to.

    Attributes:
        told: in words.
        fetched: recipe id -> the last batch that brought it answers, where no other is open.
        cursor: hand it to the next look.
    """

    told: str
    fetched: dict[str, Batch]
    cursor: str


def look_at_batches(workshop: Workshop, cursor: str | None) -> BatchTick:
    """Carry on every open batch, and say which recipes can go on with what was fetched.

    Without an open batch nothing is asked, and LiteLLM is not imported. Batches that `synth
    batches` fetched since the last look count as well; at the first look only what it fetches
    itself.
    """
    if not workshop.home.ledger.exists():
        return BatchTick("There is no ledger yet.", {}, cursor or "")
    with workshop.ledger() as ledger:
        books = BatchBooks(ledger)
        before = books.all()
        since = _last_change(before) if cursor is None else cursor
        told = "No batch is open."
        if any(batch.is_open for batch in before):
            polled = asyncio.run(_polled(Courier(books, workshop.catalogue.teachers)))
            told = _words(polled)
        after = books.all()
    return BatchTick(told, _ready(after, since), max(since, _last_change(after)))


async def _polled(courier: Courier) -> Poll:
    try:
        async with asyncio.timeout(_TICK_S):
            return await poll(courier)
    except TimeoutError:
        return Poll(batches={batch.name: batch for batch in courier.books.all()})


def _ready(batches: Sequence[Batch], since: str) -> dict[str, Batch]:
    busy = {batch.recipe for batch in batches if batch.is_open}
    return {
        batch.recipe: batch
        for batch in sorted(batches, key=lambda batch: batch.changed_at)
        if batch.state == BatchState.FETCHED
        and batch.changed_at > since
        and batch.recipe not in busy
    }


def _last_change(batches: Sequence[Batch]) -> str:
    return max((batch.changed_at for batch in batches if not batch.is_open), default="")


def _words(polled: Poll) -> str:
    if polled.busy:
        return "Another process is asking about the batches."
    open_ = sum(batch.is_open for batch in polled.batches.values())
    words = f"{len(polled.closed)} batches fetched, {open_} open."
    if polled.failures:
        words += f" Could not be carried on: {json.dumps(polled.failures)}"
    return words
