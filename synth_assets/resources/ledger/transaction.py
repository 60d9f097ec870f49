"""Orders carried out in one transaction: all of them, or none."""

import sqlite3
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import assert_never

from synth_assets.core.completion import Completion
from synth_assets.core.generation.budget import NOTHING, Amount, Budget, Payer, paid_for
from synth_assets.core.planning import request_identity
from synth_assets.resources.ledger.accounts import Accounts
from synth_assets.resources.ledger.checksums import checksum, is_sound, storable
from synth_assets.resources.ledger.deferral import (
    BATCH_OWNER,
    UNASSIGNED,
    forget,
    given_up_text,
    is_payers_own,
    note_deferred,
    take_back,
)
from synth_assets.resources.ledger.orders import (
    Claim,
    Damaged,
    Fail,
    GivenUp,
    Held,
    Leased,
    Order,
    Outcome,
    OverBudget,
    Release,
    Settle,
)
from synth_assets.resources.ledger.owners import Owners

KILLED = "killed"
"""The class of a failure that is a killed process's: the call was sent, its answer never stored."""

SELECT_COMPLETION = """
SELECT text, finish_reason, prompt_tokens, completion_tokens, cost_usd, latency_s, checksum
FROM completions WHERE fingerprint = ?
"""
_INSERT_COMPLETION = """
INSERT OR IGNORE INTO completions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_SELECT_OWNER = "SELECT owner FROM leases WHERE fingerprint = ?"
_INSERT_LEASE = "INSERT INTO leases VALUES (?, ?, ?, ?, ?, ?, ?)"
_DELETE_LEASE = "DELETE FROM leases WHERE fingerprint = ? AND owner = ?"
_LEASES_OF = """
SELECT fingerprint, teacher, recipe, run, usd_pico, tokens FROM leases WHERE owner = ?
"""
_DELETE_LEASES_OF = "DELETE FROM leases WHERE owner = ?"
_COUNT_FAILURE = """
INSERT INTO failures VALUES (?, ?, ?, ?, 1, ?, ?)
ON CONFLICT (fingerprint, failure) DO UPDATE
SET times = times + 1, said = excluded.said, last_at = excluded.last_at
"""
_LIVE_LEASES = """
SELECT owner FROM leases
WHERE substr(owner, 1, 6) <> 'batch:' AND (usd_pico > 0 OR tokens > 0)
    AND ? IN ('all', 'run:' || run, 'recipe:' || recipe, 'teacher:' || teacher)
LIMIT 1
"""
_OWNERS = "SELECT DISTINCT owner FROM leases WHERE substr(owner, 1, 6) <> 'batch:'"


class Transaction:
    """Carries out orders on a connection within a transaction that the caller begins and ends."""

    def __init__(
        self, connection: sqlite3.Connection, owner: str, owners: Owners, budget: Budget
    ) -> None:
        self._connection = connection
        self._owner = owner
        self._owners = owners
        self._budget = budget
        self._accounts = Accounts(connection)
        self._now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._looked_for_the_dead = False
        self.gone: list[str] = []
        """Dead owners whose files may go once this transaction is committed."""

    def carry_out(self, orders: Sequence[Order]) -> list[Outcome]:
        """Carry out orders in their order: one outcome each."""
        # What was paid for is stored, and frees its reservation, before anything new is claimed.
        later = [isinstance(order, Claim) for order in orders]
        done = {at: self._one(order) for at, order in enumerate(orders) if not later[at]}
        done |= {at: self._one(order) for at, order in enumerate(orders) if later[at]}
        self._accounts.write()
        return [done[at] for at in range(len(orders))]

    def reap_the_dead(self) -> None:
        """Take over the leases of every owner that is no more."""
        self._reap_dead_owners()
        # Nobody can claim while this transaction lasts: a dead owner without leases left nothing.
        holding = {owner for [owner] in self._connection.execute(_OWNERS)}
        self.gone.extend(self._owners.dead() - holding - set(self.gone))
        self._accounts.write()

    def _reap_dead_owners(self) -> None:
        self._looked_for_the_dead = True
        for [owner] in self._connection.execute(_OWNERS).fetchall():
            if owner != self._owner and not self._owners.is_alive(owner):
                self._reap(owner)

    def _one(self, order: Order) -> Outcome:
        match order:
            case Claim():
                return self._claim(order)
            case Settle():
                self._settle(order)
                return None
            case Fail():
                return self._fail(order)
            case Release():
                self._let_go(order.claim)
                return None
            case _:
                assert_never(order)

    def _claim(self, claim: Claim) -> Outcome:
        name = claim.request.fingerprint
        row = self._connection.execute(SELECT_COMPLETION, (name,)).fetchone()
        if row is not None:
            if not is_sound(name, row[:6], row[6]):
                return Damaged(name)
            return Completion(name, *row[:6], from_ledger=True)
        held = self._connection.execute(_SELECT_OWNER, (name,)).fetchone()
        if held is not None:
            if held[0] == self._owner:
                return Leased()
            if held[0].startswith(BATCH_OWNER):
                if held[0] != UNASSIGNED or self._keeps_waiting(claim):
                    return Held(in_batch=True)
                take_back(self._connection, self._accounts, name, UNASSIGNED)
            elif self._owners.is_alive(held[0]):
                return Held()
            else:
                self._reap(held[0])
        return self._defer(claim) if claim.deferred else self._take(claim)

    def _keeps_waiting(self, claim: Claim) -> bool:
        return bool(claim.deferred) and is_payers_own(self._connection, claim)

    def _take(self, claim: Claim) -> Outcome:
        forget(self._connection, claim.request.fingerprint)
        if over := self._shortage(claim):
            return over
        self._lease(claim, self._owner)
        return Leased()

    def _defer(self, claim: Claim) -> Outcome:
        told = given_up_text(self._connection, claim.request.fingerprint)
        if told is not None:
            return GivenUp(told)
        if over := self._shortage(claim):
            forget(self._connection, claim.request.fingerprint)
            return over
        note_deferred(self._connection, claim)
        self._lease(claim, UNASSIGNED)
        return Held(in_batch=True)

    def _lease(self, claim: Claim, owner: str) -> None:
        request, payer, reserve = claim.request, claim.payer, claim.reserve
        named = (request.fingerprint, owner, request.teacher, payer.recipe, payer.run)
        self._connection.execute(_INSERT_LEASE, (*named, reserve.usd_pico, reserve.tokens))
        self._accounts.change(payer.scopes(request.teacher), reserved=reserve)

    def _settle(self, order: Settle) -> None:
        claim, completion = order.claim, order.completion
        request, payer = claim.request, claim.payer
        answer = (
            storable(completion.text),
            completion.finish_reason,
            completion.prompt_tokens,
            completion.completion_tokens,
            completion.cost_usd,
            completion.latency_s,
        )
        row = (
            request.fingerprint,
            request.teacher,
            request.model,
            payer.recipe,
            request.step,
            storable(request_identity(request)),
            answer[0],
            zlib.compress(completion.raw.encode("utf-8", "replace"), 1) or None,
            checksum(request.fingerprint, *answer),
            *answer[1:],
            self._now,
        )
        self._connection.execute(_INSERT_COMPLETION, row)
        self._let_go(claim)
        self._accounts.change(
            payer.scopes(request.teacher),
            spent=paid_for(completion),
            perhaps=Amount(-order.less.usd_pico, -order.less.tokens),
            unpriced=int(completion.cost_usd is None),
        )

    def _fail(self, order: Fail) -> Outcome:
        claim = order.claim
        request, payer = claim.request, claim.payer
        self._count_failure(
            request.fingerprint, order.failure, request.teacher, payer.recipe, order.said
        )
        scopes = payer.scopes(request.teacher)
        self._accounts.change(scopes, spent=order.charged, perhaps=order.perhaps)
        self._let_go(claim)
        if not order.again:
            return None
        if over := self._shortage(claim):
            return over
        self._lease(claim, self._owner)
        return Leased()

    def _let_go(self, claim: Claim) -> None:
        """Free a lease; a second time, or of somebody else's, nothing."""
        request = claim.request
        gone = self._connection.execute(_DELETE_LEASE, (request.fingerprint, self._owner)).rowcount
        if gone:
            self._accounts.change(claim.payer.scopes(request.teacher), freed=claim.reserve)

    def _reap(self, owner: str) -> None:
        sent = self._owners.sent_by(owner)
        rows = self._connection.execute(_LEASES_OF, (owner,)).fetchall()
        for name, teacher, recipe, run, usd_pico, tokens in rows:
            reserve = Amount(usd_pico, tokens)
            lost = reserve if name in sent else NOTHING
            scopes = Payer(recipe, run).scopes(teacher)
            self._accounts.change(scopes, freed=reserve, perhaps=lost)
            if name in sent:
                self._count_failure(name, KILLED, teacher, recipe, "the process was killed")
        self._connection.execute(_DELETE_LEASES_OF, (owner,))
        self.gone.append(owner)

    def _count_failure(self, name: str, failure: str, teacher: str, recipe: str, said: str) -> None:
        self._connection.execute(_COUNT_FAILURE, (name, failure, teacher, recipe, said, self._now))

    def _shortage(self, claim: Claim) -> OverBudget | None:
        for scope in claim.payer.scopes(claim.request.teacher):
            cap = self._budget.caps.get(scope)
            if cap is None:
                continue
            told = self._accounts.account(scope).shortage(cap, claim.reserve)
            if told is not None and not self._looked_for_the_dead:
                # What a killed process had reserved would be waited for in vain.
                self._reap_dead_owners()
                told = self._accounts.account(scope).shortage(cap, claim.reserve)
            if told is not None:
                live = self._connection.execute(_LIVE_LEASES, (scope,)).fetchone()
                return OverBudget(scope, told, may_change=live is not None)
        return None
