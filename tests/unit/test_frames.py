import os
from pathlib import Path

import polars as pl
import pytest
from upath import UPath

from synth_assets.errors import StorageError
from synth_assets.resources.frames import read_frame, write_frame

FRAME = pl.DataFrame({"a": [1, 2], "b": ["x", None]})


def test_frame_written_then_read_is_equal(tmp_path: Path):
    path = tmp_path / "deep" / "odd [name]*.parquet"
    assert write_frame(path, FRAME) == path.stat().st_size
    assert read_frame(path).equals(FRAME)


def test_frame_on_an_object_store_is_read_back_equal():
    path = UPath("memory://bucket/frame.parquet")
    write_frame(path, FRAME)
    assert read_frame(path).equals(FRAME)


def test_frame_overwritten_leaves_no_other_file(tmp_path: Path):
    path = tmp_path / "f.parquet"
    write_frame(path, FRAME)
    write_frame(path, FRAME.head(1))
    assert os.listdir(tmp_path) == ["f.parquet"]
    assert read_frame(path).height == 1


def test_frame_that_cannot_be_written_leaves_the_old_one(tmp_path: Path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        write_frame(blocked / "f.parquet", FRAME)
    assert blocked.read_text() == "in the way"


def test_frame_missing_or_damaged_is_named_with_the_mend(tmp_path: Path):
    with pytest.raises(StorageError, match=r"gone\.parquet: not there\. Materialize"):
        read_frame(tmp_path / "gone.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(StorageError, match=r"bad\.parquet: cannot be read.*Delete it"):
        read_frame(tmp_path / "bad.parquet")
