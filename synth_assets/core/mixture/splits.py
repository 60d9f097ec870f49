"""Splits: rows that belong together go the same way.

Near-duplicates, rows of one seed, a row and its parents, rows of one parent, and copies of a row
never stand in two parts, as far as they hang together: what a student is validated on must not be
what it was trained on in other words.
"""

import numpy as np
import polars as pl

from synth_assets.core.config.mixture_bounds import exact
from synth_assets.core.config.mixtures import Splits
from synth_assets.core.dedup.components import linked_rows
from synth_assets.core.dedup.near import SketchesInMemory
from synth_assets.core.dedup.sketch import DedupRule
from synth_assets.core.dedup.stage import compared_texts
from synth_assets.core.mixture.cells import Ints
from synth_assets.core.mixture.draws import draws

TRAIN, VALIDATION, TEST = "train", "validation", "test"


def split_rows(rows: pl.DataFrame, copies: Ints, splits: Splits, seed: int) -> pl.Series:
    """The split of each row: `train`, `validation` or `test`.

    Which groups of relatives are set apart follows from a draw for each, so that a few more rows
    move few. Groups are taken as they are drawn while they fit; so shares are met as nearly as
    the groups allow, and are never exceeded.

    Args:
        rows: columns of `SAMPLE_SCHEMA`, each row once.
        copies: how often each stands in the set.
        splits: what is set apart.
        seed: of the draws.
    """
    if not (splits.validation or splits.test):
        return pl.repeat(TRAIN, rows.height, eager=True)
    groups = related(rows, splits.similarity)
    drawn = draws(rows["sample_id"], seed, "split")
    names, numbers = np.unique(groups, return_inverse=True)
    sizes = np.bincount(numbers, weights=copies, minlength=len(names)).astype(np.int64)
    lowest = np.full(len(names), np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(lowest, numbers, drawn)
    order = np.argsort(lowest, kind="stable")
    ways = np.zeros(len(names), np.int64)
    for way, share in ((1, splits.validation), (2, splits.test)):
        free = order[ways[order] == 0]
        wanted = round(exact(share) * int(sizes.sum()))
        ways[free[_fitting(sizes[free], wanted)]] = way
    return pl.Series([TRAIN, VALIDATION, TEST]).gather(ways[numbers])


def related(rows: pl.DataFrame, similarity: float) -> Ints:
    """The group of relatives of each row, told by the number of its first row.

    Args:
        rows: columns of `SAMPLE_SCHEMA`.
        similarity: Jaccard similarity of their shingles from which on two texts are relatives.
    """
    from synth_assets.core.dedup.kernels.joining import distinct_runs
    from synth_assets.core.dedup.kernels.uniting import unite
    from synth_assets.core.mixture.kernels.uniting import unite_similar

    parents = np.arange(rows.height)
    kin = _kin(rows)
    unite(kin, parents, np.empty(len(kin), np.bool_))
    store = SketchesInMemory.of(compared_texts(rows), DedupRule(threshold=similarity))
    shingles = store.shingles(np.arange(rows.height))
    counts = np.empty(rows.height, np.int64)
    distinct_runs(shingles.hashes, shingles.offsets, counts)
    for band in range(store.bands):
        keys = store.band(band)
        by_key = np.argsort(keys, kind="stable")
        unite_similar(keys, by_key, shingles.hashes, shingles.offsets, counts, similarity, parents)
    unite(np.empty((0, 2), np.int64), parents, np.empty(0, np.bool_))
    return parents


def _kin(rows: pl.DataFrame) -> Ints:
    """Links between rows of one seed, and between rows and their parents."""
    numbered = rows.select("sample_id", "seed_id", "parent_ids").with_row_index("row")
    seeds = numbered.filter(pl.col("seed_id") != "")
    parents = numbered.explode("parent_ids").drop_nulls("parent_ids")
    names = pl.concat([numbered["sample_id"], parents["parent_ids"], seeds["seed_id"]])
    owners = pl.concat([numbered["row"], parents["row"], seeds["row"]])
    return linked_rows(draws(names, 0, "kin"), owners.cast(pl.Int64).to_numpy())


def _fitting(sizes: Ints, wanted: int) -> Ints:
    """The places of groups, taken in order as long as they fit."""
    ends = np.cumsum(sizes)
    at = int(np.searchsorted(ends, wanted, side="right"))
    taken = list(range(at))
    left = wanted - (int(ends[at - 1]) if at else 0)
    while left > 0 and at < len(sizes):
        fits = sizes[at:] <= left
        step = int(fits.argmax())
        if not fits[step]:
            break
        at += step
        taken.append(at)
        left -= int(sizes[at])
        at += 1
    return np.array(taken, np.int64)
