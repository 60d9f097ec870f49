"""The lineage database: filled from the files that stages leave, read through a snapshot.

One process at a time writes `lineage.duckdb`, behind a lock file; readers open the snapshot that
is swapped in when an ingest is done, so they neither wait nor see half of one. DuckDB 2.0 lets
no other process open a file that one holds for writing, not even to read.
"""

import glob
import os
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

import filelock
import polars as pl

from synth_assets.errors import LineageError
from synth_assets.resources.lineage.files import LineageFile, find_files
from synth_assets.resources.lineage.migrations import migrate
from synth_assets.resources.lineage.sql_files import SqlFile, SqlFolder
from synth_assets.resources.lineage.trace import Ask, SampleTrace, trace_sample
from synth_assets.resources.lineage.why import KeptOut, SampleWhy, explain_sample

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

Connect: TypeAlias = "Callable[[Path], AbstractContextManager[DuckDBPyConnection]]"

EXAMPLES = 20
"""Violating rows that an audit shows."""


@dataclass(frozen=True)
class IngestReport:
    """What an ingest did.

    Attributes:
        files_new: files that were not in the database.
        files_changed: files whose size or time of writing had changed.
        files_removed: files that are gone, and their rows with them.
        rows: rows read from new and changed files.
        seconds: wall time, waiting for the lock and writing the snapshot included.
    """

    files_new: int
    files_changed: int
    files_removed: int
    rows: int
    seconds: float


@dataclass(frozen=True)
class AuditResult:
    """What an audit found.

    Attributes:
        name: file name of the audit without its ending.
        purpose: what a violating row is, in words.
        violations: number of violating rows.
        examples: the first of them.
    """

    name: str
    purpose: str
    violations: int
    examples: pl.DataFrame


@dataclass(frozen=True)
class _Changes:
    new: tuple[LineageFile, ...]
    changed: tuple[LineageFile, ...]
    gone: tuple[str, ...]

    @property
    def to_read(self) -> tuple[LineageFile, ...]:
        return (*self.new, *self.changed)


@dataclass(frozen=True)
class _Filled:
    changes: _Changes
    rows: int


def connect_duckdb(path: Path) -> "AbstractContextManager[DuckDBPyConnection]":
    """Open a DuckDB file for reading and writing, making it when it is absent."""
    import duckdb

    return duckdb.connect(str(path))


@dataclass(frozen=True)
class LineageDatabase:
    """The lineage of everything under a home folder.

    Attributes:
        home: folder that holds `decisions/`, `verdicts/`, `calls/`, `recipe_versions/` and
            `assets/`; the database lies beside them.
        sql_root: the project's `sql/` folder.
        connect: opens the database for writing; the connection is closed here in any case.
        lock_timeout_s: how long to wait for another ingest to finish.
    """

    home: Path
    sql_root: Path
    connect: Connect = connect_duckdb
    lock_timeout_s: float = 120.0

    @property
    def database(self) -> Path:
        """The file that ingests write."""
        return self.home / "lineage.duckdb"

    @property
    def snapshot(self) -> Path:
        """The file that readers open."""
        return self.home / "lineage.snapshot.duckdb"

    def ingest(self) -> IngestReport:
        """Bring the database up to what lies on disk, and publish a snapshot.

        Only new and changed files are read; each file's rows are replaced in one transaction,
        and rows of vanished files are removed. All files are checked before any is read.

        Raises:
            LineageError: if a file is no Parquet or has wrong columns, another ingest holds the
                lock for too long, or the database cannot be opened or is of another version.
        """
        started = time.perf_counter()
        with self._locked():
            done = self._fill(self.database)
            self._publish()
        return _report(done, started)

    def rebuild(self) -> IngestReport:
        """Make the database anew from the files, beside the old one, and put it in its place.

        Raises:
            LineageError: as `ingest`; the old database then stays.
        """
        started = time.perf_counter()
        beside = self.home / "lineage.rebuild.duckdb"
        with self._locked():
            _remove_database(beside)
            done = self._fill(beside)
            # A log left by a killed ingest would be replayed onto the new file.
            _remove_database(self.database)
            os.replace(beside, self.database)
            self._publish()
        return _report(done, started)

    def query(self, name: str, **parameters: str | int) -> pl.DataFrame:
        """Run `sql/queries/<name>.sql` on the snapshot.

        Raises:
            LineageError: if there is no snapshot, no such query, or it takes other parameters.
        """
        with self._reading() as connection:
            return self._sql.file("queries", name).ask(connection, **parameters).pl()

    def select(self, sql: str) -> pl.DataFrame:
        """Run a user's own SELECT on the snapshot, which nothing can change.

        Raises:
            LineageError: if there is no snapshot, or DuckDB refuses the query; it says where.
        """
        import duckdb

        with self._reading() as connection:
            try:
                # The stubs do not say that a statement without an answer gives none.
                relation = cast("DuckDBPyRelation | None", connection.sql(sql))
                if relation is None:
                    raise LineageError("That query has no answer. Write one SELECT.")
                return relation.pl()
            except duckdb.Error as exc:
                raise LineageError(f"DuckDB says: {exc}") from exc

    def audits(self) -> tuple[AuditResult, ...]:
        """Run every audit of `sql/audits/` on the snapshot.

        Raises:
            LineageError: if there is no snapshot.
        """
        with self._reading() as connection:
            return tuple(_audit(connection, file) for file in self._sql.files("audits"))

    def trace(self, sample_id: str) -> SampleTrace | None:
        """Tell the story of a sample, named by its id or the beginning of it.

        Raises:
            LineageError: if there is no snapshot, or fewer than 6 characters or a beginning of
                several ids is given.
        """
        with self._asking() as ask:
            return trace_sample(ask, sample_id)

    def why(self, sample_id: str) -> SampleWhy | KeptOut | None:
        """Say why a row is where it is, named by its id or the beginning of it.

        Raises:
            LineageError: as `trace`.
        """
        with self._asking() as ask:
            return explain_sample(ask, sample_id)

    @contextmanager
    def _asking(self) -> Generator[Ask, None, None]:
        with self._reading() as connection:

            def ask(name: str, **parameters: str | int) -> pl.DataFrame:
                return self._sql.file("queries", name).ask(connection, **parameters).pl()

            yield ask

    @property
    def _sql(self) -> SqlFolder:
        return SqlFolder(self.sql_root)

    @contextmanager
    def _locked(self) -> Generator[None, None, None]:
        self.home.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self.home / "lineage.lock", timeout=self.lock_timeout_s)
        try:
            lock.acquire()
        except filelock.Timeout as exc:
            raise LineageError(
                f"{self.home}: another process has been writing the lineage database for "
                f"{self.lock_timeout_s:g} s. Wait until it is done and try again."
            ) from exc
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _reading(self) -> "Generator[DuckDBPyConnection, None, None]":
        import duckdb

        if not self.snapshot.exists():
            raise LineageError(
                f"{self.snapshot}: there is no lineage database yet. Run `synth run` first."
            )
        try:
            with duckdb.connect(str(self.snapshot), read_only=True) as connection:
                yield connection
        except duckdb.Error as exc:
            raise LineageError(
                f"{self.snapshot}: cannot be read ({exc}). Delete it and run `synth run` again."
            ) from exc

    @contextmanager
    def _writing(self, database: Path) -> "Generator[DuckDBPyConnection, None, None]":
        import duckdb

        try:
            # Closed here too: DuckDBResource leaves it open, and locked, after an exception.
            with self.connect(database) as connection, closing(connection):
                yield connection
        except duckdb.Error as exc:
            raise LineageError(
                f"{database}: cannot be written ({exc}). If another program has it open, close "
                "it there; if it is damaged, delete it and run `synth run`: it is rebuilt from "
                "the files beside it."
            ) from exc

    def _fill(self, database: Path) -> _Filled:
        files = find_files(self.home)
        with self._writing(database) as connection:
            migrate(connection, self._sql)
            changes = self._changes(connection, files)
            for file in changes.to_read:
                file.check_columns()
            for relative in changes.gone:
                self._forget(connection, relative)
            rows = sum(self._replace(connection, file) for file in changes.to_read)
            connection.checkpoint()
        return _Filled(changes, rows)

    def _changes(
        self, connection: "DuckDBPyConnection", files: tuple[LineageFile, ...]
    ) -> _Changes:
        listed = self._sql.file("ingest", "list_files").run(connection)
        known = {path: (size, mtime) for path, size, mtime in listed}
        return _Changes(
            new=tuple(file for file in files if file.relative not in known),
            changed=tuple(
                file
                for file in files
                if known.get(file.relative, ()) not in ((), (file.size_bytes, file.mtime_ns))
            ),
            gone=tuple(sorted(known.keys() - {file.relative for file in files})),
        )

    def _forget(self, connection: "DuckDBPyConnection", relative: str) -> None:
        connection.begin()
        self._sql.file("ingest", "remove_file").run(connection, file_path=relative)
        connection.commit()

    def _replace(self, connection: "DuckDBPyConnection", file: LineageFile) -> int:
        import duckdb

        try:
            connection.begin()
            self._sql.file("ingest", "remove_file").run(connection, file_path=file.relative)
            [(rows,)] = self._sql.file("ingest", f"insert_{file.table}").run(
                connection,
                # read_parquet would take brackets and stars of a folder's name for patterns.
                path=glob.escape(str(file.path)),
                file_path=file.relative,
                partition=file.partition,
            )
            self._sql.file("ingest", "record_file").run(
                connection,
                file_path=file.relative,
                size_bytes=file.size_bytes,
                mtime_ns=file.mtime_ns,
                row_count=rows,
            )
            connection.commit()
        except duckdb.Error as exc:
            raise LineageError(
                f"{file.path}: cannot be ingested ({exc}). Materialize the asset that wrote it "
                "again."
            ) from exc
        return rows

    def _publish(self) -> None:
        copy = self.home / "lineage.snapshot.duckdb.tmp"
        shutil.copyfile(self.database, copy)
        os.replace(copy, self.snapshot)


def _report(done: _Filled, started: float) -> IngestReport:
    return IngestReport(
        files_new=len(done.changes.new),
        files_changed=len(done.changes.changed),
        files_removed=len(done.changes.gone),
        rows=done.rows,
        seconds=time.perf_counter() - started,
    )


def _audit(connection: "DuckDBPyConnection", file: SqlFile) -> AuditResult:
    violating = file.ask(connection)
    return AuditResult(
        name=file.name,
        purpose=file.purpose,
        violations=len(violating),
        examples=violating.limit(EXAMPLES).pl(),
    )


def _remove_database(path: Path) -> None:
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    path.unlink(missing_ok=True)
