"""How alike texts are to each other, and to real ones: pairs of texts, and what follows from them.

Formulas over texts that count or not, as in `repetition`. Pairs grow with the square of the texts,
so that only a leading part of a corpus, a sample, is looked at where there are many.
"""

# scipy has hardly any types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from array import array
from typing import TYPE_CHECKING

import numpy as np

from synth_assets.core.diversity.corpus import LONGEST_RUN, Corpus, Floats, Runs
from synth_assets.core.diversity.repetition import ratio
from synth_assets.core.diversity.vendi import vendi_score_of_rows, vendi_scores
from synth_assets.core.novelty.rouge_l import rouge_tokens

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_PAIRED = 1_000
"""Texts of which all pairs are looked at; of more the first so many."""

MOST_SPREAD = 10_000
"""Texts whose Vendi score is estimated; of more the first so many."""

MOST_BLEU = 200
MOST_ROUGE = 100

NEIGHBOURS = 5
"""Neighbours within which a real text counts as covered (Naeem et al.)."""

_SMOOTHED = 0.1
"""In place of no common run (Chen and Cherry, 2014, method 1)."""


def vendi(corpus: Corpus, weights: Floats) -> Floats:
    """The Vendi score by the cosine of words and pairs of words; see `vendi`.

    Exact for up to `MOST_PAIRED` texts. Of more, up to `MOST_SPREAD`, the figure of all is an
    estimate, and draws are of the first `MOST_PAIRED` alone, scaled to it.
    """
    if not len(corpus):
        return np.full(len(weights), np.nan)
    corpus = corpus.first(MOST_SPREAD)
    some = corpus.first(MOST_PAIRED)
    similar = _among(some)
    taken = [row[: len(some)] > 0 for row in weights]
    found = np.array(vendi_scores(similar[each][:, each] for each in taken))
    if len(corpus) > len(some):
        found *= vendi_score_of_rows(_rows(corpus, corpus)[0]) / found[0]
    if len(found) > 1:
        # The score grows with the texts almost as their number does, and its error with the score:
        # at the level of halves a third of all intervals missed the score of real halves.
        found[1:] *= found[0] / found[1:].mean()
    return found


def nearest_distance(corpus: Corpus, weights: Floats) -> Floats:
    """Mean distance, 1 - cosine, of a text to the one that is most like it: 0 to 1."""
    some = corpus.first(MOST_PAIRED)
    similar = _among(some).copy()
    np.fill_diagonal(similar, -1.0)
    found = np.full(len(weights), np.nan)
    for at, row in enumerate(weights):
        taken = row[: len(some)] > 0
        if taken.sum() > 1:
            found[at] = 1 - similar[taken][:, taken].max(axis=1).mean()
    return found


def coverage(corpus: Corpus, weights: Floats, real: Corpus) -> Floats:
    """Share of the real texts that have a text of ours within their fifth nearest real one.

    As many real texts are taken as there are of ours. Naeem et al., 2020, «Reliable Fidelity and
    Diversity Metrics for Generative Models», arXiv:2002.09797. Two samples of one source have
    1 - 2 ** -5 = .97.
    """
    ours, theirs = (each.first(min(len(corpus), len(real), MOST_PAIRED)) for each in (corpus, real))
    found = np.full(len(weights), np.nan)
    if len(theirs) <= NEIGHBOURS + 1:
        return found
    among = _among(theirs)
    fifth = -np.partition(-among, NEIGHBOURS, axis=1)[:, NEIGHBOURS]
    across = similarities(theirs, ours)
    for at, row in enumerate(weights):
        taken = row[: len(ours)] > 0
        if taken.any():
            found[at] = (across[:, taken].max(axis=1) > fifth).mean()
    return found


def similarities(one: Corpus, other: Corpus) -> Floats:
    """The cosine of texts by square roots of how often they hold words and pairs of words.

    As `wording.word_similarities`, without hashes: texts without a word are like nothing but
    themselves.
    """
    first, second = _rows(one, other)
    found = np.asarray((first @ second.T).todense(), np.float64)
    if one is other:
        np.fill_diagonal(found, 1.0)
    return found


def _among(corpus: Corpus) -> Floats:
    return corpus.kept("similarities", lambda: similarities(corpus, corpus))


def self_bleu(corpus: Corpus, weights: Floats) -> Floats:
    """Mean BLEU-4 of a text with all others as its references: 0 to 1.

    Zhu et al., 2018, «Texygen», arXiv:1802.01886; smoothing as there, method 1 of Chen and Cherry.
    """
    some = corpus.first(MOST_BLEU)
    held = [_Held(runs, len(some)) for runs in some.runs]
    found = np.full(len(weights), np.nan)
    for at, row in enumerate(weights):
        taken = row[: len(some)] > 0
        if taken.sum() > 1:
            found[at] = _bleu(held, some.lengths.astype(np.float64), taken)[taken].mean()
    return found


def self_rouge_l(corpus: Corpus, weights: Floats) -> Floats:
    """Mean ROUGE-L of all pairs of texts: 0 to 1. Padmakumar and He, 2023, arXiv:2309.05196."""
    from rapidfuzz.distance import LCSseq
    from rapidfuzz.process import cdist

    some = corpus.first(MOST_ROUGE)
    ids: dict[str, int] = {}
    texts = [
        array("I", [ids.setdefault(token, len(ids)) for token in rouge_tokens(text)])
        for text in some.texts
    ]
    sizes = np.array([len(text) for text in texts], np.float64)
    if len(texts) < 2:
        return np.full(len(weights), np.nan)
    common = np.asarray(cdist(texts, texts, scorer=LCSseq.similarity, dtype=np.int32), np.float64)
    both = sizes[:, None] + sizes
    scores = np.divide(2 * common, both, out=np.zeros_like(both), where=both > 0)
    np.fill_diagonal(scores, 0.0)
    taken = (weights[:, : len(texts)] > 0).astype(np.float64)
    count = taken.sum(axis=1)
    return ratio(((taken @ scores) * taken).sum(axis=1), count * (count - 1))


class _Held:
    """How often each text holds each run, sorted so that the largest count of a run is last."""

    def __init__(self, runs: Runs, texts: int) -> None:
        keys, counts = np.unique(runs.kinds * max(texts, 1) + runs.texts, return_counts=True)
        kinds, places = np.divmod(keys, max(texts, 1))
        order = np.lexsort((counts, kinds))
        self.kinds, self.places, self.counts = kinds[order], places[order], counts[order]

    def clipped(self, taken: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Floats:
        """Runs of each text, each as often as the other text taken that has most of it."""
        there = taken[self.places]
        kinds, places, counts = self.kinds[there], self.places[there], self.counts[there]
        if not len(kinds):
            return np.zeros(len(taken))
        is_last = np.append(kinds[1:] != kinds[:-1], True)
        last = np.flatnonzero(is_last)[np.cumsum(np.append(0, is_last[:-1]))]
        most = counts[last]
        # What holds most of a run is compared with what comes next.
        first_of_kind = np.append(True, is_last[:-1])
        next_most = np.where(first_of_kind, 0, np.append(0, counts[:-1]))
        most = np.where(is_last, next_most, most)
        clipped = np.minimum(counts, most).astype(np.float64)
        return np.bincount(places, clipped, len(taken)).astype(np.float64)


def _bleu(
    held: list[_Held], lengths: Floats, taken: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
) -> Floats:
    """BLEU of each text taken with the others taken as references; of others anything."""
    logs = np.zeros(len(lengths))
    words = np.zeros(len(lengths))
    for n, each in enumerate(held, 1):
        common = each.clipped(taken)
        words = common if n == 1 else words
        whole = np.maximum(lengths - n + 1, 1)
        logs += np.log(np.where(common > 0, common, _SMOOTHED) / whole) / LONGEST_RUN
    short = _nearest_length(lengths, taken)
    penalty = np.where(
        lengths > short, 1.0, np.exp(1 - ratio(short, lengths), where=lengths > 0, out=logs * 0)
    )
    return np.where((words > 0) & (lengths > 0), penalty * np.exp(logs), 0.0)


def _nearest_length(lengths: Floats, taken: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Floats:
    """Of the other texts taken the length nearest to each one's; of two the smaller."""
    gaps = np.abs(lengths[:, None] - lengths)
    gaps[:, ~taken] = np.inf
    np.fill_diagonal(gaps, np.inf)
    smallest = gaps.min(axis=1, keepdims=True)
    return np.where(gaps == smallest, lengths, np.inf).min(axis=1)


def _rows(one: Corpus, other: Corpus) -> "tuple[csr_matrix, csr_matrix]":
    """A row of length 1 for each text, in columns that both share."""
    from scipy.sparse import csr_matrix

    (keys, places), (more, more_places) = one.words_and_pairs, other.words_and_pairs
    different, columns = np.unique(np.concatenate([keys, more]), return_inverse=True)
    found: list[csr_matrix] = []
    for size, at, columns_of in (
        (len(one), places, columns[: len(keys)]),
        (len(other), more_places, columns[len(keys) :]),
    ):
        counts = csr_matrix(
            (np.ones(len(at)), (at, columns_of)), shape=(size, len(different)), dtype=np.float64
        )
        # The square of the square root of a count is the count.
        lengths = np.sqrt(np.bincount(at, minlength=size))
        counts.data = np.sqrt(counts.data) / np.repeat(lengths, np.diff(counts.indptr))
        found.append(counts)
    return found[0], found[1]
