"""The SQL of the lineage database, as it lies in `sql/`: read, never built."""

import hashlib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth_assets.errors import LineageError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation


@dataclass(frozen=True)
class SqlFile:
    """One `.sql` file.

    Attributes:
        name: file name without its ending.
        text: the whole file.
    """

    name: str
    text: str

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of the text, 64 hexadecimal digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def purpose(self) -> str:
        """What the header says after `Purpose:`, as one line."""
        _, _, rest = self.text.partition("-- Purpose:")
        said, _, _ = rest.partition("-- Grain:")
        return " ".join(said.replace("\n--", " ").split())

    @property
    def version(self) -> int:
        """The number a migration's name begins with."""
        return int(self.name.split("_", 1)[0])

    def run(
        self, connection: "DuckDBPyConnection", **parameters: str | int
    ) -> list[tuple[Any, ...]]:
        """Execute every statement, each with those of `parameters` that it names.

        Returns:
            The rows of the last statement; of an INSERT one row with the number of rows.
        """
        for statement in connection.extract_statements(self.text):
            named = {name: parameters[name] for name in statement.named_parameters}
            connection.execute(statement, named)
        return connection.fetchall()

    def ask(self, connection: "DuckDBPyConnection", **parameters: str | int) -> "DuckDBPyRelation":
        """Prepare the file's one SELECT.

        Raises:
            LineageError: if `parameters` are not exactly those the SELECT names.
        """
        [statement] = connection.extract_statements(self.text)
        if statement.named_parameters != parameters.keys():
            raise LineageError(
                f"{self.name}.sql takes {_listed(statement.named_parameters)} and was given "
                f"{_listed(parameters.keys())}. Give exactly what it takes."
            )
        return connection.sql(statement, params=parameters or None)


@dataclass(frozen=True)
class SqlFolder:
    """The `sql/` folder of the project."""

    root: Path

    def file(self, folder: str, name: str) -> SqlFile:
        """One file by name.

        Raises:
            LineageError: if there is none, listing those there are.
        """
        for path in self._paths(folder):
            if path.stem == name:
                return _read(path)
        known = ", ".join(path.stem for path in self._paths(folder))
        raise LineageError(f"{self.root / folder}: there is no {name}.sql. Use one of: {known}.")

    def files(self, folder: str) -> tuple[SqlFile, ...]:
        """All files of a folder, sorted by name.

        Raises:
            LineageError: if the folder has none.
        """
        return tuple(_read(path) for path in self._paths(folder))

    def _paths(self, folder: str) -> list[Path]:
        paths = sorted((self.root / folder).glob("*.sql"))
        if not paths:
            raise LineageError(
                f"{self.root / folder}: there is no SQL here. Point at the project's sql/ folder."
            )
        return paths


def _read(path: Path) -> SqlFile:
    return SqlFile(path.stem, path.read_text(encoding="utf-8"))


def _listed(names: AbstractSet[str]) -> str:
    return ", ".join(f"${name}" for name in sorted(names)) or "no parameters"
