"""Vectors of more texts than memory holds: appended to a file, read back by mapping it."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np

from synth_assets.core.embedding.protocol import Embedder, Vectors
from synth_assets.errors import StorageError


class SpilledVectors:
    """Vectors in a temporary folder, which is gone when it is closed."""

    def __init__(self, embedder: Embedder, folder: Path | None = None) -> None:
        """Begin with no texts.

        Args:
            embedder: makes the vectors.
            folder: for it; with none, where temporary files go.
        """
        self._embedder = embedder
        self._open = ExitStack()
        made = tempfile.TemporaryDirectory(prefix="synth-vectors-", dir=folder)
        self._path = Path(self._open.enter_context(made)) / "vectors"
        self._file = self._open.enter_context(self._path.open("wb"))
        self._held: list[str] = []
        self._rows = 0
        self._dimensions = 0

    def __enter__(self) -> "SpilledVectors":
        """Do nothing."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the folder."""
        self._open.close()

    def append(self, texts: Sequence[str]) -> None:
        """Embed texts behind those there are.

        Raises:
            SynthError: if they cannot be embedded.
            StorageError: if the disk is full.
        """
        if self._embedder.looks_at_others:
            self._held += texts
        else:
            self._write(self._embedder.embed(texts))

    @property
    def every(self) -> Vectors:
        """The vectors of all texts, in order."""
        if self._held:
            self._write(self._embedder.embed(self._held))
            self._held = []
        self._file.flush()
        shape = (self._rows, self._dimensions)
        if not self._rows or not self._dimensions:
            return np.zeros(shape, np.float32)
        return np.asarray(np.memmap(self._path, np.float32, mode="r", shape=shape))

    def _write(self, vectors: Vectors) -> None:
        self._rows += len(vectors)
        self._dimensions = vectors.shape[1]
        try:
            self._file.write(np.ascontiguousarray(vectors).data)
        except OSError as exc:
            raise StorageError(
                f"{self._path}: vectors cannot be written: {exc}. Make room there, or name "
                "another folder for temporary files with TMPDIR."
            ) from exc
