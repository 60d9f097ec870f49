"""The life of a batch: each step is on disk before the next, so that any restart goes on from it.

    new -> uploaded -> submitting -> submitted -> completed | failed | expired | cancelled
        -> fetched | withdrawn

A process killed between the provider's yes and our record of it leaves `submitting`: the batch is
then looked for by our name, and adopted. It is submitted a second time only when the provider's
list does not have it some time after the first.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, TypeAlias

from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.failures import FailureClass
from synth_assets.errors import SynthError, UnknownNameError
from synth_assets.resources.batches.books import BatchBooks
from synth_assets.resources.batches.lane import BatchLane, LiteLLMBatchLane, Told
from synth_assets.resources.batches.results import lines_of, read_result
from synth_assets.resources.batches.settlement import Taken
from synth_assets.resources.batches.states import ENDED, NOT_SUBMITTED, Batch, BatchState
from synth_assets.resources.lanes.attempts import AttemptFailedError

LISTED_AFTER_S = 120.0
"""A batch that was made is in its provider's list by then."""

UNLISTED_AFTER_S = 26 * 3_600.0
"""Where a provider has no list: its day is over by then, so that a second one stands alone."""

_LINES_AT_ONCE = 500
_UNKNOWN_OUTCOME = frozenset(
    {
        FailureClass.OVERLOAD,
        FailureClass.TIMEOUT,
        FailureClass.CUT_CONNECTION,
        FailureClass.NOT_JSON,
    }
)
"""After these a batch may have been made all the same."""

OpenLane: TypeAlias = Callable[[Teacher, str], BatchLane]


@dataclass(frozen=True)
class Courier:
    """Carries batches between the ledger and their providers.

    Attributes:
        books: the ledger's batches.
        teachers: id -> entry.
        open_lane: the way to a teacher's provider at an address.
        listed_after_s: see `LISTED_AFTER_S`.
        unlisted_after_s: see `UNLISTED_AFTER_S`.
    """

    books: BatchBooks
    teachers: Mapping[str, Teacher]
    open_lane: OpenLane = LiteLLMBatchLane
    listed_after_s: float = LISTED_AFTER_S
    unlisted_after_s: float = UNLISTED_AFTER_S

    async def submit(self, batch: Batch) -> Batch:
        """Bring a batch to its provider, from wherever it is.

        Raises:
            AttemptFailedError: if the provider refuses or cannot be asked; the batch keeps its
                state, and the next call goes on.
            SynthError: if its teacher cannot be asked at all.
        """
        lane = self._lane(batch)
        if batch.state == BatchState.SUBMITTING:
            batch = await self._found(batch, lane)
        if batch.state == BatchState.NEW:
            with tempfile.TemporaryFile() as file:
                self._write(batch, file)
                file_id = await lane.upload(batch.name, file)
            batch = self.books.move(batch, BatchState.UPLOADED, file_id=file_id)
        if batch.state == BatchState.UPLOADED:
            batch = self.books.move(batch, BatchState.SUBMITTING)
            batch = await self._submitted(batch, lane)
        return batch

    async def advance(self, batch: Batch) -> Batch:
        """Take every step that can be taken now: submit, ask, fetch.

        Raises:
            AttemptFailedError: if the provider refuses or cannot be asked; the batch keeps its
                state, and the next call goes on.
            SynthError: if its teacher cannot be asked at all.
        """
        if batch.state in NOT_SUBMITTED:
            return await self.submit(batch)
        if not batch.is_open:
            return batch
        lane = self._lane(batch)
        told = await lane.look(batch.provider_id)
        if batch.state == BatchState.SUBMITTED:
            if told.ended is None:
                return self.books.note(batch, told.answered, told.failed, told.said)
            batch = self.books.move(batch, told.ended, said=told.said, afresh=True)
        if batch.state in ENDED:
            return await self._fetch(batch, lane, told)
        return batch

    async def cancel(self, batch: Batch) -> Batch:
        """Cancel a batch; what was answered until then is kept and paid.

        Raises:
            AttemptFailedError: if the provider refuses or cannot be asked.
            SynthError: if its teacher cannot be asked at all.
        """
        if batch.state == BatchState.SUBMITTING:
            batch = await self._found(batch, self._lane(batch))
        if batch.state in (BatchState.NEW, BatchState.UPLOADED):
            said = "cancelled before it was submitted"
            return self.books.withdraw(batch, said, perhaps_paid=False)
        if batch.state != BatchState.SUBMITTED:
            return batch
        try:
            await self._lane(batch).cancel(batch.provider_id)
        except AttemptFailedError as exc:
            if exc.failure == FailureClass.UNKNOWN_MODEL:  # HTTP 404
                said = f"cancelled; its provider knows it no more: {exc.said}"
                return self.books.withdraw(batch, said, perhaps_paid=True)
            if exc.failure != FailureClass.BAD_REQUEST:
                raise
            # HTTP 400 or 409: it has ended meanwhile, which the next look tells.
        return await self.advance(batch)

    def _lane(self, batch: Batch) -> BatchLane:
        return self.open_lane(self._teacher(batch), batch.api_base)

    def _teacher(self, batch: Batch) -> Teacher:
        if batch.teacher not in self.teachers:
            raise UnknownNameError(
                f"Batch {batch.name} is of teacher {batch.teacher}, which no teachers.yaml has any "
                "more. Put its entry back, so that the batch can be fetched or cancelled."
            )
        return self.teachers[batch.teacher]

    def _write(self, batch: Batch, file: BinaryIO) -> None:
        for line in self.books.lines(batch, self._teacher(batch)):
            file.write(line)
        file.seek(0)

    async def _submitted(self, batch: Batch, lane: BatchLane) -> Batch:
        try:
            told = await lane.submit(batch.name, batch.file_id)
        except AttemptFailedError as exc:
            if exc.failure not in _UNKNOWN_OUTCOME:
                # The provider said no: there is nothing to look for. A file may be gone by now.
                gone = "file" in exc.said.lower() and exc.failure != FailureClass.RATE_LIMIT
                state = BatchState.NEW if gone else BatchState.UPLOADED
                self.books.move(batch, state, said=exc.said)
                raise
            self.books.note(batch, 0, 0, exc.said)
            found = await lane.find(batch)
            if found is None:
                raise
            told = found
        return self._adopt(batch, told)

    async def _found(self, batch: Batch, lane: BatchLane) -> Batch:
        """A batch that may have been made: adopted, to be submitted again, or still in doubt."""
        unchanged_s = batch.unchanged_s(datetime.now(UTC))
        patience_s = self.listed_after_s
        try:
            told = await lane.find(batch)
        except AttemptFailedError as exc:
            if exc.failure not in (FailureClass.UNKNOWN_MODEL, FailureClass.BAD_REQUEST):
                raise
            told, patience_s = None, self.unlisted_after_s
        if told is not None:
            return self._adopt(batch, told)
        if unchanged_s >= patience_s:
            return self.books.move(batch, BatchState.UPLOADED)
        said = (
            f"asked for {unchanged_s:,.0f} s ago, without an answer, and not in its provider's "
            f"list; submitted again {patience_s - unchanged_s:,.0f} s from now"
        )
        return self.books.note(batch, 0, 0, said)

    def _adopt(self, batch: Batch, told: Told) -> Batch:
        return self.books.move(batch, BatchState.SUBMITTED, provider_id=told.provider_id)

    async def _fetch(self, batch: Batch, lane: BatchLane, told: Told) -> Batch:
        teacher, key = self._teacher(batch), lane.key
        taken = Taken()
        for file_id in filter(None, (told.output_file, told.error_file)):
            async for lines in lines_of(lane.content(file_id), _LINES_AT_ONCE):
                results = [read_result(line, key) for line in lines]
                taken += self.books.take(batch, teacher, results, told.seconds)
        return self.books.close(batch, teacher, _last_words(batch, told, taken))


def failure_text(failure: AttemptFailedError | SynthError) -> str:
    """What to tell of a batch that could not be carried on."""
    return failure.said if isinstance(failure, AttemptFailedError) else str(failure)


def _last_words(batch: Batch, told: Told, taken: Taken) -> str:
    words = [told.said] if told.said else []
    if batch.state != BatchState.COMPLETED:
        words.insert(0, batch.state.value)
    if taken.strange:
        words.append(f"{taken.strange:,} lines are of requests that are not of it, and left out")
    if taken.unreadable:
        words.append(f"{taken.unreadable:,} lines cannot be read")
    return "; ".join(words)
