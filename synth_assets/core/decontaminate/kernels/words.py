"""From code points to words, and from words to what they mean to finders."""

import numpy as np

from synth_assets.core.dedup.kernels.compiled import compiled
from synth_assets.core.dedup.kernels.mixing import F64, I64, U8, U64, mixed64
from synth_assets.core.dedup.kernels.mixing import U32 as U32

_CHARACTER = 0x9E3779B97F4A7C15
_NUMBER_HASH = 0x5851F42D4C957F2D


@compiled
def words_of(
    code_points: "U8 | U32",
    ends: I64,
    table: U8,
    hashes: U64,
    spans: I64,
    joints: I64,
    offsets: I64,
) -> int:
    """Hash the words of every text.

    Args:
        code_points: of all texts, one after the other.
        ends: where each text ends.
        table: code point -> what it is, see `dedup.kernels.texts`.
        hashes: out, one a word; as long as `code_points`.
        spans: out, where in `code_points` each word begins and ends.
        joints: out, the one code point between each word and the one before it; 0 where there is
            another number of them.
        offsets: out, where in `hashes` each text begins, and the last ends.

    Returns:
        How many words there are.
    """
    count = 0
    at = 0
    offsets[0] = 0
    for text in range(len(ends)):
        end = ends[text]
        while at < end:
            kind = table[code_points[at]]
            if kind != 1 and kind != 2:
                at += 1
                continue
            joined = count > offsets[text] and at - spans[count - 1, 1] == 1
            joints[count] = code_points[at - 1] if joined else 0
            spans[count, 0] = at
            word = np.uint64(code_points[at]) * np.uint64(_CHARACTER)
            at += 1
            last = at
            while kind == 1 and at < end:
                point = code_points[at]
                if table[point] == 1:
                    word = (word ^ np.uint64(point)) * np.uint64(_CHARACTER)
                    last = at + 1
                elif table[point] != 4:
                    break
                at += 1
            hashes[count] = mixed64(word)
            spans[count, 1] = last
            count += 1
        offsets[text + 1] = count
    return count


@compiled
def look_up(hashes: U64, keys: U64, slots: I64, new: I64) -> int:
    """Find the slot of each word in an open table, and give one to each that has none.

    Args:
        hashes: of words; 0 counts as 1.
        keys: the table, 0 where it is free; its length is a power of two, and so many slots are
            free that all words could be new.
        slots: out, one a word.
        new: out, the places of words that were given a slot.

    Returns:
        How many were.
    """
    mask = len(keys) - 1
    count = 0
    for at in range(len(hashes)):
        key = hashes[at]
        if key == np.uint64(0):
            key = np.uint64(1)
        slot = np.int64(key >> np.uint64(20)) & mask
        while keys[slot] != key and keys[slot] != np.uint64(0):
            slot = (slot + 1) & mask
        if keys[slot] == np.uint64(0):
            keys[slot] = key
            new[count] = at
            count += 1
        slots[at] = slot
    return count


@compiled
def _digits_read(
    joints: I64, spans: I64, kinds: U8, values: F64, word: int, end: int
) -> tuple[float, int]:
    """Read `1,200.50`, `3/4` or `7`; the value, and the word behind."""
    value = values[word]
    at = word
    while (
        at + 1 < end
        and joints[at + 1] == 44
        and kinds[at + 1] == 3
        and spans[at + 1, 1] - spans[at + 1, 0] == 3
    ):
        at += 1
        value = value * 1000.0 + values[at]
    if at + 1 < end and joints[at + 1] == 46 and kinds[at + 1] == 3:
        at += 1
        value += values[at] * 10.0 ** -min(float(spans[at, 1] - spans[at, 0]), 300.0)
    over = joints[at + 1] if at + 1 < end else 0
    if (over == 47 or over == 0x2044) and kinds[at + 1] == 3 and values[at + 1] > 0.0:
        at += 1
        value /= values[at]
    return value, at + 1


@compiled
def _words_read(kinds: U8, values: F64, word: int, end: int) -> tuple[float, int]:
    """Read `twenty five`, `two thirds` or `seven`; the value, and the word behind."""
    value = values[word]
    at = word + 1
    if kinds[word] == 5 and at < end and kinds[at] == 4 and 0.0 < values[at] < 10.0:
        value += values[at]
        at += 1
    if at < end and kinds[at] == 7:
        return value / values[at], at + 1
    return value, at


@compiled
def elements_of(
    joints: I64,
    spans: I64,
    hashes: U64,
    offsets: I64,
    kinds: U8,
    values: F64,
    codes: I64,
    element_hashes: U64,
    element_values: F64,
    element_words: I64,
    element_offsets: I64,
) -> int:
    """Put words together to elements: numbers of several words become one.

    Args:
        joints: the code point between each word and the one before, see `words_of`.
        spans: where each word begins and ends.
        hashes: of words.
        offsets: where each text's words begin, and the last's end.
        kinds: of words, see `word_kinds.WordKind`.
        values: of words that tell of numbers.
        codes: in, of content words the number that items know them by, or
            `elements.UNKNOWN`; out, of elements: the same, or `FUNCTION`, or `NUMBER` there.
        element_hashes: out, that of the word; all numbers have one.
        element_values: out, of numbers.
        element_words: out, the first word of each.
        element_offsets: out, where each text's elements begin, and the last's end.

    Returns:
        How many elements there are.
    """
    count = 0
    element_offsets[0] = 0
    for text in range(len(offsets) - 1):
        at, end = offsets[text], offsets[text + 1]
        while at < end:
            kind = kinds[at]
            element_words[count] = at
            if kind < 3 or kind == 6 or kind == 7:
                # A scale or a part that follows no number is a word like others.
                codes[count] = codes[at] if kind != 2 else -2
                element_hashes[count] = hashes[at]
                element_values[count] = 0.0
                at += 1
            else:
                if kind == 3:
                    value, at = _digits_read(joints, spans, kinds, values, at, end)
                elif kind == 8:
                    value, at = values[at], at + 1
                else:
                    value, at = _words_read(kinds, values, at, end)
                while kind != 8 and at < end and kinds[at] == 6:
                    value *= values[at]
                    at += 1
                # `One` alone is rather a pronoun; to templates it is a number still.
                codes[count] = -3 if value != 1.0 or kind == 3 else -2
                element_hashes[count] = np.uint64(_NUMBER_HASH)
                element_values[count] = value
            count += 1
        element_offsets[text + 1] = count
    return count
