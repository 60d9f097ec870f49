import gzip
import json
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synth_assets.core.config.sources import FileSource
from synth_assets.core.schema import SAMPLE_SCHEMA
from synth_assets.errors import SourceError
from synth_assets.resources.sources.located import LocatedSource
from synth_assets.resources.sources.reading import read_source
from synth_assets.resources.sources.records import MAX_LINE_BYTES, MAX_VALUE_BYTES
from synth_assets.resources.sources.seeds import read_seeds_file

GOOD = '{"q": "one", "a": "two"}\n'


def located(path: Path, prompt: str = "q", response: str = "a") -> LocatedSource:
    spec = FileSource(
        reader="file", id="mine", path=path.name, prompt=prompt, response=response, licence="MIT"
    )
    return LocatedSource(spec, path)


def read(folder: Path, name: str, data: str | bytes) -> pl.DataFrame:
    path = folder / name
    path.write_bytes(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data)
    return read_source(located(path))


def refusal(folder: Path, name: str, data: str | bytes) -> str:
    with pytest.raises(SourceError) as caught:
        read(folder, name, data)
    assert name in str(caught.value)
    return str(caught.value)


def pairs(frame: pl.DataFrame) -> list[tuple[str, str]]:
    return frame.select("prompt", "response").rows()


def test_read_source_jsonl_gives_real_rows_of_the_schema(tmp_path: Path):
    frame = read(tmp_path, "f.jsonl", GOOD + '{"a": 4, "q": "three", "more": [{}]}\n')
    assert frame.schema == SAMPLE_SCHEMA
    assert pairs(frame) == [("one", "two"), ("three", "4")]
    assert frame["position"].to_list() == [0, 1]
    assert frame["source"].unique().to_list() == ["mine"]
    assert frame["licence"].unique().to_list() == ["MIT"]
    assert frame["origin"].unique().to_list() == ["real"]


def test_read_source_jsonl_takes_mark_crlf_blank_lines_and_no_last_line_end(tmp_path: Path):
    text = "\ufeff" + GOOD.replace("\n", "\r\n") + "\r\n  \n" + GOOD.replace("one", "1").rstrip()
    assert pairs(read(tmp_path, "f.jsonl", text)) == [("one", "two"), ("1", "two")]


@pytest.mark.parametrize(
    ("number", "text"),
    [("1.50", "1.50"), ("-0", "-0"), ("1e5", "1e5"), ("9" * 6_000, "9" * 6_000)],
)
def test_read_source_jsonl_number_keeps_its_spelling(tmp_path: Path, number: str, text: str):
    assert pairs(read(tmp_path, "f.jsonl", f'{{"q": "x", "a": {number}}}')) == [("x", text)]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 2, column 2: not JSON"),
        ("nonsense", "line 2, column 1: not JSON"),
        ('{"q": "x", "a": "y"} {}', "line 2, column 22: not JSON"),
        ('{"q": "x", "a": "y\x01"}', "line 2, column 19: not JSON"),
        ('["q", "a"]', "line 2: is no JSON object"),
        ("null", "line 2: is no JSON object"),
        ('{"q": "x"}', 'line 2: there is no column "a". Columns here: "q".'),
        ("{}", 'there is no column "q". Columns here: none.'),
        ('{"q": "x", "a": null}', 'line 2, column "a": is empty'),
        ('{"q": " \\n", "a": "y"}', 'line 2, column "q": is empty'),
        ('{"q": "x", "a": true}', 'column "a": is true or false, not text'),
        ('{"q": "x", "a": ["y"]}', 'column "a": is of type list, not text'),
        ('{"q": "x", "a": {"b": 1}}', 'column "a": is of type dict, not text'),
        ('{"q": "x", "a": NaN}', "line 2: NaN is not JSON"),
        ('{"q": "x", "a": "y", "b": -Infinity}', "line 2: -Infinity is not JSON"),
        ('{"q": "x", "a": "y", "q": "z"}', 'line 2: the key "q" stands twice'),
        ('{"q": "x", "a": "y", "b": {"c": 1, "c": 2}}', 'the key "c" stands twice'),
        ('{"q": "x", "a": "\\ud800"}', 'line 2, column "a": half of a surrogate pair'),
        ('{"q": "x", "a": "y\\udc00z"}', "half of a surrogate pair at character 1"),
        ('{"q": ' + "[" * 100_000, "line 2: nested too deeply"),
    ],
)
def test_read_source_jsonl_bad_row_is_named(tmp_path: Path, line: str, told: str):
    assert told in refusal(tmp_path, "f.jsonl", f"{GOOD}{line}\n{GOOD}")


def test_read_source_jsonl_not_utf8_names_line_and_byte(tmp_path: Path):
    bad = GOOD.encode() + b'{"q": "x\xe9"}\n'
    assert "line 2, byte 9: not UTF-8" in refusal(tmp_path, "f.jsonl", bad)
    assert "line 1, byte 1: not UTF-8" in refusal(tmp_path, "f.jsonl", GOOD.encode("utf-16"))


def test_read_source_jsonl_line_and_value_beyond_their_limits_are_refused(tmp_path: Path):
    line = b'{"q": "' + b"x" * MAX_LINE_BYTES
    assert "line 2 is longer than 50,000,000 bytes" in refusal(
        tmp_path, "f.jsonl", GOOD.encode() + line
    )
    value = json.dumps({"q": "x", "a": "é" * (MAX_VALUE_BYTES // 2 + 1)}, ensure_ascii=False)
    assert "at most 10,000,000 are read" in refusal(tmp_path, "f.jsonl", value)


@pytest.mark.parametrize("name", ["f.jsonl", "f.csv", "f.jsonl.gz", "f.csv.gz"])
def test_read_source_file_without_rows_is_refused(tmp_path: Path, name: str):
    for content in (b"", b"\n\n", b"\xef\xbb\xbf"):
        data = gzip.compress(content) if name.endswith(".gz") else content
        assert "has no rows" in refusal(tmp_path, name, data)


def test_read_source_gzip_is_read_and_a_cut_one_is_refused(tmp_path: Path):
    packed = gzip.compress((GOOD * 500).encode())
    assert read(tmp_path, "f.jsonl.gz", packed).height == 500
    assert "cannot be read after" in refusal(tmp_path, "f.jsonl.gz", packed[:-9])
    assert "cannot be read after 0 rows" in refusal(tmp_path, "f.jsonl.gz", GOOD)


def test_read_source_gzip_bomb_stops_at_the_line_limit(tmp_path: Path):
    assert "is longer than" in refusal(tmp_path, "f.jsonl.gz", gzip.compress(b" " * 60_000_000))


@pytest.mark.parametrize("name", ["f.json", "f.txt", "f", "f.jsonl.zip"])
def test_read_source_unknown_kind_of_file_is_refused(tmp_path: Path, name: str):
    assert "Give one of .jsonl, .jsonl.gz, .csv, .csv.gz, .parquet" in refusal(tmp_path, name, GOOD)


@pytest.mark.parametrize("name", ["absent.jsonl", "nul\0.jsonl", ".", "x" * 300 + ".jsonl"])
def test_read_source_missing_file_is_refused(tmp_path: Path, name: str):
    with pytest.raises(SourceError, match=r"there is no such file|unknown kind|cannot be read"):
        read_source(located(tmp_path / name))


def test_read_source_csv_takes_quotes_newlines_and_marks(tmp_path: Path):
    text = '\ufeffa,q,more\r\n"two ""2""","one\nline",x\r\n\r\n5,"x,y",\r\n'
    assert pairs(read(tmp_path, "f.csv", text)) == [("one\nline", 'two "2"'), ("x,y", "5")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("q,b\nx,y\n", 'line 2: there is no column "a". Columns here: "q", "b".'),
        ("q,a,q\nx,y,z\n", 'the column "q" stands twice'),
        ("q,a\nx,y\nz\n", "line 3: 1 values for 2 columns"),
        ("q,a\nx,y,z\n", "line 2: 3 values for 2 columns"),
        ('q,a\nx,"y\n', "cannot be read after 0 rows"),
        ('q,a\nx,"y"z\n', "cannot be read after 0 rows"),
        ("q,a\nx,\n", 'line 2, column "a": is empty'),
        ("q,a\nx," + "y" * (MAX_VALUE_BYTES + 1), "cannot be read after 0 rows"),
    ],
)
def test_read_source_csv_bad_row_is_named(tmp_path: Path, text: str, told: str):
    assert told in refusal(tmp_path, "f.csv", text)


def test_read_source_parquet_takes_text_and_numbers(tmp_path: Path):
    path = tmp_path / "f.parquet"
    pl.DataFrame(
        {"q": ["x", "y"], "a": [Decimal("1.50"), Decimal("2.00")], "other": [[1], None]}
    ).write_parquet(path)
    assert pairs(read_source(located(path))) == [("x", "1.50"), ("y", "2.00")]


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (["y", None], 'row 2, column "a": is empty'),
        ([1.0, float("nan")], 'row 2, column "a": is nan, not text'),
        ([True, False], 'row 1, column "a": is true or false'),
        ([["y"], ["z"]], 'row 1, column "a": is of type list'),
    ],
)
def test_read_source_parquet_bad_row_is_named(tmp_path: Path, column: list[object], told: str):
    path = tmp_path / "f.parquet"
    pl.DataFrame({"q": ["x", "z"], "a": column}).write_parquet(path)
    with pytest.raises(SourceError) as caught:
        read_source(located(path))
    assert told in str(caught.value)


def test_read_source_parquet_without_the_column_names_those_found(tmp_path: Path):
    path = tmp_path / "f.parquet"
    pl.DataFrame({"q": ["x"], "b": ["y"]}).write_parquet(path)
    with pytest.raises(SourceError, match=r'no column "a"\. Columns here: "q", "b"\.'):
        read_source(located(path))


def test_read_source_parquet_that_is_none_is_refused(tmp_path: Path):
    assert "cannot be read" in refusal(tmp_path, "f.parquet", b"PAR1" + GOOD.encode() + b"PAR1")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    st.sampled_from(["f.jsonl", "f.csv", "f.jsonl.gz", "f.parquet"]),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8),
)
def test_read_source_damaged_bytes_give_rows_or_a_source_error(
    tmp_path: Path, name: str, damage: list[tuple[int, int]]
):
    frame = pl.DataFrame({"q": ["eins", "zwei"], "a": ["é", "b"]})
    whole = tmp_path / "whole.parquet"
    frame.write_parquet(whole)
    data = {
        "f.jsonl": frame.write_ndjson().encode(),
        "f.csv": frame.write_csv().encode(),
        "f.jsonl.gz": gzip.compress(frame.write_ndjson().encode()),
        "f.parquet": whole.read_bytes(),
    }[name]
    spoiled = bytearray(data)
    for place, byte in damage:
        spoiled[place % len(spoiled)] = byte
    refused, columns = "", SAMPLE_SCHEMA
    try:
        columns = read(tmp_path, name, bytes(spoiled)).schema
    except SourceError as error:
        refused = str(error)
    assert columns == SAMPLE_SCHEMA
    assert refused == "" or name in refused


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=5))
def test_read_source_any_text_survives_each_format(tmp_path: Path, texts: list[str]):
    frame = pl.DataFrame({"q": texts, "a": [text[::-1] for text in texts]})
    (tmp_path / "f.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in frame.iter_rows(named=True))
    )
    frame.write_parquet(tmp_path / "f.parquet")
    for name in ("f.jsonl", "f.parquet"):
        assert pairs(read_source(located(tmp_path / name))) == frame.rows()


def test_read_source_gsm8k_gives_every_row(shared_data: Path):
    [path] = sorted((shared_data / "gsm8k").glob("train*.jsonl*"))
    frame = read_source(located(path, "question", "answer"))
    assert frame.height == 7_473
    assert frame["sample_id"].n_unique() == 7_473


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": "x"}\n{"a": "y", "b": "z"}\n', 'line 2: fields differ from those of the first row'),
        ('{"a": "x", "b": "y"}\n\n{"a": "z"}\n', 'line 3: fields differ'),
        ("{}\n", "line 1: has no fields"),
        ('{"a": "x"}\n{"a": ""}\n', 'line 2, column "a": is empty'),
        ('{"a": {"b": "c"}}\n', "is of type dict"),
        ("", "has no rows"),
    ],
)  # fmt: skip
def test_read_seeds_file_bad_row_is_named(tmp_path: Path, text: str, told: str):
    path = tmp_path / "seeds.jsonl"
    path.write_text(text)
    with pytest.raises(SourceError) as caught:
        read_seeds_file(path, "recipe x")
    assert told in str(caught.value)
    assert str(caught.value).startswith(f"recipe x: {path}")


def test_read_seeds_file_numbers_become_text(tmp_path: Path):
    path = tmp_path / "seeds.jsonl"
    path.write_text('{"a": "x", "b": 2.50}\n')
    assert read_seeds_file(path, "l") == ({"a": "x", "b": "2.50"},)
