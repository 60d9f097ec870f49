"""Numbers on disk for a while: appended to files, read back by mapping them."""

import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from synth_assets.errors import StorageError

_BUFFER_BYTES = 256 << 10


class Scratch:
    """Files of numbers in a temporary folder, which is gone when it is closed.

    Attributes:
        folder: where they are.
    """

    def __init__(self, folder: Path, closing: ExitStack) -> None:
        self.folder = folder
        self._closing = closing
        self._files: dict[str, BinaryIO] = {}

    @classmethod
    @contextmanager
    def opened(cls, beside: Path | None = None) -> Generator["Scratch"]:
        """Make the folder.

        Args:
            beside: where to make it; with none, where temporary files go.

        Raises:
            StorageError: if it cannot be made.
        """
        try:
            made = tempfile.TemporaryDirectory(prefix="synth-dedup-", dir=beside)
        except OSError as exc:
            raise StorageError(
                f"{beside}: no folder can be made for temporary files: {exc}."
            ) from exc
        with made as folder, ExitStack() as closing:
            yield cls(Path(folder), closing)

    def append(self, name: str, values: npt.NDArray[np.generic]) -> None:
        """Add numbers behind those of a name.

        Raises:
            StorageError: if the disk is full.
        """
        try:
            self._file(name).write(np.ascontiguousarray(values).data)
        except OSError as exc:
            raise self._full(exc) from exc

    def path(self, name: str) -> Path:
        """The file of a name, with all that was appended.

        Raises:
            StorageError: if the disk is full.
        """
        try:
            self._file(name).flush()
        except OSError as exc:
            raise self._full(exc) from exc
        return self.folder / name

    def mapped(self, name: str) -> npt.NDArray[np.uint8]:
        """The bytes of a name; memory holds the pages that are in use.

        Raises:
            StorageError: if the disk is full.
        """
        path = self.path(name)
        # An empty file cannot be mapped.
        mapped = path.stat().st_size > 0
        return np.asarray(np.memmap(path, np.uint8, mode="r")) if mapped else np.empty(0, np.uint8)

    def _file(self, name: str) -> BinaryIO:
        if name not in self._files:
            file = (self.folder / name).open("wb", buffering=_BUFFER_BYTES)
            self._files[name] = file
            self._closing.callback(_discard, file)
        return self._files[name]

    def _full(self, error: OSError) -> StorageError:
        return StorageError(
            f"{self.folder}: temporary files cannot be written: {error}. Make room there, or name "
            "another folder for them with TMPDIR."
        )


def _discard(file: BinaryIO) -> None:
    # What a full disk did not take is written once more, in vain, and would hide the first error.
    with suppress(OSError):
        file.close()
