"""Requests and completions for tests of the ledger, and ledgers to damage."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from synth_assets.core.completion import Completion, Message, Request
from synth_assets.core.generation.budget import Amount, Payer
from synth_assets.resources.ledger.orders import Claim, Fail, Settle
from synth_assets.resources.ledger.store import Ledger

PAYER = Payer("sums", "run-1")
_BATCH = """
INSERT INTO batches
VALUES ('b1', 't0', '', 'sums', 'run-1', 'submitted', 'f', 'p', 1, 0, 0, '', '2026', '2026')
"""
_BATCH_REQUEST = "INSERT INTO batch_requests VALUES (?, 'b1', '{}', 7, 9)"
_BATCH_LEASE = "INSERT INTO leases VALUES (?, 'batch:b1', 't0', 'sums', 'run-1', 7, 9)"


def request(number: int) -> Request:
    teacher = f"t{number % 3}"
    return Request(teacher, "openai/m", "", (Message("user", f"hello {number}"),), "{}", 0, "write")


def completion(number: int, text: str = "text", cost_usd: float | None = 0.5) -> Completion:
    return Completion(request(number).fingerprint, text, "stop", 3, 4, cost_usd, 1.5, raw="{}")


def claim(number: int, usd_pico: int = 10, tokens: int = 10, payer: Payer = PAYER) -> Claim:
    return Claim(request(number), payer, Amount(usd_pico, tokens))


def long_text(number: int) -> str:
    """Some rows fill several pages."""
    return f"answer {number} ünï " + "y" * (20_000 if number % 41 == 0 else number % 13 * 90)


@dataclass(frozen=True)
class Bought:
    """A folder with a ledger, as its last process left it.

    Attributes:
        folder: `ledger.sqlite` and what lies beside it.
        rows: completions 0 to `rows` are in it.
    """

    folder: Path
    rows: int

    @property
    def path(self) -> Path:
        return self.folder / "ledger.sqlite"

    def copy(self, folder: Path) -> "Bought":
        shutil.copytree(self.folder, folder)
        return Bought(folder, self.rows)

    def check(self, ledger: Ledger) -> float:
        """The share of completions that are there; each of them must be the right one."""
        found = 0
        for number in range(self.rows):
            got = ledger.get(request(number).fingerprint)
            if got is not None:
                assert got.text == long_text(number)
                assert (got.finish_reason, got.prompt_tokens, got.cost_usd) == ("stop", 3, 0.5)
                found += 1
        return found / self.rows


def buy(folder: Path, rows: int, *, killed: bool) -> Bought:
    """Buy completions; beside them failures, accounts and a batch that is under way.

    Args:
        folder: where the ledger goes.
        rows: completions.
        killed: leave the write-ahead log as a killed process does.
    """
    work = folder / "work"
    ledger = Ledger(work / "ledger.sqlite")
    for start in range(0, rows, 10):
        numbers = range(start, start + 10)
        ledger.carry_out([Settle(claim(n), completion(n, long_text(n))) for n in numbers])
        failing = claim(rows + start)
        ledger.carry_out([failing])
        ledger.carry_out([Fail(failing, "timeout", "too slow", perhaps=Amount(1, 2))])
    with ledger.writing() as connection:
        waiting = request(-1).fingerprint
        connection.execute(_BATCH)
        connection.execute(_BATCH_REQUEST, (waiting,))
        connection.execute(_BATCH_LEASE, (waiting,))
        connection.execute(
            "UPDATE accounts SET reserved_usd_pico = 7, reserved_tokens = 9 "
            "WHERE scope IN ('all', 'run:run-1', 'recipe:sums', 'teacher:t0')"
        )
    if not killed:
        ledger.close()
    left = folder / "left"
    left.mkdir()
    for file in work.glob("ledger.sqlite*"):
        shutil.copy(file, left)
    if killed:
        ledger.close()
    return Bought(left, rows)
