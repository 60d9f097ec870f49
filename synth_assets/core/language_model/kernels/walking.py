"""Texts token by token through the n-grams of a model: read, or written.

`before` holds in place k - 1 the node of the last k tokens; -1 is an n-gram that was never seen.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.kernels.compiled import compiled
from synth_assets.core.dedup.kernels.mixing import mixed64
from synth_assets.core.language_model.flat_levels import FlatLevels

I64: TypeAlias = npt.NDArray[np.int64]
U64: TypeAlias = npt.NDArray[np.uint64]
F64: TypeAlias = npt.NDArray[np.float64]

_UNKNOWN, _START, _END = 0, 1, 2
_NOWHERE = -1
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_TO_UNIT = 2.0**-53


@compiled
def read_tokens(ids: I64, flat: FlatLevels) -> F64:
    """The probability of each token after those before it in its text; 1 for a text's start."""
    found = np.ones(len(ids))
    before = np.full(len(flat.shifts), _NOWHERE, np.int64)
    now = np.empty_like(before)
    for place in range(len(ids)):
        token = ids[place]
        if token == _START:
            before[:] = _NOWHERE
        else:
            found[place] = _chance(flat, before, token)
        _go_on(flat, before, now, token)
    return found


@compiled
def write_tokens(seeds: U64, most: int, best_of: int, unknown_kinds: int, flat: FlatLevels) -> I64:
    """Write texts, each from its own seed: shape (texts, most), filled up with ends.

    Of `best_of` draws of a token the likeliest stays, of equals the first; the unknown token counts
    as one of those it stands for.
    """
    written = np.full((len(seeds), most), _END, np.int64)
    before = np.empty(len(flat.shifts), np.int64)
    now = np.empty_like(before)
    state = np.empty(1, np.uint64)
    for text in range(len(seeds)):
        state[0] = seeds[text]
        before[:] = _NOWHERE
        _go_on(flat, before, now, _START)
        for place in range(most):
            best, best_chance = _drawn(flat, before, state), _NOWHERE * 1.0
            for _ in range(best_of - 1):
                if best_chance < 0:
                    best_chance = _chance_of_one(flat, before, best, unknown_kinds)
                other = _drawn(flat, before, state)
                chance = _chance_of_one(flat, before, other, unknown_kinds)
                if chance > best_chance:
                    best, best_chance = other, chance
            written[text, place] = best
            if best == _END:
                break
            _go_on(flat, before, now, best)
    return written


@compiled
def _find(flat: FlatLevels, level: int, context: int, token: int) -> int:
    """The node of a context and a token behind it, as `KeyIndex` stores it."""
    key = context * flat.size + token
    first = flat.at_slots[level]
    slots = flat.at_slots[level + 1] - first
    slot = np.int64((np.uint64(key) * _MULTIPLIER) >> np.uint64(flat.shifts[level]))
    while True:
        seen = flat.slot_keys[first + slot]
        if seen == key:
            return int(flat.slot_places[first + slot])
        if seen == _NOWHERE:
            return _NOWHERE
        slot = (slot + 1) & (slots - 1)


@compiled
def _context(before: I64, level: int) -> int:
    """Of single tokens the only context is node 0."""
    return int(before[level - 1]) if level else 0


@compiled
def _chance(flat: FlatLevels, before: I64, token: int) -> float:
    chance = 1.0 / (flat.size - 1)
    for level in range(len(before)):
        context = _context(before, level)
        if context < 0:
            continue
        chance *= flat.rest[flat.at_contexts[level] + context]
        node = _find(flat, level, context, token)
        if node >= 0:
            chance += flat.shares[flat.at_nodes[level] + node]
    return float(chance)


@compiled
def _chance_of_one(flat: FlatLevels, before: I64, token: int, unknown_kinds: int) -> float:
    chance = _chance(flat, before, token)
    return chance / unknown_kinds if token == _UNKNOWN else chance


@compiled
def _go_on(flat: FlatLevels, before: I64, now: I64, token: int) -> None:
    for level in range(len(before)):
        context = _context(before, level)
        now[level] = _find(flat, level, context, token) if context >= 0 else _NOWHERE
    before[:] = now


@compiled
def _point(state: U64) -> float:
    """A number from 0 to below 1: SplitMix64 (Steele, Lea and Flood, 2014)."""
    state[0] += _MULTIPLIER
    return float(mixed64(state[0]) >> np.uint64(11)) * _TO_UNIT


@compiled
def _drawn(flat: FlatLevels, before: I64, state: U64) -> int:
    """A token, from the longest context that was seen and gives one, or else a shorter one."""
    for level in range(len(before) - 1, -1, -1):
        context = _context(before, level)
        if context < 0:
            continue
        point = _point(state)
        if point < 1.0 - flat.rest[flat.at_contexts[level] + context]:
            return _token_at(flat, level, context, point)
    token = int(_point(state) * (flat.size - 1))
    return token + 1 if token >= _START else token


@compiled
def _token_at(flat: FlatLevels, level: int, context: int, point: float) -> int:
    """The token whose stretch of its context's shares holds a point."""
    # A level has one more running sum than nodes, and one more first node than contexts.
    first = flat.at_contexts[level] + level + context
    sums = flat.at_nodes[level] + level
    left, right = flat.first[first], flat.first[first + 1] - 1
    wanted = flat.sums[sums + left] + point
    while left < right:
        middle = (left + right + 1) >> 1
        if flat.sums[sums + middle] <= wanted:
            left = middle
        else:
            right = middle - 1
    return int(flat.keys[flat.at_nodes[level] + left] % flat.size)
