"""Documents that must parse: programs, queries, data, markup, tables.

A parser says that a text is well-formed, and no more: not that a program runs or a query answers.
"""

import re
from collections.abc import Callable, Mapping
from typing import Literal, assert_never

from pydantic import Field, model_validator

from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.json_record import MalformedJson, strict_json
from synth_assets.core.verify.protocol import Check, Verifier
from synth_assets.core.verify.reading.fenced import Fenced, fenced_blocks
from synth_assets.core.verify.syntax.data import read_toml, read_yaml
from synth_assets.core.verify.syntax.markup import read_xml
from synth_assets.core.verify.syntax.outcome import (
    MAX_CHARACTERS,
    Faulty,
    Parsed,
    ReadOutcome,
    Unread,
)
from synth_assets.core.verify.syntax.programs import read_python
from synth_assets.core.verify.syntax.queries import SqlAsked, check_dialect, read_sql, read_tables
from synth_assets.core.verify.syntax.tables import TableAsked, read_csv, read_markdown_tables
from synth_assets.core.verify.tools import NO_TOOLS, Tools

_SURROGATE = re.compile("[\ud800-\udfff]")
_OWN = {
    "dialect": {"sql"},
    "only_select": {"sql"},
    "tables_file": {"sql"},
    "root": {"xml"},
    "elements": {"xml"},
    "columns": {"csv", "markdown_table"},
    "min_rows": {"csv", "markdown_table"},
    "delimiter": {"csv"},
}
_FENCE_WORDS = {
    "python": {"python", "py", "python3"},
    "yaml": {"yaml", "yml"},
    "xml": {"xml", "svg", "html", "xhtml"},
}


class Parses(Verifier):
    """The response, or a fenced block of it, is well-formed by the grammar of its language.

    Attributes:
        language: python, sql, json (strict), yaml, toml, xml, csv, or the tables of Markdown.
        block: where it stands: the first fenced block of that language (or without a language),
            and failing one the whole response (`auto`); the `first` or `last` fenced block; or the
            `whole`. Tables of Markdown are looked for outside fenced blocks, whatever is said.
        dialect: of SQL, sqlglot's name; empty for its own mixture.
        only_select: SQL must be queries that write nothing.
        tables_file: a JSON file of the recipe's folder, table -> columns; SQL may name no others.
        root: name of the root element of XML.
        elements: names of elements that XML must have.
        columns: names in the header of CSV, or of one of the tables.
        min_rows: rows below it.
        delimiter: between the cells of CSV.
    """

    kind: Literal["parses"]
    language: Literal["python", "sql", "json", "yaml", "toml", "xml", "csv", "markdown_table"]
    block: Literal["auto", "first", "last", "whole"] = "auto"
    dialect: str = Field(default="", max_length=40)
    only_select: bool = False
    tables_file: str = ""
    root: str = ""
    elements: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    min_rows: int = Field(default=1, ge=0)
    delimiter: str = Field(default=",", min_length=1, max_length=1, pattern=r'^[^"\r\n]$')

    @model_validator(mode="after")
    def _own_parameters(self) -> "Parses":
        for name, languages in _OWN.items():
            if name in self.model_fields_set and self.language not in languages:
                raise ValueError(f"{name} says nothing of {self.language}; leave it out")
        if self.language == "markdown_table" and "block" in self.model_fields_set:
            raise ValueError("tables are looked for outside fenced blocks; leave block out")
        return self

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        """Make the check.

        Raises:
            RecipeError: if the dialect is unknown, or `tables_file` missing or wrong.
        """
        read = self._reader(files)
        return lambda sample: self._check(sample, read)

    def _check(self, sample: Sample, read: Callable[[str], ReadOutcome]) -> Verdict:
        document = self._document(sample.response)
        if document is None:
            return Verdict.rejected(Reason.DOES_NOT_PARSE, "there is no fenced block")
        if not document.closed:
            return Verdict.rejected(Reason.DOES_NOT_PARSE, "the fenced block is not closed")
        text = document.text
        if len(text) > MAX_CHARACTERS:
            return Verdict.errored(f"{len(text):,} characters; at most {MAX_CHARACTERS:,} are read")
        if not text.strip():
            return Verdict.rejected(self._reason, "it is empty")
        if _SURROGATE.search(text):
            told = "it has half a surrogate pair, which is no character"
            return Verdict.rejected(self._reason, told)
        found = read(text)
        match found:
            case Parsed(told):
                return Verdict.accepted(told)
            case Faulty(reason, told):
                return Verdict.rejected(reason, told)
            case Unread(told):
                return Verdict.errored(told)
            case _:
                assert_never(found)

    @property
    def _reason(self) -> Reason:
        match self.language:
            case "markdown_table":
                return Reason.MALFORMED_TABLE
            case "xml":
                return Reason.MALFORMED_XML
            case _:
                return Reason.DOES_NOT_PARSE

    def _document(self, response: str) -> Fenced | None:
        """The part that must parse, as a block; the whole response counts as a closed one."""
        whole = Fenced("", response, True, 0, len(response))
        if self.language == "markdown_table" or self.block == "whole":
            return whole
        blocks = fenced_blocks(response) if "```" in response or "~~~" in response else []
        if self.block == "auto":
            words = {"", *_FENCE_WORDS.get(self.language, {self.language})}
            return next((each for each in blocks if each.language in words), whole)
        if not blocks:
            return None
        return blocks[0] if self.block == "first" else blocks[-1]

    def _reader(self, files: Mapping[str, str]) -> Callable[[str], ReadOutcome]:
        match self.language:
            case "python":
                return read_python
            case "json":
                return _read_json
            case "yaml":
                return read_yaml
            case "toml":
                return read_toml
            case "sql":
                check_dialect(self.dialect)
                tables = read_tables(self.tables_file, files) if self.tables_file else None
                asked = SqlAsked(self.dialect, self.only_select, tables)
                return lambda text: read_sql(text, asked)
            case "xml":
                return lambda text: read_xml(text, self.root, self.elements)
            case "csv" | "markdown_table":
                return self._table_reader()
            case _:
                assert_never(self.language)

    def _table_reader(self) -> Callable[[str], ReadOutcome]:
        asked = TableAsked(self.columns, self.min_rows)
        if self.language == "csv":
            return lambda text: read_csv(text, self.delimiter, asked)
        return lambda text: read_markdown_tables(text, asked)


def _read_json(text: str) -> ReadOutcome:
    try:
        value = strict_json(text)
    except MalformedJson as fault:
        return Faulty.syntax(str(fault))
    return Parsed(f"JSON, {type(value).__name__ if value is not None else 'null'}")
