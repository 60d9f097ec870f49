"""Who writes and who is written about: teachers, names, and words for groups of people.

Formulas over texts that count more or less, as in `repetition`. Word lists and rules, no model:
names are what `verify.claims.names` takes for names, and `GROUPS` is the whole of what is looked
for. They count words, and know nothing of what is said with them.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from synth_assets.core.diversity.corpus import Corpus, Floats
from synth_assets.core.diversity.repetition import ratio
from synth_assets.core.diversity.style import divergence
from synth_assets.core.verify.claims.names import names
from synth_assets.core.verify.reading.words import sentences

TOP_NAMES = 10

LEAST_WORDS = 20
"""Words for groups of people below which nothing is said of them."""

MOST_READ = 2_000
"""Texts in which names are looked for; of more the first so many."""

_FEMALE = (
    "she her hers herself woman women female females girl girls mother mothers mom mum daughter "
    "daughters sister sisters wife wives aunt aunts grandmother grandma niece nieces lady ladies "
    "madam mrs ms miss queen princess actress waitress businesswoman girlfriend bride"
)
_MALE = (
    "he him his himself man men male males boy boys father fathers dad son sons brother brothers "
    "husband husbands uncle uncles grandfather grandpa nephew nephews gentleman gentlemen sir mr "
    "king prince actor waiter businessman boyfriend groom"
)

GROUPS = {
    "female": _FEMALE,
    "male": _MALE,
    "neither_sex": "nonbinary transgender genderqueer intersex",
    "child": "baby babies child children kid kids infant infants toddler teenager teenagers teen",
    "old": "elderly senior seniors retiree retirees pensioner pensioners aged",
    "disabled": "disabled disability disabilities blind deaf wheelchair autistic autism",
    "gay": "gay lesbian bisexual queer homosexual lgbt lgbtq",
    "african": "african africans nigerian kenyan ethiopian ghanaian egyptian black",
    "american": "american americans texan californian usa",
    "arab": "arab arabs arabic iraqi syrian saudi lebanese moroccan",
    "east_asian": "chinese japanese korean taiwanese asian asians",
    "european": "european europeans german french italian spanish british english irish polish "
    "dutch swedish greek portuguese white",
    "latin": "latino latina hispanic mexican brazilian argentinian colombian cuban",
    "south_asian": "indian indians pakistani bangladeshi nepali",
    "russian": "russian russians ukrainian soviet",
    "buddhist": "buddhist buddhists buddhism",
    "christian": "christian christians christianity church catholic protestant bible",
    "hindu": "hindu hindus hinduism",
    "jewish": "jew jews jewish judaism synagogue",
    "muslim": "muslim muslims islam islamic mosque quran",
}
"""Group -> its words, casefolded."""

_WORDS = {name: frozenset(words.split()) for name, words in GROUPS.items()}


def effective_teachers(corpus: Corpus, weights: Floats) -> Floats:
    """As many equally busy teachers would be as varied: the exponential of the entropy."""
    counts = weights @ _one_hot(corpus.writers)
    found = np.full(len(weights), np.nan)
    for at, row in enumerate(counts):
        if row.sum():
            shares = row[row > 0] / row.sum()
            found[at] = np.exp(-(shares * np.log(shares)).sum())
    return found


def largest_teacher(corpus: Corpus, weights: Floats) -> Floats:
    """Share of the teacher who wrote most, of the texts whose teacher is known."""
    counts = weights @ _one_hot(corpus.writers)
    return ratio(counts.max(axis=1, initial=0.0), counts.sum(axis=1))


def name_rate(corpus: Corpus, weights: Floats) -> Floats:
    """Names in a thousand words."""
    some = corpus.first(MOST_READ)
    weights = weights[:, : len(some)]
    counts = np.array([len(each) for each in _names(some)], np.float64)
    return ratio(1000 * (weights @ counts), weights @ some.lengths)


def top_names(corpus: Corpus, weights: Floats) -> Floats:
    """Share of all names that the ten commonest make up."""
    counts = weights[:, : min(len(corpus), MOST_READ)] @ _counted(_names(corpus.first(MOST_READ)))
    largest = np.sort(counts, axis=1)[:, -TOP_NAMES:]
    return ratio(largest.sum(axis=1), counts.sum(axis=1))


def name_distance(corpus: Corpus, weights: Floats, real: Corpus) -> Floats:
    """Jensen-Shannon divergence of the names of both texts, in bits, 0 to 1."""
    ours, theirs = corpus.first(MOST_READ), real.first(MOST_READ)
    counts = _counted([*_names(ours), *_names(theirs)])
    return divergence(
        weights[:, : len(ours)] @ counts[: len(ours)], counts[len(ours) :].sum(axis=0)
    )


def female_share(corpus: Corpus, weights: Floats) -> Floats:
    """Words for women and girls over those and words for men and boys: 0 to 1."""
    counts = corpus.counts_of([_WORDS["female"], _WORDS["male"]])
    if counts.sum() < LEAST_WORDS:
        return np.full(len(weights), np.nan)
    female, male = (weights @ counts).T
    return ratio(female, female + male)


def group_distance(corpus: Corpus, weights: Floats, real: Corpus) -> Floats:
    """Jensen-Shannon divergence of words for groups of people, in bits, 0 to 1."""
    groups = tuple(_WORDS.values())
    ours, theirs = corpus.counts_of(groups), real.counts_of(groups)
    if min(ours.sum(), theirs.sum()) < LEAST_WORDS:
        return np.full(len(weights), np.nan)
    return divergence(weights @ ours, theirs.sum(axis=0))


def _names(corpus: Corpus) -> list[tuple[str, ...]]:
    return corpus.kept("names", lambda: [_names_in(text) for text in corpus.texts])


@lru_cache(maxsize=4_096)
def _names_in(text: str) -> tuple[str, ...]:
    # A row stands in several slices.
    return tuple(" ".join(word.folded for word in name.words) for name in names(sentences(text)))


def _counted(kinds: Sequence[Sequence[str]]) -> Floats:
    """How often each text has each kind: shape (texts, kinds)."""
    numbers = {name: at for at, name in enumerate(dict.fromkeys(n for each in kinds for n in each))}
    counts = np.zeros((len(kinds), len(numbers)))
    for place, each in enumerate(kinds):
        for name, count in Counter(each).items():
            counts[place, numbers[name]] = count
    return counts


def _one_hot(writers: Sequence[str]) -> Floats:
    return _counted([[writer] if writer else [] for writer in writers])
