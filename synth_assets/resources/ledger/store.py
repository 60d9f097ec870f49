"""The ledger: the durable store of completions, keyed by request fingerprint.

SQLite in WAL mode, because it must survive `kill -9` between any two completions, serve several
processes at once and answer by key. A completion is on disk before anything uses it. Beside the
completions stand the leases of what is being bought just now, the accounts that budgets are held
against, and the failures.
"""

import sqlite3
import zlib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from synth_assets.core.completion import Completion, Request
from synth_assets.core.generation.budget import Budget, Payer
from synth_assets.errors import LedgerError
from synth_assets.resources.ledger.accounts import Account, Accounts
from synth_assets.resources.ledger.checksums import is_sound
from synth_assets.resources.ledger.orders import Claim, Order, Outcome, Settle
from synth_assets.resources.ledger.owners import Owner, Owners
from synth_assets.resources.ledger.schema import VERSION, prepare
from synth_assets.resources.ledger.transaction import SELECT_COMPLETION, Transaction
from synth_assets.resources.ledger.use import Use

_BUSY_TIMEOUT_S = 30
_DAMAGED = "It is damaged. Run `synth ledger repair`: it saves what can be read."

_SELECT_ENTRY = """
SELECT request, teacher, model, recipe, step, created_at, response
FROM completions WHERE fingerprint = ?
"""


@dataclass(frozen=True)
class LedgerStats:
    """What the ledger holds: completions, tokens, and US dollars paid for them."""

    completions: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float


@dataclass(frozen=True)
class LedgerEntry:
    """A completion beside what was asked, for people.

    Attributes:
        request: canonical JSON of messages, parameters and sample index.
        completion: what came back.
        teacher: id of the teacher.
        model: LiteLLM model name.
        recipe: id of the recipe that bought it.
        step: the prompt of that recipe.
        created_at: ISO 8601, UTC.
        response: the provider's answer as it came, without keys; empty where it was not kept.
    """

    request: str
    completion: Completion
    teacher: str
    model: str
    recipe: str
    step: str
    created_at: str
    response: str


class Ledger:
    """One connection to the ledger file; use one instance per thread.

    Args:
        path: the file; made where there is none.
        budget: the caps that this process holds its claims against.

    Raises:
        LedgerError: if the file is no ledger, is damaged, or is of another version.
    """

    def __init__(self, path: Path, budget: Budget | None = None) -> None:
        self.path = path
        self.budget = budget or Budget()
        self._owners = Owners(owners_folder(path))
        self._owner: Owner | None = None
        self._synchronous = "FULL"
        with self._wrapped():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._use = Use(path)
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                self._use.close()
                raise

    @property
    def connection(self) -> sqlite3.Connection:
        """For reading alone, within `reading()`."""
        return self._connection

    @property
    def owner(self) -> Owner:
        """This process as a buyer; from the first use on, until `close`."""
        if self._owner is None:
            with self._wrapped():
                self._owner = Owner(owners_folder(self.path))
        return self._owner

    def get(self, fingerprint: str) -> Completion | None:
        """The completion bought for a request, if there is one.

        Raises:
            LedgerError: if it is not what was stored.
        """
        with self._wrapped():
            row = self._connection.execute(SELECT_COMPLETION, (fingerprint,)).fetchone()
        if row is None:
            return None
        if not is_sound(fingerprint, row[:6], row[6]):
            raise damaged_row(self.path, fingerprint)
        return Completion(fingerprint, *row[:6], from_ledger=True)

    def entry(self, fingerprint: str) -> LedgerEntry | None:
        """A completion with what was asked, for `synth trace`."""
        with self._wrapped():
            row = self._connection.execute(_SELECT_ENTRY, (fingerprint,)).fetchone()
        completion = self.get(fingerprint)
        if row is None or completion is None:
            return None
        request, teacher, model, recipe, step, created_at, response = row
        try:
            raw = zlib.decompress(response).decode("utf-8") if response else ""
        except (zlib.error, UnicodeDecodeError) as exc:
            raise damaged_row(self.path, fingerprint) from exc
        return LedgerEntry(request, completion, teacher, model, recipe, step, created_at, raw)

    def put(self, bought: Sequence[tuple[Request, Completion]], payer: Payer | None = None) -> None:
        """Store completions that need no claim; they are on disk when this returns.

        A request that is there already keeps its first completion.
        """
        paying = payer or Payer()
        self.carry_out([Settle(Claim(request, paying), got) for request, got in bought])

    def carry_out(self, orders: Sequence[Order]) -> list[Outcome]:
        """Carry out orders in one transaction: one outcome each, in the same order.

        Completions are on disk when this returns. Claims and failures survive the end of this
        process, but not a power cut, after which no lease is alive anyhow.
        """
        durable = any(isinstance(order, Settle) for order in orders)
        with self._wrapped():
            self._set_synchronous("FULL" if durable else "NORMAL")
            with self._transaction() as transaction:
                return transaction.carry_out(orders)

    def reap_the_dead(self) -> None:
        """Take over what processes left that are no more; what they had sent counts as spent."""
        with self._wrapped(), self._transaction() as transaction:
            transaction.reap_the_dead()

    def account(self, scope: str) -> Account:
        """What was spent and is reserved: `all`, `run:ID`, `recipe:ID` or `teacher:ID`."""
        with self._wrapped():
            return Accounts(self._connection).account(scope)

    def stats(self) -> LedgerStats:
        """Count what the ledger holds."""
        query = """
            SELECT count(*), coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0),
                coalesce(sum(cost_usd), 0.0)
            FROM completions
        """
        with self._wrapped():
            return LedgerStats(*self._connection.execute(query).fetchone())

    def close(self) -> None:
        """Release the file; a second time, nothing."""
        self._connection.close()
        self._use.close()
        if self._owner is not None:
            self._owner.close()
            self._owner = None

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """The connection, with SQLite's faults named and mended."""
        with self._wrapped():
            yield self._connection

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """The connection within a transaction that is on disk when the block ends."""
        with self._wrapped():
            self._set_synchronous("FULL")
            with self._begun():
                yield self._connection

    def _prepare(self) -> None:
        connection = self._connection
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise LedgerError(
                f"{self.path}: ledger version {version}, this program knows {VERSION}. "
                "Update the program, or point SYNTH_HOME elsewhere."
            )
        connection.execute("PRAGMA synchronous = FULL")
        if version < VERSION:
            prepare(connection, version)

    def _set_synchronous(self, wanted: str) -> None:
        if wanted != self._synchronous:
            self._connection.execute(f"PRAGMA synchronous = {wanted}")
            self._synchronous = wanted

    @contextmanager
    def _transaction(self) -> Generator[Transaction]:
        owner = self.owner.name
        with self._begun():
            transaction = Transaction(self._connection, owner, self._owners, self.budget)
            yield transaction
        # What a dead owner had sent must stay on record until it is in the accounts.
        for name in transaction.gone:
            self._owners.forget(name)

    @contextmanager
    def _begun(self) -> Generator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # On a full disk SQLite has rolled back by itself.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _wrapped(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise LedgerError(f"{self.path}: {exc}. {_mend(exc)}") from exc
        except UnicodeDecodeError as exc:
            raise LedgerError(f"{self.path}: {exc}. {_DAMAGED}") from exc
        except OSError as exc:
            raise LedgerError(f"{self.path}: {exc}. Mend rights, or set SYNTH_HOME.") from exc


def damaged_row(path: Path, fingerprint: str) -> LedgerError:
    """What is said of a completion whose checksum does not fit."""
    return LedgerError(
        f"{path}: the completion {fingerprint} is damaged: it is not what was stored. Run `synth "
        "ledger repair`; what is sound is saved."
    )


def owners_folder(path: Path) -> Path:
    """Where the processes that buy for a ledger have their files."""
    return path.with_suffix(".owners")


def _mend(exc: sqlite3.Error) -> str:
    match getattr(exc, "sqlite_errorname", "").split("_")[:2]:
        case ["SQLITE", "FULL" | "IOERR"]:
            return "Make room on the disk and run again: what was stored is kept."
        case ["SQLITE", "READONLY" | "CANTOPEN" | "PERM"]:
            return "Mend the rights of the file and its folder, or set SYNTH_HOME."
        case ["SQLITE", "BUSY"]:
            return "Another program holds it for long; wait or end that one, then run again."
        case _:
            return _DAMAGED
