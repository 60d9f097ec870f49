"""A folder that is there whole or not at all."""

import fcntl
import os
import re
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from synth_assets.errors import StorageError

BESIDE = frozenset({"README.md", "croissant.json"})
"""What an export holds besides data files."""

_DATA = re.compile(
    r"(train|validation|test)(-\d{5}-of-\d{5})?\.(parquet|jsonl(\.gz|\.zst)?)", re.ASCII
)

_LOOK_S = 0.1


def is_data_file(name: str) -> bool:
    """Whether a file of that name in an export is one of its data files."""
    return _DATA.fullmatch(name) is not None


@contextmanager
def swapped_in(folder: Path, patience_s: float = 0) -> Generator[Path]:
    """A new folder, which takes the place of `folder` once the block ends well.

    The files of an earlier export vanish; what else lies in the folder moves along. A reader that
    has a file of the earlier export open reads on. Between two renames the folder is away for an
    instant; what a process that was killed has left is tidied up by the next one.

    Args:
        folder: to be replaced.
        patience_s: how long to wait for another process that writes it.

    Raises:
        StorageError: if the folder holds other things and no export, another process still writes
            it, the disk is full, or the place cannot be written.
    """
    target = folder.resolve()
    part, old = (target.with_name(f".{target.name}.{each}") for each in ("part", "old"))
    try:
        with _alone(part, folder, patience_s):
            _end_swap(old, target)
            _refuse_foreign(target)
            yield part
            if target.exists():
                target.rename(old)
            try:
                part.rename(target)
            finally:
                _end_swap(old, target)
    except OSError as exc:
        raise StorageError(
            f"{folder}: cannot be written: {exc}. Free space or mend rights."
        ) from exc


@contextmanager
def _alone(part: Path, folder: Path, patience_s: float) -> Generator[None]:
    """An empty folder, while no other process has it."""
    give_up = time.monotonic() + patience_s
    while (held := _held(part)) is None:
        if time.monotonic() >= give_up:
            raise StorageError(f"{folder}: another process writes it. Try again when it is done.")
        time.sleep(_LOOK_S)
    try:
        for left in part.iterdir():
            left.unlink()
        yield
    except BaseException:
        # Only then: once it has taken its place, the name may be that of another process.
        shutil.rmtree(part, ignore_errors=True)
        raise
    finally:
        os.close(held)


def _held(part: Path) -> int | None:
    """The folder, open and locked; none if another process has it."""
    part.mkdir(parents=True, exist_ok=True)
    try:
        held = os.open(part, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another process may have made the folder that was opened the export meanwhile.
        if os.path.samestat(os.fstat(held), part.stat()):
            return held
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(held)
    return None


def _end_swap(old: Path, target: Path) -> None:
    """Take what is not of the export along, and remove the rest; go back if nothing came new."""
    if not old.exists():
        return
    if not target.exists():
        old.rename(target)
        return
    for each in old.iterdir():
        if each.name not in BESIDE and not is_data_file(each.name):
            each.rename(target / each.name)
    shutil.rmtree(old)


def _refuse_foreign(folder: Path) -> None:
    """A folder that somebody named by mistake is not taken apart."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise StorageError(f"{folder}: is a file. Name a folder.")
    names = os.listdir(folder)
    if names and not any(map(is_data_file, names)):
        raise StorageError(
            f"{folder}: holds other things than an export, such as {min(names)}. Name a new folder."
        )
