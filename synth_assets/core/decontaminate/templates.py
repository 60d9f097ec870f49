"""Copies with small changes, and templates with other numbers or names in them.

An item is known by its runs of three words, each number masked. A row that holds enough of them,
close together, holds the item or its template: GSM-hard (Gao et al., 2023, arXiv:2211.10435) has
GSM8K's problems with other numbers, GSM-Symbolic (Mirzadeh et al., 2024, arXiv:2410.05229) with
other names and numbers.
"""

from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

from synth_assets.core.decontaminate.elements import NUMBER, Elements
from synth_assets.core.decontaminate.finding import Find, Method
from synth_assets.core.decontaminate.firewall import excerpt
from synth_assets.core.decontaminate.hash_set import Hashes, HashSet
from synth_assets.core.decontaminate.item_index import Costs, ItemIndex, Keys, Match
from synth_assets.core.decontaminate.parts import Parts

_RUN = 3
_EXTRA_RUN = 0.1
_PRIOR_ITEMS = 20
_NUMBERS_SHOWN = 6
_ONE, _OTHER = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1342543DE82EF95)


@dataclass(frozen=True)
class TemplateRule:
    """When a row holds an item, or its template.

    Attributes:
        near: least share of the item's runs of three words, where no number is another. A run
            weighs less the more items have it, and a tenth is taken off for each run of the
            stretch that is not the item's.
        perturbed: the same where numbers are others.
        least_runs: so many runs that no other item has, or more that some have, it takes anyway;
            items with fewer are not looked for.
    """

    near: float = 0.4
    perturbed: float = 0.4
    least_runs: int = 6


@dataclass(frozen=True)
class TemplateFinder:
    """Finds items by their runs.

    Attributes:
        rule: what it takes.
        index: parts of items by their masked runs.
        runs: masked runs of all items; their ranks are the keys.
        parts: of items.
        weights: of all runs of each part together.
        numbers: of each part, distinct.
    """

    rule: TemplateRule
    index: ItemIndex
    runs: HashSet
    parts: Parts
    weights: npt.NDArray[np.float64]
    numbers: tuple[npt.NDArray[np.float64], ...]

    @classmethod
    def of(cls, items: Elements, rule: TemplateRule) -> "TemplateFinder":
        """Learn items.

        Args:
            items: one text an item.
            rule: what it takes.
        """
        parts = Parts.of(items.offsets)
        bounds = list(zip(parts.begins.tolist(), parts.ends.tolist(), strict=True))
        distinct = [np.unique(_runs(items.hashes[begin:end])) for begin, end in bounds]
        runs = HashSet.of(np.concatenate([np.empty(0, np.uint64), *distinct]))
        keys = [np.searchsorted(runs.values, each).astype(np.int32) for each in distinct]
        rarity = _rarity(keys, len(runs))
        weights = np.array([rarity[each].sum() for each in keys], np.float64)
        needed = np.maximum(weights * min(rule.near, rule.perturbed), rule.least_runs)
        index = ItemIndex.of(
            keys,
            rarity,
            np.zeros(len(keys)),
            needed,
            Costs(_EXTRA_RUN, _EXTRA_RUN, len(runs), len(runs)),
        )
        return cls(rule, index, runs, parts, weights, tuple(_numbers(items, *b) for b in bounds))

    def find(self, texts: Elements) -> list[Find]:
        """The items that stand in each text, the best first."""
        keys = self._keys(texts)
        matches = self.index.matches(keys, texts.offsets)
        return [found for match in matches if (found := self._find(match, texts, keys))]

    def _keys(self, texts: Elements) -> Keys:
        keys = np.full(len(texts.hashes), -1, np.int32)
        places, ranks = self.runs.places(_runs(texts.hashes))
        keys[places] = ranks
        # A run does not go on from one text into the next.
        ends = texts.offsets[1:]
        for back in range(1, _RUN):
            inside = ends - back >= texts.offsets[:-1]
            keys[ends[inside] - back] = -1
        return keys

    def _find(self, match: Match, texts: Elements, keys: Keys) -> Find | None:
        share = match.score / float(self.weights[match.item])
        first = int(texts.offsets[match.text])
        there = _numbers(texts, first + match.begin, first + match.end + _RUN - 1)
        others = np.setdiff1d(there, self.numbers[match.item])
        method = Method.PERTURBED if len(others) else Method.NEAR
        if share < (self.rule.perturbed if len(others) else self.rule.near):
            return None
        told = f"{min(share, 1.0):.0%} of its runs of {_RUN} words"
        if len(others):
            shown = ", ".join(f"{value:g}" for value in others[:_NUMBERS_SHOWN].tolist())
            told = f"{told}, numbers masked; {shown} instead of its numbers"
        shared = excerpt(self._longest(match, texts, keys))
        item = int(self.parts.items[match.item])
        return Find(match.text, item, method, min(share, 1.0), f"{told}; shared: {shared}")

    def _longest(self, match: Match, texts: Elements, keys: Keys) -> str:
        """The longest stretch of the text all of whose runs are the item's."""
        starts = self.index.item_starts
        own = self.index.item_keys[starts[match.item] : starts[match.item + 1]]
        first = int(texts.offsets[match.text])
        there = np.isin(keys[first + match.begin : first + match.end], own)
        best, length, stretch = 0, 0, 0
        for at, is_own in enumerate(there.tolist()):
            stretch = stretch + 1 if is_own else 0
            if stretch > length:
                best, length = at - stretch + 1, stretch
        begin = match.begin + best
        return texts.stretch(match.text, begin, begin + length + _RUN - 1)


def _rarity(keys: list[Keys], most: int) -> npt.NDArray[np.float64]:
    """Of each run 1 if one item has it, down to 0 if all have: stock phrases give nothing away."""
    counts = np.bincount(np.concatenate([np.empty(0, np.int32), *keys]), minlength=most)
    whole = log(len(keys) + _PRIOR_ITEMS)
    return 1 - np.log(np.maximum(counts, 1)) / whole


def _runs(hashes: Hashes) -> Hashes:
    """Of each element the run that begins there; none begins at the last ones."""
    if len(hashes) < _RUN:
        return np.empty(0, np.uint64)
    count = len(hashes) - _RUN + 1
    whole = hashes[:count] * _ONE
    for at in range(1, _RUN):
        whole = (whole ^ (whole >> np.uint64(29))) * _OTHER + hashes[at : at + count]
    return whole * _ONE


def _numbers(elements: Elements, begin: int, end: int) -> npt.NDArray[np.float64]:
    """The distinct numbers of some elements."""
    return np.unique(elements.values[begin:end][elements.codes[begin:end] == NUMBER])
