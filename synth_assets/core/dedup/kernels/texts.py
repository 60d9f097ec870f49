"""From code points to hashes of tokens, of shingles and of whole texts."""

import numpy as np

from synth_assets.core.dedup.kernels.compiled import compiled
from synth_assets.core.dedup.kernels.mixing import I64, U8, U64, mixed64
from synth_assets.core.dedup.kernels.mixing import U32 as U32

# What a code point is to a tokenizer; the table that says so is made in `tokens.py`.
GAP = 0
"""Stands between tokens."""
PART = 1
"""Part of a token that goes on as long as such code points do."""
WHOLE = 2
"""A token by itself."""
WHITE = 3
"""White space: stands between tokens."""
PASSED = 4
"""Shows nothing: passed over, as if it were not there."""

_CHARACTER = 0x9E3779B97F4A7C15
_TOKEN = 0xD1342543DE82EF95


# In one piece: a call for each token would cost half as much again.
@compiled
def shingle_hashes(  # noqa: C901
    code_points: "U8 | U32", ends: I64, table: U8, size: int, hashes: U64, offsets: I64
) -> int:
    """Hash all runs of `size` tokens of every text.

    A text of fewer tokens is one run; a text of none is one run of what it shows but white space.

    Args:
        code_points: of all texts, one after the other.
        ends: where each text ends.
        table: code point -> what it is.
        size: tokens in a run.
        hashes: out, one a run, in the order of the text; as long as `code_points` and `ends`.
        offsets: out, where in `hashes` each text begins, and the last ends.

    Returns:
        How many runs there are.
    """
    ring = np.zeros(size, np.uint64)
    leaving = np.uint64(1)
    for _ in range(size - 1):
        leaving *= np.uint64(_TOKEN)
    count = 0
    at = 0
    offsets[0] = 0
    for text in range(len(ends)):
        begin, end = at, ends[text]
        tokens = 0
        slot = 0
        total = np.uint64(0)
        while True:
            kind = 0
            while at < end:
                kind = table[code_points[at]]
                if kind == 1 or kind == 2:
                    break
                at += 1
            if at == end:
                break
            token = np.uint64(code_points[at]) * np.uint64(_CHARACTER)
            at += 1
            while kind == 1 and at < end:
                point = code_points[at]
                if table[point] == 1:
                    token = (token ^ np.uint64(point)) * np.uint64(_CHARACTER)
                elif table[point] != 4:
                    break
                at += 1
            token = mixed64(token)
            if tokens >= size:
                total -= ring[slot] * leaving
            total = total * np.uint64(_TOKEN) + token
            ring[slot] = token
            slot = slot + 1 if slot + 1 < size else 0
            tokens += 1
            if tokens >= size:
                hashes[count] = mixed64(total)
                count += 1
        if tokens == 0:
            total = shown(code_points, table, begin, end)
        if tokens < size:
            hashes[count] = mixed64(total)
            count += 1
        offsets[text + 1] = count
    return count


@compiled
def shown(code_points: "U8 | U32", table: U8, begin: int, end: int) -> np.uint64:
    """Hash what a text without tokens shows, white space left out."""
    total = np.uint64(0)
    for at in range(begin, end):
        if table[code_points[at]] == 0:
            total = (total ^ np.uint64(code_points[at])) * np.uint64(_CHARACTER)
    return total


@compiled
def text_hashes(code_points: "U8 | U32", ends: I64, table: U8, hashes: U64) -> None:
    """Hash what every text shows: white space at its ends is nothing, elsewhere one space.

    Args:
        code_points: of all texts, one after the other.
        ends: where each text ends.
        table: code point -> what it is.
        hashes: out, two a text.
    """
    at = 0
    for text in range(len(ends)):
        one = np.uint64(_TOKEN)
        other = np.uint64(_CHARACTER)
        begun = False
        white = False
        while at < ends[text]:
            point = np.uint64(code_points[at])
            kind = table[code_points[at]]
            at += 1
            if kind == 3:
                white = begun
                continue
            if kind == 4:
                continue
            if white:
                one = (one ^ np.uint64(32)) * np.uint64(_CHARACTER)
                other = (other + np.uint64(33)) * np.uint64(_TOKEN)
                white = False
            begun = True
            one = (one ^ point) * np.uint64(_CHARACTER)
            other = (other + point + np.uint64(1)) * np.uint64(_TOKEN)
        hashes[text, 0] = mixed64(one)
        hashes[text, 1] = mixed64(other)


@compiled
def token_spans(code_points: "U8 | U32", table: U8, spans: I64) -> int:
    """Where the tokens of one text begin and end.

    Args:
        code_points: of one text.
        table: code point -> what it is.
        spans: out, begin and end of each token; as long as `code_points`.

    Returns:
        How many tokens there are.
    """
    count = 0
    inside = False
    for at in range(len(code_points)):
        kind = table[code_points[at]]
        if kind == 1 or kind == 2:
            if not inside or kind == 2:
                spans[count, 0] = at
                count += 1
            spans[count - 1, 1] = at + 1
        if kind != 4:
            inside = kind == 1
    return count


@compiled
def place_runs(hashes: U64, begins: I64, places: I64, ends: I64, copied: U64) -> None:
    """Copy the hashes of some texts to where they belong.

    Args:
        hashes: of the shingles of texts.
        begins: where in `hashes` each of some texts begins.
        places: where in `copied` each of them is to begin.
        ends: where in `copied` each of them is to end.
        copied: out.
    """
    for text in range(len(begins)):
        for at in range(ends[text] - places[text]):
            copied[places[text] + at] = hashes[begins[text] + at]
