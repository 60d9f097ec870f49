"""Requests that wait for a batch, as the ledger's transactions see them.

A deferred request is a row of `batch_requests` and a lease whose owner is the batch: it outlives
every process, and holds the budget that was reserved. Until a batch is made of it the owner is
`UNASSIGNED`, and whoever asks for it next may take it over.
"""

import sqlite3

from synth_assets.core.generation.budget import Amount, Payer
from synth_assets.resources.ledger.accounts import Accounts
from synth_assets.resources.ledger.orders import Claim

BATCH_OWNER = "batch:"
"""What the owner of a batch's leases begins with; a batch outlives every process."""

UNASSIGNED = BATCH_OWNER
"""The owner of leases that no batch has yet."""

GIVEN_UP = "*given up*"
"""Stands for the batch of a request that failed for good; it has no lease any more."""

_SELECT = "SELECT batch, request FROM batch_requests WHERE fingerprint = ?"
_LEASE = "SELECT teacher, recipe, run, usd_pico, tokens FROM leases WHERE fingerprint = ?"
_DELETE_LEASE = "DELETE FROM leases WHERE fingerprint = ? AND owner = ?"
_DELETE = "DELETE FROM batch_requests WHERE fingerprint = ?"
_UPSERT = """
INSERT INTO batch_requests VALUES (?, '', ?, ?, ?)
ON CONFLICT (fingerprint) DO UPDATE
SET batch = '', usd_pico = excluded.usd_pico, tokens = excluded.tokens
"""


def given_up_text(connection: sqlite3.Connection, name: str) -> str | None:
    """What is told of a request that batches failed at for good; none where they did not."""
    row = connection.execute(_SELECT, (name,)).fetchone()
    return None if row is None or row[0] != GIVEN_UP else str(row[1])


def is_payers_own(connection: sqlite3.Connection, claim: Claim) -> bool:
    """Whether an unassigned request waits already for the one who asks."""
    row = connection.execute(_LEASE, (claim.request.fingerprint,)).fetchone()
    return row is not None and Payer(row[1], row[2]) == claim.payer


def note_deferred(connection: sqlite3.Connection, claim: Claim) -> None:
    """Write the row of a request that waits; what it tried before stays told."""
    reserve = claim.reserve
    row = (claim.request.fingerprint, claim.deferred, reserve.usd_pico, reserve.tokens)
    connection.execute(_UPSERT, row)


def take_back(connection: sqlite3.Connection, accounts: Accounts, name: str, owner: str) -> bool:
    """Free the lease of a deferred request, and its reservation; its row stays.

    Returns:
        Whether that owner held it.
    """
    row = connection.execute(_LEASE, (name,)).fetchone()
    if row is None or not connection.execute(_DELETE_LEASE, (name, owner)).rowcount:
        return False
    teacher, recipe, run, usd_pico, tokens = row
    accounts.change(Payer(recipe, run).scopes(teacher), freed=Amount(usd_pico, tokens))
    return True


def forget(connection: sqlite3.Connection, name: str) -> None:
    """Remove the row of a request that waits no more."""
    connection.execute(_DELETE, (name,))
