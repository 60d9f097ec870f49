"""SQL that must parse, by sqlglot, and name what a schema has; nothing is run."""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from synth_assets.core.schema import Reason
from synth_assets.core.verify.reading.folding import clipped
from synth_assets.core.verify.syntax.outcome import (
    Faulty,
    Parsed,
    ReadOutcome,
    Unread,
    beyond_depth,
)
from synth_assets.errors import RecipeError

if TYPE_CHECKING:
    from sqlglot import exp

MAX_CHARACTERS = 20_000
"""Of a query; sqlglot reads 100,000 a second at worst."""
MAX_DEPTH = 20
"""A level takes up to 25 of the 1,000 calls that Python nests."""

_TOKENS = re.compile(
    r"'(?>(?:[^']|'')*)'|\"(?>(?:[^\"]|\"\")*)\"|--[^\n]*+|/\*(?>(?:[^*]|\*(?!/))*)\*/|[()\[\]{}]"
)
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_TABLES: TypeAdapter[dict[str, list[str] | dict[str, str]]] = TypeAdapter(
    dict[str, list[str] | dict[str, str]]
)


@dataclass(frozen=True)
class SqlAsked:
    """What SQL must be.

    Attributes:
        dialect: sqlglot's name for it; its own tolerant mixture where empty.
        only_select: every statement is a query that writes nothing.
        tables: table -> columns that there are, lower case; none where names are not looked at.
    """

    dialect: str
    only_select: bool
    tables: Mapping[str, tuple[str, ...]] | None = None


def check_dialect(name: str) -> None:
    """Refuse a dialect that sqlglot does not know.

    Raises:
        RecipeError: naming those it knows.
    """
    import sqlglot

    # What it says of statements that it does not read is said in verdicts.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    if name and sqlglot.Dialect.get(name) is None:
        known = ", ".join(sorted(sqlglot.Dialect.classes.keys() - {""}))
        raise RecipeError(f"verifier parses: no SQL dialect {name!r}. There are: {known}.")


def read_tables(name: str, files: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Table -> columns, of a JSON file: `{"orders": ["id", "total"]}`, or column -> type.

    Raises:
        RecipeError: if the file is missing or says something else.
    """
    if name not in files:
        raise RecipeError(
            f"verifier parses: there is no file {name}. Files here: "
            f"{', '.join(sorted(files)) or 'none'}. Put it into the recipe's folder, or mend "
            "tables_file."
        )
    try:
        said = _TABLES.validate_python(json.loads(files[name]))
    except (ValidationError, ValueError, RecursionError) as fault:
        raise RecipeError(
            f"{name}: tables are a JSON object of table to a list of columns, or to an object of "
            'column to type: {"orders": ["id", "total"]}. Mend it.'
        ) from fault
    return {table.lower(): tuple(map(str.lower, columns)) for table, columns in said.items()}


def read_sql(text: str, asked: SqlAsked) -> ReadOutcome:
    """Whether a text is statements of SQL, of the kind and with the names that are asked for."""
    if len(text) > MAX_CHARACTERS:
        return Unread(f"{len(text):,} characters; at most {MAX_CHARACTERS:,} of SQL are read")
    if (deep := beyond_depth(text, _TOKENS, MAX_DEPTH)) is not None:
        return deep
    import sqlglot
    from sqlglot import errors

    try:
        parsed = sqlglot.parse(text, dialect=asked.dialect or None)
        found = [each for each in parsed if each is not None]
        return _statements(found, asked)
    except errors.ParseError as fault:
        return Faulty.syntax(_told(fault))
    except errors.TokenError as fault:
        return Faulty.syntax(f"no tokens of SQL: {clipped(_ESCAPES.sub('', str(fault)), 120)}")
    except RecursionError:
        return Unread("nested too deep for the parser")


def _told(fault: Any) -> str:  # noqa: ANN401 - its errors are untyped
    if not fault.errors:
        return clipped(_ESCAPES.sub("", str(fault)), 120)
    first = fault.errors[0]
    told = first["description"].partition(" but got ")[0][:120]
    if told.startswith("Required keyword"):  # names of sqlglot's own classes follow
        told = "Something is missing"
    return f"{told} at line {first['line']}, column {first['col']}"


def _statements(found: "Sequence[exp.Expr]", asked: SqlAsked) -> ReadOutcome:
    from sqlglot import exp

    found = [each for each in found if not isinstance(each, exp.Semicolon)]
    if not found:
        return Faulty.syntax("it holds no statement")
    for each in found:
        if isinstance(each, exp.Command):
            return Unread(
                f"sqlglot does not read {clipped(each.name or str(each.this))} statements"
            )
        if not isinstance(each, _statement_kinds()):
            return Faulty.syntax(f"no statement: {clipped(each.sql())}")
        fault = _asked_fault(each, asked)
        if fault is not None:
            return fault
    return Parsed(f"SQL, {len(found)} statement{'s' * (len(found) > 1)}")


def _statement_kinds() -> tuple[type, ...]:
    """What stands for itself; sqlglot takes an expression for a statement too."""
    from sqlglot import exp

    names = (
        *("Query", "DML", "DDL", "Create", "Drop", "Alter", "Values", "TruncateTable", "Set"),
        *("Describe", "Use", "Pragma", "Transaction", "Commit", "Rollback", "Show", "Copy"),
        *("Merge", "Comment", "Grant", "Revoke", "Analyze", "Refresh", "Cache", "Uncache"),
        *("Attach", "Detach", "Summarize", "Pivot"),
    )
    return tuple(getattr(exp, name) for name in names if hasattr(exp, name))


def _asked_fault(statement: "exp.Expr", asked: SqlAsked) -> Faulty | Unread | None:
    from sqlglot import exp

    writes = statement.find(
        *(exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.Into)
    )
    if asked.only_select and (writes or not isinstance(statement, exp.Query)):
        kind = type(writes or statement).__name__.upper()
        return Faulty(Reason.SCHEMA_VIOLATION, f"only queries are asked for, not {kind}")
    if asked.tables is None:
        return None
    return _unknown_table(statement, asked.tables) or _unknown_column(statement, asked)


def _unknown_table(statement: "exp.Expr", tables: Mapping[str, tuple[str, ...]]) -> Faulty | None:
    from sqlglot import exp

    defined = {each.alias.lower() for each in statement.find_all(exp.CTE)}
    if isinstance(statement, exp.Create):
        defined |= {each.name.lower() for each in [statement.this.find(exp.Table)] if each}
    for table in statement.find_all(exp.Table):
        name = table.name.lower()
        if isinstance(table.this, exp.Identifier) and name not in tables and name not in defined:
            return Faulty(Reason.SCHEMA_VIOLATION, f"there is no table {clipped(table.name)}")
    return None


def _unknown_column(statement: "exp.Expr", asked: SqlAsked) -> Faulty | Unread | None:
    """Columns of queries; those of other statements are not looked at."""
    from sqlglot import exp
    from sqlglot.errors import OptimizeError, SqlglotError
    from sqlglot.optimizer.qualify import qualify

    if not isinstance(statement, exp.Query):
        return None
    schema: dict[str, object] = {
        table: dict.fromkeys(columns, "unknown") for table, columns in (asked.tables or {}).items()
    }
    try:
        qualify(statement.copy(), schema=schema, dialect=asked.dialect or None)
    except OptimizeError as fault:
        told = _ESCAPES.sub("", str(fault)).partition("\n")[0]
        return Faulty(Reason.SCHEMA_VIOLATION, told[:160])
    except (SqlglotError, LookupError, AttributeError, TypeError, ValueError) as fault:
        # The optimizer is not made for every query there is.
        return Unread(f"names cannot be looked up: {type(fault).__name__}: {str(fault)[:100]}")
    return None
