"""Bringing a lineage database to the schema of this version of the code."""

from typing import TYPE_CHECKING

from synth_assets.errors import LineageError
from synth_assets.resources.lineage.sql_files import SqlFile, SqlFolder

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MEND = "delete lineage.duckdb and run `synth run`; it is rebuilt from the files beside it"


def migrate(connection: "DuckDBPyConnection", sql: SqlFolder) -> None:
    """Apply the migrations that are missing, in order, and define the views anew.

    Migration 0 makes the table that remembers the others; it is idempotent and always run.

    Raises:
        LineageError: if an applied migration was edited since, or the database has seen one that
            this code does not know.
    """
    memory, *migrations = sql.files("migrations")
    memory.run(connection)
    applied = _applied(connection, sql)
    _refuse_newer(applied, migrations)
    for migration in migrations:
        known = applied.get(migration.version)
        if known is None:
            _apply(connection, sql, migration)
        elif known != migration.checksum:
            raise LineageError(
                f"sql/migrations/{migration.name}.sql was edited after it was applied to this "
                f"database. Take the edit back and add a new migration instead; or {_MEND}."
            )
    connection.begin()
    for view in sql.files("views"):
        view.run(connection)
    connection.commit()


def _apply(connection: "DuckDBPyConnection", sql: SqlFolder, migration: SqlFile) -> None:
    connection.begin()
    migration.run(connection)
    sql.file("ingest", "record_migration").run(
        connection,
        version=migration.version,
        name=migration.name,
        checksum=migration.checksum,
    )
    connection.commit()


def _applied(connection: "DuckDBPyConnection", sql: SqlFolder) -> dict[int, str]:
    rows = sql.file("ingest", "list_migrations").run(connection)
    return {version: checksum for version, _, checksum in rows}


def _refuse_newer(applied: dict[int, str], migrations: list[SqlFile]) -> None:
    unknown = sorted(applied.keys() - {migration.version for migration in migrations})
    if unknown:
        raise LineageError(
            f"The lineage database has seen migration {unknown[-1]}, which this version of "
            f"synth-assets does not know: the database is newer. Upgrade synth-assets; or {_MEND}."
        )
