"""Texts as numbers: what a language model counts are tokens, each with a number of its own."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

UNKNOWN, START, END = 0, 1, 2
"""Tokens that every vocabulary has: one of no number, and the borders of a text."""

_OWN = 3
_BORDERS = 2
_SEEN_OFTEN = 2

# A space belongs to the word behind it; digits are apart, so that no number is unknown. Joined, the
# tokens of a text are the text.
_WORDS: Callable[[str], list[str]] = re.compile(r" ?[^\W\d_]+| ?\d| ?[^\w\s]|.", re.DOTALL).findall


class Tokens(StrEnum):
    """What a text is cut into."""

    WORDS = "words"
    CHARACTERS = "characters"

    def of(self, text: str) -> Sequence[str]:
        """The tokens of a text; joined, they are the text."""
        return _WORDS(text) if self is Tokens.WORDS else text


@dataclass(frozen=True)
class Encoded:
    """Texts as one row of numbers, each text between `START` and `END`.

    Attributes:
        ids: numbers of tokens.
        starts: where each text begins in `ids`.
        unknown: the tokens without a number as they are spelled, in order.
    """

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    unknown: list[str]


@dataclass(frozen=True)
class Vocabulary:
    """The tokens that have a number: those seen twice or more.

    Tokens seen once stand for those never seen, so that the model learns where to expect one.

    Attributes:
        tokens: what is counted.
        known: token number -> token; the first three stand for no text.
        numbers: the same the other way round.
        once: the tokens seen once.
    """

    tokens: Tokens
    known: tuple[str, ...]
    numbers: dict[str, int]
    once: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str], tokens: Tokens) -> "Vocabulary":
        """Count tokens and number them in the order in which they first stand."""
        cut = _cut(tuple(texts), tokens)
        counts = np.bincount(cut.numbers, minlength=len(cut.kinds) + _BORDERS)[_BORDERS:].tolist()
        counted = list(zip(cut.kinds, counts, strict=True))
        often = tuple(token for token, count in counted if count >= _SEEN_OFTEN)
        once = tuple(token for token, count in counted if count < _SEEN_OFTEN)
        numbers = {token: number for number, token in enumerate(often, start=_OWN)}
        return cls(tokens, ("", "", "", *often), numbers, once)

    def __len__(self) -> int:
        return len(self.known)

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Number the tokens of texts."""
        cut = _cut(tuple(texts), self.tokens)
        number = self.numbers.get
        table = np.array([START, END, *(number(kind, UNKNOWN) for kind in cut.kinds)], np.int64)
        ids = table[cut.numbers]
        unknown = (cut.numbers[ids == UNKNOWN] - _BORDERS).tolist()
        return Encoded(ids, cut.starts, [cut.kinds[kind] for kind in unknown])


@dataclass(frozen=True)
class _Cut:
    """Texts as tokens, whatever a vocabulary calls them.

    Attributes:
        kinds: different tokens, in the order in which they first stand.
        numbers: 0 where a text begins, 1 where it ends, else the place in `kinds` and 2.
        starts: where each text begins in `numbers`.
    """

    kinds: tuple[str, ...]
    numbers: NDArray[np.int64]
    starts: NDArray[np.int64]


def _cut(texts: tuple[str, ...], tokens: Tokens) -> _Cut:
    return _cut_words(texts) if tokens is Tokens.WORDS else _cut_up(texts, tokens)


# A model is fitted on texts that are counted and then numbered, and many read the same held-out
# ones: cutting them anew each time was a third of what a canary takes.
@lru_cache(maxsize=4)
def _cut_words(texts: tuple[str, ...]) -> _Cut:
    return _cut_up(texts, Tokens.WORDS)


def _cut_up(texts: tuple[str, ...], tokens: Tokens) -> _Cut:
    places: dict[str, int] = {}
    numbers: list[int] = []
    starts: list[int] = []
    place_of = places.setdefault
    for text in texts:
        starts.append(len(numbers))
        numbers.append(0)
        numbers += [place_of(token, len(places) + _BORDERS) for token in tokens.of(text)]
        numbers.append(1)
    return _Cut(tuple(places), np.array(numbers, np.int64), np.array(starts, np.int64))
