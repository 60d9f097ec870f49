"""Texts as numbers: what a language model counts are tokens, each with a number of its own."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

import numpy as np
from numpy.typing import NDArray

UNKNOWN, START, END = 0, 1, 2
"""Tokens that every vocabulary has: one of no number, and the borders of a text."""

_OWN = 3
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
        counts = Counter(chain.from_iterable(map(tokens.of, texts)))
        often = tuple(token for token, count in counts.items() if count >= _SEEN_OFTEN)
        once = tuple(token for token, count in counts.items() if count < _SEEN_OFTEN)
        numbers = {token: number for number, token in enumerate(often, start=_OWN)}
        return cls(tokens, ("", "", "", *often), numbers, once)

    def __len__(self) -> int:
        return len(self.known)

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Number the tokens of texts."""
        number = self.numbers.get
        ids: list[int] = []
        starts: list[int] = []
        unknown: list[str] = []
        for text in texts:
            tokens = self.tokens.of(text)
            numbered = [number(token, UNKNOWN) for token in tokens]
            if UNKNOWN in numbered:
                unknown += [
                    token for token, found in zip(tokens, numbered, strict=True) if found == UNKNOWN
                ]
            starts.append(len(ids))
            ids.append(START)
            ids += numbered
            ids.append(END)
        return Encoded(np.array(ids, np.int64), np.array(starts, np.int64), unknown)
