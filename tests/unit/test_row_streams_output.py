"""Rows that are kept, written as they stood."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synth_assets.core.schema import DECISION_SCHEMA
from synth_assets.errors import ConfigurationError, SourceError, StorageError
from synth_assets.resources.row_files.filtered import KeptWritten, plan_output, write_kept
from synth_assets.resources.row_files.inputs import find_inputs
from synth_assets.resources.row_files.tables import open_table
from synth_assets.resources.row_files.text_rows import Advance
from tests.unit.row_stream_files import PACKINGS, jsonl, keep, packed, put, table, unpacked

EVERY_OTHER = [True, False, True, False]


def misfit(paths: list[Path], output: Path, kept: list[bool]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        keep(paths, output, kept)
    assert not output.exists()
    return str(caught.value)


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


@pytest.mark.parametrize("packing", PACKINGS)
def test_write_kept_jsonl_to_jsonl_keeps_lines_to_the_byte(tmp_path: Path, packing: str):
    first = b'\xef\xbb\xbf{"text":  "a", "n": 1.50}\r\n\n{"text": "gone"}\n{"text": "\\ud800"}\r\n'
    second = b'{"a": "\xc3\xa9", "a": 1}'
    put(tmp_path / "1.jsonl", first)
    put(tmp_path / f"2.jsonl{packing}", packed(second, packing))
    put(tmp_path / "3.jsonl", b'{"text": "b"}')
    output = tmp_path / f"kept.ndjson{packing}"
    written = keep([tmp_path / "*.jsonl*"], output, [True, False, True, True, True])
    assert written == KeptWritten(4, 0)
    assert unpacked(output.read_bytes(), packing) == (
        b'{"text":  "a", "n": 1.50}\r\n{"text": "\\ud800"}\r\n{"a": "\xc3\xa9", "a": 1}\n'
        b'{"text": "b"}\n'
    )


def test_write_kept_csv_to_csv_keeps_rows_to_the_byte(tmp_path: Path):
    put(tmp_path / "1.csv", b'\xef\xbb\xbfa,"b"\r\n1,"x\r\n""y"""\r\n\r\n2,z\r\n')
    put(tmp_path / "2.csv", b"")
    put(tmp_path / "3.csv", b"a,b\n3,\xc3\xa9\n4,w")
    output = tmp_path / "kept.csv"
    keep([tmp_path / "?.csv"], output, [True, False, True, True])
    assert output.read_bytes() == (b'\xef\xbb\xbfa,"b"\r\n1,"x\r\n""y"""\r\n3,\xc3\xa9\n4,w\n')


def every_type() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "text": ["a", None, "c", ""],
            "small": pl.Series([1, None, 3, 4], dtype=pl.Int8),
            "large": pl.Series([1, 2, 2**63, 4], dtype=pl.UInt64),
            "real": pl.Series([1.5, None, 2, 3], dtype=pl.Float32),
            "truth": [True, None, False, True],
            "bytes": [b"x", None, b"\xff", b""],
            "day": [date(2020, 1, 1)] * 4,
            "time": pl.Series([datetime(2020, 1, 1)] * 4, dtype=pl.Datetime("ns", "UTC")),  # noqa: DTZ001
            "span": [timedelta(1)] * 4,
            "exact": pl.Series([Decimal("1.5")] * 4, dtype=pl.Decimal(10, 2)),
            "list": [[1], None, [], [2]],
            "pair": pl.Series([[1, 2]] * 4, dtype=pl.Array(pl.Int64, 2)),
            "struct": [{"a": 1, "b": [{"c": "x"}]}] * 4,
            "kind": pl.Series(["a", "b", "a", "b"], dtype=pl.Categorical),
            "fixed": pl.Series(["a", "b", "a", "b"], dtype=pl.Enum(["a", "b"])),
            "nothing": [None] * 4,
        }
    )


def test_write_kept_parquet_to_parquet_keeps_schema_and_notes(tmp_path: Path):
    frame = every_type()
    schema = frame.to_arrow().schema.with_metadata({"huggingface": '{"features": 1}'})
    for at in range(2):
        pq.write_table(frame.to_arrow().cast(schema), tmp_path / f"{at}.parquet", row_group_size=3)
    output = tmp_path / "kept.parquet"
    assert keep([tmp_path / "?.parquet"], output, EVERY_OTHER * 2) == KeptWritten(4, 0)
    kept = frame[[0, 2, 0, 2]]
    assert table(output).schema == frame.schema
    assert table(output).equals(kept)
    assert pq.read_schema(output).metadata[b"huggingface"] == b'{"features": 1}'


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_write_kept_all_or_none_of_the_rows(tmp_path: Path, kind: str):
    frame = pl.DataFrame({"text": ["a", "b"], "other": ["c", None]})
    path = tmp_path / f"in.{kind}"
    writers = {"jsonl": frame.write_ndjson, "csv": frame.write_csv, "parquet": frame.write_parquet}
    writers[kind](path)
    for ending, read in (("csv", pl.read_csv), ("parquet", pl.read_parquet)):
        output = tmp_path / f"out.{ending}"
        keep([path], output, [True, True])
        assert read(output).equals(frame)
        keep([path], output, [False, False])
        assert (read(output).columns, read(output).height) == (["text", "other"], 0)
    keep([path], tmp_path / "out.jsonl", [False, True])
    assert json.loads((tmp_path / "out.jsonl").read_bytes()) == {"text": "b", "other": None}
    keep([path], tmp_path / "out.jsonl", [False, False])
    assert (tmp_path / "out.jsonl").read_bytes() == b""


def test_write_kept_jsonl_rows_that_differ_become_one_table(tmp_path: Path):
    rows = [{"a": n, "b": {"c": [n]}} for n in range(3_000)]
    put(tmp_path / "1.jsonl", jsonl(*rows, {"a": "text", "d": None}))
    put(tmp_path / "2.jsonl", jsonl({"b": {"e": "more"}, "a": 1.5}))
    output = tmp_path / "kept.parquet"
    keep([tmp_path / "?.jsonl"], output, [False] * 2_999 + [True] * 3)
    found = table(output)
    assert found.schema == {
        "a": pl.String,
        "b": pl.Struct({"c": pl.List(pl.Int64), "e": pl.String}),
        "d": pl.Null,
    }
    assert found.rows() == [
        ("2999", {"c": [2_999], "e": None}, None),
        ("text", None, None),
        ("1.5", {"c": None, "e": "more"}, None),
    ]


def test_write_kept_halves_of_surrogate_pairs_are_marked_in_tables(tmp_path: Path):
    lines = [
        b'{"text": "a\\ud800b\\\\ud800\\udc00"}',
        b'{"text": "\\ud83d\\ude00\\uD83D"}',
        b'{"text": "\\ud83d\\ude00 \\\\ud800"}',
        b'{"text": "\\uDBFF\\udbff\\udfff"}',
    ]
    path = put(tmp_path / "a.jsonl", b"\n".join(lines))
    assert keep([path], tmp_path / "kept.parquet", [True] * 4) == KeptWritten(4, 3)
    assert table(tmp_path / "kept.parquet")["text"].to_list() == [
        "a\ufffdb\\ud800\ufffd",
        "\U0001f600\ufffd",
        "\U0001f600 \\ud800",
        "\ufffd\U0010ffff",
    ]


def test_write_kept_mixed_kinds_of_the_same_columns_become_one_table(tmp_path: Path):
    pl.DataFrame({"n": ["x", ""], "text": ["a", None]}).write_parquet(tmp_path / "1.parquet")
    put(tmp_path / "2.csv", b"text,n\nb,y\n,z\n")
    put(tmp_path / "3.jsonl", jsonl({"text": "c"}, {"n": "w", "text": None}))
    expected = [("x", "a"), ("", None), ("y", "b"), ("z", None), (None, "c"), ("w", None)]
    keep([tmp_path / "?.*"], tmp_path / "kept.parquet", [True] * 6)
    assert table(tmp_path / "kept.parquet").rows() == expected
    keep([tmp_path / "?.*"], tmp_path / "kept.csv", [True] * 6)
    assert pl.read_csv(tmp_path / "kept.csv").rows() == expected
    keep([tmp_path / "?.*"], tmp_path / "kept.jsonl", [True] * 6)
    assert (tmp_path / "kept.jsonl").read_text() == (
        '{"n":"x","text":"a"}\n{"n":"","text":null}\n{"text":"b","n":"y"}\n{"text":null,"n":"z"}\n'
        '{"text": "c"}\n{"n": "w", "text": null}\n'
    )


def test_write_kept_types_of_parquet_files_are_widened(tmp_path: Path):
    frames = [
        pl.DataFrame({"n": pl.Series([1], dtype=pl.Int32), "s": [None], "e": ["x"]}),
        pl.DataFrame({"e": ["y"], "n": [2.5], "s": ["t"]}),
    ]
    for at, frame in enumerate(frames):
        frame.write_parquet(tmp_path / f"{at}.parquet")
    keep([tmp_path / "?.parquet"], tmp_path / "kept.parquet", [True, True])
    assert table(tmp_path / "kept.parquet").rows() == [(1.0, None, "x"), (2.5, "t", "y")]


def test_write_kept_enums_of_other_values_become_plain_categories(tmp_path: Path):
    for at, values in enumerate((["a", "b"], ["c", "d"])):
        frame = pl.DataFrame({"kind": pl.Series(values, dtype=pl.Enum(values))})
        frame.write_parquet(tmp_path / f"{at}.parquet")
    keep([tmp_path / "?.parquet"], tmp_path / "kept.parquet", [True] * 4)
    found = table(tmp_path / "kept.parquet")
    assert found["kind"].cast(pl.String).to_list() == ["a", "b", "c", "d"]


def test_write_kept_what_is_no_table_is_told_before_anything_is_written(tmp_path: Path):
    put(tmp_path / "a.jsonl", jsonl({"a": [1]}, {"a": 1}))
    put(tmp_path / "b.jsonl", jsonl({"a": {"b": 1}}))
    put(tmp_path / "c.csv", b"a,b\n1,2\n")
    put(tmp_path / "d.csv", b"b,a\n1,2\n")
    pl.DataFrame({"a": [b"x"]}).write_parquet(tmp_path / "e.parquet")
    pl.DataFrame({"a": [1], "z": [2]}).write_parquet(tmp_path / "f.parquet")
    pl.DataFrame({"a": [1], "b": ["2"]}).write_parquet(tmp_path / "g.parquet")
    put(tmp_path / "h.jsonl", jsonl({"a": [{"b": 2**70}]}))

    def told(output: str, *names: str) -> str:
        return misfit([tmp_path / name for name in names], tmp_path / output, [True])

    assert "lines 1 to 2 of" in told("o.parquet", "a.jsonl")
    assert "CSV format does not support nested data. Write .parquet" in told("o.csv", "b.jsonl")
    assert 'has the columns "b", "a", and' in told("o.csv", "c.csv", "d.csv")
    assert "holds bytes, not text. Write .parquet" in told("o.jsonl", "e.parquet")
    assert "holds bytes, not text. Write .parquet" in told("o.csv", "e.parquet")
    assert 'lacks "b" and has "z", unlike' in told("o.parquet", "c.csv", "f.parquet")
    assert "incompatible types: large_string vs int64" in told("o.parquet", "c.csv", "g.parquet")
    assert "more than 64 bits" in told("o.parquet", "h.jsonl")


def test_plan_output_malformed_row_is_named(tmp_path: Path):
    path = put(tmp_path / "a.jsonl", jsonl({"a": 1}) + b'{"a": \n')
    with pytest.raises(SourceError, match=r"a\.jsonl: line 2, column 6: not JSON"):
        plan_output(find_inputs([str(path)]), tmp_path / "o.parquet")


def test_plan_output_wrong_place_is_refused(tmp_path: Path):
    path = put(tmp_path / "a.jsonl", jsonl({"a": 1}))
    (tmp_path / "link.jsonl").symlink_to(path)
    assert "unknown kind of file" in misfit([path], tmp_path / "o.txt", [True])
    assert "unknown kind of file" in misfit([path], tmp_path / "o.parquet.gz", [True])
    for output, told in [
        (path, "is the file that is read"),
        (tmp_path / "link.jsonl", "is the file that is read"),
        (tmp_path, "unknown kind of file"),
        (path / "o.jsonl", "folder cannot be written"),
    ]:
        with pytest.raises(ConfigurationError, match=told):
            plan_output(find_inputs([str(path)]), output)
    assert path.read_bytes() == jsonl({"a": 1})


@pytest.mark.parametrize("ending", ["jsonl.zst", "parquet"])
def test_write_kept_failure_leaves_what_was_there(tmp_path: Path, ending: str):
    path = put(tmp_path / "a.jsonl", jsonl(*({"a": n} for n in range(5_000))))
    output = put(tmp_path / f"o.{ending}", b"before")
    plan = plan_output(find_inputs([str(path)]), output)
    for count, told in ((4_999, "are more"), (5_001, "there are 5,000")):
        with pytest.raises(SourceError, match=told):
            write_kept(plan, np.ones(count, bool))
    put(path, jsonl({"a": 1}))
    with pytest.raises(SourceError, match="changed while it was worked on"):
        write_kept(plan, np.ones(5_000, bool))
    assert output.read_bytes() == b"before"
    assert leftovers(tmp_path) == []


def test_write_kept_text_of_parquet_that_is_not_utf8_is_refused_where_it_becomes_text(
    tmp_path: Path,
):
    texts = pa.array([b"ok", b"\xff"]).cast(pa.string(), safe=False)
    bad = pa.ListArray.from_arrays([0, 1, 2], texts)
    spoiled = pa.table({"text": ["a", "b"], "other": bad})
    pq.write_table(spoiled, tmp_path / "a.parquet")
    keep([tmp_path / "a.parquet"], tmp_path / "o.parquet", [False, True])
    assert pq.read_table(tmp_path / "o.parquet").equals(spoiled.slice(1))
    with pytest.raises(SourceError, match=r"a\.parquet: cannot be read: .* Invalid UTF8"):
        keep([tmp_path / "a.parquet"], tmp_path / "o.jsonl", [False, True])


def test_write_kept_progress_rises_to_the_whole(tmp_path: Path):
    path = put(tmp_path / "a.jsonl", jsonl(*({"a": str(n) * 50} for n in range(50_000))))
    told = list[Advance]()
    plan = plan_output(find_inputs([str(path)]), tmp_path / "o.jsonl")
    write_kept(plan, np.ones(50_000, bool), told.append)
    shares = [each.share for each in told]
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.5 < shares[-1] == 1.0
    assert told[-1].rows == 50_000


@pytest.mark.parametrize("ending", ["parquet", "jsonl.gz", "csv"])
def test_open_table_takes_frames_and_is_there_at_the_end(tmp_path: Path, ending: str):
    output = tmp_path / "deep" / f"d.{ending}"
    row = dict.fromkeys(DECISION_SCHEMA.names(), None) | {"sample_id": "1", "score": 0.5}
    frame = pl.DataFrame([row], schema=DECISION_SCHEMA)
    with open_table(output, DECISION_SCHEMA) as writer:
        for _ in range(3):
            writer.write(frame.select(reversed(frame.columns)))
            assert not output.exists()
    assert writer.rows == 3
    match ending:
        case "parquet":
            found = table(output)
            assert found.schema == DECISION_SCHEMA
        case "csv":
            found = pl.read_csv(output, schema=DECISION_SCHEMA)
        case _:
            lines = unpacked(output.read_bytes(), ".gz")
            found = pl.read_ndjson(lines, schema=DECISION_SCHEMA)
    assert found.equals(pl.concat([frame] * 3))


def test_open_table_failure_leaves_nothing(tmp_path: Path):
    schema = pl.Schema({"a": pl.Int64})

    def fill() -> None:
        with open_table(tmp_path / "d.parquet", schema) as writer:
            writer.write(pl.DataFrame({"a": [1]}))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill()
    assert list(tmp_path.iterdir()) == []
    nested = open_table(tmp_path / "d.csv", pl.Schema({"a": pl.List(pl.Int64)}))
    with pytest.raises(ConfigurationError, match="does not support nested"), nested:
        pass
    (tmp_path / "file").write_bytes(b"")
    under_a_file = open_table(tmp_path / "file" / "d.csv", schema)
    with pytest.raises(StorageError, match="cannot be written"), under_a_file:
        pass


def test_open_table_large_values_make_row_groups_of_their_own(tmp_path: Path):
    output = tmp_path / "d.parquet"
    with open_table(output, pl.Schema({"a": pl.String})) as writer:
        for _ in range(2):
            writer.write(pl.DataFrame({"a": ["x" * 70_000_000]}))
    assert pq.ParquetFile(output).metadata.num_row_groups == 2
    assert table(output)["a"].str.len_bytes().to_list() == [70_000_000] * 2
