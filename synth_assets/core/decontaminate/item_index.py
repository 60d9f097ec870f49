"""Items by the keys they have, to be found in texts by the keys that stand there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Costs:
    """What keys that are not an item's take from its score in a stretch.

    Attributes:
        word: of a key below `first_number`.
        number: of another, once a stretch.
        first_number: keys from here on are numbers.
        most_keys: above all keys that texts can have.
    """

    word: float
    number: float
    first_number: int
    most_keys: int


@dataclass(frozen=True)
class Match:
    """An item in a text.

    Attributes:
        text: number of the text.
        item: number of the item.
        score: in the best stretch.
        begin: number of the stretch's first key, counted from the text's first.
        end: number behind its last.
        words: how many of the item's words stand there.
        numbers: how many of its numbers do.
        other_numbers: how many others do.
    """

    text: int
    item: int
    score: float
    begin: int
    end: int
    words: int
    numbers: int
    other_numbers: int


@dataclass(frozen=True)
class ItemIndex:
    """Keys of items, both ways.

    An item whose commonest keys are not enough together must share one of the others to be found;
    only those, its active keys, lead to it (prefix filtering; Bayardo, Ma and Srikant, 2007,
    «Scaling Up All Pairs Similarity Search»). What is found is the same.

    Attributes:
        starts: where in `items` those of each active key begin, and the last's end.
        items: that have an active key, key by key.
        gains: what each active key gains for each of them.
        item_starts: where in `item_keys` those of each item begin, and the last's end.
        passive_ends: where in `item_keys` those of each item end that are not active.
        item_keys: of each item, distinct; the active ones last.
        item_gains: what they gain.
        base: score of each item before any gain.
        needed: least score of each item.
        costs: of other keys.
    """

    starts: npt.NDArray[np.int64]
    items: npt.NDArray[np.int32]
    gains: npt.NDArray[np.float32]
    item_starts: npt.NDArray[np.int64]
    passive_ends: npt.NDArray[np.int64]
    item_keys: Keys
    item_gains: npt.NDArray[np.float32]
    base: npt.NDArray[np.float32]
    needed: npt.NDArray[np.float32]
    costs: Costs

    @classmethod
    def of(
        cls,
        keys: Sequence[Keys],
        gain: npt.NDArray[np.float64],
        base: npt.NDArray[np.float64],
        needed: npt.NDArray[np.float64],
        costs: Costs,
    ) -> "ItemIndex":
        """Index items.

        Args:
            keys: of each item, distinct.
            gain: of each key, for any item.
            base: of each item.
            needed: of each item; infinite where it is not looked for.
            costs: of other keys.
        """
        counts = np.bincount(_joined(keys), minlength=len(gain))
        ordered = [each[np.lexsort((each, -counts[each]))] for each in keys]
        budgets: list[float] = (needed - base).tolist()
        most: npt.NDArray[np.float64] = np.maximum(gain, 0.0)
        passive = [
            int(np.searchsorted(np.cumsum(most[each]), budget))
            for each, budget in zip(ordered, budgets, strict=True)
        ]
        item_starts = np.cumsum([0, *map(len, ordered)])
        item_keys = _joined(ordered)
        active = [each[end:] for each, end in zip(ordered, passive, strict=True)]
        active_keys = _joined(active)
        owners = np.repeat(np.arange(len(keys), dtype=np.int32), [len(each) for each in active])
        order = np.argsort(active_keys, kind="stable")
        ranks = np.arange(int(active_keys.max(initial=-1)) + 2)
        return cls(
            np.searchsorted(active_keys[order], ranks),
            owners[order],
            gain[active_keys[order]].astype(np.float32),
            item_starts,
            item_starts[:-1] + np.array(passive, np.int64),
            item_keys,
            gain[item_keys].astype(np.float32),
            base.astype(np.float32),
            needed.astype(np.float32),
            costs,
        )

    def matches(self, keys: Keys, offsets: npt.NDArray[np.int64]) -> list[Match]:
        """The items in each text, at most 8 of each, the best first.

        Args:
            keys: of all texts, see `kernels.matching.best_items`.
            offsets: where each text's keys begin, and the last's end.
        """
        from synth_assets.core.decontaminate.kernels.matching import MOST, best_items

        texts = len(offsets) - 1
        scores = np.zeros((texts, MOST), np.float32)
        found = np.full((texts, MOST, 6), -1, np.int64)
        if len(self.base) and len(keys):
            best_items(
                keys,
                offsets,
                self.starts,
                self.items,
                self.gains,
                self.item_starts,
                self.passive_ends,
                self.item_keys,
                self.item_gains,
                self.base,
                self.needed,
                self.costs.word,
                self.costs.number,
                self.costs.first_number,
                np.zeros((3, self.costs.most_keys), np.int64),
                np.empty(self.costs.most_keys, np.float32),
                np.zeros(len(self.base), np.int64),
                np.empty(len(self.base), np.float32),
                np.empty(len(self.base), np.int32),
                scores,
                found,
            )
        rows, places = np.nonzero(found[:, :, 0] >= 0)
        return [
            Match(int(row), int(item), float(scores[row, place]), *map(int, rest))
            for row, place, (item, *rest) in zip(
                rows.tolist(), places.tolist(), found[rows, places].tolist(), strict=True
            )
        ]


def _joined(keys: Sequence[Keys]) -> Keys:
    return np.concatenate([np.empty(0, np.int32), *keys]).astype(np.int32)
