"""Words and word n-grams: what overlap between texts is measured in."""

import re
from collections.abc import Sequence

from synth_assets.core.fingerprint import normalised

# Kana and Chinese characters count one by one: their scripts put no space between words, and a
# whole clause as one «word» would hide every overlap.
_UNSPACED = r"\u3040-\u30ff\u3400-\u9fff"
_WORD = rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+"
_SENTENCE_MARKS = r".,;:!?'\"()\[\]{}\u2026\u2018-\u201f\u00ab\u00bb\u2013\u2014"
_SYMBOL = rf"[^\w\s{_SENTENCE_MARKS}]"
_WORDS = re.compile(_WORD)
_WORDS_AND_SYMBOLS = re.compile(f"{_WORD}|{_SYMBOL}")


def words(text: str) -> list[str]:
    """The words of a text, in order: letters and digits, case and punctuation folded away."""
    return _WORDS.findall(normalised(text))


def words_and_symbols(text: str) -> list[str]:
    """The words of a text and, as words of their own, its symbols.

    So `3 + 4` and `3 - 4` differ; the punctuation of sentences is still folded away.
    """
    return _WORDS_AND_SYMBOLS.findall(normalised(text))


def ngrams(tokens: Sequence[str], n: int) -> list[str]:
    """All runs of `n` neighbouring tokens, in order, joined by a space.

    A sequence shorter than `n` has none. Tokens must hold no space.
    """
    # Slices of one joined text are three times faster than a join for each run.
    joined = " ".join(tokens)
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for token in tokens:
        starts.append(at)
        ends.append(at + len(token))
        at += len(token) + 1
    return [joined[start:end] for start, end in zip(starts, ends[n - 1 :], strict=False)]
