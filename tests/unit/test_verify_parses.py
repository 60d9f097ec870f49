"""Documents that must parse, and hostile ones that must not hang or end the process."""

import gzip
import json
import re
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.parses import Parses
from synth_assets.core.verify.reading.fenced import fenced_blocks, only_block
from synth_assets.errors import RecipeError
from tests.samples import synthetic_row

TABLES = {"t.json": '{"orders": ["id", "total"], "Buyers": {"id": "int", "name": "text"}}'}
N = 100_000


def verdict(language: str, response: str, /, **parameters: Any) -> Verdict:
    check = Parses.model_validate({"kind": "parses", "language": language, **parameters})
    return check.prepare(TABLES)(synthetic_row("s", "p", response))


ACCEPTED = [
    ("python", "def f(a):\n    return a", {}),
    ("python", "Here:\n```python\nx = 1\n```\nand then\n```\n1 +\n```", {}),
    ("python", "match x:\n    case [1, *_]: pass", {}),
    ("python", "p = '\\d'", {}),
    ("sql", "select a from b;", {}),
    ("sql", "select 1; drop table x", {}),
    ("sql", "```sql\nwith a as (select 1 x) select x from a\n```", {"only_select": True}),
    ("sql", "(select 1) union all (select 2)", {"only_select": True}),
    ("sql", "select id from Orders where TOTAL > 1", {"tables_file": "t.json"}),
    ("sql", "with o as (select id i from orders) select i from o", {"tables_file": "t.json"}),
    (
        "sql",
        "select o.id, name from orders o join buyers b on b.id = o.id",
        {"tables_file": "t.json", "dialect": "duckdb"},
    ),
    ("json", ' {"a": [1, 2.50]} ', {}),
    ("json", "```json\n[]\n```", {}),
    ("yaml", "a: 1\nb: [x, {c: ~}]", {}),
    ("yaml", "x: &a [1]\ny: *a", {}),
    ("toml", 'a.b = [1, "x.y"]\n[c]\nd = 1979-05-27', {}),
    ("xml", "<?xml version='1.0'?><r><n:x xmlns:n='u'>&lt;</n:x></r>", {"elements": ["x"]}),
    ("xml", " <r/>\n", {"root": "r"}),
    ("csv", 'A,b\n1,"2,\n3"\n', {"columns": ["b", "a"], "min_rows": 1}),
    ("csv", "a;b\n1;2", {"delimiter": ";"}),
    ("markdown_table", "As told:\n\n| a | b |\n|---|:-:|\n| `x \\| y` | |\n\nDone.", {}),
    ("markdown_table", "a | b\n--|--\n1 | 2", {"columns": ["B"], "min_rows": 1}),
    ("markdown_table", "|x|\n|-|\n|1|\n\n|**a**|b|\n|-|-|\n|1|2|", {"columns": ["a"]}),
    ("markdown_table", "```\n|a|\n|b|\n```\n|a|\n|-|", {"min_rows": 0}),
]


@pytest.mark.parametrize(("language", "text", "parameters"), ACCEPTED)
def test_parses_accepts_documents_of_its_language(
    language: str, text: str, parameters: dict[str, Any]
) -> None:
    found = verdict(language, text, **parameters)
    assert found.outcome == VerdictOutcome.ACCEPTED, found.evidence


REJECTED = [
    ("python", "hello world", {}, Reason.DOES_NOT_PARSE),
    ("python", "", {}, Reason.DOES_NOT_PARSE),
    ("python", "# nothing", {}, Reason.DOES_NOT_PARSE),
    ("python", "a\0b", {}, Reason.DOES_NOT_PARSE),
    ("python", "'\ud800'", {}, Reason.DOES_NOT_PARSE),
    ("python", "9" * 5000, {}, Reason.DOES_NOT_PARSE),
    ("python", "```python\nx = 1", {}, Reason.DOES_NOT_PARSE),
    ("python", "x = 1", {"block": "first"}, Reason.DOES_NOT_PARSE),
    ("sql", "I like cats and dogs", {}, Reason.DOES_NOT_PARSE),
    ("sql", "hello", {}, Reason.DOES_NOT_PARSE),
    ("sql", "-- nothing", {}, Reason.DOES_NOT_PARSE),
    ("sql", "select * from", {}, Reason.DOES_NOT_PARSE),
    ("sql", "select 'x", {}, Reason.DOES_NOT_PARSE),
    ("sql", "delete from orders", {"only_select": True}, Reason.SCHEMA_VIOLATION),
    ("sql", "select 1; drop table t", {"only_select": True}, Reason.SCHEMA_VIOLATION),
    (
        "sql",
        "with x as (insert into t values (1) returning a) select a from x",
        {"only_select": True, "dialect": "postgres"},
        Reason.SCHEMA_VIOLATION,
    ),
    ("sql", "select * into new from old", {"only_select": True}, Reason.SCHEMA_VIOLATION),
    ("sql", "select id from order_s", {"tables_file": "t.json"}, Reason.SCHEMA_VIOLATION),
    ("sql", "select totl from orders", {"tables_file": "t.json"}, Reason.SCHEMA_VIOLATION),
    ("sql", "select b.id from orders o", {"tables_file": "t.json"}, Reason.SCHEMA_VIOLATION),
    ("sql", "delete from nobody", {"tables_file": "t.json"}, Reason.SCHEMA_VIOLATION),
    ("json", "[1,]", {}, Reason.DOES_NOT_PARSE),
    ("json", "Sure: [1]", {}, Reason.DOES_NOT_PARSE),
    ("json", '{"a": 1, "a": 2}', {}, Reason.DOES_NOT_PARSE),
    ("json", "[" * N, {}, Reason.DOES_NOT_PARSE),
    ("yaml", "just words", {}, Reason.DOES_NOT_PARSE),
    ("yaml", "a: 1\na: 2", {}, Reason.DOES_NOT_PARSE),
    ("yaml", "a: 1\n---\nb: 2", {}, Reason.DOES_NOT_PARSE),
    ("yaml", "x: *a", {}, Reason.DOES_NOT_PARSE),
    ("yaml", "x: &a [*a]", {}, Reason.DOES_NOT_PARSE),
    ("yaml", "a: !!python/object/apply:os.getcwd []", {}, Reason.DOES_NOT_PARSE),
    ("yaml", "a: \x00", {}, Reason.DOES_NOT_PARSE),
    ("toml", "a", {}, Reason.DOES_NOT_PARSE),
    ("toml", "# nothing", {}, Reason.DOES_NOT_PARSE),
    ("toml", "a = 1\na = 2", {}, Reason.DOES_NOT_PARSE),
    ("toml", "a = " + "9" * 5000, {}, Reason.DOES_NOT_PARSE),
    ("xml", "<a><b></a>", {}, Reason.MALFORMED_XML),
    ("xml", "", {}, Reason.MALFORMED_XML),
    ("xml", "<a/><b/>", {}, Reason.MALFORMED_XML),
    ("xml", "<!DOCTYPE a><a/>", {}, Reason.MALFORMED_XML),
    ("xml", "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><a>&x;</a>", {}, "xml"),
    ("xml", "<a>&bogus;</a>", {}, Reason.MALFORMED_XML),
    ("xml", "<a/>", {"root": "b"}, Reason.MALFORMED_XML),
    ("xml", "<a/>", {"elements": ["a", "b"]}, Reason.MALFORMED_XML),
    ("csv", "a,b\n1", {}, Reason.MALFORMED_TABLE),
    ("csv", "just words\nand more", {}, Reason.MALFORMED_TABLE),
    ("csv", 'a,b\n1,"2', {}, Reason.DOES_NOT_PARSE),
    ("csv", 'a,b\n1,"2" x', {}, Reason.DOES_NOT_PARSE),
    ("csv", "a,b\n1,2", {"columns": ["c"]}, Reason.MALFORMED_TABLE),
    ("csv", "Yes, gladly", {}, Reason.MALFORMED_TABLE),
    ("markdown_table", "no table | here", {}, Reason.MALFORMED_TABLE),
    ("markdown_table", "| a | b |\n|---|---|\n| 1 |", {}, Reason.MALFORMED_TABLE),
    ("markdown_table", "| a | b |\n|---|\n| 1 | 2 |", {}, Reason.MALFORMED_TABLE),
    ("markdown_table", "| a | b |\n| 1 | 2 |", {}, Reason.MALFORMED_TABLE),
    ("markdown_table", "|a|\n|-|\n\n|a|b|\n|-|-|\n|1|", {}, Reason.MALFORMED_TABLE),
    ("markdown_table", "|a|\n|-|\n|1|", {"columns": ["b"]}, Reason.MALFORMED_TABLE),
    ("markdown_table", "|a|\n|-|\n|1|", {"min_rows": 2}, Reason.MALFORMED_TABLE),
]


@pytest.mark.parametrize(
    ("language", "text", "parameters", "reason"), REJECTED, ids=lambda value: str(value)[:40]
)
def test_parses_rejects_what_is_not_of_its_language(
    language: str, text: str, parameters: dict[str, Any], reason: Reason | str
) -> None:
    found = verdict(language, text, **parameters)
    assert found.outcome == VerdictOutcome.REJECTED, found.evidence
    assert found.reason == (Reason.MALFORMED_XML if reason == "xml" else reason)
    assert len(found.evidence) < 280
    assert found.evidence.isprintable()


def bomb_of_aliases() -> str:
    levels = [
        f"{chr(98 + at)}: &{chr(98 + at)} [{', '.join(['*' + chr(97 + at)] * 9)}]"
        for at in range(9)
    ]
    return "\n".join(["a: &a [x]", *levels])


HOSTILE = [
    *(("python", text) for text in (
        "(" * N, "-" * 99_000 + "1", "1+" * 49_000 + "1", "f" + "()" * 49_000, "lambda:" * 14_000,
        "if a: pass\n" + "elif a: pass\n" * 7000, "{1:" * 30_000, "f'{" * 30_000, '"""' * 29_999,
    )),
    *(("sql", text) for text in (
        "select " + "(" * 9000, "select " + "not " * 4000 + "1", "select " + "case when " * 1900,
        "select 1 where " + "exists(select " * 1300, "'" * 19_999, "/*" * 9000, "vacuum",
        "select " + "1 + " * 4900 + "1 +", "explain select 1", "select 1" + " union select 1" * N,
    )),
    *(("yaml", text) for text in (
        "[" * 99_000, "- " * 49_000, "? " * 49_000, "{a: " * 20_000, bomb_of_aliases(),
        "&a " * 30_000, "!a " * 30_000,
    )),
    *(("toml", text) for text in (
        "a = " + "[" * 90_000, "[" + "a." * 49_000 + "a]", "a" + ".b" * 49_000 + " = 1",
        " . " * 30_000, '"' * 99_000, "a = {" * 15_000,
    )),
    *(("xml", text) for text in ("<a>" * 30_000, "<" * 99_000, "<!DOCTYPE a [" + "<!E" * 20_000)),
    *(("csv", text) for text in ('a,b\n"' + '""' * 45_000, "a," * 49_000 + "\n1")),
    *(("markdown_table", text) for text in (
        "|" * 99_000, "|-" * 49_000, "\\|" * 49_000, "a|b\n" * 24_000 + "-|-|-", "```\n|" * 19_000,
        "|a|\n|-|\n" * 12_000 + "|b|c|",
    )),
    ("json", "```" * 33_000),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text"), HOSTILE, ids=lambda value: str(value)[:20])
def test_parses_of_hostile_text_is_bounded_and_never_accepts(language: str, text: str) -> None:
    started = process_time()
    found = verdict(language, text)
    assert process_time() - started < 10
    assert found.outcome != VerdictOutcome.ACCEPTED


@pytest.mark.parametrize(
    ("language", "text"),
    [("sql", "vacuum"), ("sql", "select " + "(" * 50 + "1" + ")" * 50), ("yaml", "[" * 900),
     ("xml", "<a>" * 500 + "</a>" * 500), ("python", "x = 1\n" * 20_000),
     ("toml", "a" + ".b" * 900 + " = 1")],
)  # fmt: skip
def test_parses_beyond_its_bounds_is_errored(language: str, text: str) -> None:
    assert verdict(language, text).outcome == VerdictOutcome.ERRORED


@pytest.mark.parametrize(
    "parameters",
    [
        {"language": "python", "dialect": "duckdb"},
        {"language": "csv", "root": "a"},
        {"language": "markdown_table", "block": "first"},
        {"language": "csv", "delimiter": '"'},
        {"language": "cobol"},
    ],
)
def test_parses_with_parameters_of_another_language_is_refused(parameters: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Parses.model_validate({"kind": "parses", **parameters})


@pytest.mark.parametrize(
    ("parameters", "files", "told"),
    [
        ({"dialect": "klingon"}, {}, "no SQL dialect"),
        ({"tables_file": "t.json"}, {}, "no file t.json"),
        ({"tables_file": "t.json"}, {"t.json": "[]"}, "list of columns"),
        ({"tables_file": "t.json"}, {"t.json": "{"}, "list of columns"),
    ],
)
def test_parses_of_sql_names_what_a_recipe_lacks(
    parameters: dict[str, str], files: dict[str, str], told: str
) -> None:
    verifier = Parses.model_validate({"kind": "parses", "language": "sql", **parameters})
    with pytest.raises(RecipeError, match=told):
        verifier.prepare(files)


def test_fenced_blocks_end_as_commonmark_says() -> None:
    text = "a\n```` md\n```\nin\n```\n````\nb\n~~~\nx\n```\n~~~ \nc\n   ```py\nopen"
    found = [(each.language, each.text, each.closed) for each in fenced_blocks(text)]
    assert found == [("md", "```\nin\n```\n", True), ("", "x\n```\n", True), ("py", "open", False)]
    assert fenced_blocks("```x``` is inline code\nb\u2028```\n") == []
    assert only_block("\n```json\n{}\n```\n") is not None
    assert only_block("so\n```json\n{}\n```") is None
    assert only_block("```\n{}\n```\nso") is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab: #-\n\"'[é", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=3), inner),
    max_leaves=8,
)


@given(json_values.filter(lambda value: isinstance(value, list | dict)))
def test_parses_json_of_any_value_and_as_yaml_too(value: object) -> None:
    text = json.dumps(value)
    assert verdict("json", text).reason is None
    assert verdict("yaml", text).reason is None


cells = st.text("ab \\1é", max_size=5).map(lambda text: text.strip().replace("\\", "\\|"))


@given(st.integers(1, 4).flatmap(lambda n: st.lists(
    st.lists(cells, min_size=n, max_size=n), min_size=1, max_size=5)))  # fmt: skip
def test_parses_tables_that_were_written_cell_by_cell(rows: list[list[str]]) -> None:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    assert verdict("markdown_table", "\n".join(lines), min_rows=len(rows) - 1).reason is None
    assert verdict("markdown_table", "\n".join([*lines, lines[0] + " x |"])).reason is not None


def test_parses_python_of_every_canonical_solution_and_no_prose(shared_data: Path) -> None:
    with gzip.open(shared_data / "humaneval" / "HumanEval.jsonl.gz", "rt") as file:
        humaneval = [json.loads(line) for line in file]
    programs = [row["prompt"] + row["canonical_solution"] for row in humaneval]
    mbpp = json.loads((shared_data / "mbpp" / "sanitized-mbpp.json").read_text("utf-8"))
    programs += [row["code"] for row in mbpp]
    check = Parses(kind="parses", language="python").prepare({})
    found = [check(synthetic_row("s", "p", text)).outcome for text in programs]
    assert found == [VerdictOutcome.ACCEPTED] * (164 + 427)
    prose = [check(synthetic_row("s", "p", row["prompt"])).outcome for row in mbpp]
    assert prose == [VerdictOutcome.REJECTED] * 427


def test_parses_sql_of_model_answers_but_for_four_that_are_broken(shared_data: Path) -> None:
    rows = json.loads((shared_data / "codealpaca" / "code_alpaca_2k.json").read_text("utf-8"))
    begins = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|WITH|ALTER)\b")
    answers = [row["output"] for row in rows if begins.match(row["output"])]
    rejected = [text for text in answers if verdict("sql", text, dialect="mysql").reason]
    assert (len(answers), len(rejected)) == (177, 4)
    accepted = [row for row in rows if verdict("sql", row["instruction"]).reason is None]
    assert accepted == []
