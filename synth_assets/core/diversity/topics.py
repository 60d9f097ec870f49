"""Topics of texts, as clusters of vectors of real ones: how evenly they are written on.

Formulas over texts that count or not, as in `repetition`.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from synth_assets.core.coverage.text_space import OUTSIDE, TextSpace, fit_text_space
from synth_assets.core.coverage.topics import ROWS_PER_TOPIC
from synth_assets.core.diversity.corpus import Corpus, Floats
from synth_assets.core.diversity.repetition import ratio
from synth_assets.core.diversity.style import entropy

MOST_TOPICS = 20

MOST_PLACED = 10_000
"""Texts whose topic is found; of more the first so many."""


@dataclass(frozen=True)
class Real:
    """Real texts that others are compared to.

    Attributes:
        corpus: the texts.
    """

    corpus: Corpus

    @cached_property
    def space(self) -> TextSpace | None:
        """Its topics, at most 20 and one for 20 texts; None where no text has a word."""
        return _space_of(tuple(self.corpus.texts))

    def topics_of(self, corpus: Corpus, *, all_inside: bool) -> Floats:
        """A one for the topic of each text: shape (texts, topics); none for wordless texts.

        Args:
            corpus: any texts.
            all_inside: whether texts that resemble no topic count for the nearest one.
        """
        space = self.space
        if space is None:
            return np.zeros((len(corpus), 1))
        placed = corpus.kept(id(self), lambda: space.place(corpus.texts, all_inside=True))
        similar = np.array(placed.similarities)
        found = np.array(placed.clusters, np.int64)
        near = np.full(len(corpus), all_inside) | ((similar > 0) & (similar >= space.floor))
        rows = np.flatnonzero((found != OUTSIDE) & near)
        held = np.zeros((len(corpus), space.clusters))
        held[rows, found[rows]] = 1.0
        return held


@lru_cache(maxsize=1)
def _space_of(texts: tuple[str, ...]) -> TextSpace | None:
    # Sets of one project have one reference, and finding its topics takes a second.
    return fit_text_space(texts, max(1, min(MOST_TOPICS, len(texts) // ROWS_PER_TOPIC)))


def topic_entropy(corpus: Corpus, weights: Floats, real: Real) -> Floats:
    """Entropy of the topics that texts are nearest to, over what evenly many would have: 0 to 1."""
    corpus, weights = corpus.first(MOST_PLACED), weights[:, :MOST_PLACED]
    counts = weights @ real.topics_of(corpus, all_inside=True)
    shares = ratio(counts, np.broadcast_to(counts.sum(axis=1, keepdims=True), counts.shape))
    most = np.log2(max(counts.shape[1], 2))
    return np.array([np.nan if np.isnan(row).any() else entropy(row) / most for row in shares])


def largest_topic(corpus: Corpus, weights: Floats, real: Real) -> Floats:
    """Share of the texts that are nearest to the topic that most are."""
    corpus, weights = corpus.first(MOST_PLACED), weights[:, :MOST_PLACED]
    counts = weights @ real.topics_of(corpus, all_inside=True)
    return ratio(counts.max(axis=1), counts.sum(axis=1))


def missing_topics(corpus: Corpus, weights: Floats, real: Real) -> Floats:
    """What each topic lacks to its share of the real texts, summed: 0 to 1.

    A text that resembles no topic is in none.
    """
    corpus, weights = corpus.first(MOST_PLACED), weights[:, :MOST_PLACED]
    worded = (corpus.lengths > 0).astype(np.float64)
    counts = weights @ real.topics_of(corpus, all_inside=False)
    shares = counts / np.maximum((weights @ worded)[:, None], 1.0)
    theirs = real.topics_of(real.corpus, all_inside=True).sum(axis=0)
    if not theirs.sum() or not worded.any():
        return np.full(len(weights), np.nan)
    return np.maximum(theirs / theirs.sum() - shares, 0.0).sum(axis=1)
