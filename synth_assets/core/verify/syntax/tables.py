"""Tables in Markdown and CSV: a header, and as many cells in each row."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

from synth_assets.core.schema import Reason
from synth_assets.core.verify.reading.fenced import fenced_blocks
from synth_assets.core.verify.reading.folding import clipped, folded
from synth_assets.core.verify.syntax.outcome import Faulty, Parsed, ReadOutcome

_CELL = re.compile(r"((?>(?:[^|\\]|\\.?)*))(\||$)", re.DOTALL)
_RULE = re.compile(r":?-+:?")


@dataclass(frozen=True)
class TableAsked:
    """What a table must have.

    Attributes:
        columns: names in its header, in any order; compared without case.
        min_rows: rows below the header.
    """

    columns: tuple[str, ...] = ()
    min_rows: int = 0


def read_markdown_tables(text: str, asked: TableAsked) -> ReadOutcome:
    r"""Whether the tables of a text are well-formed, and one of them has what is asked for.

    Tables are those of GitHub's Markdown outside fenced blocks: a header, a line of dashes, rows
    until a line without a pipe. Each row must have a cell for each column; `\|` parts no cells.
    """
    tables = list(_tables(_unfenced(text)))
    if not tables:
        return Faulty(Reason.MALFORMED_TABLE, "there is no table")
    for rows in tables:
        if fault := _table_fault(rows):
            return Faulty(Reason.MALFORMED_TABLE, fault)
    lacks = [_lack(rows[0], len(rows) - 2, asked) for rows in tables]
    if all(lacks):
        many = f" (none of {len(tables)} tables has it)" if len(tables) > 1 else ""
        return Faulty(Reason.MALFORMED_TABLE, lacks[0] + many)
    rows = tables[lacks.index("")]
    return Parsed(f"a table of {len(rows[0])} columns and {len(rows) - 2} rows")


def read_csv(text: str, delimiter: str, asked: TableAsked) -> ReadOutcome:
    """Whether a text is CSV by RFC 4180, with a header and as many cells in each row."""
    reader = csv.reader(StringIO(text.strip("\r\n")), delimiter=delimiter, strict=True)
    header: list[str] = []
    count = 0
    try:
        for row in reader:
            if not header:
                header = row
            elif len(row) != len(header):
                told = f"line {reader.line_num} has {len(row)} cells, the header {len(header)}"
                return Faulty(Reason.MALFORMED_TABLE, told)
            else:
                count += 1
    except csv.Error as fault:
        return Faulty.syntax(f"{fault} at line {reader.line_num}")
    if len(header) < 2 and not asked.columns:
        return Faulty(Reason.MALFORMED_TABLE, "it has one column, as any lines have")
    if fault := _lack(header, count, asked):
        return Faulty(Reason.MALFORMED_TABLE, fault)
    return Parsed(f"CSV of {len(header)} columns and {count} rows")


def _unfenced(text: str) -> list[str]:
    lines: list[str] = []
    at = 0
    for block in fenced_blocks(text):
        lines += [*text[at : block.start].split("\n"), ""]
        at = block.end
    return lines + text[at:].split("\n")


def _tables(lines: Sequence[str]) -> Iterator[list[list[str]]]:
    """Runs of lines with pipes, as cells; those that could be no table are left out."""
    run: list[str] = []
    for line in (*lines, ""):
        if "|" in line:
            run.append(line.strip())
            continue
        rule = next((at for at, each in enumerate(run) if _is_rule(each)), 0)
        words = next((at for at in range(rule) if run[at].startswith("|")), max(rule - 1, 0))
        if any(map(_is_rule, run[:1])) or rule or sum(each.startswith("|") for each in run) > 1:
            yield [_cells(each) for each in run[words:]]
        run = []


def _is_rule(line: str) -> bool:
    return not line.strip("|:- \t") and all(_RULE.fullmatch(cell) for cell in _cells(line))


def _cells(line: str) -> list[str]:
    cells = [match[1].strip() for match in _CELL.finditer(line.removeprefix("|"))]
    # The last match is the end of the line, behind its last pipe or without one.
    return cells[:-1] if len(cells) > 1 else cells


def _table_fault(rows: Sequence[Sequence[str]]) -> str:
    if len(rows) < 2 or not all(_RULE.fullmatch(cell) for cell in rows[1]):
        return f"no line of dashes below the header {clipped(' | '.join(rows[0]))}"
    for at, row in enumerate(rows):
        if len(row) != len(rows[0]):
            return (
                f"line {at + 1} of the table has {len(row)} cells, the header {len(rows[0])}: "
                f"{clipped(' | '.join(row))}"
            )
    return ""


def _lack(header: Sequence[str], count: int, asked: TableAsked) -> str:
    """What a table lacks, in words; nothing where it has all."""
    names = {folded(cell.strip("*_` ")) for cell in header}
    for name in asked.columns:
        if folded(name) not in names:
            return f"there is no column {name}; columns: {clipped(', '.join(header))}"
    if count < asked.min_rows:
        return f"{count} rows; at least {asked.min_rows} are asked"
    return ""
