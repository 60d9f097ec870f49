"""Novelty by ROUGE-L: is a text too like one that is already there?

The filter of Self-Instruct (Wang et al. 2022, arXiv 2212.10560): an instruction joins the pool only
if its ROUGE-L with every text of it is at most 0.7. ROUGE-L is that of Lin (2004), as the package
`rouge-score` computes it without stemming.

Where we differ: scores are fractions and compared as such. In floating point a score of 7/10 comes
out above 0.7 for half of all pairs of lengths that can reach it (say 7 and 13 words), which the
original then drops. And a text without a Latin letter or digit is read by words; see
`rouge_tokens`.
"""

import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from synth_assets.core.ngrams import words
from synth_assets.errors import ConfigurationError

DEFAULT_THRESHOLD = Fraction(7, 10)

TokenRule: TypeAlias = Literal["reference", "words"]

_REFERENCE_TOKENS = re.compile("[a-z0-9]+")
_UNKNOWN = 0
"""Stands for every token that no text of a pool has; no text of the pool holds it."""

_TEXTS_AT_ONCE, _POOL_AT_ONCE = 256, 2048
"""Handing over a text of the pool costs 0.4 µs, so many new texts share it; and half a million
scores still fit the processor's cache. Measured: 20 to 30 ns a pair of instructions, one thread."""


@dataclass(frozen=True)
class RougeL:
    """ROUGE-L of two texts.

    Attributes:
        lcs: length of their longest common subsequence, in tokens.
        one: number of tokens of the one text.
        other: of the other.
    """

    lcs: int
    one: int
    other: int

    @property
    def f(self) -> Fraction:
        """The F measure, 0..1: exact. Two texts without tokens score 0, as in the reference."""
        return Fraction(2 * self.lcs, max(self.one + self.other, 1))

    @property
    def reference_f(self) -> float:
        """The same as `rouge-score` tells it, last digit included: to compare with its records."""
        if not self.lcs:
            return 0.0
        recall, precision = self.lcs / self.one, self.lcs / self.other
        return 2 * precision * recall / (precision + recall)


@dataclass(frozen=True)
class Nearest:
    """The text of a pool that is most like another text.

    Attributes:
        key: its key.
        score: ROUGE-L (F) of the two, above 0 and at most 1.
    """

    key: str
    score: Fraction


@dataclass(frozen=True)
class Admission:
    """What became of texts that asked to join a pool.

    Attributes:
        admitted: key -> the nearest text that was there before it, none where no token was shared.
        dropped: key -> the text that it is too similar to.
    """

    admitted: Mapping[str, Nearest | None]
    dropped: Mapping[str, Nearest]


def rouge_tokens(text: str, rule: TokenRule = "reference") -> list[str]:
    """The tokens that ROUGE-L compares.

    `reference`: runs of a-z and 0-9 of the text in lower case, as in `rouge-score`. All else
    separates, so that a text in another script may have none: such a text is read by `words`.
    A text in another script that names one Latin word is that word alone, and two that name
    the same one are equal; where a recipe writes other scripts, `words` is the rule to take.

    `words`: words of any script (`core.ngrams.words`), Chinese characters and kana one by one.

    A text of punctuation alone has no tokens under either.
    """
    found = _REFERENCE_TOKENS.findall(text.lower()) if rule == "reference" else []
    return found or words(text)


def rouge_l(one: str, other: str, rule: TokenRule = "reference") -> RougeL:
    """ROUGE-L of two texts; the order does not matter to the score."""
    from rapidfuzz.distance import LCSseq

    # Numbers, for rapidfuzz compares other tokens by their hashes.
    ids: dict[str, int] = {}
    first, second = (
        array("I", [ids.setdefault(token, len(ids)) for token in rouge_tokens(text, rule)])
        for text in (one, other)
    )
    return RougeL(LCSseq.similarity(first, second), len(first), len(second))


class NoveltyPool:
    """Texts that new ones must differ from.

    Every score is that of `rouge_l`, and every text of the pool is compared: time grows linearly
    with the pool and with the new texts. Adding costs one text, whatever the pool holds. Texts are
    kept as numbers of 32 bits, so that there may be 4 thousand million distinct tokens.

    Of equally near texts the first in pool order is told. Keys are the caller's; that they are
    distinct is for the caller to see to.
    """

    def __init__(
        self, threshold: Fraction = DEFAULT_THRESHOLD, rule: TokenRule = "reference"
    ) -> None:
        """Make an empty pool.

        Args:
            threshold: a text is too similar above it, and not at it. From a decimal:
                `Fraction("0.7")`, for the float 0.7 is less than 7/10.
            rule: how texts are cut, see `rouge_tokens`.

        Raises:
            ConfigurationError: if the threshold is not within 0..1.
        """
        if not 0 <= threshold <= 1:
            raise ConfigurationError(
                f"The novelty threshold is {threshold}; a ROUGE-L lies within 0 and 1. "
                "Give a number such as 0.7."
            )
        self._threshold = threshold
        self._rule: TokenRule = rule
        self._ids: dict[str, int] = {}
        self._keys: list[str] = []
        self._texts: list[array[int]] = []
        self._sizes = array("I")

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: str, text: str) -> None:
        """Put a text at the end of the pool, whatever it resembles."""
        self._append(key, self._learnt(text))

    def add_all(self, texts: Mapping[str, str]) -> None:
        """Put texts (key -> text) at the end of the pool, whatever they resemble."""
        for key, text in texts.items():
            self.add(key, text)

    def nearest(self, text: str) -> Nearest | None:
        """The text of the pool that is most like this one; none where no token is shared."""
        return self.nearest_many([text])[0]

    def nearest_many(self, texts: Sequence[str]) -> list[Nearest | None]:
        """As `nearest`, for many texts: faster than one by one."""
        return self._nearest([self._read(text) for text in texts])

    def too_similar(self, text: str) -> Nearest | None:
        """The text of the pool nearest to this one, if its score is above the threshold."""
        nearest = self.nearest(text)
        return nearest if self._is_too_near(nearest) else None

    def admit(self, texts: Mapping[str, str]) -> Admission:
        """Let in, in their order, the texts that nothing in the pool is too similar to.

        Each is compared with the pool as it then stands: with those let in just before it too.

        Args:
            texts: key -> text.
        """
        admitted: dict[str, Nearest | None] = {}
        dropped: dict[str, Nearest] = {}
        items = list(texts.items())
        for start in range(0, len(items), _TEXTS_AT_ONCE):
            batch = items[start : start + _TEXTS_AT_ONCE]
            learnt = [self._learnt(text) for _, text in batch]
            before = len(self)
            earlier = self._nearest(learnt)
            for (key, _), text, old in zip(batch, learnt, earlier, strict=True):
                nearest = _nearer(old, self._nearest([text], since=before)[0])
                if nearest and self._is_too_near(nearest):
                    dropped[key] = nearest
                else:
                    self._append(key, text)
                    admitted[key] = nearest
        return Admission(admitted, dropped)

    def _is_too_near(self, nearest: Nearest | None) -> bool:
        return nearest is not None and nearest.score > self._threshold

    def _append(self, key: str, text: "array[int]") -> None:
        self._keys.append(key)
        self._texts.append(text)
        self._sizes.append(len(text))

    def _learnt(self, text: str) -> "array[int]":
        ids = self._ids
        tokens = rouge_tokens(text, self._rule)
        return array("I", [ids.setdefault(token, len(ids) + 1) for token in tokens])

    def _read(self, text: str) -> "array[int]":
        tokens = rouge_tokens(text, self._rule)
        return array("I", [self._ids.get(token, _UNKNOWN) for token in tokens])

    def _nearest(self, texts: Sequence["array[int]"], since: int = 0) -> list[Nearest | None]:
        """For each text the nearest of the pool's from position `since` on."""
        found: list[Nearest | None] = []
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            found += self._nearest_of_some(texts[start : start + _TEXTS_AT_ONCE], since)
        return found

    def _nearest_of_some(self, texts: Sequence["array[int]"], since: int) -> list[Nearest | None]:
        import numpy as np
        from rapidfuzz.distance import LCSseq
        from rapidfuzz.process import cdist

        rows = np.arange(len(texts))
        sizes = np.array([max(len(text), 1) for text in texts])[:, np.newaxis]
        best, at = np.zeros(len(texts)), np.full(len(texts), -1)
        for start in range(since, len(self), _POOL_AT_ONCE):
            some = slice(start, start + _POOL_AT_ONCE)
            lcs = cdist(texts, self._texts[some], scorer=LCSseq.similarity, dtype=np.int32)
            # Half the F measure. Up to ten million tokens a text, distinct fractions are distinct
            # floats in the same order; equal ones are equal floats, and argmax takes the first.
            scores = lcs / (sizes + np.array(self._sizes[some]))
            top = scores.argmax(axis=1)
            better = scores[rows, top] > best
            best[better] = scores[rows, top][better]
            at[better] = start + top[better]
        return [
            self._named(text, position) if position >= 0 else None
            for text, position in zip(texts, at.tolist(), strict=True)
        ]

    def _named(self, text: "array[int]", position: int) -> Nearest:
        from rapidfuzz.distance import LCSseq

        other = self._texts[position]
        score = RougeL(LCSseq.similarity(text, other), len(text), len(other)).f
        return Nearest(self._keys[position], score)


def _nearer(old: Nearest | None, new: Nearest | None) -> Nearest | None:
    if old is None or new is None:
        return old or new
    return new if new.score > old.score else old
