"""What comes back: words, phrases, openings. Formulas over texts that count more or less.

Each takes a corpus and weights of shape (draws, texts), as `resampling.weights_of` makes them, and
returns a value for each draw, nan where there is none. Those that count what repeats look at
whether a text counts, not how often: they are for halves.
"""

import zlib
from collections.abc import Sequence

import numpy as np

from synth_assets.core.diversity.corpus import LONGEST_RUN, Corpus, Floats, Runs, Whole
from synth_assets.core.diversity.formulas import MATTR_WINDOW, OPENING_WORDS

MTLD_THRESHOLD = 0.72
"""Type-token ratio at which a stretch ends (McCarthy and Jarvis)."""

TOP_PHRASES = 10
PHRASE_WORDS = 3


def ratio(above: Floats, below: Floats) -> Floats:
    """Element by element; nan where there is nothing to divide by."""
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)


def distinct(corpus: Corpus, weights: Floats, n: int) -> Floats:
    """As `formulas.distinct_n`."""
    runs = corpus.runs[n - 1]
    different, total = np.empty(len(weights)), np.empty(len(weights))
    for at, row in enumerate(weights):
        kinds = _taken(runs, row)
        seen = np.zeros(runs.bound, np.bool_)
        seen[kinds] = True
        different[at], total[at] = seen.sum(), len(kinds)
    return ratio(different, total)


def ngram_diversity(corpus: Corpus, weights: Floats) -> Floats:
    """The sum of distinct-1 to distinct-4: 0 to 4. Shaib et al., 2024, arXiv:2403.00553."""
    return np.sum([distinct(corpus, weights, n) for n in range(1, LONGEST_RUN + 1)], axis=0)


def top_phrases(corpus: Corpus, weights: Floats) -> Floats:
    """Share of all runs of three words that the ten commonest make up."""
    runs = corpus.runs[PHRASE_WORDS - 1]
    found = np.full(len(weights), np.nan)
    for at, row in enumerate(weights):
        counts = np.bincount(_taken(runs, row), minlength=1)
        if total := counts.sum():
            found[at] = np.sort(counts)[-TOP_PHRASES:].sum() / total
    return found


def openings(corpus: Corpus, weights: Floats) -> Floats:
    """As `formulas.repeated_opening_share`."""
    numbers: dict[tuple[str, ...], int] = {}
    kinds = [
        numbers.setdefault(tuple(words[:OPENING_WORDS]), len(numbers)) if words else -1
        for words in corpus.words
    ]
    opening = np.array(kinds, np.int64)
    worded = opening >= 0
    return np.array([_commonest(opening[worded], row[worded]) for row in weights])


def mattr(corpus: Corpus, weights: Floats) -> Floats:
    """As `formulas.mattr`, each word's part in the windows around it counted for its text."""
    words = len(corpus.numbers)
    windows = words - MATTR_WINDOW + 1
    if windows < 1:
        return np.full(len(weights), np.nan)
    at = np.arange(words)
    last = np.minimum(at, windows - 1)
    first = np.maximum(at - MATTR_WINDOW + 1, 0)
    # A word counts in the windows that hold it and not the same word before it.
    alone = np.maximum(0, last - np.maximum(_before(corpus.numbers) + 1, first) + 1)
    held = last - first + 1
    size = len(corpus)
    counted, held_in = (
        np.bincount(corpus.places, values, size).astype(np.float64) for values in (alone, held)
    )
    return ratio(weights @ counted, weights @ held_in)


def mtld(corpus: Corpus, weights: Floats) -> Floats:
    """Mean words of a stretch until its type-token ratio falls to .72, read to and fro.

    McCarthy and Jarvis, 2010, «MTLD, vocd-D, and HD-D: A validation study of sophisticated
    approaches to lexical diversity assessment». A stretch counts for the text in which it ends.
    """
    total = weights @ corpus.lengths
    if not len(corpus.numbers):
        return np.full(len(weights), np.nan)
    numbers, places = corpus.numbers.tolist(), corpus.places.tolist()
    to = weights @ _stretches(numbers, places, len(corpus))
    fro = weights @ _stretches(numbers[::-1], places[::-1], len(corpus))
    return (ratio(total, to) + ratio(total, fro)) / 2


def compression(corpus: Corpus, weights: Floats) -> Floats:
    """As `formulas.compression_ratio`."""
    raw = [text.encode("utf-8", "surrogatepass") for text in corpus.texts]
    order = sorted(range(len(raw)), key=lambda place: corpus.texts[place])
    found = np.full(len(weights), np.nan)
    for at, row in enumerate(weights):
        joined = b"\n".join(raw[place] for place in order if row[place])
        if joined:
            found[at] = len(joined) / len(zlib.compress(joined, 6))
    return found


def mean_length(corpus: Corpus, weights: Floats) -> Floats:
    """Mean words of a text."""
    return ratio(weights @ corpus.lengths, weights.sum(axis=1))


def sd_length(corpus: Corpus, weights: Floats) -> Floats:
    """Standard deviation of the words of a text, divisor n."""
    mean = mean_length(corpus, weights)
    # Around the mean of all, so that no digits are lost in the difference of squares.
    centre = corpus.lengths.mean() if len(corpus) else 0.0
    square = ratio(weights @ (corpus.lengths - centre) ** 2, weights.sum(axis=1))
    return np.sqrt(np.maximum(square - (mean - centre) ** 2, 0.0))


def _taken(runs: Runs, row: Floats) -> Whole:
    if row.all():
        return runs.kinds
    return runs.kinds[(row > 0)[runs.texts]]


def _commonest(kinds: Whole, row: Floats) -> float:
    counts = np.bincount(kinds, row, minlength=1)
    return float(counts.max() / counts.sum()) if counts.sum() else np.nan


def _before(numbers: Whole) -> Whole:
    """Of each word the place where it stood last, -1 where it is new."""
    order = np.argsort(numbers, kind="stable")
    before = np.full(len(numbers), -1)
    same = numbers[order[1:]] == numbers[order[:-1]]
    before[order[1:][same]] = order[:-1][same]
    return before


def _stretches(numbers: Sequence[int], places: Sequence[int], texts: int) -> Floats:
    """Stretches that end in each text; the last one counts as far as it came."""
    ended = np.zeros(texts)
    seen: set[int] = set()
    start, share = 0, 1.0
    for at, number in enumerate(numbers, 1):
        seen.add(number)
        share = len(seen) / (at - start)
        if share <= MTLD_THRESHOLD:
            ended[places[at - 1]] += 1
            seen, start = set[int](), at
    if start < len(numbers):
        ended[places[-1]] += (1 - share) / (1 - MTLD_THRESHOLD)
    # lexicalrichness counts a text without any repetition as one stretch.
    if not ended.any():
        ended[places[-1]] = 1.0
    return ended
