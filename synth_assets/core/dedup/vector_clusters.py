"""Short vectors and clusters of vectors, so that few pairs need a look and each look is short.

**Short vectors.** Rows are turned onto their principal axes and cut; the length of what is cut off
becomes one more coordinate. By the inequality of Cauchy and Schwarz the product of two short
vectors is never below that of the whole ones: what it rules out is ruled out for certain.

**Clusters** by k-means on the sphere of the short vectors (Dhillon and Modha, 2001). They are
learnt from a sample that a hash of the rows' values chooses, so that the order of the rows and how
often a row repeats play no part.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Int64s: TypeAlias = npt.NDArray[np.int64]

MARGIN = 1e-4
"""By how much a product of two rows of length 1 in single precision may be wrong; generous."""

CLUSTER_AXES = 64
BLOCK_ROWS = 8_192

_ROUNDING = 1e-5
_AXES_ROWS = 8_192
_ROWS_A_CLUSTER = 32
_ITERATIONS = 8
_WIDTHS = (32, 48, 64, 96, 128, 192, 256, 384, 512)
_TRIED_ROWS = 512
_TRIED_AGAINST = 16_384
_CHECK_COST = 4_000
"""What looking at a pair of whole vectors costs, in coordinates of a product of matrices."""


@dataclass(frozen=True)
class Measured:
    """What one pass over the rows tells.

    Attributes:
        squares: of each row its squared length.
        hashes: of each row's values.
    """

    squares: npt.NDArray[np.float64]
    hashes: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, rows: Floats) -> "Measured":
        """Pass over contiguous rows."""
        from synth_assets.core.dedup.kernels.cosine import squares_and_hashes

        measured = cls(np.empty(len(rows), np.float64), np.empty(len(rows), np.uint64))
        squares_and_hashes(rows, measured.squares, measured.hashes)
        return measured

    @property
    def there(self) -> Int64s:
        """Numbers of the rows that are not zero."""
        return np.flatnonzero(self.squares > 0)

    def drawn(self, most: int) -> Int64s:
        """Numbers of rows that differ, in the order of their hashes, at most so many."""
        there = self.there
        _, first = np.unique(self.hashes[there], return_index=True)
        return there[first[:most]]


@dataclass(frozen=True)
class Axes:
    """Principal axes of a sample.

    Attributes:
        turn: coordinates by axes, the axis along which rows are longest first.
    """

    turn: Floats

    @classmethod
    def of(cls, sample: Floats) -> "Axes":
        """Find the axes of at most 8,192 rows."""
        rows = sample[:_AXES_ROWS].astype(np.float64)
        _, axes = np.linalg.eigh(rows.T @ rows)
        return cls(np.ascontiguousarray(axes[:, ::-1], np.float32))

    def short(self, rows: Floats, width: int) -> Floats:
        """Rows on the first `width` axes, and the length of what is cut off."""
        turned = rows @ self.turn[:, :width]
        squares = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
        squares -= np.einsum("ij,ij->i", turned, turned, dtype=np.float64)
        cut_off = np.sqrt(np.maximum(squares, 0.0) + _ROUNDING).astype(np.float32)
        return np.concatenate([turned, cut_off[:, None]], axis=1)


def best_width(sample: Floats, axes: Axes, threshold: float, share: float) -> int:
    """How many axes make for the least work; it changes no outcome.

    Args:
        sample: rows.
        axes: of that sample.
        threshold: least similarity.
        share: of the rows, those most similar to a row, that it is compared with.
    """
    if not len(sample):
        return sample.shape[1]
    sample = sample[:_TRIED_AGAINST]
    queries = sample[:_TRIED_ROWS]
    products = queries @ sample.T
    compared = max(1, round(share * len(sample)))
    near = np.argpartition(-products, compared - 1, axis=1)[:, :compared]
    widths = [width for width in _WIDTHS if width < sample.shape[1]]
    costs: dict[int, float] = {sample.shape[1]: float(sample.shape[1])}
    for width in widths:
        short = axes.short(sample, width)
        bounds = np.take_along_axis(short[: len(queries)] @ short.T, near, axis=1)
        whole = np.take_along_axis(products, near, axis=1)
        # Pairs that are similar are looked at whatever the width.
        looked_at = np.mean((bounds >= threshold) & (whole < threshold))
        costs[width] = width + 1 + _CHECK_COST * float(looked_at)
    return min(costs, key=lambda width: (costs[width], width))


@dataclass(frozen=True)
class Clusters:
    """Centres of length 1 on the first axes.

    Attributes:
        centres: a row each.
    """

    centres: Floats

    @classmethod
    def learnt_from(cls, sample: Floats, axes: Axes, count: int) -> "Clusters":
        """Find so many centres, or fewer where fewer rows differ.

        Args:
            sample: distinct rows, in an order that says nothing of them.
            axes: of that sample.
            count: how many centres.
        """
        points = _unit(sample[: count * _ROWS_A_CLUSTER] @ axes.turn[:, :CLUSTER_AXES])
        centres = points[:count].copy()
        for _ in range(_ITERATIONS):
            homes = np.concatenate(
                [
                    (points[start : start + BLOCK_ROWS] @ centres.T).argmax(axis=1)
                    for start in range(0, len(points), BLOCK_ROWS)
                ]
            )
            order = np.argsort(homes, kind="stable")
            used, starts = np.unique(homes[order], return_index=True)
            centres[used] = _unit(np.add.reduceat(points[order], starts, axis=0))
        return cls(centres)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.centres)

    def nearest(self, short: Floats, wanted: int) -> Int64s:
        """The clusters nearest to each row, the nearest first; it depends on nothing but the row.

        Args:
            short: rows on the axes, at least as many as the centres have.
            wanted: how many clusters; fewer where there are fewer.
        """
        from synth_assets.core.dedup.kernels.cosine import nearest_centres

        found = np.empty((len(short), min(wanted, self.count)), np.int64)
        width = self.centres.shape[1]
        for start in range(0, len(short), BLOCK_ROWS):
            rows = np.ascontiguousarray(short[start : start + BLOCK_ROWS, :width])
            products = rows @ self.centres.T
            nearest_centres(products, rows, self.centres, MARGIN, found[start : start + BLOCK_ROWS])
        return found


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.maximum(lengths, 1e-12)).astype(np.float32)
