"""Rows of many files as one stream of texts."""

import json
import math
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synth_assets.errors import ConfigurationError, SourceError
from synth_assets.resources.row_files.columns import TextColumns
from synth_assets.resources.row_files.text_rows import Advance
from tests.unit.row_stream_files import PACKINGS, jsonl, packed, put, stream, texts

CHAT = [
    {"role": "system", "content": "s"},
    {"role": "user", "content": "a b"},
    {"role": "assistant", "content": "c"},
]


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_stream_compressed_file_gives_its_rows(tmp_path: Path, kind: str, packing: str):
    frame = pl.DataFrame({"text": [f"row {n}\nwith é" for n in range(3_000)]})
    data = frame.write_ndjson() if kind == "jsonl" else frame.write_csv()
    path = put(tmp_path / f"a.{kind}{packing}", packed(data.encode(), packing))
    assert texts(path) == frame["text"].to_list()


def test_stream_mixed_files_are_numbered_through(tmp_path: Path):
    put(tmp_path / "1.jsonl", jsonl({"text": "a"}, {"text": "b"}))
    put(tmp_path / "2.csv", b"text\r\nc\r\n")
    put(tmp_path / "3.jsonl", b"")
    pl.DataFrame({"text": ["d", "e"]}).write_parquet(tmp_path / "4.parquet")
    pl.DataFrame({"text": []}, schema={"text": pl.String}).write_parquet(tmp_path / "5.parquet")
    rows = stream(tmp_path / "*")
    chunks = [(chunk.first_row, chunk.texts) for chunk in rows.chunks(2)]
    assert chunks == [(0, ["a", "b"]), (2, ["c", "d"]), (4, ["e"])]
    places = [rows.place(row) for row in range(5)]
    assert [(place.path.name, place.row) for place in places] == [
        ("1.jsonl", 1),
        ("1.jsonl", 2),
        ("2.csv", 1),
        ("4.parquet", 1),
        ("4.parquet", 2),
    ]
    with pytest.raises(IndexError):
        rows.place(5)


@given(st.integers(1, 40), st.lists(st.integers(0, 30), min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_stream_any_chunk_size_gives_the_same_rows(tmp_path: Path, size: int, counts: list[int]):
    for old in tmp_path.iterdir():
        old.unlink()
    expected = list[str]()
    for at, count in enumerate([*counts, 1]):
        rows = [f"{at} {n}" for n in range(count)]
        put(tmp_path / f"{at}.jsonl", jsonl(*({"text": row} for row in rows)))
        expected += rows
    chunks = list(stream(tmp_path / "*").chunks(size))
    assert [text for chunk in chunks for text in chunk.texts] == expected
    assert [len(chunk.texts) for chunk in chunks[:-1]] == [size] * (len(chunks) - 1)
    assert [chunk.first_row for chunk in chunks] == list(range(0, len(expected), size))


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"prompt": "p", "response": "r"}, "p\nr"),
        ({"output": "o", "input": "i", "instruction": "n"}, "n\ni\no"),
        ({"instruction": "n", "input": "", "output": "o", "text": "all"}, "n\no"),
        ({"question": "q", "answer": "a", "id": "7"}, "q\na"),
        ({"prompt": "p", "chosen": "c", "rejected": "r"}, "p\nc\nr"),
        ({"messages": CHAT}, "s\na b\nc"),
        ({"conversations": [{"from": "human", "value": "h"}]}, "h"),
        ({"text": "t", "url": "u"}, "t"),
        ({"question": "q", "passage": "x"}, "q\nx"),
    ],
)
def test_stream_usual_columns_are_found_in_every_kind(
    tmp_path: Path, row: dict[str, object], text: str
):
    put(tmp_path / "a.jsonl", jsonl(row))
    pl.DataFrame([row]).write_parquet(tmp_path / "b.parquet")
    flat = {key: v if isinstance(v, str) else json.dumps(v) for key, v in row.items()}
    put(tmp_path / "c.csv", pl.DataFrame([flat]).write_csv().encode())
    assert texts(tmp_path / "*") == [text] * 3


def test_stream_named_columns_are_joined_in_the_order_said(tmp_path: Path):
    path = put(tmp_path / "a.jsonl", jsonl({"a": "1", "b": "2", "c": "3"}, {"c": "4"}))
    assert texts(path, columns=["c", "a"]) == ["3\n1", "4"]


def test_stream_column_that_is_not_there_names_those_that_are(tmp_path: Path):
    put(tmp_path / "a.jsonl", jsonl({"text": "a"}))
    other = put(tmp_path / "b.jsonl", jsonl({"body": "a", "é": 1}))
    with pytest.raises(ConfigurationError) as caught:
        texts(tmp_path / "*", columns=["text"])
    assert str(caught.value) == (
        f'{other}: there is no column "text". Columns there: "body", "\\u00e9". Mend the name.'
    )
    with pytest.raises(ConfigurationError, match=r"b\.jsonl: no column is known to hold text"):
        texts(tmp_path / "*")


VALUES: list[tuple[str, str]] = [
    ("null", ""),
    ('""', ""),
    ("1.50", "1.50"),
    ("-0", "-0"),
    ("9" * 5_000, "9" * 5_000),
    ("true", "true"),
    ('["a", 1.50, null]', '["a", 1.50, null]'),
    ('{"a":{"b":"\\u00e9"}}', '{"a": {"b": "é"}}'),
    ('"\\ud83d\\ude00"', "\U0001f600"),
    ('"a\\ud800b"', "a\ud800b"),
    ('"\\udc00"', "\udc00"),
    ('"\\u0000\\u001f"', "\0\x1f"),
    ('"a\\/b"', "a/b"),
    ("[]", "[]"),
    ('[{"role": "user", "content": ""}]', ""),
    ('[{"role": "user", "content": null}]', '{"role": "user", "content": null}'),
    ('[{"content": "no role"}]', '[{"content": "no role"}]'),
    ('[{"role": "", "content": "x"}, {"from": "gpt", "value": "y"}]', "x\ny"),
    ('[{"role": "a", "content": "\\ud800"}]', "\ud800"),
    ('[{"role": "a", "content": [{"type": "text", "text": "x"}]}]', "x"),
]


@pytest.mark.parametrize(("value", "text"), VALUES)
def test_stream_json_value_is_read_as_it_is_written(tmp_path: Path, value: str, text: str):
    lines = f'{{"text": "before"}}\n{{"text": {value}}}\n{{"other": 1, "text": "behind"}}\n'
    assert texts(put(tmp_path / "a.jsonl", lines.encode())) == ["before", text, "behind"]


def test_stream_row_without_the_column_is_empty(tmp_path: Path):
    path = put(tmp_path / "a.jsonl", jsonl({"text": "a"}, {"other": "b"}, {}))
    assert texts(path) == ["a", "", ""]


def test_stream_key_that_stands_twice_has_its_last_value(tmp_path: Path):
    lines = b'{"text": "a", "text": "b"}\n{"text": "c", "x": "\\ud800", "text": "d"}\n'
    assert texts(put(tmp_path / "a.jsonl", lines)) == ["b", "d"]


def test_stream_parquet_values_are_texts(tmp_path: Path):
    columns = {
        "text": ["a", None],
        "whole": [1, None],
        "real": [1.5, math.nan],
        "truth": [True, False],
        "exact": [Decimal("1.50"), None],
        "day": [date(2020, 1, 2), None],
        "kind": pl.Series(["x", "y"], dtype=pl.Categorical),
        "raw": [b"\xff", "é".encode()],
        "list": [["a", "b"], []],
        "chat": [CHAT[:2], None],
        "struct": [{"a": 1}, {"a": None}],
    }
    path = tmp_path / "a.parquet"
    pl.DataFrame(columns).write_parquet(path)
    found = {name: texts(path, columns=[name]) for name in columns}
    assert found == {
        "text": ["a", ""],
        "whole": ["1", ""],
        "real": ["1.5", "nan"],
        "truth": ["true", "false"],
        "exact": ["1.50", ""],
        "day": ["2020-01-02", ""],
        "kind": ["x", "y"],
        "raw": ["\ufffd", "é"],
        "list": ['["a", "b"]', "[]"],
        "chat": ["s\na b", ""],
        "struct": ['{"a": 1}', '{"a": null}'],
    }


def test_stream_names_and_numbers_come_along(tmp_path: Path):
    rows = [
        {"id": 7, "text": "a", "score": 0.5, "weight": "2"},
        {"id": "x", "text": "b", "score": None, "weight": ""},
        {"id": "\ud800", "text": "c", "weight": 1e3},
    ]
    put(tmp_path / "a.jsonl", jsonl(*rows))
    put(tmp_path / "b.csv", b"id,text,score,weight\n1,d,,-1\n")
    frame = {"id": [3], "text": ["e"], "score": [Decimal("0.25")], "weight": [4]}
    pl.DataFrame(frame).write_parquet(tmp_path / "c.parquet")
    said = TextColumns(("text",), "id", ("score", "weight"))
    [chunk] = stream(tmp_path / "*", said=said).chunks()
    assert chunk.ids == ["7", "x", "\ufffd", "1", "3"]
    scores = [None if math.isnan(each) else each for each in chunk.numbers["score"].tolist()]
    assert scores == [0.5, None, None, None, 0.25]
    weights = [None if math.isnan(each) else each for each in chunk.numbers["weight"].tolist()]
    assert weights == [2.0, None, 1000.0, -1.0, 4.0]


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_stream_bad_name_or_number_is_named(tmp_path: Path, kind: str):
    frame = pl.DataFrame({"id": ["a", ""], "text": ["b", "c"], "score": ["1", "high"]})
    path = tmp_path / f"a.{kind}"
    match kind:
        case "jsonl":
            frame.write_ndjson(path)
        case "csv":
            frame.write_csv(path)
        case _:
            frame.write_parquet(path)
    place = {"jsonl": "line 2", "csv": "line 3", "parquet": "row 2"}[kind]
    with pytest.raises(SourceError, match=f"{place}: has nothing in the column that names rows"):
        list(stream(path, said=TextColumns(("text",), "id")).chunks())
    with pytest.raises(SourceError, match=f"{place}, column \"score\": 'high' is no number"):
        list(stream(path, said=TextColumns(("text",), None, ("score",))).chunks())


def test_stream_progress_rises_to_the_whole(tmp_path: Path):
    put(tmp_path / "a.jsonl", jsonl(*({"text": str(n)} for n in range(5_000))))
    pl.DataFrame({"text": ["x"] * 5_000}).write_parquet(tmp_path / "b.parquet")
    rows = stream(tmp_path / "*")
    told = list[Advance]()
    assert sum(len(chunk.texts) for chunk in rows.chunks(1_000, told.append)) == 10_000
    assert [each.rows for each in told] == [*range(1_000, 10_001, 1_000), 10_000]
    assert [each.bytes_done for each in told] == sorted(each.bytes_done for each in told)
    assert told[-1] == Advance(10_000, rows.bytes_total, rows.bytes_total)
    assert 0 < told[0].share < told[6].share < told[-1].share == 1.0


def test_stream_chunks_of_long_texts_end_early(tmp_path: Path):
    row = jsonl({"text": "x" * 9_000_000})
    sizes = [len(chunk.texts) for chunk in stream(put(tmp_path / "a.jsonl", row * 5)).chunks()]
    assert sizes == [4, 1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(
    st.lists(
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.text()
            | st.floats(allow_nan=False, allow_infinity=False),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=3), inner, max_size=3)
            ),
            max_leaves=6,
        ),
        min_size=1,
        max_size=5,
    ),
    st.booleans(),
)
def test_stream_fast_and_careful_reading_agree(
    tmp_path: Path, values: list[object], ascii_only: bool
):
    lines = [json.dumps({"text": value}, ensure_ascii=ascii_only) for value in values]
    fast = put(tmp_path / "fast.jsonl", "\n".join(['{"text": ""}', *lines]).encode())
    # Half of a surrogate pair makes the careful way read the line.
    half = [line[:-1] + ', "x": "\\ud800"}' for line in lines]
    careful = put(tmp_path / "careful.jsonl", "\n".join(['{"text": ""}', *half]).encode())
    assert texts(fast) == texts(careful)


def test_stream_real_data_equals_what_json_reads(shared_data: Path):
    path = shared_data / "oasst_questions" / "oa_questions.A.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    column = next(name for name, value in rows[0].items() if isinstance(value, str))
    assert texts(path, columns=[column]) == [row[column] for row in rows]
