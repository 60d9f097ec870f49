"""What engines of tables share: sketches as columns, and the join of the rows that meet."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from benchmarks.peers.cluster_job import Kept
from synth_assets.core.dedup.exact import first_equals
from synth_assets.core.dedup.join import find_duplicates
from synth_assets.core.dedup.shingling import Shingles
from synth_assets.core.dedup.sketch import DedupRule
from synth_assets.resources.cluster.joining import matches_of
from synth_assets.resources.cluster.tasks import Part, Ranked, Settled, Texts, sketch

KEYS = pa.large_list(pa.int64())
COLUMNS = pa.struct([("one", pa.int64()), ("two", pa.int64()), ("keys", KEYS), ("shingles", KEYS)])
"""Hashes as signed numbers, as not all engines have others."""


def sketch_columns(texts: Sequence[str], rule: DedupRule) -> pa.StructArray:
    """Sketches of texts, of the type `COLUMNS`."""
    made = sketch(Texts(list(texts), 0), rule)
    bands, rows = made.keys.shape
    keys = np.ascontiguousarray(made.keys.T).ravel()
    exact = np.ascontiguousarray(made.exact.T)
    values = [
        _signed(exact[0]),
        _signed(exact[1]),
        pa.LargeListArray.from_arrays(np.arange(rows + 1) * bands, _signed(keys)),
        pa.LargeListArray.from_arrays(made.shingles.offsets, _signed(made.shingles.hashes)),
    ]
    return pa.StructArray.from_arrays(values, fields=list(COLUMNS))


def joined(exact: pa.Table, met: pa.Table, rule: DedupRule) -> Kept:
    """Decide on all rows, in their order.

    Args:
        exact: row, one, two: of all rows.
        met: row, keys, shingles: of the rows that share a bucket with another.
        rule: what makes a duplicate.
    """
    every = exact.sort_by("row")
    hashes = np.stack([_unsigned(every[name]) for name in ("one", "two")], axis=1)
    firsts = first_equals(hashes, np.arange(len(hashes)))
    sketched = met.sort_by("row").combine_chunks()
    rows = sketched["row"].to_numpy()
    keys, shingles = (_lists(sketched[name]) for name in ("keys", "shingles"))
    bands = rule.banding.bands
    part = Part(hashes[rows], keys.hashes.reshape(-1, bands).T.copy(), shingles)
    unique = firsts[rows] == rows
    found = find_duplicates(Ranked(rows, part), np.flatnonzero(unique), rule.threshold)
    dropped = np.flatnonzero(found.kept >= 0)
    settled = Settled(
        rows[dropped], rows[found.kept[dropped]], found.similarity[dropped], found.compared
    )
    return matches_of(firsts, np.arange(len(firsts)), [settled]).kept


def _signed(hashes: np.ndarray) -> pa.Array:
    return pa.array(hashes.view(np.int64))


def _unsigned(column: pa.ChunkedArray) -> np.ndarray:
    return column.to_numpy().view(np.uint64)


def _lists(column: pa.ChunkedArray) -> Shingles:
    lists = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], KEYS)
    offsets = np.concatenate([[0], np.cumsum(lists.value_lengths().to_numpy())]).astype(np.int64)
    return Shingles(lists.flatten().to_numpy().view(np.uint64), offsets)
