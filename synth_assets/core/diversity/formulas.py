"""Formulas of diversity over texts. Pure; a quantity that does not exist is `None`, never 0.

Words are runs of letters and digits, casefolded, with inner apostrophes: `Don't` is one word,
`<<3*4=12>>` is three. Most figures depend on how much text there is: compare only samples of
like size, as `synth_assets.core.diversity.measure` draws them.
"""

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from statistics import fmean, pstdev

MATTR_WINDOW = 50
"""Words a window of the moving-average type-token ratio holds (Covington and McFall use 50+)."""

OPENING_WORDS = 3

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


def words_of(text: str) -> list[str]:
    """Cut a text into words, in order."""
    return _WORD.findall(text.casefold())


def distinct_n(texts: Sequence[str], n: int) -> float | None:
    """Different word n-grams over all word n-grams, none of them across two texts: 0 to 1.

    Sees phrases that come back within and between texts. Misses paraphrase, and takes noise and
    random numbers for variety. Falls with the amount of text by itself. `distinct_1` is the
    type-token ratio. Li et al., 2016, «A Diversity-Promoting Objective Function for Neural
    Conversation Models», arXiv:1510.03055.

    Returns:
        None if no text has `n` words.
    """
    grams: list[tuple[str, ...]] = []
    for text in texts:
        words = words_of(text)
        grams.extend(zip(*(words[i:] for i in range(n)), strict=False))
    return len(set(grams)) / len(grams) if grams else None


def compression_ratio(texts: Sequence[str]) -> float | None:
    """Bytes of the joined texts over their bytes compressed with zlib at level 6.

    Higher means more repetition: natural English at this size is about 2 to 3. Sees repetition of
    any length, punctuation and layout too, across texts no farther apart than zlib's window of
    32 KB; the texts are sorted, so that like openings lie near each other and the order given
    does not matter. Misses paraphrase. Shaib et al., 2024, «Standardizing the Measurement of Text
    Diversity», arXiv:2403.00553.

    Returns:
        None if there is no text at all.
    """
    raw = "\n".join(sorted(texts)).encode("utf-8", "surrogatepass")
    return len(raw) / len(zlib.compress(raw, 6)) if raw else None


def mattr(texts: Sequence[str], window: int = MATTR_WINDOW) -> float | None:
    """Moving-average type-token ratio of the joined texts: 0 to 1.

    The mean, over every run of `window` words, of the share of different words in it. Sees how
    rich the vocabulary is over a short stretch, and hardly depends on the amount of text. Misses
    phrases that come back farther apart than the window. Depends a little on the order of texts.
    Covington and McFall, 2010, «Cutting the Gordian Knot: The Moving-Average Type-Token Ratio».

    Returns:
        None if the texts have fewer than `window` words together.
    """
    words = list(chain.from_iterable(map(words_of, texts)))
    if len(words) < window:
        return None
    inside = Counter(words[:window])
    total = len(inside)
    for entering, leaving in zip(words[window:], words, strict=False):
        inside[entering] += 1
        inside[leaving] -= 1
        if not inside[leaving]:
            del inside[leaving]
        total += len(inside)
    return total / (window * (len(words) - window + 1))


def mean_words(texts: Sequence[str]) -> float | None:
    """Mean number of words a text; None without texts."""
    return fmean(len(words_of(text)) for text in texts) if texts else None


def sd_words(texts: Sequence[str]) -> float | None:
    """Standard deviation of the number of words a text (of the sample itself, divisor n).

    Sees texts that are all of one length, an early sign of a teacher that fills a mould; None
    without texts.
    """
    return pstdev(len(words_of(text)) for text in texts) if texts else None


def repeated_opening_share(texts: Sequence[str]) -> float | None:
    """Share of the texts that begin with the most frequent first three words: 0 to 1.

    Sees stock phrases («Sure, here is»). Shorter texts open with all their words; wordless ones
    are left out. Misses stock endings, and openings that differ in one word.

    Returns:
        None if no text has a word.
    """
    openings = Counter(tuple(words[:OPENING_WORDS]) for text in texts if (words := words_of(text)))
    return max(openings.values()) / openings.total() if openings else None
