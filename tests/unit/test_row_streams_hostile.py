"""Streams of rows from files that are broken, odd or huge."""

import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synth_assets.errors import ConfigurationError, SourceError
from tests.unit.row_stream_files import PACKINGS, jsonl, packed, put, stream, texts

GOOD = b'{"text": "one"}\n'


def refusal(path: Path) -> str:
    with pytest.raises(SourceError) as caught:
        texts(path)
    assert path.name in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("content", [b"", b"\n \n\r\n\t\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
def test_stream_files_without_rows_are_refused_together(
    tmp_path: Path, content: bytes, packing: str
):
    put(tmp_path / f"a.jsonl{packing}", packed(content, packing))
    put(tmp_path / f"b.csv{packing}", packed(content.strip(), packing))
    pl.DataFrame(schema={"text": pl.String}).write_parquet(tmp_path / "c.parquet")
    with pytest.raises(SourceError, match="no rows"):
        texts(tmp_path / "*")


def test_stream_mark_crlf_blank_lines_and_no_last_line_end_are_taken(tmp_path: Path):
    crlf = b'\xef\xbb\xbf{"text": "one"}\r\n\r\n  \n{"text": "two"}'
    assert texts(put(tmp_path / "a.jsonl", crlf)) == ["one", "two"]
    table = b'\xef\xbb\xbftext,n\r\n"one ""1""\r\nline",1\r\n\r\n"\xc3\xa9,",2'
    assert texts(put(tmp_path / "a.csv", table)) == ['one "1"\r\nline', "é,"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{", "line 2, column 2: not JSON"),
        (b"nonsense", "line 2, column 1: not JSON"),
        (b'{"text": "y"} {}', "line 2, column 15: not JSON"),
        (b'{"text": "y\x01"}', "line 2, column 12: not JSON"),
        (b'{"text": "y", "other": "\x01"}', "line 2, column 25: not JSON"),
        (b'{"text": 01}', "line 2, column 11: not JSON"),
        (b'["text"]', "line 2: is no JSON object"),
        (b"null", "line 2: is no JSON object"),
        (b'{"text": "y", "score": NaN}', "line 2: NaN is not JSON"),
        (b'{"text": "y\xe9"}', "line 2, byte 12: not UTF-8"),
        (b'{"text": "y", "other": "\xff"}', "line 2, byte 25: not UTF-8"),
        (b'{"text": "\xed\xa0\x80"}', "line 2, byte 11: not UTF-8"),
        (b'{"text": ' + b"[" * 100_000, "line 2: nested too deeply"),
        (b'{"other": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", "line 2: nested too deeply"),
        (b"\0\0\0\0", "line 2, column 1: not JSON"),
        (b'\xef\xbb\xbf{"text": "a"}', "line 2, column 1: not JSON"),
    ],
)
def test_stream_bad_line_is_named(tmp_path: Path, line: bytes, told: str):
    assert told in refusal(put(tmp_path / "a.jsonl", GOOD + line + b"\n" + GOOD))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"text,n\nx,1\ny\n", "line 3: 1 values for 2 columns"),
        (b"text,text\nx,y\n", 'the column "text" stands twice'),
        (b'text\n"x\n', "cannot be read: unexpected end of data"),
        (b'text,n\n"x"y,1\n', "cannot be read: ',' expected after '\"'"),
        (b"text\nx\xe9\n", "line 2, byte 2: not UTF-8"),
    ],
)
def test_stream_bad_csv_is_named(tmp_path: Path, text: bytes, told: str):
    assert told in refusal(put(tmp_path / "a.csv", text))


def test_stream_csv_with_nul_is_read(tmp_path: Path):
    assert texts(put(tmp_path / "a.csv", b"text\na\0b\n")) == ["a\0b"]


@pytest.mark.parametrize("packing", PACKINGS[1:])
def test_stream_cut_or_false_compression_names_the_file(tmp_path: Path, packing: str):
    rows = b"".join(b'{"text": "%d"}\n' % (n * 7919) for n in range(5_000))
    data = packed(rows, packing)
    for spoiled in (data[:-9], data[: len(data) // 2], GOOD * 100, data + GOOD):
        path = put(tmp_path / f"a.jsonl{packing}", spoiled)
        assert "cannot be read" in refusal(path)


@pytest.mark.parametrize("packing", PACKINGS[1:])
def test_stream_members_one_after_the_other_are_all_read(tmp_path: Path, packing: str):
    two = packed(GOOD, packing) + packed(GOOD.replace(b"one", b"two"), packing)
    assert texts(put(tmp_path / f"a.jsonl{packing}", two)) == ["one", "two"]


def test_stream_xz_with_padding_is_read(tmp_path: Path):
    padded = packed(GOOD, ".xz") + bytes(8) + packed(GOOD, ".xz") + bytes(4)
    assert texts(put(tmp_path / "a.jsonl.xz", padded)) == ["one", "one"]


def test_stream_line_of_50_mb_is_read(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD + b'{"text": "' + b"x" * 50_000_000 + b'"}\n' + GOOD)
    assert [len(text) for text in texts(path)] == [3, 50_000_000, 3]


def test_stream_line_beyond_the_limit_stops_early(tmp_path: Path):
    path = put(tmp_path / "a.jsonl.gz", gzip.compress(GOOD + b" " * 256_100_000, 1))
    assert "line 2 is longer than 256,000,000 bytes" in refusal(path)


def test_stream_parquet_damage_and_duplicates_are_named(tmp_path: Path):
    path = tmp_path / "a.parquet"
    assert "cannot be read" in refusal(put(path, b"PAR1" + GOOD + b"PAR1"))
    assert "cannot be read" in refusal(put(path, b""))
    pq.write_table(pa.table([["a"], ["b"]], names=["text", "text"]), path)
    assert 'the column "text" stands twice' in refusal(path)
    spoiled = pa.array([b"ok", b"\xff\xfe"]).cast(pa.string(), safe=False)
    pq.write_table(pa.table([pa.array(["x"] * 2_000 + ["y"])], names=["text"]), path)
    assert texts(path) == ["x"] * 2_000 + ["y"]
    pq.write_table(pa.table([spoiled], names=["text"]), path)
    assert 'rows 1 to 2, column "text": not UTF-8' in refusal(path)
    nested = pa.ListArray.from_arrays([0, 1, 2], spoiled)
    pq.write_table(pa.table([nested], names=["text"]), path)
    assert "Invalid UTF8" in refusal(path)


def test_stream_file_that_changes_between_passes_is_refused(tmp_path: Path):
    path = put(tmp_path / "a.jsonl", GOOD * 3)
    rows = stream(path)
    assert sum(len(chunk.texts) for chunk in rows.chunks()) == 3
    stamp = path.stat()
    path.write_bytes(GOOD.replace(b"one", b"two") * 3)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns + 1))
    with pytest.raises(SourceError, match="changed while it was worked on"):
        list(rows.chunks())
    path.unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        list(rows.chunks())


def test_stream_file_that_grows_while_it_is_read_is_refused(tmp_path: Path):
    path = put(tmp_path / "a.jsonl", GOOD * 50_000)
    chunks = stream(path).chunks(100)
    assert len(next(chunks).texts) == 100
    with path.open("ab") as file:
        file.write(GOOD)
    with pytest.raises(SourceError, match="changed while it was worked on"):
        list(chunks)


MEASURED = """
import resource, sys
from synth_assets.resources.row_files.inputs import find_inputs
from synth_assets.resources.row_files.streams import RowStream
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
rows = RowStream(find_inputs(sys.argv[1:]))
rows.columns
before = peak()
count = 0
for chunk in rows.chunks():
    count += len(chunk.texts)
print(count, peak() - before)
"""


@pytest.mark.parametrize("kind", ["jsonl.gz", "parquet"])
def test_stream_memory_does_not_grow_with_the_file(tmp_path: Path, kind: str):
    path = tmp_path / f"a.{kind}"
    if kind == "parquet":  # one row group, each text written once
        frame = pl.DataFrame({"text": ["x" * 1_000]}).select(pl.col("text").repeat_by(400_000))
        frame.explode("text").write_parquet(path, row_group_size=1_000_000)
    else:
        put(path, gzip.compress(jsonl({"text": "x" * 1_000}) * 400_000, 1))
    run = [sys.executable, "-c", MEASURED, str(path)]
    told = subprocess.run(run, capture_output=True, text=True, timeout=300, check=True).stdout
    found = re.fullmatch(r"(\d+) (\d+)\n", told)
    assert found is not None
    assert int(found[1]) == 400_000
    assert int(found[2]) < 150  # MB, of 400 MB of text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(
    st.sampled_from(["a.jsonl", "a.csv", "a.jsonl.gz", "a.jsonl.zst", "a.csv.xz", "a.parquet"]),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8),
)
def test_stream_damaged_bytes_give_rows_or_a_source_error(
    tmp_path: Path, name: str, damage: list[tuple[int, int]]
):
    frame = pl.DataFrame({"text": ["eins", "zwei", None], "list": [[1], [], None]})
    path = tmp_path / name
    if name.endswith("parquet"):
        frame.write_parquet(path)
        data = path.read_bytes()
    else:
        plain = frame.drop("list")
        text = plain.write_ndjson() if "jsonl" in name else plain.write_csv()
        data = packed(text.encode(), path.suffix)
    spoiled = bytearray(data)
    for place, byte in damage:
        spoiled[place % len(spoiled)] = byte
    put(path, bytes(spoiled))
    refused = ""
    try:
        found = texts(path, columns=["text"])
        assert all(isinstance(text, str) for text in found)
    except (SourceError, ConfigurationError) as error:
        refused = str(error)
    assert refused == "" or name in refused
