"""Manifests of versions, in one file of SQLite: thousands of small ones would take seconds."""

import json
import sqlite3
from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from synth_assets.core.versions.manifest import Kind, Manifest, Role
from synth_assets.errors import StorageError

_WAIT_S = 30
_CREATE = "CREATE TABLE IF NOT EXISTS manifests (key TEXT PRIMARY KEY, said BLOB NOT NULL)"


@dataclass(frozen=True)
class Manifests:
    """What made each version what it is, by partition key; written once, kept for good."""

    path: Path
    _opened: sqlite3.Connection

    def get(self, key: str) -> Manifest | None:
        """The manifest of a version; none where it was never noted.

        Raises:
            StorageError: if it cannot be read.
        """
        try:
            found = self._opened.execute("SELECT said FROM manifests WHERE key = ?", (key,))
            row = found.fetchone()
            return None if row is None else _manifest(row[0])
        except sqlite3.OperationalError as exc:
            raise _out_of_reach(self.path, exc) from exc
        except (sqlite3.Error, ValueError, TypeError, KeyError) as exc:
            raise unreadable(self.path, exc) from exc

    def add(self, made: Iterable[Manifest]) -> None:
        """Keep those of versions that have none yet: all of them, or none.

        Raises:
            StorageError: if the disk is full or the place cannot be written.
        """
        rows = [(each.key, msgspec.json.encode(each)) for each in made]
        try:
            with self._opened:
                self._opened.executemany("INSERT OR IGNORE INTO manifests VALUES (?, ?)", rows)
        except sqlite3.Error as exc:
            raise _out_of_reach(self.path, exc) from exc


@contextmanager
def opened_manifests(path: Path) -> Generator[Manifests]:
    """Open the file, which is made where there is none.

    Raises:
        StorageError: if it cannot be made, or is no such file.
    """
    try:
        connection = sqlite3.connect(path, timeout=_WAIT_S)
    except sqlite3.Error as exc:
        raise _out_of_reach(path, exc) from exc
    with closing(connection):
        try:
            connection.execute(_CREATE)
        except sqlite3.OperationalError as exc:
            raise _out_of_reach(path, exc) from exc
        except sqlite3.Error as exc:
            raise unreadable(path, exc) from exc
        yield Manifests(path, connection)


def unreadable(path: Path, exc: Exception) -> StorageError:
    """What to say of a part of the history that is damaged or out of reach."""
    return StorageError(
        f"{path}: cannot be read as history: {exc}. Mend its rights, or move it away: what is live "
        "is then noted as new, and nothing is bought again."
    )


def _out_of_reach(path: Path, exc: Exception) -> StorageError:
    """A full disk, rights, or another process that holds it: what is in it may well be sound."""
    return StorageError(
        f"{path}: cannot be opened or written: {exc}. Free space, mend its rights, or wait until "
        "the process that holds it is through."
    )


def _manifest(text: bytes) -> Manifest:
    said: dict[str, Any] = json.loads(text)
    return Manifest(
        Kind(said["kind"]),
        said["key"],
        said["label"],
        said["identity"],
        said["text"],
        {name: Role(role) for name, role in said["roles"].items()},
        said["seeds"],
    )
