"""For each text the most similar of some items, of those that share a bucket with it."""

import numpy as np

from synth_assets.core.dedup.kernels.compiled import compiled
from synth_assets.core.dedup.kernels.joining import jaccard_at_least
from synth_assets.core.dedup.kernels.mixing import F64, I64, U64


@compiled
def most_similar(
    keys: U64,
    hashes: U64,
    offsets: I64,
    counts: I64,
    item_keys: U64,
    item_order: I64,
    item_hashes: U64,
    item_offsets: I64,
    item_counts: I64,
    least: float,
    items: I64,
    similarity: F64,
) -> None:
    """Compare each text with the items that have a key of it in the same band.

    Args:
        keys: bands x texts.
        hashes: of the texts' shingles, sorted, each text's distinct ones first.
        offsets: where in `hashes` each text begins, and the last ends.
        counts: how many distinct hashes each text has.
        item_keys: bands x items, each band sorted.
        item_order: bands x items, the numbers of the items in that order.
        item_hashes: as `hashes`, of the items.
        item_offsets: as `offsets`.
        item_counts: as `counts`.
        least: Jaccard similarity from which on an item is told.
        items: out, the most similar item of each text, of several the first; -1 where none is.
        similarity: out, how similar it is.
    """
    seen = np.full(len(item_counts), -1, np.int64)
    for text in range(len(counts)):
        own = hashes[offsets[text] : offsets[text] + counts[text]]
        best = -1
        most = least
        for band in range(len(keys)):
            key = keys[band, text]
            there = item_keys[band]
            place = int(np.searchsorted(there, key))  # pyright: ignore[reportUnknownArgumentType]
            while place < len(there) and there[place] == key:
                item = item_order[band, place]
                place += 1
                if seen[item] == text:
                    continue
                seen[item] = text
                begin = item_offsets[item]
                theirs = item_hashes[begin : begin + item_counts[item]]
                found = jaccard_at_least(own, theirs, most)
                if found > most or (found == most and (best < 0 or item < best)):
                    best = item
                    most = found
        items[text] = best
        similarity[text] = most if best >= 0 else 0.0
