"""Batches in the ledger: which requests are in which, how far each is, and what came of it.

Everything here is one transaction each, on disk when it returns.
"""

import secrets
import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.budget import PICO, Payer
from synth_assets.resources.batches.results import Result
from synth_assets.resources.batches.settlement import Settlement, Taken
from synth_assets.resources.batches.states import Batch, BatchState
from synth_assets.resources.batches.waiting import line_of, read_waiting
from synth_assets.resources.ledger.accounts import Accounts
from synth_assets.resources.ledger.deferral import (
    BATCH_OWNER,
    GIVEN_UP,
    UNASSIGNED,
    forget,
    take_back,
)
from synth_assets.resources.ledger.store import Ledger

MOST_REQUESTS = 50_000
MOST_BYTES = 100_000_000

_COLUMNS = """
SELECT batch, teacher, api_base, recipe, run, state, file_id, provider_id, requests, answered,
    failed, said, created_at, changed_at,
    (SELECT coalesce(sum(usd_pico), 0) FROM batch_requests r WHERE r.batch = b.batch)
FROM batches b
"""
_SELECT_ALL = f"{_COLUMNS} ORDER BY created_at, batch"
_SELECT_ONE = f"{_COLUMNS} WHERE batch = ?"
_INSERT = "INSERT INTO batches VALUES (?, ?, ?, ?, ?, 'new', '', '', ?, 0, 0, '', ?, ?)"
_MOVE = """
UPDATE batches SET state = ?, file_id = ?, provider_id = ?, said = ?, changed_at = ?,
    answered = CASE WHEN ? THEN 0 ELSE answered END, failed = CASE WHEN ? THEN 0 ELSE failed END
WHERE batch = ? AND state = ?
"""
_NOTE = "UPDATE batches SET answered = ?, failed = ?, said = ? WHERE batch = ? AND state = ?"
_WAITING = """
SELECT r.fingerprint, r.request FROM batch_requests r JOIN leases l USING (fingerprint)
WHERE r.batch = '' AND l.recipe = ? AND l.run = ? AND l.teacher = ? ORDER BY r.fingerprint
"""
_TEACHERS_WAITED_FOR = """
SELECT DISTINCT l.teacher FROM batch_requests r JOIN leases l USING (fingerprint)
WHERE r.batch = '' AND l.recipe = ? AND l.run = ? ORDER BY l.teacher
"""
_OBSOLETE = """
SELECT r.fingerprint FROM batch_requests r JOIN leases l USING (fingerprint)
WHERE r.batch = '' AND l.recipe = ? AND l.run <> ?
"""
_ASSIGN = "UPDATE batch_requests SET batch = ? WHERE fingerprint = ? AND batch = ''"
_ASSIGN_LEASE = "UPDATE leases SET owner = ? WHERE fingerprint = ? AND owner = ?"
_REQUESTS_OF = "SELECT request FROM batch_requests WHERE batch = ? ORDER BY fingerprint"
_UNASSIGNED = "SELECT count(*), coalesce(sum(usd_pico), 0) FROM batch_requests WHERE batch = ''"
_OPEN = "SELECT count(*) FROM batches WHERE state NOT IN ('fetched', 'withdrawn')"


@dataclass(frozen=True)
class Unassigned:
    """Requests that no batch has yet, and US dollars reserved for them."""

    requests: int
    reserved_usd: float


class BatchBooks:
    """The batches of a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def all(self) -> list[Batch]:
        """Every batch there ever was, oldest first."""
        with self.ledger.reading() as connection:
            return [_batch(row) for row in connection.execute(_SELECT_ALL)]

    def open(self) -> list[Batch]:
        """Those of which something is still to come."""
        return [batch for batch in self.all() if batch.is_open]

    def count_open(self) -> int:
        """How many are open; quick."""
        with self.ledger.reading() as connection:
            return int(connection.execute(_OPEN).fetchone()[0])

    def named(self, name: str) -> Batch | None:
        """A batch as it is now."""
        with self.ledger.reading() as connection:
            row = connection.execute(_SELECT_ONE, (name,)).fetchone()
        return None if row is None else _batch(row)

    def unassigned(self) -> Unassigned:
        """What waits for the next run to put it into a batch."""
        with self.ledger.reading() as connection:
            requests, usd_pico = connection.execute(_UNASSIGNED).fetchone()
        return Unassigned(requests, usd_pico / PICO)

    def teachers_waited_for(self, payer: Payer) -> list[str]:
        """Ids of the teachers that have unassigned requests of a payer."""
        with self.ledger.reading() as connection:
            rows = connection.execute(_TEACHERS_WAITED_FOR, (payer.recipe, payer.run))
            return [name for [name] in rows]

    def drop_obsolete(self, payer: Payer) -> int:
        """Take back what earlier runs of a recipe left unassigned and this one did not ask for."""
        with self.ledger.writing() as connection:
            rows = connection.execute(_OBSOLETE, (payer.recipe, payer.run)).fetchall()
            _free(connection, [name for [name] in rows], UNASSIGNED)
            return len(rows)

    def assign(
        self,
        teacher: Teacher,
        payer: Payer,
        most_requests: int = MOST_REQUESTS,
        most_bytes: int = MOST_BYTES,
    ) -> Batch | None:
        """Make a batch of unassigned requests to a teacher; none where there are none."""
        names = self._chosen(teacher, payer, most_requests, most_bytes)
        if not names:
            return None
        batch, now = f"{payer.recipe or teacher.id}-{secrets.token_hex(6)}", _now()
        with self.ledger.writing() as connection:
            pairs = [(batch, name) for name in names]
            got = connection.executemany(_ASSIGN, pairs).rowcount
            leases = [(f"{BATCH_OWNER}{batch}", name, UNASSIGNED) for name in names]
            connection.executemany(_ASSIGN_LEASE, leases)
            address = teacher.addresses[0] or ""
            told = (batch, teacher.id, address, payer.recipe, payer.run, got, now, now)
            connection.execute(_INSERT, told)
        return self.named(batch)

    def lines(self, batch: Batch, teacher: Teacher) -> Iterator[bytes]:
        """The lines of a batch's input file."""
        with self.ledger.reading() as connection:
            for [text] in connection.execute(_REQUESTS_OF, (batch.name,)):
                yield line_of(read_waiting(text).request, teacher)

    def move(
        self,
        batch: Batch,
        state: BatchState,
        *,
        file_id: str | None = None,
        provider_id: str | None = None,
        said: str = "",
        afresh: bool = False,
    ) -> Batch:
        """Record a step, unless another process took one meanwhile.

        Args:
            batch: as it was seen.
            state: the state it comes to.
            file_id: the provider's id of its file, where that is new.
            provider_id: the provider's id of it, where that is new.
            said: what is to be told of it.
            afresh: count answers and failures from nothing: those stored, not those told.

        Returns:
            The batch as it is now.
        """
        file_id = batch.file_id if file_id is None else file_id
        provider_id = batch.provider_id if provider_id is None else provider_id
        known = (state, file_id, provider_id, said, _now(), afresh, afresh)
        with self.ledger.writing() as connection:
            connection.execute(_MOVE, (*known, batch.name, batch.state))
        return self._again(batch)

    def note(self, batch: Batch, answered: int, failed: int, said: str = "") -> Batch:
        """Record what a provider says of a batch under way."""
        told = (answered, failed, said, batch.name, batch.state)
        if (answered, failed, said) != (batch.answered, batch.failed, batch.said):
            with self.ledger.writing() as connection:
                connection.execute(_NOTE, told)
        return self._again(batch)

    def take(
        self, batch: Batch, teacher: Teacher, results: Sequence[Result], seconds: float
    ) -> Taken:
        """Store answers and failures of a batch; what was stored before is passed over.

        Args:
            batch: whose they are.
            teacher: who answered.
            results: lines of its files.
            seconds: from its submission to its end.
        """
        with self._settling(batch, teacher) as settlement:
            return settlement.take(results, seconds)

    def close(self, batch: Batch, teacher: Teacher, said: str) -> Batch:
        """Decide on the requests that an ended batch has no line of, and close it."""
        with self._settling(batch, teacher) as settlement:
            settlement.close(said)
        return self._again(batch)

    def withdraw(self, batch: Batch, said: str, *, perhaps_paid: bool) -> Batch:
        """Close a batch of which nothing more is to come; its requests are not asked any more."""
        with self._settling(batch, None) as settlement:
            settlement.withdraw(said, perhaps_paid=perhaps_paid)
        return self._again(batch)

    def forget_given_up(self, names: Sequence[str]) -> None:
        """Let requests be tried again by the next run that failed for good in this one."""
        with self.ledger.writing() as connection:
            query = "DELETE FROM batch_requests WHERE fingerprint = ? AND batch = ?"
            connection.executemany(query, [(name, GIVEN_UP) for name in names])

    @contextmanager
    def _settling(self, batch: Batch, teacher: Teacher | None) -> Generator[Settlement]:
        with self.ledger.writing() as connection:
            yield Settlement(connection, self.ledger.path, batch, teacher)

    def _chosen(
        self, teacher: Teacher, payer: Payer, most_requests: int, most_bytes: int
    ) -> list[str]:
        chosen: list[str] = []
        size = 0
        with self.ledger.reading() as connection:
            asked = (payer.recipe, payer.run, teacher.id)
            for name, text in connection.execute(_WAITING, asked):
                request = read_waiting(text).request
                if request.model != teacher.model:
                    continue
                size += len(line_of(request, teacher))
                if chosen and (size > most_bytes or len(chosen) == most_requests):
                    break
                chosen.append(name)
        return chosen

    def _again(self, batch: Batch) -> Batch:
        found = self.named(batch.name)
        assert found is not None, "batches are never deleted"
        return found


def _free(connection: sqlite3.Connection, names: Sequence[str], owner: str) -> None:
    accounts = Accounts(connection)
    for name in names:
        if take_back(connection, accounts, name, owner):
            forget(connection, name)
    accounts.write()


def _batch(row: Sequence[object]) -> Batch:
    *plain, usd_pico = row
    plain[5] = BatchState(str(plain[5]))
    return Batch(*plain, reserved_usd=int(str(usd_pico)) / PICO)  # pyright: ignore[reportArgumentType]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
