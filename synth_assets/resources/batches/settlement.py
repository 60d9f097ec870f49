"""What becomes of a batch's requests, within one transaction of the ledger."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_never

from synth_assets.core.config.teachers import Price, Teacher
from synth_assets.core.generation.budget import NOTHING, Amount, Budget, Payer, paid_for
from synth_assets.core.generation.failures import Billed, FailureClass, policy_of
from synth_assets.resources.batches.results import (
    Answered,
    Failed,
    NotExecuted,
    Result,
    Unreadable,
    completion_of,
)
from synth_assets.resources.batches.states import Batch, BatchState
from synth_assets.resources.batches.waiting import WaitingRequest, read_waiting
from synth_assets.resources.lanes.classify import classify
from synth_assets.resources.ledger.deferral import BATCH_OWNER, GIVEN_UP, UNASSIGNED, forget
from synth_assets.resources.ledger.orders import Claim, Fail, Release, Settle
from synth_assets.resources.ledger.owners import Owners
from synth_assets.resources.ledger.store import owners_folder
from synth_assets.resources.ledger.transaction import Transaction
from synth_assets.resources.prices import price_of

_SELECT = """
SELECT r.request, r.usd_pico, r.tokens, l.recipe, l.run
FROM batch_requests r JOIN leases l USING (fingerprint)
WHERE r.fingerprint = ? AND r.batch = ?
"""
_LEFT = "SELECT fingerprint FROM batch_requests WHERE batch = ? ORDER BY fingerprint"
_IS_KNOWN = """
SELECT EXISTS (SELECT 1 FROM completions WHERE fingerprint = ?1)
    OR EXISTS (SELECT 1 FROM batch_requests WHERE fingerprint = ?1)
"""
_PUT_BACK = "UPDATE batch_requests SET batch = ?, request = ? WHERE fingerprint = ?"
_LEASE_BACK = "UPDATE leases SET owner = ? WHERE fingerprint = ?"
_COUNT = "UPDATE batches SET answered = answered + ?, failed = failed + ? WHERE batch = ?"
_CLOSE = "UPDATE batches SET state = ?, said = ?, changed_at = ? WHERE batch = ?"

_WITHDRAWN = "withdrawn"
"""The class of a failure that is a batch the provider knows no more: nobody knows what it did."""


@dataclass(frozen=True)
class Taken:
    """What lines of a batch came to.

    Attributes:
        answered: completions stored.
        failed: requests that failed.
        strange: lines of requests that nobody here asked.
        unreadable: lines that are no results.
    """

    answered: int = 0
    failed: int = 0
    strange: int = 0
    unreadable: int = 0

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(
            self.answered + other.answered,
            self.failed + other.failed,
            self.strange + other.strange,
            self.unreadable + other.unreadable,
        )


@dataclass(frozen=True)
class _Waiting:
    """A request that is in this batch still, and who pays for it."""

    waiting: WaitingRequest
    claim: Claim


class Settlement:
    """Settles requests of one batch on a connection within a transaction of the caller's.

    Args:
        connection: of the ledger.
        path: the ledger's file.
        batch: whose requests.
        teacher: who answers; none where nothing is to be priced.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path, batch: Batch, teacher: Teacher | None
    ) -> None:
        self._connection = connection
        self._batch = batch
        owner = f"{BATCH_OWNER}{batch.name}"
        # What was reserved is spent or freed: no cap can refuse it any more.
        self._orders = Transaction(connection, owner, Owners(owners_folder(path)), Budget())
        self._price = None if teacher is None else _batch_price(teacher)

    def take(self, results: Sequence[Result], seconds: float) -> Taken:
        """Store answers and failures; lines of requests that are settled are passed over."""
        taken = Taken()
        for result in results:
            taken += self._take(result, seconds)
        self._count(taken)
        return taken

    def close(self, said: str) -> None:
        """Decide on what has no line, by how the batch ended."""
        if self._batch.state == BatchState.CANCELLED:
            self.withdraw(said, perhaps_paid=False)
            return
        failure, why, perhaps = _fate(self._batch, said)
        left = self._left()
        for name in left:
            found = self._waiting(name)
            if found is not None:
                self._failed(found, failure, why, NOTHING, perhaps=perhaps)
        self._count(Taken(failed=len(left)))
        self._end(BatchState.FETCHED, said)

    def withdraw(self, said: str, *, perhaps_paid: bool) -> None:
        """Take back every request that is left."""
        left = self._left()
        for name in left:
            found = self._waiting(name)
            if found is not None:
                claim = found.claim
                lost = Fail(claim, _WITHDRAWN, said, NOTHING, claim.reserve)
                self._orders.carry_out([lost if perhaps_paid else Release(claim)])
            forget(self._connection, name)
        self._count(Taken(failed=len(left)))
        self._end(BatchState.WITHDRAWN, said)

    def _take(self, result: Result, seconds: float) -> Taken:
        match result:
            case Unreadable():
                return Taken(unreadable=1)
            case NotExecuted():
                return Taken()
            case Answered() | Failed():
                found = self._waiting(result.fingerprint)
            case _:
                assert_never(result)
        if found is None:
            [known] = self._connection.execute(_IS_KNOWN, (result.fingerprint,)).fetchone()
            return Taken() if known else Taken(strange=1)
        if isinstance(result, Answered):
            return self._answered(found, result, seconds)
        perhaps = policy_of(result.failure).billed == Billed.PERHAPS
        self._failed(found, result.failure, result.said, NOTHING, perhaps=perhaps)
        return Taken(failed=1)

    def _answered(self, found: _Waiting, result: Answered, seconds: float) -> Taken:
        completion = completion_of(found.claim.request, result.answer, self._price, seconds)
        if not completion.text.strip() and completion.finish_reason == "stop":
            after = found.waiting.failed(FailureClass.EMPTY, "the answer is empty")
            if not after.is_given_up:
                paid = paid_for(completion)
                self._failed(found, FailureClass.EMPTY, after.said, paid, perhaps=False)
                return Taken(failed=1)
        self._orders.carry_out([Settle(found.claim, completion)])
        forget(self._connection, result.fingerprint)
        return Taken(answered=1)

    def _failed(
        self, found: _Waiting, failure: FailureClass, said: str, charged: Amount, *, perhaps: bool
    ) -> None:
        """Book a failure; the request waits for another batch, or is given up."""
        claim, after = found.claim, found.waiting.failed(failure, said)
        again = not after.is_given_up
        lost = claim.reserve if perhaps else NOTHING
        self._orders.carry_out([Fail(claim, failure, said, charged, lost, again)])
        name = claim.request.fingerprint
        self._connection.execute(_PUT_BACK, ("" if again else GIVEN_UP, after.as_text(), name))
        if again:
            self._connection.execute(_LEASE_BACK, (UNASSIGNED, name))

    def _waiting(self, name: str) -> _Waiting | None:
        row = self._connection.execute(_SELECT, (name, self._batch.name)).fetchone()
        if row is None:
            return None
        text, usd_pico, tokens, recipe, run = row
        waiting = read_waiting(text)
        claim = Claim(waiting.request, Payer(recipe, run), Amount(usd_pico, tokens))
        return _Waiting(waiting, claim)

    def _left(self) -> list[str]:
        return [name for [name] in self._connection.execute(_LEFT, (self._batch.name,))]

    def _count(self, taken: Taken) -> None:
        counts = (taken.answered, taken.failed, self._batch.name)
        self._connection.execute(_COUNT, counts)

    def _end(self, state: BatchState, said: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._connection.execute(_CLOSE, (state, said, now, self._batch.name))


def _batch_price(teacher: Teacher) -> Price | None:
    return price_of(teacher.model_copy(update={"delivery": "batch"}))


def _fate(batch: Batch, said: str) -> tuple[FailureClass, str, bool]:
    """What a request without a line failed of: class, words, and whether it was perhaps paid."""
    if batch.state == BatchState.EXPIRED:
        return FailureClass.TIMEOUT, f"batch {batch.name} expired before it was answered", False
    if batch.state == BatchState.FAILED:
        return _of_whole_batch(said), f"batch {batch.name} was refused: {said}", False
    return FailureClass.NOT_JSON, f"batch {batch.name} has no readable line of it", True


def _of_whole_batch(said: str) -> FailureClass:
    # «token_limit_exceeded» is of all batches that are waiting: it fits once some are done.
    limit = "token_limit_exceeded" in said or "limit" in said.lower()
    return FailureClass.RATE_LIMIT if limit else classify(400, said)
