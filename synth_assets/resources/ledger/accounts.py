"""Spending by account within one transaction: read once, changed, written back."""

import sqlite3
from collections.abc import Iterable
from dataclasses import astuple, dataclass

from synth_assets.core.completion import Completion
from synth_assets.core.config.budgets import Cap
from synth_assets.core.generation.budget import NOTHING, PICO, Amount, paid_for

_SELECT = """
SELECT usd_pico, tokens, reserved_usd_pico, reserved_tokens, perhaps_usd_pico, perhaps_tokens,
    unpriced
FROM accounts WHERE scope = ?
"""
_REPLACE = "INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


def pico(usd: float | None) -> int:
    """What a completion of that price is booked as, in pico-dollars; an unknown price is none."""
    return paid_for(Completion("", "", "", 0, 0, usd, 0.0)).usd_pico


@dataclass
class Account:
    """What was spent, is reserved, and was perhaps spent without an answer to show for it.

    Attributes:
        unpriced: completions of which nobody knows the price.
    """

    usd_pico: int = 0
    tokens: int = 0
    reserved_usd_pico: int = 0
    reserved_tokens: int = 0
    perhaps_usd_pico: int = 0
    perhaps_tokens: int = 0
    unpriced: int = 0

    @property
    def usd(self) -> float:
        """US dollars spent, perhaps-spent ones included."""
        return (self.usd_pico + self.perhaps_usd_pico) / PICO

    @property
    def perhaps_usd(self) -> float:
        """US dollars perhaps spent on calls that broke off."""
        return self.perhaps_usd_pico / PICO

    @property
    def reserved_usd(self) -> float:
        """US dollars that calls in flight may take at most."""
        return self.reserved_usd_pico / PICO

    def shortage(self, cap: Cap, more: Amount) -> str | None:
        """Say why `more` does not fit under a cap; none where it does."""
        usd = self.usd_pico + self.perhaps_usd_pico + self.reserved_usd_pico + more.usd_pico
        if cap.usd is not None and usd > round(cap.usd * PICO):
            return (
                f"{self.usd:.4f} USD spent and {self.reserved_usd:.4f} reserved of {cap.usd:g}, "
                f"the next call may take {more.usd:.6f}"
            )
        spent = self.tokens + self.perhaps_tokens
        if cap.tokens is not None and spent + self.reserved_tokens + more.tokens > cap.tokens:
            return (
                f"{spent:,} tokens spent and {self.reserved_tokens:,} reserved of {cap.tokens:,}, "
                f"the next call may take {more.tokens:,}"
            )
        return None


class Accounts:
    """The accounts that one transaction touches."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._touched: dict[str, Account] = {}

    def account(self, scope: str) -> Account:
        """The account as it is now."""
        if scope not in self._touched:
            row = self._connection.execute(_SELECT, (scope,)).fetchone()
            self._touched[scope] = Account(*(row or ()))
        return self._touched[scope]

    def change(
        self,
        scopes: Iterable[str],
        *,
        spent: Amount = NOTHING,
        freed: Amount = NOTHING,
        reserved: Amount = NOTHING,
        perhaps: Amount = NOTHING,
        unpriced: int = 0,
    ) -> None:
        """Book amounts on several accounts; `freed` takes back what was reserved."""
        for scope in scopes:
            account = self.account(scope)
            account.usd_pico += spent.usd_pico
            account.tokens += spent.tokens
            account.reserved_usd_pico += reserved.usd_pico - freed.usd_pico
            account.reserved_tokens += reserved.tokens - freed.tokens
            account.perhaps_usd_pico += perhaps.usd_pico
            account.perhaps_tokens += perhaps.tokens
            account.unpriced += unpriced

    def write(self) -> None:
        """Write back what was touched."""
        rows = [(scope, *astuple(account)) for scope, account in self._touched.items()]
        self._connection.executemany(_REPLACE, rows)
