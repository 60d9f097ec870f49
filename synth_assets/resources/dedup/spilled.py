"""Sketches of more rows than memory holds: appended to files, read back by mapping them."""

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.join import Int64s, Matches, Progress, find_duplicates
from synth_assets.core.dedup.shingling import Shingles
from synth_assets.core.dedup.sketch import DedupRule, Sketches
from synth_assets.resources.dedup.scratch import Scratch
from synth_assets.resources.dedup.spilled_shingles import SpilledShingles


class SpilledSketches:
    """A `join.SketchStore` on disk.

    Write first, then read. About 8 bytes a shingle and 16 + 8 a band go to disk for each row; in
    memory are the files' pages that are in use.
    """

    def __init__(self, rule: DedupRule, scratch: Scratch, workers: int) -> None:
        """Begin with no rows.

        Args:
            rule: that the sketches are made by.
            scratch: where they are put.
            workers: threads that make them.
        """
        self._rule = rule
        self._scratch = scratch
        self._shingles = SpilledShingles(scratch)
        self._workers = workers
        self._rows = 0

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self._rows

    def add(self, chunks: Iterable[Sequence[str]], again: object = None) -> None:
        """Sketch texts behind those there are, in the order of the chunks.

        Kernels let go of Python's lock, so threads do; a few chunks for each are in memory at a
        time.

        Args:
            chunks: of about a thousand texts each.
            again: see `ClusterSketches.add`; nothing is lost here.

        Raises:
            StorageError: if the disk is full.
        """
        source = iter(chunks)
        sketch = self._rule.sketch
        with ThreadPoolExecutor(self._workers, "sketch") as pool:
            waiting = deque[Future[Sketches]]()
            try:
                some = islice(source, 2 * self._workers)
                waiting.extend(pool.submit(sketch, each) for each in some)
                while waiting:
                    self._append(waiting.popleft().result())
                    waiting.extend(pool.submit(sketch, each) for each in islice(source, 1))
            finally:
                for each in waiting:
                    each.cancel()

    def find_duplicates(self, order: Int64s, on_progress: Progress | None = None) -> Matches:
        """See `join.find_duplicates`, by the rule's threshold."""
        return find_duplicates(self, order, self._rule.threshold, on_progress)

    @property
    def exact(self) -> npt.NDArray[np.uint64]:
        """See `Sketches.exact`."""
        return self._scratch.mapped("exact").view(np.uint64).reshape(-1, 2)

    @property
    def bands(self) -> int:
        """How many bands a signature has."""
        return self._rule.banding.bands

    def band(self, band: int) -> npt.NDArray[np.uint64]:
        """The keys of one band, by row."""
        return self._scratch.mapped(_band(band)).view(np.uint64)

    def shingles(self, rows: Int64s) -> Shingles:
        """See `SpilledShingles.shingles`."""
        return self._shingles.shingles(rows)

    def few(self, rows: Int64s) -> Shingles:
        """See `SpilledShingles.few`."""
        return self._shingles.few(rows)

    def _append(self, sketches: Sketches) -> None:
        keys = self._rule.keys(sketches.signatures)
        for band in range(self.bands):
            self._scratch.append(_band(band), keys[band])
        self._scratch.append("exact", sketches.exact)
        self._shingles.append(sketches.shingles)
        self._rows += sketches.shingles.texts


def _band(band: int) -> str:
    return f"band-{band}"
