"""From rows that share buckets to duplicates, by true similarity."""

import numpy as np

from synth_assets.core.dedup.kernels.compiled import compiled
from synth_assets.core.dedup.kernels.mixing import F64, I64, U64


@compiled
def shared_keys(
    keys: U64, rows: I64, width: int, numbered: int, work: U64, pairs: U64, sizes: I64
) -> tuple[int, int]:
    """Find the keys that several rows share.

    The upper bits of a key, being a hash, say where it goes; there few stand, and those that share
    a key stand together by rank. Three times faster than `numpy.sort`. The lower bits of a key
    give way to the rank: the few keys that thereby become equal add candidates, no more.

    Args:
        keys: by row.
        rows: by rank.
        width: bits below the rank in a pair, for the number of a shared key.
        numbered: number of the first shared key.
        work: to work in, as long as `rows`.
        pairs: out, rank and number of a shared key in one; room for all rows.
        sizes: out, how many rows have each shared key; room for half the rows.

    Returns:
        How many pairs there are, and how many shared keys.
    """
    bits = 1
    while (1 << bits) < len(rows):
        bits += 1
    low = np.uint64((1 << bits) - 1)
    parts = max(bits - 2, 1)
    shift = np.uint64(64 - parts)
    ends = np.zeros((1 << parts) + 1, np.int64)
    for row in rows:
        ends[np.int64(keys[row] >> shift) + 1] += 1
    for part in range(1 << parts):
        ends[part + 1] += ends[part]
    at = ends[:-1].copy()
    for rank in range(len(rows)):
        key = keys[rows[rank]]
        part = np.int64(key >> shift)
        work[at[part]] = (key & ~low) | np.uint64(rank)
        at[part] += 1
    count = 0
    shared = 0
    for part in range(1 << parts):
        insertion_sort(work, ends[part], ends[part + 1])
        begin = ends[part]
        while begin < ends[part + 1]:
            end = begin + 1
            while end < ends[part + 1] and (work[end] ^ work[begin]) <= low:
                end += 1
            if end - begin > 1:
                for place in range(begin, end):
                    number = np.uint64(numbered + shared)
                    pairs[count] = ((work[place] & low) << np.uint64(width)) | number
                    count += 1
                sizes[shared] = end - begin
                shared += 1
            begin = end
    return count, shared


@compiled
def insertion_sort(values: U64, begin: int, end: int) -> None:
    """Sort a short or nearly sorted part of an array in place."""
    for at in range(begin + 1, end):
        value = values[at]
        place = at - 1
        while place >= begin and values[place] > value:
            values[place + 1] = values[place]
            place -= 1
        values[place + 1] = value


@compiled
def distinct_runs(hashes: U64, offsets: I64, counts: I64) -> None:
    """Sort the hashes of each text in place, the distinct ones first.

    Args:
        hashes: of the shingles of all texts.
        offsets: where in `hashes` each text begins, and the last ends.
        counts: out, how many of each text's are distinct.
    """
    longest = 0
    for text in range(len(counts)):
        longest = max(longest, offsets[text + 1] - offsets[text])
    work = np.empty(longest, np.uint64)
    for text in range(len(counts)):
        part = hashes[offsets[text] : offsets[text + 1]]
        sort_hashes(part, work)
        count = 0
        for at in range(len(part)):
            if count == 0 or part[at] != part[count - 1]:
                part[count] = part[at]
                count += 1
        counts[text] = count


@compiled
def sort_hashes(hashes: U64, work: U64) -> None:
    """Sort hashes in place, three times faster than what sorts any numbers.

    The upper bits of a hash say about where it goes, a few places off at most.

    Args:
        hashes: spread over 64 bits; repeated ones may be many.
        work: to work in, at least as long.
    """
    bits = 1
    while (1 << bits) < len(hashes) and bits < 16:
        bits += 1
    shift = np.uint64(64 - bits)
    ends = np.zeros((1 << bits) + 1, np.int64)
    for value in hashes:
        ends[np.int64(value >> shift) + 1] += 1
    most = 0
    for part in range(1 << bits):
        most = max(most, ends[part + 1])
        ends[part + 1] += ends[part]
    if most > 32:
        hashes.sort()
        return
    for value in hashes:
        part = np.int64(value >> shift)
        work[ends[part]] = value
        ends[part] += 1
    hashes[:] = work[: len(hashes)]
    insertion_sort(hashes, 0, len(hashes))


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
def longest_shared_runs(
    ordered: U64, offsets: I64, others: U64, other_offsets: I64, other_counts: I64, runs: I64
) -> None:
    """The longest stretch of each text all of whose shingles another text has.

    Args:
        ordered: hashes of the texts' shingles, in the order of each text.
        offsets: where in `ordered` each text begins, and the last ends.
        others: hashes of the other texts' shingles, sorted, the distinct ones first.
        other_offsets: where in `others` each other text begins, and the last ends.
        other_counts: how many of them are distinct.
        runs: out, begin and end of each stretch, in shingles of its text.
    """
    for text in range(len(runs)):
        theirs = others[other_offsets[text] : other_offsets[text] + other_counts[text]]
        runs[text] = 0
        begin = 0
        for at in range(offsets[text + 1] - offsets[text]):
            wanted = ordered[offsets[text] + at]
            place = int(np.searchsorted(theirs, wanted))  # pyright: ignore[reportUnknownArgumentType]
            if place >= len(theirs) or theirs[place] != wanted:
                begin = at + 1
            elif at + 1 - begin > runs[text, 1] - runs[text, 0]:
                runs[text, 0] = begin
                runs[text, 1] = at + 1
