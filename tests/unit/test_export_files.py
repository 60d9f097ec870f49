import gzip
import hashlib
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FuturesTimeoutError

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synth_assets.core.config.mixtures import ExportSpec
from synth_assets.core.export.layout import lay_out
from synth_assets.core.schema import TRAINING_SCHEMA
from synth_assets.errors import StageContractError, StorageError
from synth_assets.resources.exporting import row_groups
from synth_assets.resources.exporting.folder import swapped_in
from synth_assets.resources.exports import export_training_set
from tests.samples import frame_of, real_row
from tests.training_rows import exported, training_frame

ROWS = [real_row(f"s{n}", f"What is {n}?", f"It is {n}. 😀\n") for n in range(10)]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_export_of_one_split_is_one_file_of_each_kind(tmp_path):
    made = exported(tmp_path, training_frame(*ROWS))
    assert names(made.folder) == ["train.jsonl", "train.parquet"]
    assert [(f.path, f.split, f.kind, f.compression, f.rows) for f in made.rows.files] == [
        ("train.parquet", "train", "parquet", "none", 10),
        ("train.jsonl", "train", "jsonl", "none", 10),
    ]


def test_export_of_more_rows_than_a_file_takes_has_numbered_files(tmp_path):
    splits = ["train", "test"] * 5
    made = exported(tmp_path, training_frame(*ROWS, splits=splits), rows_per_file=2)
    assert names(made.folder) == sorted(
        f"{split}-{n:05}-of-00003.{kind}"
        for split in ("test", "train")
        for n in range(3)
        for kind in ("jsonl", "parquet")
    )
    assert [(f.split, f.rows) for f in made.rows.files if f.kind == "parquet"] == [
        ("train", 2),
        ("train", 2),
        ("train", 1),
        ("test", 2),
        ("test", 2),
        ("test", 1),
    ]
    read = pl.concat(
        [pl.read_parquet(made.folder / f"train-{n:05}-of-00003.parquet") for n in range(3)]
    )
    assert read["sample_id"].to_list() == ["s0", "s2", "s4", "s6", "s8"]


def test_export_tells_size_and_digest_of_each_file(tmp_path):
    made = exported(tmp_path, training_frame(*ROWS), compression="gzip")
    for file in made.rows.files:
        data = (made.folder / file.path).read_bytes()
        assert (file.bytes, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert made.rows.bytes == sum(file.bytes for file in made.rows.files)


def test_export_lines_are_these_bytes_on_any_day_and_machine(tmp_path):
    row = real_row("s1", 'Say "é\u2028\x00\x7f"\n', "😀", score=0.1, difficulty=3.0)
    exported(tmp_path, training_frame(row), files=["jsonl"])
    assert (tmp_path / "out" / "train.jsonl").read_bytes() == (
        b'{"messages":[{"role":"user","content":"Say \\"\xc3\xa9\xe2\x80\xa8\\u0000\x7f\\"\\n"},'
        b'{"role":"assistant","content":"\xf0\x9f\x98\x80"}],"sample_id":"s1","origin":"real",'
        b'"recipe":"","recipe_version":"","technique":"","source":"people","seed_id":"",'
        b'"parent_ids":[],"teacher":"","licence":"MIT","synthetic_depth":0,"difficulty":3.0,'
        b'"content_hash":"' + row.content_hash.encode() + b'","copy":1,"score":0.1,'
        b'"rejected_response":""}\n'
    )


def test_export_in_gzip_has_neither_time_nor_name_in_its_bytes(tmp_path):
    made = exported(tmp_path, training_frame(*ROWS), files=["jsonl"], compression="gzip")
    packed = (made.folder / "train.jsonl.gz").read_bytes()
    plain = exported(tmp_path, training_frame(*ROWS), files=["jsonl"])
    assert gzip.decompress(packed) == (plain.folder / "train.jsonl").read_bytes()
    # Flags say that no name follows; then four bytes of time.
    assert packed[3:8] == bytes(5)


def test_export_in_zstd_unpacks_to_the_same_lines(tmp_path):
    made = exported(tmp_path, training_frame(*ROWS), files=["jsonl"], compression="zstd")
    read = pl.read_ndjson(made.folder / "train.jsonl.zst")
    assert read["sample_id"].to_list() == [f"s{n}" for n in range(10)]


def test_export_of_parquet_has_plain_strings_and_lists(tmp_path):
    made = exported(tmp_path, training_frame(*ROWS))
    schema = pq.read_schema(made.folder / "train.parquet")
    assert str(schema.field("sample_id").type) == "string"
    assert str(schema.field("messages").type).startswith("list<element: struct<role: string")
    assert schema.metadata is None


@pytest.mark.parametrize("spec", [{"compression": c} for c in ("none", "gzip", "zstd")])
def test_export_of_equal_rows_is_equal_bytes_however_they_lie_in_their_file(
    tmp_path, monkeypatch, spec
):
    monkeypatch.setattr(row_groups, "GROUP_ROWS", 64)
    monkeypatch.setattr(row_groups, "GROUP_BYTES", 3_000)
    rows = [real_row(f"s{n}", "q" * (n % 97), "a" * (n * n % 2_003)) for n in range(210)]
    frame = training_frame(*rows, splits=["train", "train", "validation"] * 69 + ["test"] * 3)
    made = list[dict[str, bytes]]()
    for number, size in enumerate((210, 7, 37)):
        place = tmp_path / f"{number}.parquet"
        frame.write_parquet(place, row_group_size=size)
        spec_read = ExportSpec.model_validate({**spec, "rows_per_file": 60})
        export_training_set(tmp_path / "out", place, spec_read)
        made.append(contents(tmp_path / "out"))
    assert len(made[0]) == 12
    assert all(each == made[0] for each in made)


def test_export_again_takes_the_place_of_files_that_are_no_more(tmp_path):
    exported(tmp_path, training_frame(*ROWS), rows_per_file=3)
    folder = tmp_path / "out"
    (folder / "README.md").write_text("old")
    (folder / "notes.txt").write_text("mine")
    exported(tmp_path, training_frame(*ROWS), files=["jsonl"])
    assert names(folder) == ["notes.txt", "train.jsonl"]
    assert (folder / "notes.txt").read_text() == "mine"
    assert names(tmp_path) == ["out", "rows.parquet"]


def test_export_into_a_folder_of_other_things_leaves_them_alone(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "thesis.tex").write_text("years of work")
    with pytest.raises(StorageError, match=r"out: holds other things .* such as thesis.tex"):
        exported(tmp_path, training_frame(*ROWS))
    assert contents(folder) == {"thesis.tex": b"years of work"}
    assert names(tmp_path) == ["out", "rows.parquet"]


def test_export_that_fails_leaves_the_earlier_one_as_it_was(tmp_path):
    made = exported(tmp_path, training_frame(*ROWS))
    before = contents(made.folder)
    broken = training_frame(*ROWS, real_row("s99", "p", "r", history="nonsense"))
    with pytest.raises(StageContractError, match="history"):
        exported(tmp_path, broken)
    assert contents(made.folder) == before
    assert names(tmp_path) == ["out", "rows.parquet"]


def test_export_whose_description_fails_leaves_nothing(tmp_path):
    training_frame(*ROWS).write_parquet(tmp_path / "rows.parquet")

    def describe(_):
        raise StageContractError("no lineage")

    with pytest.raises(StageContractError, match="no lineage"):
        export_training_set(
            tmp_path / "out", tmp_path / "rows.parquet", ExportSpec(), describe=describe
        )
    assert names(tmp_path) == ["rows.parquet"]


def test_export_describes_what_it_wrote(tmp_path):
    training_frame(*ROWS).write_parquet(tmp_path / "rows.parquet")
    made = export_training_set(
        tmp_path / "out",
        tmp_path / "rows.parquet",
        ExportSpec(),
        describe=lambda written: {"README.md": f"{len(written.files)} files\n"},
    )
    assert (made.folder / "README.md").read_bytes() == b"2 files\n"
    assert made.beside == {"README.md": "2 files\n"}


def test_export_on_a_full_disk_says_so_and_leaves_nothing(tmp_path, monkeypatch):
    training_frame(*ROWS).write_parquet(tmp_path / "rows.parquet")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("synth_assets.resources.exporting.shards._LinesShard.write", full)
    with pytest.raises(StorageError, match=r"out: cannot be written: .*No space left.*Free space"):
        export_training_set(tmp_path / "out", tmp_path / "rows.parquet", ExportSpec())
    assert names(tmp_path) == ["rows.parquet"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_export_into_a_folder_that_may_not_be_written_says_so(tmp_path):
    training_frame(*ROWS).write_parquet(tmp_path / "rows.parquet")
    closed = tmp_path / "closed"
    closed.mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(StorageError, match="cannot be written"):
        export_training_set(closed / "out", tmp_path / "rows.parquet", ExportSpec())


def test_export_to_a_file_is_refused(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(StorageError, match="out: is a file"):
        exported(tmp_path, training_frame(*ROWS))
    assert (tmp_path / "out").read_text() == "mine"


def test_export_tidies_up_what_a_killed_one_left(tmp_path):
    made = exported(tmp_path, training_frame(*ROWS), rows_per_file=3)
    (made.folder / "notes.txt").write_text("mine")
    made.folder.rename(tmp_path / ".out.old")
    (tmp_path / ".out.part").mkdir()
    (tmp_path / ".out.part" / "train.jsonl.0").write_text("half a row")
    exported(tmp_path, training_frame(*ROWS))
    assert names(tmp_path / "out") == ["notes.txt", "train.jsonl", "train.parquet"]
    assert names(tmp_path) == ["out", "rows.parquet"]


def test_export_into_a_folder_that_another_writes_is_refused(tmp_path):
    made = exported(tmp_path, training_frame(*ROWS))
    before = contents(made.folder)
    with swapped_in(made.folder) as part:
        (part / "train.jsonl").write_text("other rows")
        with pytest.raises(StorageError, match="out: another process writes it"):
            exported(tmp_path, training_frame(*ROWS))
    assert before != contents(made.folder) == {"train.jsonl": b"other rows"}


def test_export_into_a_folder_that_another_writes_waits_for_it_where_asked(tmp_path):
    training_frame(*ROWS).write_parquet(tmp_path / "rows.parquet")
    with ThreadPoolExecutor() as threads:
        with swapped_in(tmp_path / "out") as part:
            (part / "train.jsonl").write_text("other rows")
            ours = threads.submit(
                export_training_set,
                tmp_path / "out",
                tmp_path / "rows.parquet",
                ExportSpec(),
                patience_s=60,
            )
            with pytest.raises(FuturesTimeoutError):
                ours.result(timeout=0.3)
        made = ours.result()
    assert made.rows.bytes == sum(map(len, contents(made.folder).values()))
    assert contents(made.folder)["train.jsonl"] != b"other rows"
    assert names(tmp_path) == ["out", "rows.parquet"]


def test_export_of_no_rows_is_refused(tmp_path):
    with pytest.raises(StageContractError, match="without rows"):
        exported(tmp_path, TRAINING_SCHEMA.to_frame())
    assert names(tmp_path) == ["rows.parquet"]


def test_export_of_pairs_alone_leaves_out_the_other_rows(tmp_path):
    rows = training_frame(*ROWS, real_row("pair", "Why?", "So.", rejected="No."))
    rows.write_parquet(tmp_path / "rows.parquet")
    spec = ExportSpec(format="trl_dpo")
    export_training_set(tmp_path / "out", tmp_path / "rows.parquet", spec, pairs_only=True)
    assert pl.read_parquet(tmp_path / "out" / "train.parquet")["sample_id"].to_list() == ["pair"]


def test_export_of_pairs_alone_where_there_are_none_is_refused(tmp_path):
    training_frame(*ROWS).write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(StageContractError, match="without preference pairs"):
        export_training_set(
            tmp_path / "out",
            tmp_path / "rows.parquet",
            ExportSpec(format="trl_dpo"),
            pairs_only=True,
        )


def test_export_of_rows_that_are_not_there_says_so(tmp_path):
    with pytest.raises(StorageError, match=r"rows.parquet: not there"):
        export_training_set(tmp_path / "out", tmp_path / "rows.parquet", ExportSpec())


def test_export_of_rows_of_another_schema_names_what_lacks(tmp_path):
    frame_of(*ROWS).write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(StorageError, match="it lacks split, copy"):
        export_training_set(tmp_path / "out", tmp_path / "rows.parquet", ExportSpec())


def test_export_of_a_damaged_file_says_so(tmp_path):
    place = tmp_path / "rows.parquet"
    training_frame(*ROWS).write_parquet(place)
    place.write_bytes(place.read_bytes()[:-8])
    with pytest.raises(StorageError, match=r"rows.parquet: cannot be read"):
        export_training_set(tmp_path / "out", place, ExportSpec())


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
CHATS = st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.text()), max_size=3)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(TEXT, TEXT, TEXT, CHATS), min_size=1, max_size=4))
def test_export_of_any_texts_reads_back_from_both_kinds(tmp_path, texts):
    rows = training_frame(
        *(
            real_row(
                str(n),
                prompt,
                answer,
                context=context,
                history=json.dumps([{"role": r, "content": c} for r, c in chat]) if chat else "",
            )
            for n, (prompt, answer, context, chat) in enumerate(texts)
        )
    )
    made = exported(tmp_path, rows)
    meant = lay_out(rows, "messages")
    assert pl.read_parquet(made.folder / "train.parquet").equals(meant)
    lines = (made.folder / "train.jsonl").read_bytes().split(b"\n")
    assert [json.loads(line) for line in lines[:-1]] == meant.to_dicts()
    assert lines[-1] == b""
    assert [chat[-1]["content"] for chat in meant["messages"]] == [
        answer for _, answer, *_ in texts
    ]
