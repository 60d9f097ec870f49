"""The ledger: the durable store of completions, keyed by request fingerprint.

SQLite in WAL mode, because it must survive `kill -9` between any two completions, serve several
processes at once and answer by key. A completion is on disk before anything uses it.
"""

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from synth_assets.core.completion import Completion, Request
from synth_assets.core.planning import request_identity
from synth_assets.errors import LedgerError

_SCHEMA_VERSION = 1
_BUSY_TIMEOUT_S = 30

_CREATE = """
CREATE TABLE IF NOT EXISTS completions (
    fingerprint TEXT PRIMARY KEY,
    teacher TEXT NOT NULL,
    model TEXT NOT NULL,
    request TEXT NOT NULL,
    text TEXT NOT NULL,
    finish_reason TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cost_usd REAL,
    latency_s REAL NOT NULL,
    created_at TEXT NOT NULL
) WITHOUT ROWID
"""
_SELECT = """
SELECT text, finish_reason, prompt_tokens, completion_tokens, cost_usd, latency_s
FROM completions WHERE fingerprint = ?
"""
_INSERT = "INSERT OR IGNORE INTO completions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_STATS = """
SELECT count(*), coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0),
    coalesce(sum(cost_usd), 0.0)
FROM completions
"""


@dataclass(frozen=True)
class LedgerStats:
    """What the ledger holds: completions, tokens, and US dollars paid."""

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
        created_at: ISO 8601, UTC.
    """

    request: str
    completion: Completion
    teacher: str
    created_at: str


class Ledger:
    """One connection to the ledger file; use one instance per thread.

    Raises:
        LedgerError: if the file is no ledger, is damaged, or is of another version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._wrapped():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            self._prepare()

    def get(self, fingerprint: str) -> Completion | None:
        """The completion bought for a request, if there is one."""
        with self._wrapped():
            row = self._connection.execute(_SELECT, (fingerprint,)).fetchone()
        return None if row is None else Completion(fingerprint, *row, from_ledger=True)

    def entry(self, fingerprint: str) -> LedgerEntry | None:
        """A completion with what was asked, for `synth trace`."""
        query = "SELECT request, teacher, created_at FROM completions WHERE fingerprint = ?"
        with self._wrapped():
            row = self._connection.execute(query, (fingerprint,)).fetchone()
        completion = self.get(fingerprint)
        if row is None or completion is None:
            return None
        return LedgerEntry(row[0], completion, row[1], row[2])

    def put(self, bought: Sequence[tuple[Request, Completion]]) -> None:
        """Store completions in one transaction; they are on disk when this returns.

        A request that another process stored meanwhile keeps its first completion.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        rows = [
            (
                request.fingerprint,
                request.teacher,
                request.model,
                request_identity(request),
                completion.text,
                completion.finish_reason,
                completion.prompt_tokens,
                completion.completion_tokens,
                completion.cost_usd,
                completion.latency_s,
                now,
            )
            for request, completion in bought
        ]
        with self._wrapped():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(_INSERT, rows)
                self._connection.execute("COMMIT")
            except BaseException:
                # On a full disk SQLite has rolled back by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def stats(self) -> LedgerStats:
        """Count what the ledger holds."""
        with self._wrapped():
            return LedgerStats(*self._connection.execute(_STATS).fetchone())

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def _prepare(self) -> None:
        connection = self._connection
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _SCHEMA_VERSION):
            raise LedgerError(
                f"{self._path}: ledger version {version}, this program knows {_SCHEMA_VERSION}. "
                "Update the program, or point SYNTH_HOME elsewhere."
            )
        connection.execute("PRAGMA synchronous = FULL")
        if version == 0:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(_CREATE)
            connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")

    @contextmanager
    def _wrapped(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise LedgerError(f"{self._path}: {exc}. {_mend(exc)}") from exc
        except OSError as exc:
            raise LedgerError(f"{self._path}: {exc}. Mend rights, or set SYNTH_HOME.") from exc


def _mend(exc: sqlite3.Error) -> str:
    match getattr(exc, "sqlite_errorname", "").split("_")[:2]:
        case ["SQLITE", "FULL" | "IOERR"]:
            return "Make room on the disk and run again: what was stored is kept."
        case ["SQLITE", "READONLY" | "CANTOPEN" | "PERM"]:
            return "Mend the rights of the file and its folder, or set SYNTH_HOME."
        case ["SQLITE", "BUSY"]:
            return "Another program holds it for long; wait or end that one, then run again."
        case _:
            return "If it is damaged, move it aside; it holds paid completions, so keep it."
