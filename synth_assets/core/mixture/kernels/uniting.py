"""Which texts hang together by similarity."""

import numpy as np

from synth_assets.core.dedup.kernels.compiled import compiled
from synth_assets.core.dedup.kernels.joining import jaccard_at_least
from synth_assets.core.dedup.kernels.mixing import I64, U64
from synth_assets.core.dedup.kernels.uniting import root_of


@compiled
def unite_similar(
    keys: U64, by_key: I64, hashes: U64, offsets: I64, counts: I64, least: float, parents: I64
) -> None:
    """Unite texts that share a key and are as similar as is asked.

    Args:
        keys: by text.
        by_key: the texts in the order of their keys.
        hashes: of the shingles of all texts, each text's distinct ones first, sorted.
        offsets: where in `hashes` each text begins, and the last ends.
        counts: how many distinct hashes each text has.
        least: Jaccard similarity from which on two texts are united.
        parents: in and out, of each text another of its group; itself at first.
    """
    begin = 0
    while begin < len(by_key):
        end = begin + 1
        while end < len(by_key) and keys[by_key[end]] == keys[by_key[begin]]:
            end += 1
        for place in range(begin + 1, end):
            text = by_key[place]
            own = hashes[offsets[text] : offsets[text] + counts[text]]
            for before in range(begin, place):
                other = by_key[before]
                one, two = root_of(parents, text), root_of(parents, other)
                if one == two or not counts[text] or not counts[other]:
                    continue
                theirs = hashes[offsets[other] : offsets[other] + counts[other]]
                if jaccard_at_least(own, theirs, least) >= 0:
                    parents[max(one, two)] = np.int64(min(one, two))
        begin = end
