"""What a run and those who poll do with all batches: submit what waits, ask, fetch.

One process at a time talks to providers about a ledger's batches, behind a lock file that a killed
one lets go of.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from filelock import FileLock, Timeout

from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.budget import Payer
from synth_assets.core.generation.failures import policy_of
from synth_assets.errors import BatchPendingError, SynthError, TeacherError
from synth_assets.resources.batches.books import BatchBooks
from synth_assets.resources.batches.courier import Courier, failure_text
from synth_assets.resources.batches.states import NOT_SUBMITTED, Batch
from synth_assets.resources.lanes.attempts import AttemptFailedError
from synth_assets.resources.ledger.store import Ledger

_LOOK_AGAIN_S = 0.1
_AT_ONCE = 8
_NAMED = 6


@dataclass
class Poll:
    """What asking about all open batches came to.

    Attributes:
        busy: another process was at it; nothing was asked.
        batches: as they are now.
        failures: name of a batch -> why it could not be carried on.
    """

    busy: bool = False
    batches: dict[str, Batch] = field(default_factory=dict[str, Batch])
    failures: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def closed(self) -> list[Batch]:
        """Those that were fetched or withdrawn now."""
        return [batch for batch in self.batches.values() if not batch.is_open]


async def poll(courier: Courier) -> Poll:
    """Carry on every open batch as far as it goes now.

    A batch that cannot be carried on holds up no other, and keeps its state.
    """
    books, result = courier.books, Poll()
    try:
        async with _alone(books, wait=False):
            places = asyncio.Semaphore(_AT_ONCE)

            async def one(batch: Batch) -> None:
                async with places:
                    await _carry_on(courier, batch, result)

            async with asyncio.TaskGroup() as group:
                for batch in books.open():
                    group.create_task(one(batch))
    except Timeout:
        result.busy = True
    return result


async def cancel(courier: Courier, batch: Batch) -> Batch:
    """Cancel a batch, once no other process is at it; see `Courier.cancel`."""
    async with _alone(courier.books, wait=True):
        return await courier.cancel(courier.books.named(batch.name) or batch)


async def hand_in(
    ledger: Ledger, teachers: Mapping[str, Teacher], payer: Payer, samples: int
) -> BatchPendingError:
    """Put what a run left waiting into batches, and submit them.

    Args:
        ledger: where it waits.
        teachers: id -> entry.
        payer: who asked.
        samples: how many planned samples wait for it.

    Returns:
        What the run is to end with.

    Raises:
        TeacherError: if a provider refuses the key or the teacher for good.
    """
    books = BatchBooks(ledger)
    courier = Courier(books, teachers)
    failures: dict[str, str] = {}
    async with _alone(books, wait=True):
        for batch in books.open():
            if batch.recipe == payer.recipe and batch.state in NOT_SUBMITTED:
                await _submit(courier, batch, failures)
        books.drop_obsolete(payer)
        for name in books.teachers_waited_for(payer):
            while (batch := books.assign(teachers[name], payer)) is not None:
                await _submit(courier, batch, failures)
    waiting = [batch for batch in books.open() if batch.recipe == payer.recipe]
    return BatchPendingError(_pending_text(payer, samples, waiting or books.open(), failures))


async def _submit(courier: Courier, batch: Batch, failures: dict[str, str]) -> None:
    try:
        await courier.submit(batch)
    except AttemptFailedError as exc:
        if policy_of(exc.failure).stops_teacher:
            raise TeacherError(
                f"Batch {batch.name} of teacher {batch.teacher} cannot be submitted: {exc.said}\n"
                "Mend its entry in teachers.yaml, its key or its server; then `synth batches "
                "--poll` submits it, or `synth batches --cancel` gives it up."
            ) from None
        failures[batch.name] = exc.said


async def _carry_on(courier: Courier, batch: Batch, result: Poll) -> None:
    try:
        result.batches[batch.name] = await courier.advance(batch)
    except (AttemptFailedError, SynthError) as exc:
        said = failure_text(exc)
        result.failures[batch.name] = said
        now = courier.books.named(batch.name) or batch
        result.batches[batch.name] = courier.books.note(now, now.answered, now.failed, said)


@asynccontextmanager
async def _alone(books: BatchBooks, *, wait: bool) -> AsyncGenerator[None]:
    """Be the one process that talks to providers.

    Raises:
        Timeout: if another is, and this one does not wait.
    """
    lock = FileLock(books.ledger.path.with_suffix(".batches.lock"), thread_local=False)
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            if not wait:
                raise
        await asyncio.sleep(_LOOK_AGAIN_S)
    try:
        yield
    finally:
        lock.release()


def _pending_text(
    payer: Payer, samples: int, waiting: Sequence[Batch], failures: Mapping[str, str]
) -> str:
    requests = sum(batch.requests for batch in waiting)
    named = ", ".join(
        f"{batch.name} ({batch.requests:,} requests to {batch.teacher}, {batch.state})"
        for batch in waiting[:_NAMED]
    )
    if len(waiting) > _NAMED:
        named += f" and {len(waiting) - _NAMED:,} more"
    lines = [
        f"{payer.recipe}: {samples:,} planned samples wait for {requests:,} requests in "
        f"{len(waiting):,} batches: {named or 'none yet'}.",
        *(f"{name} could not be submitted yet: {said}" for name, said in failures.items()),
        "Providers answer within a day. `synth batches --wait` fetches what is done, then run "
        "again; while `synth ui` is up, its batch_sensor does both by itself.",
    ]
    return "\n".join(lines)
