"""Texts read once for all metrics: words as numbers, and runs of words."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from synth_assets.core.diversity.formulas import words_of

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

Made = TypeVar("Made")

LONGEST_RUN = 4
"""Words."""


@dataclass(frozen=True)
class Runs:
    """All runs of n words of some texts, none across two of them.

    Attributes:
        kinds: of each run which it is, from 0 to below `bound`.
        texts: of each run the place of its text, rising.
        bound: no kind is this or more.
    """

    kinds: Whole
    texts: Whole
    bound: int


class Vocabulary:
    """Numbers of words, shared by what is to be compared."""

    def __init__(self) -> None:
        """Know no word yet."""
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def numbers_of(self, words: Sequence[str]) -> Whole:
        """A number for each word, a new one for a new word."""
        known = self._numbers
        return np.array([known.setdefault(word, len(known)) for word in words], np.int64)

    def known(self, words: Iterable[str]) -> Whole:
        """The numbers of those words that have one."""
        return np.array([self._numbers[word] for word in words if word in self._numbers], np.int64)


@dataclass(frozen=True)
class Corpus:
    """Some texts in an order that is itself a draw, so that a leading part is a sample.

    Attributes:
        texts: in order.
        words: of each text, as `words_of` cuts them.
        writers: teacher of each text; empty for real ones, and where nobody knows.
        vocabulary: numbers of the words; one for all texts that are compared.
    """

    texts: Sequence[str]
    words: Sequence[Sequence[str]]
    writers: Sequence[str]
    vocabulary: Vocabulary
    _kept: dict[Hashable, object] = field(default_factory=dict[Hashable, object], repr=False)

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        writers: Sequence[str] | None = None,
        vocabulary: Vocabulary | None = None,
    ) -> "Corpus":
        """Cut texts into words; without `writers` nobody knows them."""
        return cls(
            texts,
            [words_of(text) for text in texts],
            [""] * len(texts) if writers is None else writers,
            Vocabulary() if vocabulary is None else vocabulary,
        )

    def __len__(self) -> int:
        return len(self.texts)

    def first(self, count: int) -> "Corpus":
        """A leading part."""
        if count >= len(self):
            return self
        parts = (self.texts[:count], self.words[:count], self.writers[:count])
        return self.kept(("first", count), lambda: Corpus(*parts, self.vocabulary))

    def kept(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` makes of these texts, made once for all metrics that need it."""
        if key not in self._kept:
            self._kept[key] = make()
        return cast("Made", self._kept[key])

    @cached_property
    def lengths(self) -> Whole:
        """Words of each text."""
        return np.array([len(words) for words in self.words], np.int64)

    @cached_property
    def numbers(self) -> Whole:
        """The number of each word, text after text."""
        return self.vocabulary.numbers_of(list(chain.from_iterable(self.words)))

    @cached_property
    def places(self) -> Whole:
        """Of each word the place of its text."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @cached_property
    def runs(self) -> tuple[Runs, ...]:
        """Runs of one, two, three and four words."""
        places, numbers = self.places, self.numbers
        starts, kinds = np.arange(len(numbers)), numbers
        base = int(numbers.max(initial=0)) + 1
        found = [Runs(kinds, places, base)]
        for more in range(1, LONGEST_RUN):
            ends = np.minimum(starts + more, len(numbers) - 1)
            inside = (starts + more < len(numbers)) & (places[ends] == places[starts])
            starts = starts[inside]
            # Runs that begin alike have one number already, so no two are confused.
            kinds = kinds[inside] * base + numbers[starts + more]
            different, kinds = np.unique(kinds, return_inverse=True)
            found.append(Runs(kinds, places[starts], len(different)))
        return tuple(found)

    @cached_property
    def words_and_pairs(self) -> tuple[Whole, Whole]:
        """Words and pairs of words as keys that mean the same in all corpora of a vocabulary.

        Returns:
            The keys, and of each the place of its text.
        """
        inside = self.places[:-1] == self.places[1:]
        pairs = (self.numbers[:-1] + 1) * 2**31 + self.numbers[1:]
        keys = np.concatenate([self.numbers, pairs[inside]])
        return keys, np.concatenate([self.places, self.places[:-1][inside]])

    def counts_of(self, groups: Sequence[frozenset[str]]) -> Floats:
        """How many words of each group each text holds: shape (texts, groups)."""
        numbers = self.numbers
        group_of = np.full(len(self.vocabulary), -1)
        for at, group in enumerate(groups):
            group_of[self.vocabulary.known(group)] = at
        found = group_of[numbers]
        keys = self.places[found >= 0] * len(groups) + found[found >= 0]
        counts = np.bincount(keys, minlength=len(self) * len(groups)).astype(np.float64)
        return counts.reshape(len(self), len(groups))
