"""Sketches of more rows than memory holds: appended to files, read back by mapping them."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.join import Int64s
from synth_assets.core.dedup.shingling import Shingles
from synth_assets.core.dedup.sketch import DedupRule, Sketches
from synth_assets.errors import StorageError

_BUFFER_BYTES = 256 << 10
_IN_MEMORY_BYTES = 256 << 20


class SpilledSketches:
    """A `join.SketchStore` in a folder of its own, which is gone when it is closed.

    Write first, then read. About 8 bytes a shingle and 16 + 8 a band go to disk for each row; in
    memory are the files' pages that are in use.
    """

    def __init__(self, rule: DedupRule, folder: Path | None = None) -> None:
        """Begin with no rows.

        Args:
            rule: that the sketches are made by.
            folder: where to make the folder; with none, where temporary files go.

        Raises:
            StorageError: if no folder can be made.
        """
        self._rule = rule
        self._open = ExitStack()
        try:
            made = tempfile.TemporaryDirectory(prefix="synth-dedup-", dir=folder)
        except OSError as exc:
            raise StorageError(f"{folder}: no folder can be made for sketches: {exc}.") from exc
        self._folder = Path(self._open.enter_context(made))
        names = ["exact", "lengths", "shingles", *map(_band, range(self.bands))]
        self._files = {
            name: self._open.enter_context(
                (self._folder / name).open("wb", buffering=_BUFFER_BYTES)
            )
            for name in names
        }
        self._rows = 0

    def __enter__(self) -> "SpilledSketches":
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

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self._rows

    def append(self, sketches: Sketches) -> None:
        """Add the rows of some sketches behind those there are.

        Raises:
            StorageError: if the disk is full.
        """
        keys = self._rule.keys(sketches.signatures)
        lengths = np.diff(sketches.shingles.offsets)
        parts = {_band(band): keys[band] for band in range(self.bands)}
        parts |= {"exact": sketches.exact, "lengths": lengths, "shingles": sketches.shingles.hashes}
        try:
            for name, values in parts.items():
                self._files[name].write(np.ascontiguousarray(values).data)
        except OSError as exc:
            raise StorageError(
                f"{self._folder}: sketches cannot be written: {exc}. Make room there, or name "
                "another folder for temporary files with TMPDIR."
            ) from exc
        self._rows += len(lengths)

    @property
    def exact(self) -> npt.NDArray[np.uint64]:
        """See `Sketches.exact`."""
        return self._mapped("exact").view(np.uint64).reshape(-1, 2)

    @property
    def bands(self) -> int:
        """How many bands a signature has."""
        return self._rule.banding.bands

    def band(self, band: int) -> npt.NDArray[np.uint64]:
        """The keys of one band, by row."""
        return self._mapped(_band(band)).view(np.uint64)

    @property
    def every(self) -> Shingles:
        """The shingles of all rows, each in the order of its text."""
        lengths = self._mapped("lengths").view(np.int64)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        return Shingles(self._mapped("shingles").view(np.uint64), offsets)

    def shingles(self, rows: Int64s) -> Shingles:
        """A copy of the shingles of some rows, in the order asked; a large one is on disk, too."""
        every = self.every
        lengths = every.offsets[rows + 1] - every.offsets[rows]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        count = int(offsets[-1])
        if count * 8 <= _IN_MEMORY_BYTES:
            copied = np.empty(count, np.uint64)
        else:
            copied = np.asarray(
                np.memmap(self._folder / "copied", np.uint64, mode="w+", shape=count)
            )
        every.copy(rows, copied)
        return Shingles(copied, offsets)

    def _mapped(self, name: str) -> npt.NDArray[np.uint8]:
        self._files[name].flush()
        path = self._folder / name
        # An empty file cannot be mapped.
        mapped = path.stat().st_size > 0
        return np.asarray(np.memmap(path, np.uint8, mode="r")) if mapped else np.empty(0, np.uint8)


def _band(band: int) -> str:
    return f"band-{band}"
