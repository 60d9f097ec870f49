import os
from pathlib import Path

import pytest

from synth_assets.errors import SourceError
from synth_assets.resources.row_files.inputs import (
    FileForm,
    FileKind,
    Packing,
    find_inputs,
    form_of,
)

ROW = b'{"text": "a"}\n'


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(ROW)


def found(folder: Path, *patterns: str) -> list[str]:
    files = find_inputs([str(folder / pattern) for pattern in patterns])
    return [file.path.relative_to(folder).as_posix() for file in files]


def refusal(*patterns: object) -> str:
    with pytest.raises(SourceError) as caught:
        find_inputs(list(map(str, patterns)))
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.jsonl", FileForm(FileKind.JSONL, Packing.NONE)),
        ("a.ndjson.xz", FileForm(FileKind.JSONL, Packing.XZ)),
        ("a.b.jsonl.gz", FileForm(FileKind.JSONL, Packing.GZIP)),
        ("a.csv.zst", FileForm(FileKind.CSV, Packing.ZSTD)),
        ("a.csv.bz2", FileForm(FileKind.CSV, Packing.BZIP2)),
        ("a.parquet", FileForm(FileKind.PARQUET, Packing.NONE)),
        ("a.parquet.gz", None),
        ("a.json", None),
        ("jsonl", None),
        (".gz", None),
    ],
)
def test_form_of_name_follows_its_endings(name: str, form: FileForm | None):
    assert form_of(Path(name)) == form


def test_find_inputs_globs_at_any_depth_are_sorted_by_name(tmp_path: Path):
    put(tmp_path, "b.jsonl", "a/2.jsonl.gz", "a/1.parquet", "a/deep/er/0.csv", ".hidden.jsonl")
    assert found(tmp_path, "**/*") == ["a/1.parquet", "a/2.jsonl.gz", "a/deep/er/0.csv", "b.jsonl"]
    assert found(tmp_path, "b.jsonl", "a/*.jsonl*") == ["a/2.jsonl.gz", "b.jsonl"]
    assert found(tmp_path, "[ab].jsonl") == ["b.jsonl"]


def test_find_inputs_one_file_by_several_names_is_taken_once(tmp_path: Path):
    put(tmp_path, "b.jsonl")
    (tmp_path / "a.jsonl").symlink_to("b.jsonl")
    os.link(tmp_path / "b.jsonl", tmp_path / "c.jsonl")
    assert found(tmp_path, "b.jsonl", "*.jsonl", "b.jsonl") == ["a.jsonl"]


def test_find_inputs_name_with_brackets_that_is_there_is_no_pattern(tmp_path: Path):
    put(tmp_path, "a[1].jsonl", "a1.jsonl")
    assert found(tmp_path, "a[1].jsonl") == ["a[1].jsonl"]


def test_find_inputs_home_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put(tmp_path, "a.jsonl")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert [file.path for file in find_inputs(["~/*.jsonl"])] == [tmp_path / "a.jsonl"]


def test_find_inputs_what_cannot_be_read_is_named(tmp_path: Path):
    put(tmp_path, "notes.txt", "a.jsonl", "folder.jsonl/part-0.jsonl")
    (tmp_path / "gone.jsonl").symlink_to("nowhere.jsonl")
    (tmp_path / "loop.jsonl").symlink_to("loop.jsonl")
    os.mkfifo(tmp_path / "pipe.jsonl")
    assert "no file is named" in refusal()
    assert "matches no file" in refusal(tmp_path / "*.csv")
    assert "there is no such file" in refusal(tmp_path / "b.jsonl")
    assert "there is no such file" in refusal("nul\0.jsonl")
    assert "notes.txt: unknown kind of file" in refusal(tmp_path / "*.txt")
    assert "folder.jsonl: is a folder" in refusal(tmp_path / "fold*.jsonl")
    assert f"{tmp_path}: is a folder" in refusal(tmp_path)
    assert "gone.jsonl: cannot be read" in refusal(tmp_path / "gone.jsonl")
    assert "loop.jsonl: cannot be read" in refusal(tmp_path / "loop.jsonl")
    assert "pipe.jsonl: is no regular file" in refusal(tmp_path / "pipe.jsonl")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_find_inputs_file_without_rights_is_refused(tmp_path: Path):
    put(tmp_path, "a.jsonl")
    (tmp_path / "a.jsonl").chmod(0)
    assert "Mend its rights" in refusal(tmp_path / "a.jsonl")
