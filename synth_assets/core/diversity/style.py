"""How texts are written: words of grammar, sentences, worn phrases, lists and headings.

Formulas over texts that count more or less, as in `repetition`.
"""

import re
from collections import defaultdict
from functools import cache
from itertools import pairwise

import numpy as np

from synth_assets.core.diversity.corpus import Corpus, Floats
from synth_assets.core.diversity.formulas import words_of
from synth_assets.core.diversity.repetition import ratio
from synth_assets.core.sentences import sentence_starts
from synth_assets.core.verify.failures.slop import Slop
from synth_assets.core.verify.failures.slop_phrases import phrases
from synth_assets.core.verify.reading.words import word_set

HUMAN_SLOP = float(Slop.model_fields["human_rate"].default)
"""Different worn phrases in a thousand words of people, as the verifier `slop` has it."""

FUNCTION_WORDS = word_set(
    "a about above after again against all also although am among an and another any are around as "
    "at away back be because been before being below between both but by can cannot could did do "
    "does doing down during each either enough even ever every few first for from had has have "
    "having he her here hers him his how however i if in indeed instead into is it its just last "
    "least less like many may me might mine more most much must my neither never next no none nor "
    "not now of off often on once one only onto or other our out over own per perhaps quite rather "
    "same second several shall she should since so some soon still such than that the their them "
    "then there therefore these they this those though three through thus to together too toward "
    "two under unless until up upon us very was we well were what when where whether which while "
    "who whom whose why will with within without would yet you your"
)
"""English words of grammar. Text of another language has few, and is told by that alone."""

MOST_PARSED = 10_000
"""Texts whose sentences are found; of more the first so many."""

_LIST = re.compile(r"^[ \t]*(?:[-*+\u2022]|\d{1,3}[.)])[ \t]+\S", re.MULTILINE)
# With a letter in it: `#### 72` is how GSM8K marks an answer.
_HEADING = re.compile(r"^#{1,6}[ \t]+[^\n]*[^\W\d_]|^\S.*\n(?:={3,}|-{3,})[ \t]*$", re.MULTILINE)
_BOLD = re.compile(r"\*\*[^\s*][^*\n]*\*\*|__[^\s_][^_\n]*__|<(?:b|strong)>", re.IGNORECASE)
_LIST_LINES = 2


def function_word_distance(corpus: Corpus, weights: Floats, real: Corpus) -> Floats:
    """Jensen-Shannon divergence of the words of grammar of both texts, all others as one.

    In bits, 0 to 1. Words of grammar tell of style and not of topic: Mosteller and Wallace, 1964,
    «Inference and Disputed Authorship: The Federalist».
    """
    groups = [frozenset((word,)) for word in sorted(FUNCTION_WORDS)]
    ours, theirs = (
        np.column_stack([counts, each.lengths - counts.sum(axis=1)])
        for each, counts in ((each, each.counts_of(groups)) for each in (corpus, real))
    )
    return divergence(weights @ ours, theirs.sum(axis=0))


def divergence(ours: Floats, theirs: Floats) -> Floats:
    """Jensen-Shannon divergence in bits of counts of like kinds: 0 to 1.

    Lin, 1991, «Divergence Measures Based on the Shannon Entropy». Of small counts it is above 0 by
    chance: compare with what two real samples of like size have.

    Args:
        ours: shape (draws, kinds).
        theirs: shape (kinds,).
    """
    found = np.full(len(ours), np.nan)
    if not theirs.sum():
        return found
    for at, counts in enumerate(ours):
        if counts.sum():
            one, other = counts / counts.sum(), theirs / theirs.sum()
            found[at] = entropy((one + other) / 2) - (entropy(one) + entropy(other)) / 2
    return np.maximum(found, 0.0)


def entropy(shares: Floats) -> float:
    """In bits, of shares that sum to one."""
    there = shares[shares > 0]
    return float(-(there * np.log2(there)).sum())


def sentence_spread(corpus: Corpus, weights: Floats) -> Floats:
    """Standard deviation of the words of a sentence, over all sentences with words."""
    some = corpus.first(MOST_PARSED)
    sums = np.zeros((len(some), 3))
    for place, text in enumerate(some.texts):
        bounds = [0, *sentence_starts(text, 0, len(text)), len(text)]
        for start, end in pairwise(bounds):
            if words := len(words_of(text[start:end])):
                sums[place] += (1, words, words * words)
    count, total, squares = (weights[:, : len(some)] @ sums).T
    mean = ratio(total, count)
    return np.sqrt(np.maximum(ratio(squares, count) - mean**2, 0.0))


def slop_rate(corpus: Corpus, weights: Floats) -> Floats:
    """Different worn phrases of each text, together, over what people write in as many words.

    1 is people's rate; phrases and rate are those of the verifier `slop`.
    """
    keys = _slop_keys()
    found = np.zeros(len(corpus))
    for place, words in enumerate(corpus.words):
        if there := keys.keys() & words:
            text = f" {' '.join(_plain(word) for word in words)} "
            held = [each for key in there for each in keys[key] if each in text]
            # Part of a longer one that is there too is not counted again.
            found[place] = sum(
                not any(each != other and each in other for other in held) for each in held
            )
    return ratio(weights @ found, weights @ corpus.lengths * (HUMAN_SLOP / 1000))


def lists(corpus: Corpus, weights: Floats) -> Floats:
    """Share of the texts with a list: two lines or more that begin with a mark or number."""
    return _share([len(_LIST.findall(text)) >= _LIST_LINES for text in corpus.texts], weights)


def headings(corpus: Corpus, weights: Floats) -> Floats:
    """Share of the texts with a heading of Markdown."""
    return _share([_HEADING.search(text) is not None for text in corpus.texts], weights)


def bold(corpus: Corpus, weights: Floats) -> Floats:
    """Share of the texts with bold print, of Markdown or HTML."""
    return _share([_BOLD.search(text) is not None for text in corpus.texts], weights)


def _share(flags: list[bool], weights: Floats) -> Floats:
    return ratio(weights @ np.array(flags, np.float64), weights.sum(axis=1))


@cache
def _slop_keys() -> dict[str, list[str]]:
    """A word of each phrase, as `words_of` cuts it -> the phrases looked for where it stands."""
    keyed: defaultdict[str, list[str]] = defaultdict(list)
    for phrase in phrases():
        words = words_of(phrase)
        keyed[max(words, key=len)].append(f" {' '.join(map(_plain, words))} ")
    return dict(keyed)


def _plain(word: str) -> str:
    return word.replace("'", "").replace("\u2019", "")
