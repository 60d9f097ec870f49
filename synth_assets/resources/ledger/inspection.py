"""Whether a ledger is damaged; looking changes nothing in it."""

import sqlite3
import struct
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from synth_assets.resources.ledger.checksums import is_sound
from synth_assets.resources.ledger.pages import LOG_MAGIC, MAGIC
from synth_assets.resources.ledger.schema import VERSION

_BUSY_TIMEOUT_S = 30
_QUICK_CHECK_BYTES = 64 * 1024**2
_NO_DAMAGE = (
    "BUSY",
    "CANTOPEN",
    "FULL",
    "IOERR",
    "LOCKED",
    "NOMEM",
    "PERM",
    "PROTOCOL",
    "READONLY",
)
_TABLES = {"completions", "failures", "leases", "accounts", "batches", "batch_requests"}

_FIRST_ROWS = """
SELECT fingerprint, text, finish_reason, prompt_tokens, completion_tokens, cost_usd, latency_s,
    checksum
FROM completions ORDER BY rowid LIMIT 50
"""
_LAST_ROWS = """
SELECT fingerprint, text, finish_reason, prompt_tokens, completion_tokens, cost_usd, latency_s,
    checksum
FROM completions ORDER BY rowid DESC LIMIT 50
"""
_ALL_ROWS = """
SELECT fingerprint, text, finish_reason, prompt_tokens, completion_tokens, cost_usd, latency_s,
    checksum
FROM completions
"""
_ALL_RESPONSES = "SELECT count(request), count(response) FROM completions"

_LOG_HEADER, _FRAME_HEADER = 32, 24
_SHM_LAST_FRAME = 16


def find_fault(path: Path, *, is_alone: bool) -> str | None:
    """Say what is wrong with a ledger, by a look that is cheap enough for each opening.

    Files of at most 64 MB are checked whole but for their rows' checksums; of larger ones the
    schema and some rows are.

    Args:
        path: the ledger.
        is_alone: whether nobody else has it open; file and log are then looked at as bytes, too.

    Returns:
        None where it seems sound, is not there, is of another version, or cannot be opened for
        reasons that are no damage.
    """
    with _errors_told() as told:
        fault = _file_fault(path) if is_alone else None
        if fault is not None:
            told.append(fault)
        elif path.exists():
            with _reading(path) as connection:
                large = path.stat().st_size > _QUICK_CHECK_BYTES
                told.extend(_database_faults(connection, large=large))
                if is_alone:
                    told.extend(_cut_log(path))
    return told[0] if told else None


def find_any_fault(path: Path) -> str | None:
    """Say what is wrong with a ledger that nobody else has open; looks at every row and index.

    Returns:
        As `find_fault`.
    """
    fault = find_fault(path, is_alone=True)
    if fault is not None or not path.exists():
        return fault
    with _errors_told() as told, _reading(path) as connection:
        told.extend(_whole_faults(connection))
    return told[0] if told else None


@contextmanager
def _errors_told() -> Generator[list[str]]:
    """Collects faults; an error of SQLite's is one where it speaks of damage."""
    told: list[str] = []
    try:
        yield told
    except sqlite3.Error as exc:
        kind = getattr(exc, "sqlite_errorname", "SQLITE_CORRUPT").split("_")[1]
        if kind not in _NO_DAMAGE:
            told.append(str(exc))
    except UnicodeDecodeError as exc:
        told.append(str(exc))
    except OSError:
        return  # opening it will say what is the matter


@contextmanager
def _reading(path: Path) -> Generator[sqlite3.Connection]:
    # One that may write would move the log into the file at the end.
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", timeout=_BUSY_TIMEOUT_S, uri=True
    )
    try:
        yield connection
    finally:
        connection.close()


def _file_fault(path: Path) -> str | None:
    """What its first bytes tell; SQLite would take some of these for a new file."""
    log = path.with_name(f"{path.name}-wal")
    if not path.exists():
        return "the file is gone, its log is there" if _size(log) else None
    if path.stat().st_size == 0:
        return "the file is empty"
    with path.open("rb") as file:
        head = file.read(100)
    if len(head) < 100 or head[:16] != MAGIC:
        return "it is no SQLite file"
    [form] = struct.unpack_from(">I", head, 44)
    [encoding] = struct.unpack_from(">I", head, 56)
    if not {head[18], head[19]} <= {1, 2} or form > 4 or encoding not in (0, 1):
        return "its header is damaged"
    return None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _database_faults(connection: sqlite3.Connection, *, large: bool) -> Iterable[str]:
    [version] = connection.execute("PRAGMA user_version").fetchone()
    names = {name for [name] in connection.execute("SELECT tbl_name FROM sqlite_master")}
    if version == 0 and not names:
        return
    if version != VERSION and names == _TABLES:
        yield "its version number is damaged"
    elif version > VERSION:
        return
    elif not names >= (_TABLES if version == VERSION else {"completions"}):
        yield "its schema is damaged"
    elif large and version == VERSION:
        for query in (_FIRST_ROWS, _LAST_ROWS):
            yield from _wrong_rows(connection.execute(query))
    else:
        [found] = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            yield str(found)


def _whole_faults(connection: sqlite3.Connection) -> Iterable[str]:
    [found] = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        yield str(found)
    [version] = connection.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        connection.execute(_ALL_RESPONSES).fetchone()
        yield from _wrong_rows(connection.execute(_ALL_ROWS))


def _wrong_rows(rows: Iterable[tuple[object, ...]]) -> Iterable[str]:
    wrong = sum(not is_sound(str(row[0]), row[1:7], row[7]) for row in rows)
    if wrong:
        yield f"{wrong:,} completions are not what was stored"


def _cut_log(path: Path) -> Iterable[str]:
    """Whether the log goes on with committed frames behind the last one that SQLite reads.

    It takes a damaged frame for the end of the log and says nothing. What a killed process left of
    an unfinished transaction has no commit mark.
    """
    log, shared = (path.with_name(f"{path.name}{suffix}") for suffix in ("-wal", "-shm"))
    if _size(log) < _LOG_HEADER or _size(shared) < 48:
        return
    with shared.open("rb") as file:
        before = file.read(48)
    with log.open("rb") as file:
        head = file.read(_LOG_HEADER)
        if struct.unpack_from(">I", head, 0)[0] not in LOG_MAGIC:
            yield "its log is damaged: it does not begin as one"
            return
        [page_size] = struct.unpack_from(">I", head, 8)
        [last] = struct.unpack_from("=I", before, _SHM_LAST_FRAME)
        if not 512 <= page_size <= 65_536 or before[32:40] != head[16:24]:
            last, page_size = 0, 4096
        step = _FRAME_HEADER + page_size
        for at in range(_LOG_HEADER + last * step, _size(log) - step + 1, step):
            file.seek(at)
            frame = file.read(16)
            if frame[8:16] == head[16:24] and frame[4:8] != bytes(4):
                yield "its log is damaged: committed frames stand behind one that is not whole"
                return
