"""Families of texts that resemble each other, drawn from real words by compiled loops.

A text is an array of int32: a word's number, and in the bits above its spelling and the white
space behind it. Random numbers are SplitMix64 (Steele, Lea and Flood, 2014, «Fast splittable
pseudorandom number generators»), so that a seed means the same on every machine.
"""

from enum import IntEnum

import numba
import numpy as np
import numpy.typing as npt

SHINGLE = 5
WORD_BITS = 20
_WORD_MASK = (1 << WORD_BITS) - 1
_SPELLING_SHIFT = WORD_BITS
_SPACE_SHIFT = WORD_BITS + 2
_SPACES = 4
_LEAST_WORDS, _MOST_WORDS = 60, 150
_SHORT_SHARE, _LEAST_SHORT, _MOST_SHORT = 0.01, 3, 30
_LEAST_SPAN, _MEAN_MORE_SPAN = 6, 10
_SURFACE_RATE = 0.25
_CHAIN_LOW, _CHAIN_HIGH = 0.70, 0.92
_COPY_LOW, _COPY_HIGH = 0.30, 1.0
_TEMPLATE_LOW, _TEMPLATE_HIGH = 0.42, 0.68
_MOST_SLOTS = 3


class Family(IntEnum):
    """How the rows of a family hang together."""

    SINGLE = 0
    """One row."""
    STAR = 1
    """The first row and copies of it, each changed by itself."""
    CHAIN = 2
    """Each row a changed copy of the one before: the ends are unlike."""
    TEMPLATE = 3
    """The same frame with other content: alike, and no duplicates."""


class Change(IntEnum):
    """What was done to a copy."""

    NONE = 0
    SURFACE = 1
    SUBSTITUTED = 2
    INSERTED = 3
    DELETED = 4
    REORDERED = 5
    MIXED = 6
    CUT = 7
    FIRST = 8
    SLOTS = 9


Words = npt.NDArray[np.int32]
State = npt.NDArray[np.uint64]


@numba.njit(cache=True)
def seeded(seed: int, number: int) -> State:  # pragma: no cover
    """A generator of its own for each number."""
    state = np.empty(1, np.uint64)
    state[0] = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(number)
    state[0] = draw(state) ^ np.uint64(number) << np.uint64(20)
    return state


@numba.njit(cache=True)
def draw(state: State) -> np.uint64:  # pragma: no cover
    """The next 64 bits."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@numba.njit(cache=True)
def _share(state: State) -> float:  # pragma: no cover
    return float(draw(state) >> np.uint64(11)) * 2.0**-53


@numba.njit(cache=True)
def _below(state: State, bound: int) -> int:  # pragma: no cover
    return int(_share(state) * bound)


@numba.njit(cache=True)
def _spans(state: State, stream: Words, out: Words, size: int) -> None:  # pragma: no cover
    """Fill with stretches of real text, long enough for shingles, begun anywhere."""
    at = 0
    while at < size:
        more = -np.log(1.0 - _share(state)) * _MEAN_MORE_SPAN
        span = min(_LEAST_SPAN + int(more), size - at)
        start = _below(state, len(stream) - span)
        out[at : at + span] = stream[start : start + span]
        at += span


@numba.njit(cache=True)
def first_row(state: State, stream: Words, out: Words) -> int:  # pragma: no cover
    """Write a new text; returns its words."""
    if _share(state) < _SHORT_SHARE:
        size = _LEAST_SHORT + _below(state, _MOST_SHORT - _LEAST_SHORT + 1)
    else:
        size = _LEAST_WORDS + _below(state, _MOST_WORDS - _LEAST_WORDS + 1)
    _spans(state, stream, out, size)
    return size


@numba.njit(cache=True)
def _shared_shingles(similarity: float) -> float:  # pragma: no cover
    """Share of the shingles that two texts of one length share at a Jaccard similarity."""
    return 2.0 * similarity / (1.0 + similarity)


@numba.njit(cache=True)
def _respelled(state: State, out: Words, size: int, rate: float) -> None:  # pragma: no cover
    for at in range(size):
        if _share(state) < rate:
            spelling = _below(state, 4) << _SPELLING_SHIFT
            out[at] = (out[at] & ~(3 << _SPELLING_SHIFT)) | spelling
        if _share(state) < rate * 0.3:
            space = _below(state, _SPACES) << _SPACE_SHIFT
            out[at] = (out[at] & ~(3 << _SPACE_SHIFT)) | space


@numba.njit(cache=True)
def _edited(
    state: State,
    stream: Words,
    text: Words,
    out: Words,
    substituted: float,
    inserted: float,
    deleted: float,
) -> int:  # pragma: no cover
    size = 0
    for word in text:
        what = _share(state)
        if what < deleted:
            continue
        if what < deleted + inserted:
            out[size] = stream[_below(state, len(stream))]
            size += 1
        elif what < deleted + inserted + substituted:
            out[size] = stream[_below(state, len(stream))]
            size += 1
            continue
        out[size] = word
        size += 1
    if size == 0:
        out[0] = text[0]
        size = 1
    return size


@numba.njit(cache=True)
def _reordered(state: State, text: Words, out: Words) -> None:  # pragma: no cover
    pieces = 3 + _below(state, 4)
    cuts = np.sort(np.array([_below(state, len(text)) for _ in range(pieces - 1)]))
    order = np.arange(pieces)
    for place in range(pieces - 1, 0, -1):
        other = _below(state, place + 1)
        order[place], order[other] = order[other], order[place]
    at = 0
    for piece in order:
        start = cuts[piece - 1] if piece else 0
        end = cuts[piece] if piece < pieces - 1 else len(text)
        out[at : at + end - start] = text[start:end]
        at += end - start


@numba.njit(cache=True)
def changed_copy(
    state: State, stream: Words, text: Words, out: Words, chain: bool
) -> tuple[int, int]:  # pragma: no cover
    """Write a changed copy of a text; returns its words, and which `Change` was made."""
    low, high = (_CHAIN_LOW, _CHAIN_HIGH) if chain else (_COPY_LOW, _COPY_HIGH)
    similarity = low + (high - low) * _share(state)
    shared = _shared_shingles(similarity)
    rate = 1.0 - shared ** (1.0 / SHINGLE)
    # Chains go on by what moves the text; surface and order leave it where it was.
    change = (2, 3, 4, 6)[_below(state, 4)] if chain else _below(state, 8)
    size = len(text)
    out[:size] = text
    if change == 1:
        _respelled(state, out, size, _SURFACE_RATE)
    elif change == 2:
        size = _edited(state, stream, text, out, rate, 0.0, 0.0)
    elif change == 3:
        size = _edited(state, stream, text, out, 0.0, 1.0 - shared ** (1.0 / (SHINGLE - 1)), 0.0)
    elif change == 4:
        size = _edited(state, stream, text, out, 0.0, 0.0, rate)
    elif change == 5:
        _reordered(state, text, out)
    elif change == 6:
        size = _edited(state, stream, text, out, rate / 3, rate / 3, rate / 3)
        _respelled(state, out, size, _SURFACE_RATE / 2)
    elif change == 7:
        size = max(1, int(similarity * len(text)))
        start = _below(state, len(text) - size + 1)
        out[:size] = text[start : start + size]
    return size, change


@numba.njit(cache=True)
def slots(state: State, size: int) -> npt.NDArray[np.int64]:  # pragma: no cover
    """Where a template of so many words has its slots: pairs of start and end."""
    span = _TEMPLATE_HIGH - _TEMPLATE_LOW
    shared = _shared_shingles(_TEMPLATE_LOW + span * _share(state))
    count = 1 + _below(state, _MOST_SLOTS)
    other = (1.0 - shared) * (size - SHINGLE + 1)
    words = max(1, int((other - (SHINGLE - 1) * count) / count))
    found = np.empty((count, 2), np.int64)
    room = size // count
    for slot in range(count):
        start = slot * room + _below(state, max(1, room - words))
        found[slot, 0], found[slot, 1] = start, min(start + words, size)
    return found


@numba.njit(cache=True)
def fill_slots(
    state: State, stream: Words, where: npt.NDArray[np.int64], out: Words
) -> None:  # pragma: no cover
    """Write other content into the slots of a template."""
    for slot in range(len(where)):
        start, end = where[slot, 0], where[slot, 1]
        _spans(state, stream, out[start:end], end - start)


@numba.njit(cache=True)
def write_text(
    text: Words,
    spelled: npt.NDArray[np.uint8],
    spelled_at: npt.NDArray[np.int64],
    out: npt.NDArray[np.uint8],
    at: int,
) -> int:  # pragma: no cover
    """Write a text's UTF-8 from a place on; returns where it ends."""
    for number in range(len(text)):
        word = text[number]
        entry = (word & _WORD_MASK) * 4 + ((word >> _SPELLING_SHIFT) & 3)
        for place in range(spelled_at[entry], spelled_at[entry + 1]):
            out[at] = spelled[place]
            at += 1
        if number == len(text) - 1:
            break
        space = (word >> _SPACE_SHIFT) & 3
        out[at] = 32 if space == 0 or space == 1 else 10
        at += 1
        if space == 1 or space == 3:
            out[at] = 32 if space == 1 else 9
            at += 1
    return at


@numba.njit(cache=True)
def token_count(text: Words, tokens_at: npt.NDArray[np.int64]) -> int:  # pragma: no cover
    """How many tokens the words are cut into."""
    total = 0
    for word in text:
        entry = int(word) & _WORD_MASK
        total += int(tokens_at[entry + 1]) - int(tokens_at[entry])
    return total


@numba.njit(cache=True)
def write_tokens(
    text: Words,
    tokens: npt.NDArray[np.int32],
    tokens_at: npt.NDArray[np.int64],
    out: npt.NDArray[np.int32],
) -> None:  # pragma: no cover
    """The tokens of a text, one after the other."""
    at = 0
    for word in text:
        entry = word & _WORD_MASK
        for place in range(tokens_at[entry], tokens_at[entry + 1]):
            out[at] = tokens[place]
            at += 1
