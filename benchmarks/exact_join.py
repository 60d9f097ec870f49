"""All pairs of texts at or above a Jaccard similarity, exactly: what every tool is measured by.

Two texts that are similar enough must share one of the rarest shingles of each: the prefix filter
of Chaudhuri, Ganti and Kaushik, 2006, with the order by frequency of Bayardo, Ma and Srikant, 2007,
«Scaling up all pairs similarity search», and the positional filter of Xiao, Wang, Lin and Yu, 2008,
«Efficient similarity joins for near duplicate detection». What passes is counted out, so nothing is
estimated, and nothing of what is measured takes part but the rule of how a text is cut into tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from synth_assets.core.fingerprint import normalised
from synth_assets.core.ngrams import words_and_symbols

SHINGLE = 5
_COUNTERS = 1 << 26
_FREQUENCY_BITS = 8
_SLACK = 1e-9
"""Bounds are rounded down by this, so that no pair at the threshold is lost to a float."""

Keys = npt.NDArray[np.uint64]
Offsets = npt.NDArray[np.int64]
Tokens = npt.NDArray[np.int32]
Found = tuple[Offsets, Offsets, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Cut:
    """Texts as numbers of tokens.

    Attributes:
        tokens: of all texts, one text after the other.
        at: where each begins, and the end.
    """

    tokens: Tokens
    at: Offsets

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Cut":
        """Cut by `words_and_symbols`; a text without any is one token as a whole."""
        numbers: dict[str, int] = {}
        sizes = np.zeros(len(texts) + 1, np.int64)
        parts: list[Tokens] = []
        for row, text in enumerate(texts):
            found = words_and_symbols(text) or [f" {normalised(text)}"]
            part = [numbers.setdefault(token, len(numbers)) for token in found]
            parts.append(np.array(part, np.int32))
            sizes[row + 1] = len(part)
        whole = np.concatenate(parts) if parts else np.empty(0, np.int32)
        return cls(whole, np.cumsum(sizes))


@dataclass(frozen=True)
class Sets:
    """The distinct shingles of each text: runs of 5 tokens; a shorter text is one run as a whole.

    Attributes:
        keys: 64-bit hashes, sorted within each text. Two different shingles of 100,000,000 have one
            hash with probability 0.0003.
        at: where each text begins, and the end.
    """

    keys: Keys
    at: Offsets

    @classmethod
    def of(cls, cut: Cut) -> "Sets":
        """Hash and sort the shingles."""
        room = np.maximum(np.diff(cut.at) - SHINGLE + 1, 1)
        keys = np.empty(int(room.sum()), np.uint64)
        at = np.zeros(len(room) + 1, np.int64)
        used = _shingled(cut.tokens, cut.at, keys, at)
        return cls(keys[:used], at)

    @property
    def sizes(self) -> Offsets:
        """Distinct shingles of each text."""
        return np.diff(self.at)


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows, the smaller number first, in ascending order.

    Attributes:
        first: int64 row.
        second: int64 row.
        jaccard: float64, similarity of their sets.
    """

    first: Offsets
    second: Offsets
    jaccard: npt.NDArray[np.float64]

    @classmethod
    def of(
        cls, one: npt.ArrayLike, other: npt.ArrayLike, jaccard: npt.NDArray[np.float64]
    ) -> "Pairs":
        """Bring pairs into order."""
        left, right = np.asarray(one, np.int64), np.asarray(other, np.int64)
        first, second = np.minimum(left, right), np.maximum(left, right)
        order = np.lexsort((second, first))
        return cls(first[order], second[order], jaccard[order])

    def __len__(self) -> int:
        return len(self.first)

    def at_least(self, threshold: float) -> "Pairs":
        """Those with at least this similarity."""
        found = self.jaccard >= threshold
        return Pairs(self.first[found], self.second[found], self.jaccard[found])


def similar_pairs(sets: Sets, threshold: float) -> Pairs:
    """All pairs with at least this similarity, by prefix and positional filters."""
    ranked = _ranked(sets.keys, sets.at)
    sizes = sets.sizes
    order = np.argsort(sizes, kind="stable")
    prefix = np.maximum(sizes - np.ceil(threshold * sizes - _SLACK).astype(np.int64) + 1, 1)
    entry_at = np.concatenate([[0], np.cumsum(prefix[order])])
    keys = _prefixes(ranked, sets.at, order, entry_at)
    by_key = np.argsort(keys, kind="stable")
    group, place = _groups(keys, by_key)
    found = _joined(ranked, sets.at, order, entry_at, by_key, group, place, threshold)
    return Pairs.of(*found)


def all_pairs(sets: Sets, threshold: float) -> Pairs:
    """The same by comparing every row with every other one: time goes with their square."""
    return Pairs.of(*_brute_force(sets.keys, sets.at, threshold))


def similarity(sets: Sets, one: npt.ArrayLike, other: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Jaccard similarity of rows, pair by pair."""
    return similarities(sets.keys, sets.at, np.asarray(one), np.asarray(other))


@numba.njit(cache=True)
def _mixed(value: np.uint64) -> np.uint64:  # pragma: no cover
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@numba.njit(cache=True)
def shingle_keys(tokens: Tokens) -> Keys:  # pragma: no cover
    """Sorted distinct hashes of one text's shingles."""
    width = min(SHINGLE, len(tokens))
    found = np.empty(max(len(tokens) - SHINGLE + 1, 1), np.uint64)
    for start in range(len(found)):
        value = np.uint64(width)
        for token in tokens[start : start + width]:
            value = _mixed(value ^ (np.uint64(token) + np.uint64(0x9E3779B97F4A7C15)))
        found[start] = value
    found.sort()
    kept = 1
    for place in range(1, len(found)):
        if found[place] != found[kept - 1]:
            found[kept] = found[place]
            kept += 1
    return found[:kept]


@numba.njit(cache=True)
def _shingled(tokens: Tokens, at: Offsets, keys: Keys, keys_at: Offsets) -> int:  # pragma: no cover
    used = 0
    for row in range(len(at) - 1):
        found = shingle_keys(tokens[at[row] : at[row + 1]])
        keys[used : used + len(found)] = found
        used += len(found)
        keys_at[row + 1] = used
    return used


@numba.njit(cache=True)
def shared(one: Keys, other: Keys) -> int:  # pragma: no cover
    """Size of the intersection of two sorted sets."""
    left = right = found = 0
    while left < len(one) and right < len(other):
        if one[left] == other[right]:
            found += 1
            left += 1
            right += 1
        elif one[left] < other[right]:
            left += 1
        else:
            right += 1
    return found


@numba.njit(cache=True)
def _similarity(keys: Keys, at: Offsets, one: int, other: int) -> float:  # pragma: no cover
    left = keys[at[one] : at[one + 1]]
    right = keys[at[other] : at[other + 1]]
    both = shared(left, right)
    return both / (len(left) + len(right) - both)


@numba.njit(cache=True)
def similarities(
    keys: Keys, at: Offsets, one: Offsets, other: Offsets
) -> npt.NDArray[np.float64]:  # pragma: no cover
    """See `similarity`."""
    found = np.empty(len(one))
    for pair in range(len(one)):
        found[pair] = _similarity(keys, at, one[pair], other[pair])
    return found


@numba.njit(cache=True)
def _ranked(keys: Keys, at: Offsets) -> Keys:  # pragma: no cover
    """Each set anew, by rising frequency: eight bits of it, and 56 bits of the hash below.

    Two different shingles of 100,000,000 then have one key with probability 0.07; a result differs
    only if both stand in one pair of texts. Counters are shared by hashes that fall together; that
    costs time alone.
    """
    counters = np.zeros(_COUNTERS, np.uint8)
    shift = np.uint64(38)
    most = (1 << _FREQUENCY_BITS) - 1
    for key in keys:
        slot = key >> shift
        if counters[slot] < most:
            counters[slot] += 1
    ranked = np.empty_like(keys)
    for row in range(len(at) - 1):
        for place in range(at[row], at[row + 1]):
            frequency = np.uint64(counters[keys[place] >> shift])
            ranked[place] = (frequency << np.uint64(56)) | (keys[place] >> np.uint64(8))
        ranked[at[row] : at[row + 1]].sort()
    return ranked


@numba.njit(cache=True)
def _prefixes(
    ranked: Keys, at: Offsets, order: Offsets, entry_at: Offsets
) -> Keys:  # pragma: no cover
    found = np.empty(entry_at[-1], np.uint64)
    for number in range(len(order)):
        start = at[order[number]]
        size = entry_at[number + 1] - entry_at[number]
        found[entry_at[number] : entry_at[number + 1]] = ranked[start : start + size]
    return found


@numba.njit(cache=True)
def _groups(
    keys: Keys, by_key: Offsets
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:  # pragma: no cover
    """For each entry where its key's entries begin among the sorted ones, and its own place."""
    group = np.empty(len(keys), np.int32)
    place = np.empty(len(keys), np.int32)
    start = 0
    for number in range(len(keys)):
        entry = by_key[number]
        if number and keys[entry] != keys[by_key[number - 1]]:
            start = number
        group[entry], place[entry] = start, number
    return group, place


@numba.njit(cache=True)
def _owners(entry_at: Offsets) -> npt.NDArray[np.int32]:  # pragma: no cover
    found = np.empty(entry_at[-1], np.int32)
    for number in range(len(entry_at) - 1):
        found[entry_at[number] : entry_at[number + 1]] = number
    return found


@numba.njit(cache=True)
def _doubled(values: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:  # pragma: no cover
    wider = np.empty(len(values) * 2, np.int32)
    wider[: len(values)] = values
    return wider


@numba.njit(cache=True)
def _meet(
    number: int,
    least: float,
    threshold: float,
    sizes: Offsets,
    entry_at: Offsets,
    by_key: Offsets,
    owners: npt.NDArray[np.int32],
    group: npt.NDArray[np.int32],
    place: npt.NDArray[np.int32],
    met: npt.NDArray[np.int32],
    touched: npt.NDArray[np.int32],
) -> int:  # pragma: no cover
    """Note the shorter rows that share a prefix shingle with a row; returns how many there are.

    In `met` a row that can still be similar enough has the number of shared shingles so far, one
    that cannot has -1.
    """
    size = sizes[number]
    candidates = 0
    for entry in range(entry_at[number], entry_at[number + 1]):
        left = size - (entry - entry_at[number]) - 1
        for spot in range(place[entry] - 1, group[entry] - 1, -1):
            other = owners[by_key[spot]]
            if sizes[other] < least:
                break
            if met[other] == 0:
                touched[candidates] = other
                candidates += 1
            if met[other] >= 0:
                theirs = sizes[other] - (by_key[spot] - entry_at[other]) - 1
                needed = threshold / (1.0 + threshold) * (size + sizes[other]) - _SLACK
                still = met[other] + 1 + min(left, theirs)
                met[other] = met[other] + 1 if still >= needed else -1
    return candidates


@numba.njit(cache=True)
def _joined(
    ranked: Keys,
    at: Offsets,
    order: Offsets,
    entry_at: Offsets,
    by_key: Offsets,
    group: npt.NDArray[np.int32],
    place: npt.NDArray[np.int32],
    threshold: float,
) -> Found:  # pragma: no cover
    """Rows from short to long, each against the shorter ones that share a prefix shingle."""
    sizes = at[order + 1] - at[order]
    owners = _owners(entry_at)
    met = np.zeros(len(order), np.int32)
    touched = np.empty(len(order), np.int32)
    first, second = np.empty(1024, np.int32), np.empty(1024, np.int32)
    found = 0
    for number in range(len(order)):
        row = order[number]
        least = np.ceil(threshold * sizes[number] - _SLACK)
        candidates = _meet(
            number, least, threshold, sizes, entry_at, by_key, owners, group, place, met, touched
        )
        for candidate in range(candidates):
            other = touched[candidate]
            passed = met[other] > 0
            met[other] = 0
            if passed and _similarity(ranked, at, row, int(order[other])) >= threshold:
                if found == len(first):
                    first, second = _doubled(first), _doubled(second)
                first[found], second[found] = row, order[other]
                found += 1
    ones, others = first[:found].astype(np.int64), second[:found].astype(np.int64)
    return ones, others, similarities(ranked, at, ones, others)


@numba.njit(cache=True)
def _brute_force(keys: Keys, at: Offsets, threshold: float) -> Found:  # pragma: no cover
    first, second = np.empty(1024, np.int32), np.empty(1024, np.int32)
    found = 0
    rows = len(at) - 1
    for row in range(rows):
        for mate in range(row + 1, rows):
            if _similarity(keys, at, row, mate) >= threshold:
                if found == len(first):
                    first, second = _doubled(first), _doubled(second)
                first[found], second[found] = row, mate
                found += 1
    ones, others = first[:found].astype(np.int64), second[:found].astype(np.int64)
    return ones, others, similarities(keys, at, ones, others)
