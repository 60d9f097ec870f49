"""What is rare in real text, and how much of it a model or its texts still hold.

The tail dies first: rare words go while the common ones, and with them averages, hold.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from synth_assets.core.language_model.vocabulary import Tokens

TAIL_MASS = 0.1
"""Rare are the rarest tokens that together make up a tenth of real text."""

_LEAST_COUNT = 2


@dataclass(frozen=True)
class Tail:
    """The rare tokens of real text.

    Attributes:
        tokens: rare ones; each stands at least twice, as what stands once comes back in no other
            real text either.
    """

    tokens: frozenset[str]

    @classmethod
    def of(cls, texts: Iterable[str], mass: float = TAIL_MASS) -> "Tail":
        """Find the rare tokens: the rarest, as far as they make up that share of all tokens.

        Of equally rare tokens all are taken or none, so that no order of the texts matters; those
        that stand twice always are.
        """
        counts = Counter(chain.from_iterable(map(Tokens.WORDS.of, texts)))
        by_count = Counter(count for count in counts.values() if count >= _LEAST_COUNT)
        allowed, taken, most = mass * counts.total(), 0, 0
        for count in sorted(by_count):
            taken += count * by_count[count]
            if taken > allowed and most:
                break
            most = count
        rare = (token for token, count in counts.items() if _LEAST_COUNT <= count <= most)
        return cls(frozenset(rare))

    def marks(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Which tokens are rare, of one text after the other, the end of each among them."""
        rare = self.tokens
        marked: list[bool] = []
        for text in texts:
            marked.extend(token in rare for token in Tokens.WORDS.of(text))
            marked.append(False)
        return np.array(marked, np.bool_)

    def coverage(self, texts: Iterable[str]) -> float:
        """The share of the rare tokens that texts hold, 0..1.

        Grows with the amount of text: compare like amounts.

        Raises:
            ValueError: if nothing is rare.
        """
        if not self.tokens:
            raise ValueError("there are no rare tokens: give more real text to find some in")
        found = set(chain.from_iterable(map(Tokens.WORDS.of, texts)))
        return len(self.tokens & found) / len(self.tokens)
