"""Interpolated modified Kneser-Ney smoothing, in flat arrays.

Kneser and Ney, 1995, «Improved backing-off for m-gram language modeling»; Chen and Goodman, 1999,
«An empirical study of smoothing techniques for language modeling»: three discounts an order,
estimated from counts of counts. N-grams at the start of a text, which nothing can precede, keep
their own counts in lower orders, as in KenLM (Heafield et al., 2013).

Beside it, plain frequencies (Jelinek and Mercer, 1980, «Interpolated estimation of Markov source
parameters from sparse data»), in the same form.

The n-grams of each length are nodes, numbered by the order of their keys: the node of all but the
last token, times the size of the vocabulary, plus the last token.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from synth_assets.core.language_model.flat_levels import FlatLevels
from synth_assets.core.language_model.key_index import ABSENT, KeyIndex
from synth_assets.core.language_model.vocabulary import START, Encoded

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

NOWHERE = ABSENT
"""The node of an n-gram that was never seen."""

_USUAL_DISCOUNTS = (0.5, 1.0, 1.5)
_OWN_HALF = 0.5
_LEAST_DISCOUNT = 0.05


class Smoothing(StrEnum):
    """What is left to n-grams that were not seen."""

    KNESER_NEY = "kneser-ney"
    """What discounts free. Shorter n-grams count what they stand after, and not how often."""
    FREQUENCIES = "frequencies"
    """Half, always: what is repeated a hundred times weighs a hundred times, as for whoever learns
    by going through all rows."""


@dataclass(frozen=True)
class Level:
    """The n-grams of one length.

    Attributes:
        keys: of the nodes, rising; those of one context stand side by side.
        index: of the keys.
        shares: of each node the discounted probability of its last token after the others.
        sums: running sum of `shares`, from 0; one more than there are nodes.
        first: of each context, its first node; one more than there are contexts.
        rest: of each context, the probability left to shorter contexts; 1 where nothing followed.
        peaks: of each context, the largest of its shares.
    """

    keys: Ids
    index: KeyIndex
    shares: Floats
    sums: Floats
    first: Ids
    rest: Floats
    peaks: Floats

    def find(self, contexts: Ids, tokens: Ids, size: int) -> Ids:
        """The nodes of contexts and the tokens behind them."""
        nodes = np.full(len(tokens), NOWHERE)
        rows = np.flatnonzero(contexts >= 0)
        nodes[rows] = self.index.find(contexts[rows] * size + tokens[rows])
        return nodes

    def share(self, nodes: Ids) -> Floats:
        """The discounted probability of nodes; none where there is none."""
        return np.where(nodes >= 0, self.shares[nodes], 0.0)


@dataclass(frozen=True)
class KneserNey:
    """Probabilities of a token after at most `order - 1` others.

    Attributes:
        size: of the vocabulary.
        levels: n-grams of each length, from single tokens to the longest there are.
    """

    size: int
    levels: tuple[Level, ...]

    @classmethod
    def fit(
        cls,
        encoded: Encoded,
        size: int,
        order: int,
        smoothing: Smoothing = Smoothing.KNESER_NEY,
    ) -> "KneserNey":
        """Count n-grams and smooth the counts.

        Args:
            encoded: at least one text.
            size: of its vocabulary.
            order: of the longest n-grams, 1 at least.
            smoothing: of the counts.
        """
        counted = _counted(encoded, size, order)
        levels: list[Level] = []
        for place, here in enumerate(counted):
            longer = counted[place + 1] if place + 1 < len(counted) else None
            contexts = len(counted[place - 1].keys) if place else 1
            if smoothing is Smoothing.FREQUENCIES:
                counts = _adjusted(here, None)
                levels.append(
                    _level(here, counts, counts.astype(np.float64) * _OWN_HALF, contexts, size)
                )
            else:
                counts = _adjusted(here, longer)
                discounts = _discounts(counts)[np.minimum(counts, 3)]
                levels.append(_level(here, counts, discounts, contexts, size))
        return cls(size, tuple(levels))

    @property
    def order(self) -> int:
        """Length of the longest n-grams."""
        return len(self.levels)

    def probabilities(self, encoded: Encoded) -> Floats:
        """Of each token after those before it in its text; 1 for the start of a text."""
        from synth_assets.core.language_model.kernels.walking import read_tokens

        return read_tokens(encoded.ids, self._flat)

    def write(
        self, rng: np.random.Generator, texts: int, most: int, best_of: int, unknown_kinds: int
    ) -> Ids:
        """Write texts: shape (texts, most), each filled up with ends.

        Args:
            rng: the same one writes the same texts.
            texts: how many.
            most: tokens a text.
            best_of: the likeliest of so many draws of a token is taken.
            unknown_kinds: how many tokens the unknown one stands for, of which one is drawn.
        """
        from synth_assets.core.language_model.kernels.walking import write_tokens

        seeds = rng.integers(0, 1 << 63, texts).astype(np.uint64)
        return write_tokens(seeds, most, best_of, unknown_kinds, self._flat)

    @cached_property
    def _flat(self) -> FlatLevels:
        levels = self.levels
        return FlatLevels(
            self.size,
            np.concatenate([level.index.keys for level in levels]),
            np.concatenate([level.index.places for level in levels]),
            _ends([len(level.index.keys) for level in levels]),
            np.array([level.index.shift for level in levels], np.int64),
            np.concatenate([level.keys for level in levels]),
            np.concatenate([level.shares for level in levels]),
            _ends([len(level.keys) for level in levels]),
            np.concatenate([level.sums for level in levels]),
            np.concatenate([level.rest for level in levels]),
            _ends([len(level.rest) for level in levels]),
            np.concatenate([level.first for level in levels]),
        )

    def start(self, texts: int) -> Ids:
        """Contexts of so many texts that are yet to begin; see `after`."""
        return self.after(np.full((self.order - 1, texts), NOWHERE), np.full(texts, START))

    def after(self, contexts: Ids, tokens: Ids) -> Ids:
        """Contexts with a token more.

        Args:
            contexts: in row k - 1 the nodes of the last k tokens, one column a text.
            tokens: one a text.
        """
        longer = np.empty_like(contexts)
        shorter = np.zeros(len(tokens), np.int64)
        for row, level in enumerate(self.levels[:-1]):
            longer[row] = level.find(shorter, tokens, self.size)
            shorter = contexts[row]
        return longer

    def likelihood(self, contexts: Ids, tokens: Ids) -> Floats:
        """The probability of one token in each context."""
        found = self._base(tokens)
        for level, context in zip(self.levels, _with_root(contexts), strict=True):
            rest = np.where(context >= 0, level.rest[context], 1.0)
            found = level.share(level.find(context, tokens, self.size)) + rest * found
        return found

    def most_likely(self, contexts: Ids) -> Floats:
        """What no token's probability in each context exceeds."""
        found = np.full(contexts.shape[1], 1.0 / (self.size - 1))
        for level, context in zip(self.levels, _with_root(contexts), strict=True):
            seen = context >= 0
            rest = np.where(seen, level.rest[context], 1.0)
            found = np.where(seen, level.peaks[context], 0.0) + rest * found
        return found

    def distribution(self, contexts: Ids) -> Floats:
        """The probability of every token in each context: one row a context; rows add up to 1."""
        texts = contexts.shape[1]
        found = np.tile(self._base(np.arange(self.size)), (texts, 1))
        for level, context in zip(self.levels, _with_root(contexts), strict=True):
            found *= np.where(context >= 0, level.rest[context], 1.0)[:, None]
            rows = np.flatnonzero(context >= 0)
            first, last = level.first[context[rows]], level.first[context[rows] + 1]
            nodes = _ranges(first, last)
            found[np.repeat(rows, last - first), level.keys[nodes] % self.size] += level.shares[
                nodes
            ]
        return found

    def draw(self, contexts: Ids, rng: np.random.Generator) -> Ids:
        """Draw a token for each context: from the longest that was seen, or else a shorter one."""
        texts = contexts.shape[1]
        drawn = np.full(texts, NOWHERE)
        for level, context in zip(self.levels[::-1], _with_root(contexts)[::-1], strict=True):
            open_ = np.flatnonzero((drawn < 0) & (context >= 0))
            nodes = context[open_]
            point = rng.random(len(open_))
            took = point < 1.0 - level.rest[nodes]
            nodes, open_ = nodes[took], open_[took]
            first, last = level.first[nodes], level.first[nodes + 1]
            place = np.searchsorted(level.sums, level.sums[first] + point[took], side="right") - 1
            drawn[open_] = level.keys[np.clip(place, first, last - 1)] % self.size
        anything = np.flatnonzero(drawn < 0)
        even = rng.integers(0, self.size - 1, len(anything))
        drawn[anything] = even + (even >= START)
        return drawn

    def _base(self, tokens: Ids) -> Floats:
        """What is known before any count: every token is as likely, and no text starts again."""
        return np.where(tokens == START, 0.0, 1.0 / (self.size - 1))


@dataclass(frozen=True)
class _Counted:
    """The n-grams of one length in a row of texts.

    Attributes:
        keys: see `Level`.
        counts: of each node.
        places: in the texts, of each node's last token, where it first stands.
        nodes: of each place in the texts, the n-gram that ends there.
        at_start: which nodes begin with the start of a text.
    """

    keys: Ids
    counts: Ids
    places: Ids
    nodes: Ids
    at_start: NDArray[np.bool_]


def _counted(encoded: Encoded, size: int, order: int) -> list[_Counted]:
    ids = encoded.ids
    starts = np.zeros(len(ids), bool)
    starts[encoded.starts] = True
    keys, counts = np.arange(size), np.bincount(ids, minlength=size)
    found = [_Counted(keys, counts, keys, ids, keys == START)]
    for length in range(2, order + 1):
        contexts = _shifted(found[-1].nodes, starts)
        inside = np.flatnonzero(contexts >= 0)
        if not len(inside):
            break
        keys, first, inverse, counts = np.unique(
            contexts[inside] * size + ids[inside],
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        nodes = np.full(len(ids), NOWHERE)
        nodes[inside] = inverse
        places = inside[first]
        found.append(_Counted(keys, counts, places, nodes, starts[places - length + 1]))
    return found


def _adjusted(here: _Counted, longer: _Counted | None) -> Ids:
    """After how many different tokens each n-gram stands; counts where nothing can precede it."""
    if longer is None:
        return np.where(here.keys == START, 0, here.counts) if _is_single(here) else here.counts
    preceded = np.bincount(here.nodes[longer.places], minlength=len(here.keys))
    if _is_single(here):
        return np.where(here.at_start, 0, preceded)
    return np.where(here.at_start, here.counts, preceded)


def _is_single(counted: _Counted) -> bool:
    return counted.places is counted.keys


def _level(here: _Counted, adjusted: Ids, discounts: Floats, contexts: int, size: int) -> Level:
    context = here.keys // size
    totals = np.bincount(context, adjusted, minlength=contexts)
    freed = np.bincount(context, discounts, minlength=contexts)
    followed = totals > 0
    totals[~followed] = 1.0
    shares = (adjusted - discounts) / totals[context]
    peaks = np.zeros(contexts)
    np.maximum.at(peaks, context, shares)
    return Level(
        here.keys,
        KeyIndex.of(here.keys),
        shares,
        np.concatenate(([0.0], np.cumsum(shares))),
        np.searchsorted(context, np.arange(contexts + 1)),
        np.where(followed, freed / totals, 1.0),
        peaks,
    )


def _discounts(adjusted: Ids) -> Floats:
    """What is taken off a count of 0, 1, 2 and more, by how many n-grams have each count."""
    once, twice, thrice, four = (int((adjusted == count).sum()) for count in (1, 2, 3, 4))
    if not (once and twice and thrice):
        return np.array((0.0, *_USUAL_DISCOUNTS))
    share = once / (once + 2 * twice)
    estimated = (
        1 - 2 * share * twice / once,
        2 - 3 * share * thrice / twice,
        3 - 4 * share * four / thrice,
    )
    most = np.array((1.0, 2.0, 3.0)) - _LEAST_DISCOUNT
    return np.concatenate(([0.0], np.clip(estimated, _LEAST_DISCOUNT, most)))


def _shifted(nodes: Ids, starts: NDArray[np.bool_]) -> Ids:
    """Of each place the node that ends just before it; none at the start of a text."""
    before = np.concatenate(([NOWHERE], nodes[:-1]))
    before[starts] = NOWHERE
    return before


def _with_root(contexts: Ids) -> list[Ids]:
    """Contexts of each level: that of single tokens is node 0 whatever stands before."""
    return [np.zeros(contexts.shape[1], np.int64), *contexts]


def _ranges(first: Ids, last: Ids) -> Ids:
    """All numbers of ranges, one range after the other."""
    lengths = last - first
    ends = np.cumsum(lengths)
    return np.arange(int(lengths.sum())) + np.repeat(first - (ends - lengths), lengths)


def _ends(lengths: list[int]) -> Ids:
    """Where parts of such lengths begin, one after the other, and where the last one ends."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
