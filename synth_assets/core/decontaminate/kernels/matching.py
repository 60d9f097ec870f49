"""Where in texts items stand, by the keys they share: an inverted index, then the best stretch.

Keys are words, numbers or runs of words. An item's score in a stretch of a text is its base, and
its gain of each of its keys that stands there, less a cost for each key there that is not its own.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.kernels.compiled import compiled
from synth_assets.core.dedup.kernels.mixing import I64

I32: TypeAlias = npt.NDArray[np.int32]
F32: TypeAlias = npt.NDArray[np.float32]

MOST = 8
"""Items that are told of one text, the best."""
SLACK = 1e-3
"""More than single precision loses in adding up."""
PIECE = 512
"""Keys that are looked at together; longer texts are cut into pieces that overlap by half."""


@compiled
def _touched(
    keys: I32,
    begin: int,
    end: int,
    stamp: int,
    starts: I64,
    items: I32,
    gains: F32,
    base: F32,
    seen: I64,
    reached: I64,
    bounds: F32,
    touched: I32,
) -> int:
    """Add up what the active keys of a piece could gain for items; how many items there are.

    Args:
        keys: of the texts; below 0 what no item has.
        begin: of the piece.
        end: of the piece.
        stamp: number of the piece, not used before.
        starts: where in `items` those of each active key begin, and the last's end.
        items: that have an active key.
        gains: of each key for each of its items.
        base: score of each item before any gain.
        seen: stamp of the piece that had each key last.
        reached: stamp of the piece that had a key of each item last.
        bounds: out, best score of each item reached.
        touched: out, the items reached.
    """
    count = 0
    for at in range(begin, end):
        key = keys[at]
        if key < 0 or seen[key] == stamp:
            continue
        seen[key] = stamp
        if key >= len(starts) - 1:
            continue
        for place in range(starts[key], starts[key + 1]):
            item = items[place]
            if reached[item] != stamp:
                reached[item] = stamp
                bounds[item] = base[item]
                touched[count] = item
                count += 1
            bounds[item] += gains[place]
    return count


@compiled
def _stretch(
    keys: I32,
    begin: int,
    end: int,
    stamp: int,
    own: I64,
    gain: F32,
    last: I64,
    word_cost: float,
    number_cost: float,
    first_number: int,
) -> tuple[float, int, int, int, int, int]:
    """The stretch of a piece that gains most for an item (Kadane, 1984, on distinct keys).

    Args:
        keys: of the texts.
        begin: of the piece.
        end: of the piece.
        stamp: number of the search, not used before.
        own: stamp of the search that looked for each key last.
        gain: of the keys that this search looks for.
        last: where each key stood last in this search; -1 before.
        word_cost: of a key that is not the item's.
        number_cost: the same of a number, once a piece.
        first_number: keys from here on are numbers.

    Returns:
        Gain, begin, end, the item's words there, its numbers, and other numbers.
    """
    best, best_begin, best_end = 0.0, begin, begin
    best_words, best_numbers, best_other = 0, 0, 0
    total, start, words, numbers, other = 0.0, begin, 0, 0, 0
    for at in range(begin, end):
        key = keys[at]
        before = last[key] if key >= 0 else np.int64(-1)
        if key >= 0:
            last[key] = at
        if key >= 0 and own[key] == stamp:
            if before < start:
                total += float(gain[key])
                if key >= first_number:
                    numbers += 1
                else:
                    words += 1
                if total > best:
                    best, best_begin, best_end = total, start, at + 1
                    best_words, best_numbers, best_other = words, numbers, other
            continue
        if key < first_number:
            total -= word_cost
        elif before < start:
            total -= number_cost
            other += 1
        if total <= 0.0:
            total, start, words, numbers, other = 0.0, at + 1, 0, 0, 0
    return best, best_begin, best_end, best_words, best_numbers, best_other


@compiled
def _put(scores: F32, found: I64, text: int, score: float, match: I64) -> None:
    """Put a match among the best of a text, if it is one of them; of an item the best stays."""
    item = match[0]
    place = MOST - 1
    for at in range(MOST):
        if found[text, at, 0] == item:
            if scores[text, at] >= score:
                return
            place = at
            break
    last = found[text, place, 0]
    better = score > scores[text, place] or (score == scores[text, place] and item < last)
    if last >= 0 and last != item and not better:
        return
    while place > 0:
        before = found[text, place - 1, 0]
        ahead = scores[text, place - 1] > score
        if before >= 0 and (ahead or (scores[text, place - 1] == score and before < item)):
            break
        scores[text, place] = scores[text, place - 1]
        for column in range(6):
            found[text, place, column] = found[text, place - 1, column]
        place -= 1
    scores[text, place] = score
    for column in range(6):
        found[text, place, column] = match[column]


@compiled
def _look_for(
    item: int, search: int, item_starts: I64, item_keys: I32, item_gains: F32, own: I64, gain: F32
) -> None:
    """Mark the keys of an item as those that a search looks for."""
    for place in range(item_starts[item], item_starts[item + 1]):
        own[item_keys[place]] = search
        gain[item_keys[place]] = item_gains[place]


@compiled
def _forget(keys: I32, begin: int, end: int, last: I64) -> None:
    """Before a search no key of the piece stood anywhere."""
    for place in range(begin, end):
        if keys[place] >= 0:
            last[keys[place]] = -1


@compiled
def best_items(
    keys: I32,
    offsets: I64,
    starts: I64,
    items: I32,
    gains: F32,
    item_starts: I64,
    passive_ends: I64,
    item_keys: I32,
    item_gains: F32,
    base: F32,
    needed: F32,
    word_cost: float,
    number_cost: float,
    first_number: int,
    marks: I64,
    gain: F32,
    reached: I64,
    bounds: F32,
    touched: I32,
    scores: F32,
    found: I64,
) -> None:
    """Find the items that stand in each text.

    Args:
        keys: of all texts; below 0 what no item has, from `first_number` on numbers, also such
            that no item has.
        offsets: where each text's keys begin, and the last's end.
        starts: where in `items` those of each active key begin, and the last's end.
        items: that have an active key.
        gains: of each key for each of its items.
        item_starts: where in `item_keys` those of each item begin, and the last's end.
        passive_ends: where in `item_keys` those of each item end that are not active.
        item_keys: of each item, each once.
        item_gains: of these.
        base: score of each item before any gain.
        needed: least score of each item.
        word_cost: of a key in the stretch that is not the item's.
        number_cost: the same of a number, once a stretch.
        first_number: keys from here on are numbers.
        marks: zeros, 3 x more than all keys; room to work in, like those that follow.
        gain: as long as there are keys.
        reached: zeros, as long as there are items.
        bounds: as long as there are items.
        touched: as long as there are items.
        scores: out, texts x `MOST`, best first.
        found: out, texts x `MOST` x 6: item or -1, begin and end of the stretch counted from the
            text's first key, the item's words there, its numbers, other numbers.
    """
    seen, own, last = marks[0], marks[1], marks[2]
    match = np.empty(6, np.int64)
    stamp = 0
    search = 0
    for text in range(len(offsets) - 1):
        begin, behind = offsets[text], offsets[text + 1]
        # The last piece is whole, too: half of it was looked at before.
        while begin == offsets[text] or begin + PIECE // 2 < behind:
            end = min(begin + PIECE, behind)
            stamp += 1
            count = _touched(
                keys, begin, end, stamp, starts, items, gains, base, seen, reached, bounds, touched
            )
            for at in range(count):
                item = touched[at]
                for place in range(item_starts[item], passive_ends[item]):
                    if seen[item_keys[place]] == stamp:
                        bounds[item] += item_gains[place]
                if bounds[item] < needed[item] - SLACK:
                    continue
                search += 1
                _look_for(item, search, item_starts, item_keys, item_gains, own, gain)
                _forget(keys, begin, end, last)
                won, first, after, words, numbers, other = _stretch(
                    keys,
                    begin,
                    end,
                    search,
                    own,
                    gain,
                    last,
                    word_cost,
                    number_cost,
                    first_number,
                )
                score = float(base[item]) + won
                if score >= needed[item]:
                    match[0], match[3], match[4], match[5] = item, words, numbers, other
                    match[1], match[2] = first - offsets[text], after - offsets[text]
                    _put(scores, found, text, score, match)
            begin += PIECE // 2
