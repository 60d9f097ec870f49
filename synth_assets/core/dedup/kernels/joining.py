"""From rows that share buckets to duplicates, by true similarity."""

import numpy as np

from synth_assets.core.dedup.kernels.compiled import compiled
from synth_assets.core.dedup.kernels.mixing import F64, I64, U64


@compiled
def distinct_runs(hashes: U64, offsets: I64, counts: I64) -> None:
    """Sort the hashes of each text in place, the distinct ones first.

    Args:
        hashes: of the shingles of all texts.
        offsets: where in `hashes` each text begins, and the last ends.
        counts: out, how many of each text's are distinct.
    """
    for text in range(len(offsets) - 1):
        part = hashes[offsets[text] : offsets[text + 1]]
        part.sort()
        count = 0
        for at in range(len(part)):
            if count == 0 or part[at] != part[count - 1]:
                part[count] = part[at]
                count += 1
        counts[text] = count


@compiled
def jaccard_at_least(one: U64, other: U64, least: float) -> float:
    """Jaccard similarity of two sorted sets, or -1 as soon as it is known to be below `least`."""
    both = len(one) + len(other)
    # A Jaccard similarity of t takes t / (1 + t) of all members as shared; one less for rounding.
    needed = int(least / (1.0 + least) * both) - 1
    spare_one = len(one) - needed
    spare_other = len(other) - needed
    at_one = 0
    at_other = 0
    shared = 0
    while at_one < len(one) and at_other < len(other):
        if one[at_one] == other[at_other]:
            shared += 1
            at_one += 1
            at_other += 1
        elif one[at_one] < other[at_other]:
            at_one += 1
            spare_one -= 1
            if spare_one < 0:
                return -1.0
        else:
            at_other += 1
            spare_other -= 1
            if spare_other < 0:
                return -1.0
    similarity = shared / (both - shared)
    return similarity if similarity >= least else -1.0


@compiled
def settle(
    buckets: I64,
    starts: I64,
    room: I64,
    hashes: U64,
    offsets: I64,
    counts: I64,
    least: float,
    first: int,
    last: int,
    members: I64,
    filled: I64,
    seen: I64,
    kept: I64,
    similarity: F64,
) -> int:
    """Keep or drop each row in survivor order; a row is dropped only for one that is kept.

    May be called for one stretch of rows after the other.

    Args:
        buckets: of all rows, one row's after the other's.
        starts: where in `buckets` each row begins, and the last ends.
        room: bucket -> where in `members` its kept rows stand.
        hashes: sorted, distinct hashes of shingles first.
        offsets: where in `hashes` each row begins, and the last ends.
        counts: how many distinct hashes each row has.
        least: similarity from which on a row is a duplicate.
        first: row to begin with.
        last: row to end before.
        members: in and out, kept rows by bucket.
        filled: in and out, how many kept rows each bucket has.
        seen: in and out, the row that each row was last compared with; -1 at first.
        kept: out, the kept row that each resembles most, or -1.
        similarity: out, how much.

    Returns:
        How many pairs were compared.
    """
    compared = 0
    for row in range(first, last):
        own = hashes[offsets[row] : offsets[row] + counts[row]]
        best = -1
        most = least
        for at in range(starts[row], starts[row + 1]):
            bucket = buckets[at]
            for place in range(room[bucket], room[bucket] + filled[bucket]):
                other = members[place]
                if seen[other] == row:
                    continue
                seen[other] = row
                compared += 1
                theirs = hashes[offsets[other] : offsets[other] + counts[other]]
                found = jaccard_at_least(own, theirs, most)
                if found > most or (found == most and (best < 0 or other < best)):
                    best = other
                    most = found
        kept[row] = best
        similarity[row] = most if best >= 0 else 0.0
        if best < 0:
            for at in range(starts[row], starts[row + 1]):
                bucket = buckets[at]
                members[room[bucket] + filled[bucket]] = row
                filled[bucket] += 1
    return compared


@compiled
def longest_shared_run(ordered: U64, others: U64, others_count: int) -> I64:
    """The longest stretch of one text all of whose shingles another has.

    Args:
        ordered: hashes of the one's shingles, in the order of the text.
        others: hashes of the other's, sorted, the distinct ones first.
        others_count: how many of them are distinct.

    Returns:
        Begin and end of the stretch, in shingles.
    """
    best = np.zeros(2, np.int64)
    begin = 0
    theirs = others[:others_count]
    for at in range(len(ordered)):
        place = int(np.searchsorted(theirs, ordered[at]))  # pyright: ignore[reportUnknownArgumentType]
        if place >= others_count or theirs[place] != ordered[at]:
            begin = at + 1
        elif at + 1 - begin > best[1] - best[0]:
            best[0] = begin
            best[1] = at + 1
    return best
