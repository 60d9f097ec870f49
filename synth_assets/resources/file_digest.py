"""Digests of data files, computed once a process for each state of a file."""

import hashlib
import stat
from functools import lru_cache
from pathlib import Path

from synth_assets.errors import SourceError


def file_digest(path: Path, label: str) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits.

    A file of the same size and modification time (in ns) is not read again.

    Raises:
        SourceError: if there is no regular file at `path`, or it cannot be read.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise SourceError(f"{label}: {path} is no regular file. Put the data there as a file.")
        return _digest(path, status.st_size, status.st_mtime_ns)
    except FileNotFoundError as exc:
        raise SourceError(
            f"{label}: there is no file {path}. Put it there, or mend the path."
        ) from exc
    except (OSError, ValueError) as exc:
        raise SourceError(f"{label}: {path} cannot be read: {exc}. Mend its rights.") from exc


@lru_cache(maxsize=16_384)  # a folder of documents may have as many files
def _digest(path: Path, _size: int, _mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
