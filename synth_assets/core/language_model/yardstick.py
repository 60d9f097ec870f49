"""How ordinary texts are, held against real texts of like length.

Several measures are read off a text, each is compared with what is usual at that length, and its
place among the real texts is what counts. The places come from cross-fitting: no real text is
measured by a model that was fitted on it.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from synth_assets.core.language_model.ngram import NgramModel
from synth_assets.core.language_model.vocabulary import Tokens

Floats = NDArray[np.float64]

FOLDS = 5

_WORD_ORDER, _CHARACTER_ORDER = 3, 6
_LEAST_SPREAD = 0.2
_FURTHEST = 50.0


class Measure(StrEnum):
    """What is read off a text, in bits."""

    WORDS = "words"
    """By a model of words; a byte."""
    CHARACTERS = "characters"
    """By a model of characters; a byte."""
    STRETCH = "stretch"
    """By the model of characters, the worst 16 characters in a row."""
    REPETITION = "repetition"
    """Of the text compressed, which says how often it repeats itself; a byte."""
    ENDING = "ending"
    """That the text ends where it does, by the model that is less surprised."""
    MODEL = "model"
    """By a model that was not fitted here; a byte."""


_WHAT = {
    Measure.WORDS: "words take {:.2f} bits a byte",
    Measure.CHARACTERS: "characters take {:.2f} bits a byte",
    Measure.STRETCH: "the worst 16 characters take {:.0f} bits",
    Measure.REPETITION: "it compresses to {:.2f} bits a byte",
    Measure.ENDING: "its end takes {:.1f} bits",
    Measure.MODEL: "the model takes {:.2f} bits a byte",
}
_PREDICTABLE = (Measure.WORDS, Measure.CHARACTERS, Measure.REPETITION, Measure.MODEL)
_SURPRISING = (
    Measure.WORDS,
    Measure.CHARACTERS,
    Measure.STRETCH,
    Measure.ENDING,
    Measure.MODEL,
)
OF_NGRAMS = tuple(measure for measure in Measure if measure is not Measure.MODEL)
"""What `NgramScorer` reads."""


@dataclass(frozen=True)
class Readings:
    """Measures of some texts; one value a text.

    Attributes:
        lengths: bytes, 1 at least.
        values: measure -> values.
    """

    lengths: Floats
    values: Mapping[Measure, Floats]


class Scorer(Protocol):
    """Reads measures off texts; it is fitted on some."""

    def read(self, texts: Sequence[str]) -> Readings:
        """Measure each text as it is alone."""
        ...


@dataclass(frozen=True)
class NgramScorer:
    """A model of words and one of characters, fitted on the same texts."""

    words: NgramModel
    characters: NgramModel

    @classmethod
    def fit(cls, texts: Sequence[str]) -> "NgramScorer":
        """Fit both."""
        return cls(
            NgramModel.fit(texts, _WORD_ORDER, Tokens.WORDS),
            NgramModel.fit(texts, _CHARACTER_ORDER, Tokens.CHARACTERS),
        )

    def read(self, texts: Sequence[str]) -> Readings:
        """See `Scorer`."""
        words, characters = self.words.surprise(texts), self.characters.surprise(texts)
        lengths = np.maximum(words.bytes, 1).astype(np.float64)
        packed = [len(zlib.compress(t.encode("utf-8", "surrogatepass"), 6)) for t in texts]
        return Readings(
            lengths,
            {
                Measure.WORDS: (words.bits - words.ending) / lengths,
                Measure.CHARACTERS: (characters.bits - characters.ending) / lengths,
                Measure.STRETCH: characters.stretch,
                Measure.REPETITION: 8.0 * np.array(packed, np.float64) / lengths,
                Measure.ENDING: np.minimum(words.ending, characters.ending),
            },
        )


@dataclass(frozen=True)
class Place:
    """Where a text stands among the real ones.

    Attributes:
        as_predictable: the share of real texts that are at least as predictable.
        as_surprising: the share of real texts that are at least as surprising.
        predictable: what makes it predictable, in words.
        surprising: what makes it surprising, in words.
    """

    as_predictable: float
    as_surprising: float
    predictable: str
    surprising: str


@dataclass(frozen=True)
class Standard:
    """Readings of real texts that those of others are held against.

    Attributes:
        usual: measure -> what is usual at a length.
        ranks: measure -> how far real texts are from it, rising.
        least_predictable: of each real text the smallest share, over the measures, of real texts
            that are as predictable; rising.
        least_surprising: the same of those that are as surprising.
    """

    usual: Mapping[Measure, "_Usual"]
    ranks: Mapping[Measure, Floats]
    least_predictable: Floats
    least_surprising: Floats

    @classmethod
    def of(cls, real: Readings, measures: Sequence[Measure]) -> "Standard":
        """Of real texts, at least 10, each read by a model that was not fitted on it.

        Args:
            real: their measures.
            measures: what counts.
        """
        usual = {each: _Usual.of(real.lengths, real.values[each]) for each in measures}
        away = {each: usual[each].away(real.lengths, real.values[each]) for each in measures}
        ranks = {each: np.sort(values) for each, values in away.items()}
        sides = _sides(ranks, away)
        return cls(usual, ranks, np.sort(sides.below.shares), np.sort(sides.above.shares))

    def places(self, found: Readings) -> list[Place]:
        """Where texts stand among the real ones."""
        if not len(found.lengths):
            return []
        away = {
            each: usual.away(found.lengths, found.values[each])
            for each, usual in self.usual.items()
        }
        sides = _sides(self.ranks, away)
        as_predictable = _share_of(self.least_predictable, sides.below.shares)
        as_surprising = _share_of(self.least_surprising, sides.above.shares)
        return [
            Place(
                float(as_predictable[row]),
                float(as_surprising[row]),
                self._told(found, row, sides.below.measures[row]),
                self._told(found, row, sides.above.measures[row]),
            )
            for row in range(len(found.lengths))
        ]

    def _told(self, found: Readings, row: int, measure: Measure | None) -> str:
        if measure is None:
            return "nothing was measured"
        usual = self.usual[measure].expected(found.lengths[row : row + 1])[0]
        return f"{_WHAT[measure].format(found.values[measure][row])}, usual are {usual:.2f}"


@dataclass(frozen=True)
class Yardstick:
    """Real texts that others are held against, and what reads both.

    Attributes:
        scorer: fitted on all real texts.
        standard: the real texts, each read by a scorer that was fitted on others.
    """

    scorer: Scorer
    standard: Standard

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        measures: Sequence[Measure] = OF_NGRAMS,
        fit: Callable[[Sequence[str]], Scorer] = NgramScorer.fit,
    ) -> "Yardstick":
        """Measure real texts by cross-fitting, then fit on all of them.

        Args:
            texts: at least 10; dealt to five folds in their order.
            measures: what counts.
            fit: makes a scorer of texts.
        """
        standard = Standard.of(_cross_fitted(texts, fit, measures), measures)
        return cls(fit(texts), standard)

    def places(self, texts: Sequence[str]) -> list[Place]:
        """Where texts stand among the real ones."""
        return self.standard.places(self.scorer.read(texts)) if texts else []


@dataclass(frozen=True)
class _Usual:
    """What is usual of a measure at a length, and how far real texts are from it.

    Both are linear in 1, 1 / length and the logarithm of length, fitted by least squares. Lengths
    outside the middle 98 % of the real ones are taken for their nearest.
    """

    shortest: float
    longest: float
    middle: Floats
    spread: Floats
    least_spread: float

    @classmethod
    def of(cls, lengths: Floats, values: Floats) -> "_Usual":
        shortest, longest = (float(each) for each in np.quantile(lengths, (0.01, 0.99)))
        terms = _terms(np.clip(lengths, shortest, longest))
        middle = _least_squares(terms, values)
        away = np.abs(values - terms @ middle)
        spread = _least_squares(terms, away)
        least = max(_LEAST_SPREAD * float(away.mean()), 1e-9)
        return cls(shortest, longest, middle, spread, least)

    def expected(self, lengths: Floats) -> Floats:
        """What is usual at lengths."""
        return _terms(np.clip(lengths, self.shortest, self.longest)) @ self.middle

    def away(self, lengths: Floats, values: Floats) -> Floats:
        """How far values are from what is usual, in usual distances."""
        terms = _terms(np.clip(lengths, self.shortest, self.longest))
        return (values - terms @ self.middle) / np.maximum(terms @ self.spread, self.least_spread)


@dataclass(frozen=True)
class _Least:
    """Of each text the smallest share over the measures, and the measure that has it."""

    shares: Floats
    measures: list[Measure | None]


@dataclass(frozen=True)
class _Sides:
    """How predictable texts are, and how surprising."""

    below: _Least
    above: _Least


def _sides(ranks: Mapping[Measure, Floats], away: Mapping[Measure, Floats]) -> _Sides:
    below = {each: _share_up_to(ranks[each], away[each]) for each in _PREDICTABLE if each in ranks}
    above = {
        each: _share_up_to(-ranks[each][::-1], -away[each]) for each in _SURPRISING if each in ranks
    }
    size = len(next(iter(away.values())))
    return _Sides(_smallest(below, size), _smallest(above, size))


def _smallest(shares: Mapping[Measure, Floats], size: int) -> _Least:
    if not shares:
        return _Least(np.ones(size), [None] * size)
    table, names = np.stack(list(shares.values())), list(shares)
    return _Least(table.min(axis=0), [names[place] for place in table.argmin(axis=0).tolist()])


def _share_up_to(rising: Floats, values: Floats) -> Floats:
    """The share of numbers that are not above each value.

    Below them all it falls off exponentially from that of the first, as fast as the lowest
    twentieth of them does, so that what is far off counts for more than what is just outside.
    """
    counted = np.searchsorted(rising, values, side="right")
    tail = rising[: max(len(rising) // 20, 2)]
    scale = max(float((tail[-1] - tail).mean()), 1e-9)
    beyond = np.exp(np.clip((values - rising[0]) / scale, -_FURTHEST, 0.0))
    return np.where(counted > 0, counted, beyond) / len(rising)


def _share_of(rising: Floats, shares: Floats) -> Floats:
    """The share of shares that are not above each; below them all, in proportion to the first."""
    counted = np.searchsorted(rising, shares, side="right")
    return np.where(counted > 0, counted, shares / rising[0]) / len(rising)


def _terms(lengths: Floats) -> Floats:
    return np.column_stack((np.ones_like(lengths), 1.0 / lengths, np.log(lengths)))


def _least_squares(terms: Floats, values: Floats) -> Floats:
    return np.asarray(np.linalg.lstsq(terms, values, rcond=None)[0], np.float64)


def _cross_fitted(
    texts: Sequence[str], fit: Callable[[Sequence[str]], Scorer], measures: Sequence[Measure]
) -> Readings:
    """Read each text by a scorer that was fitted on the other folds."""
    lengths = np.empty(len(texts))
    values = {each: np.empty(len(texts)) for each in measures}
    for fold in range(FOLDS):
        scorer = fit([text for row, text in enumerate(texts) if row % FOLDS != fold])
        found = scorer.read(texts[fold::FOLDS])
        lengths[fold::FOLDS] = found.lengths
        for each in measures:
            values[each][fold::FOLDS] = found.values[each]
    return Readings(lengths, values)
