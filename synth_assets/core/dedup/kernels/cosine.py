"""Cosine similarity: bounds of short vectors choose pairs, doubles of the whole vectors decide."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.kernels.compiled import compiled

F32: TypeAlias = npt.NDArray[np.float32]
F64: TypeAlias = npt.NDArray[np.float64]
I64: TypeAlias = npt.NDArray[np.int64]
U64: TypeAlias = npt.NDArray[np.uint64]

_STRETCH = 64
"""Values that are looked at together. A loop of fixed length becomes a few vector instructions."""


@compiled
def places_above(values: F32, least: float, places: I64) -> int:
    """Places of the values that are at least `least`, ascending.

    Args:
        values: any.
        least: compared in single precision.
        places: out, with room for all.

    Returns:
        How many there are.
    """
    limit = np.float32(least)
    found = 0
    whole = len(values) - len(values) % _STRETCH
    for first in range(0, whole, _STRETCH):
        any_there = np.int32(0)
        for at in range(_STRETCH):
            any_there |= np.int32(values[first + at] >= limit)
        if any_there:
            for at in range(first, first + _STRETCH):
                if values[at] >= limit:
                    places[found] = at
                    found += 1
    for at in range(whole, len(values)):
        if values[at] >= limit:
            places[found] = at
            found += 1
    return found


@compiled
def large_value(values: F32, rank: int) -> float:
    """The value of that rank, the largest having rank 1."""
    best = np.full(rank, -np.inf, np.float32)
    whole = len(values) - len(values) % _STRETCH
    for first in range(0, len(values), _STRETCH):
        any_there = np.int32(first >= whole)
        if first < whole:
            limit = best[rank - 1]
            for at in range(_STRETCH):
                any_there |= np.int32(values[first + at] > limit)
        if any_there:
            for at in range(first, min(first + _STRETCH, len(values))):
                if values[at] > best[rank - 1]:
                    place = rank - 1
                    while place > 0 and best[place - 1] < values[at]:
                        best[place] = best[place - 1]
                        place -= 1
                    best[place] = values[at]
    return float(best[rank - 1])


@compiled
def dot(one: F32, other: F32) -> float:
    """Scalar product in doubles, always summed in the same order, whichever row comes first."""
    a = 0.0
    b = 0.0
    c = 0.0
    d = 0.0
    whole = len(one) - len(one) % 4
    for at in range(0, whole, 4):
        a += np.float64(one[at]) * np.float64(other[at])
        b += np.float64(one[at + 1]) * np.float64(other[at + 1])
        c += np.float64(one[at + 2]) * np.float64(other[at + 2])
        d += np.float64(one[at + 3]) * np.float64(other[at + 3])
    for at in range(whole, len(one)):
        a += np.float64(one[at]) * np.float64(other[at])
    return (a + b) + (c + d)


@compiled
def squares_and_hashes(vectors: F32, squares: F64, hashes: U64) -> None:
    """Squared length of each row, and a hash of its values.

    Args:
        vectors: rows, contiguous.
        squares: out.
        hashes: out.
    """
    bits = vectors.view(np.uint32)
    for row in range(len(vectors)):
        squares[row] = dot(vectors[row], vectors[row])
        value = np.uint64(0x9E3779B97F4A7C15)
        for at in range(bits.shape[1]):
            value = (value ^ np.uint64(bits[row, at])) * np.uint64(0xFF51AFD7ED558CCD)
            value ^= value >> np.uint64(32)
        hashes[row] = value


@compiled
def nearest_centres(products: F32, rows: F32, centres: F32, margin: float, found: I64) -> None:
    """The centres whose products with each row are largest, the nearest first.

    Products in single precision, whose last digits depend on how they were computed, choose those
    that may be among them; doubles decide, and of equally near ones the lower number.

    Args:
        products: rows by centres.
        rows: contiguous.
        centres: contiguous.
        margin: by how much a product may be wrong.
        found: out, rows by as many centres as are wanted.
    """
    wanted = found.shape[1]
    best = np.empty(wanted, np.float64)
    places = np.empty(len(centres), np.int64)
    for row in range(len(rows)):
        least = large_value(products[row], wanted) - 2.0 * margin
        best[:] = -np.inf
        for at in range(places_above(products[row], least, places)):
            product = dot(rows[row], centres[places[at]])
            if product <= best[wanted - 1]:
                continue
            place = wanted - 1
            while place > 0 and best[place - 1] < product:
                best[place] = best[place - 1]
                found[row, place] = found[row, place - 1]
                place -= 1
            best[place] = product
            found[row, place] = places[at]


@compiled
def most_similar(
    bounds: F32,
    queries: I64,
    others: I64,
    vectors: F32,
    squares: F64,
    threshold: float,
    margin: float,
    kinds: I64,
    best_row: I64,
    best: F64,
) -> None:
    """For each query the most similar of the others of its kind, if it reaches the threshold.

    Args:
        bounds: queries by others: no cosine is above its bound by more than the margin.
        queries: row numbers.
        others: row numbers, ascending.
        vectors: all rows.
        squares: their squared lengths.
        threshold: least similarity.
        margin: see `bounds`.
        kinds: of all rows.
        best_row: in and out, for each query the most similar row so far, or -1.
        best: in and out, its similarity.
    """
    places = np.empty(len(others), np.int64)
    for at in range(len(queries)):
        query = queries[at]
        needed = max(threshold, best[at]) - margin
        for number in range(places_above(bounds[at], needed, places)):
            if bounds[at, places[number]] < needed:
                continue
            other = others[places[number]]
            if kinds[other] != kinds[query]:
                continue
            product = dot(vectors[query], vectors[other])
            cosine = min(product / np.sqrt(squares[query] * squares[other]), 1.0)
            if cosine < threshold or cosine < best[at]:
                continue
            if cosine > best[at] or best_row[at] < 0 or other < best_row[at]:
                best_row[at] = other
                best[at] = cosine
                needed = cosine - margin


@compiled
def pairs_within(
    bounds: F32,
    queries: I64,
    others: I64,
    least: F32,
    kinds: I64,
    pairs: I64,
    filled: int,
) -> int:
    """Pairs of a query and an earlier row of its kind whose bound reaches what the query needs.

    Args:
        bounds: queries by others.
        queries: row numbers, ascending.
        others: row numbers, ascending.
        least: for each query the bound that a pair must reach.
        kinds: of all rows.
        pairs: out, pairs of row numbers; not written beyond its end.
        filled: how many pairs it holds already.

    Returns:
        How many pairs there are then, written or not.
    """
    places = np.empty(len(others), np.int64)
    earlier = 0
    for at in range(len(queries)):
        while earlier < len(others) and others[earlier] < queries[at]:
            earlier += 1
        for number in range(places_above(bounds[at, :earlier], least[at], places)):
            other = others[places[number]]
            if kinds[other] != kinds[queries[at]]:
                continue
            if filled < len(pairs):
                pairs[filled, 0] = queries[at]
                pairs[filled, 1] = other
            filled += 1
    return filled


@compiled
def settle_pairs(
    pairs: I64,
    vectors: F32,
    squares: F64,
    threshold: float,
    kept_row: I64,
    similarity: F64,
) -> None:
    """Drop each row for the most similar of the kept rows it is paired with.

    Args:
        pairs: row and earlier row, by row ascending.
        vectors: all rows.
        squares: their squared lengths.
        threshold: least similarity.
        kept_row: in and out, -1 where a row is kept as far as is known.
        similarity: in and out, to that row.
    """
    for at in range(len(pairs)):
        row = pairs[at, 0]
        other = pairs[at, 1]
        if kept_row[other] >= 0:
            continue
        product = dot(vectors[row], vectors[other])
        cosine = min(product / np.sqrt(squares[row] * squares[other]), 1.0)
        if cosine < threshold or cosine < similarity[row]:
            continue
        if cosine > similarity[row] or kept_row[row] < 0 or other < kept_row[row]:
            kept_row[row] = other
            similarity[row] = cosine
