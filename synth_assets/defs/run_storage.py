"""Dagster's storage in SQLite, with connections that are kept and no wait for the disk.

Dagster's own makes an engine and a connection for every event, compiles its statements anew, and
at the end moves the journal into the database, with two waits for the disk; and for every run it
goes through all migrations there ever were. That takes longer than most of our steps do. Here
connections are kept, and the database of a run begins as a copy of an empty one. The files are the
same, so that either storage reads what the other wrote.

Commits no longer wait: after a power cut the last events may be missing, and what they told of is
then made once more, from the ledger. A process that is killed loses none.
"""

import os
import shutil
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import sqlalchemy as sa
from dagster import DagsterInstance
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log import (
    SqlEventLogStorage,
    SqliteEventLogStorage,
    SqlPollingEventWatcher,
)
from dagster._core.storage.event_log.schema import DynamicPartitionsTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage, SqliteStorageConfig
from dagster._serdes import ConfigurableClassData
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection

_MOST_OPEN = 8
_MOST_CONNECTIONS = 20
_MOST_NAMED = 500


def _engine(database: str) -> sa.Engine:
    engine = sa.create_engine(
        database,
        poolclass=sa.QueuePool,
        pool_size=1,
        max_overflow=_MOST_CONNECTIONS,
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
    )

    event.listen(engine, "connect", _without_waiting)
    return engine


def _without_waiting(connection: DBAPIConnection, _: object) -> None:
    connection.cursor().execute("PRAGMA synchronous=NORMAL")


def _copy(blank: Path, path: Path) -> None:
    """Whole or not at all; one that somebody else made meanwhile stays.

    Where files cannot be linked, as on some mounted folders, none is made: migrations make it then.
    """
    with TemporaryDirectory(dir=path.parent.parent) as folder:
        copied = Path(folder) / path.name
        shutil.copyfile(blank, copied)
        with suppress(OSError):
            os.link(copied, path)


def _revision(path: Path) -> str | None:
    """The migration that a database is at."""
    with closing(sqlite3.connect(path, timeout=SQLITE_BUSY_TIMEOUT_SECONDS)) as connection:
        tables = connection.execute("select 1 from sqlite_master where name = 'alembic_version'")
        if tables.fetchone() is None:
            return None
        found = connection.execute("select version_num from alembic_version").fetchone()
    return found[0] if found else None


class _EventLogs(SqliteEventLogStorage):
    """The events of runs, a database each, and an index of them.

    Who watches a run asks for news, as nothing writes into the database's own file any more.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, sa.Engine] = OrderedDict()
        self._initialized_dbs: set[str]
        self._head: str | None = None
        super().__init__(base_dir, inst_data)
        self._watcher = SqlPollingEventWatcher(self)

    @contextmanager
    def _connect(self, shard: str) -> Generator[sa.Connection]:
        with self._db_lock:
            engine = self._engine_of(shard)
            if shard not in self._initialized_dbs:
                if shard == INDEX_SHARD_NAME or not self._is_ready(shard):
                    self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _engine_of(self, shard: str) -> sa.Engine:
        if shard not in self._engines:
            self._engines[shard] = _engine(self.conn_string_for_shard(shard))
            if len(self._engines) > _MOST_OPEN:
                self._engines.popitem(last=False)[1].dispose()
        self._engines.move_to_end(shard)
        return self._engines[shard]

    def _is_ready(self, shard: str) -> bool:
        """Whether a run's database is there, of today's form; where there is none, make it."""
        path = Path(self.path_for_shard(shard))
        blank = Path(self._base_dir).parent / f"blank-{version('dagster')}.db"
        if not blank.exists():
            self._make_blank(blank)
        if self._head is None:
            self._head = _revision(blank)
        if not path.exists():
            _copy(blank, path)
        return _revision(path) == self._head

    def _make_blank(self, blank: Path) -> None:
        with TemporaryDirectory(dir=blank.parent) as folder:
            made = Path(folder) / blank.name
            engine = _engine(f"sqlite:///{made}")
            self._initdb(engine)
            # With its last connection goes its journal, so that it is one file.
            engine.dispose()
            made.replace(blank)

    def watch(self, run_id: str, cursor: str | None, callback: Callable[..., None]) -> None:
        """See `EventLogStorage`."""
        self._watcher.watch_run(run_id, cursor, callback)

    def end_watch(self, run_id: str, handler: Callable[..., None]) -> None:
        """See `EventLogStorage`."""
        self._watcher.unwatch_run(run_id, handler)

    def wipe(self) -> None:
        """See `EventLogStorage`."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """See `EventLogStorage`."""
        self._watcher.close()
        self._close()

    def _close(self) -> None:
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()


class _Runs(SqliteRunStorage):
    """Runs, their tags and backfills."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engine = _engine(conn_string)
        super().__init__(conn_string, inst_data)

    @contextmanager
    def connect(self) -> Generator[sa.Connection]:
        """A connection within a transaction."""
        with self._engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """See `RunStorage`."""
        self._engine.dispose()


class KeptSqliteStorage(DagsterSqliteStorage):
    """The storage of dagster.yaml.

    Args:
        base_dir: folder of the databases.
        inst_data: what Dagster makes it from in another process.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        history = os.path.join(base_dir, "history", "")
        self.base_dir = base_dir
        self._run_storage = _Runs.from_local(history)
        self._event_log_storage = _EventLogs(os.path.join(history, "runs", ""))
        self._schedule_storage = SqliteScheduleStorage.from_local(
            os.path.join(base_dir, "schedules")
        )
        self._inst_data = inst_data
        DagsterStorage.__init__(self)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: SqliteStorageConfig
    ) -> Self:
        """See `ConfigurableClass`."""
        return cls(config_value["base_dir"], inst_data)


def remove_partitions(instance: DagsterInstance, name: str, keys: Sequence[str]) -> None:
    """Take dynamic partitions away, many at a time where the storage is one of Dagster's.

    Dagster's own way takes them one by one, some ms each.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        for key in keys:
            instance.delete_dynamic_partition(name, key)
        return
    table = DynamicPartitionsTable.c
    with storage.index_connection() as connection:
        for start in range(0, len(keys), _MOST_NAMED):
            some = table.partition.in_(keys[start : start + _MOST_NAMED])
            named = sa.and_(table.partitions_def_name == name, some)
            connection.execute(DynamicPartitionsTable.delete().where(named))
