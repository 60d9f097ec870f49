"""Numbers on disk for a while."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from synth_assets.errors import StorageError
from synth_assets.resources.dedup.scratch import Scratch


@contextmanager
def no_room_beyond(limit: int) -> Iterator[None]:
    """No file can grow beyond so many bytes, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_scratch_gives_back_by_name_what_was_appended(tmp_path: Path):
    with Scratch.opened(tmp_path) as scratch:
        for start in range(0, 100_000, 1_000):
            scratch.append("even", np.arange(start, start + 1_000, 2))
            scratch.append("odd", np.arange(start + 1, start + 1_000, 2, dtype=np.uint64))
        assert scratch.mapped("even").view(np.int64).tolist() == list(range(0, 100_000, 2))
        assert scratch.mapped("odd").view(np.uint64).tolist() == list(range(1, 100_000, 2))
        assert scratch.path("odd").stat().st_size == 400_000
        assert len(scratch.mapped("none")) == 0
    assert not list(tmp_path.iterdir())


def put_away(folder: Path, rows: int) -> None:
    with Scratch.opened(folder) as scratch:
        scratch.append("numbers", np.arange(rows))
        scratch.mapped("numbers")


@pytest.mark.parametrize("rows", [1_000, 1_000_000])
def test_scratch_on_a_full_disk_says_so_and_leaves_nothing(tmp_path: Path, rows: int):
    with no_room_beyond(4_096), pytest.raises(StorageError, match="Make room there"):
        put_away(tmp_path, rows)
    assert not list(tmp_path.iterdir())


def test_scratch_where_no_folder_can_be_made_says_where(tmp_path: Path):
    missing = tmp_path / "none"
    with pytest.raises(StorageError, match=f"^{missing}: no folder can be made"):
        put_away(missing, 1)
