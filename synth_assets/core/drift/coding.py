"""Scalar columns as a few categories, so that how two sets spread over them can be compared."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

_QUANTILES = 10
_NAMED = 19
_OTHERS = "(others)"
_NONE = "(none)"


@dataclass(frozen=True)
class Coded:
    """One column of some rows.

    Attributes:
        codes: of each row the number of its category.
        names: of the categories.
    """

    codes: NDArray[np.int64]
    names: tuple[str, ...]


def coded(values: pl.Series) -> Coded:
    """Cut a column into categories: numbers by their tenths, names as they are.

    Values of old and new rows are given together, so that what is a category does not depend on
    which row is of which set. Beyond the 19 commonest names all others are one; what has no value
    is a category of its own.
    """
    return _tenths(values) if values.dtype.is_numeric() else _named(values)


def _tenths(values: pl.Series) -> Coded:
    numbers = values.cast(pl.Float64).to_numpy()
    there = ~np.isnan(numbers)
    if not there.any():
        return Coded(np.zeros(len(numbers), np.int64), (_NONE,))
    edges = np.unique(np.quantile(numbers[there], np.arange(1, _QUANTILES) / _QUANTILES))
    # Of a number that many rows share both sides are bins, and it is one itself.
    bins = np.searchsorted(edges, numbers, side="left") + np.searchsorted(
        edges, numbers, side="right"
    )
    used, codes = np.unique(np.where(there, bins, -1), return_inverse=True)
    return Coded(codes.astype(np.int64), tuple(_range(edges, int(place)) for place in used))


def _range(edges: NDArray[np.float64], place: int) -> str:
    if place < 0:
        return _NONE
    if place % 2:
        return f"{edges[place // 2]:g}"
    low = f"above {edges[place // 2 - 1]:g}" if place else ""
    high = f"below {edges[place // 2]:g}" if place // 2 < len(edges) else ""
    return ", ".join(filter(None, (low, high)))


def _named(values: pl.Series) -> Coded:
    said = values.cast(pl.String).fill_null(_NONE).replace("", _NONE).alias("name")
    counts = said.value_counts().sort(["count", "name"], descending=[True, False])
    names = counts["name"].head(_NAMED).to_list()
    if counts.height > _NAMED:
        names.append(_OTHERS)
    places = {name: place for place, name in enumerate(names)}
    codes = [places.get(name, len(names) - 1) for name in said]
    return Coded(np.array(codes, np.int64), tuple(names))
