"""Words and word n-grams: what overlap between texts is measured in."""

import re
from collections.abc import Sequence

from synth_assets.core.fingerprint import normalised

# Kana, Chinese, Thai, Lao, Burmese and Khmer letters count one by one: their scripts put no space
# between words, and a whole clause as one «word» would hide every overlap.
UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
    r"\U00020000-\U0003ffff"
)
WORD = rf"[^\W_{UNSPACED}]+"
_WORD = rf"[{UNSPACED}]|{WORD}"
_SENTENCE_MARKS = r".,;:!?'\"()\[\]{}\u2026\u2018-\u201f\u00ab\u00bb\u2013\u2014"
SYMBOL = rf"[^\w\s{_SENTENCE_MARKS}]"
# Unicode's Default_Ignorable_Code_Point, of which nothing is seen: soft hyphen, zero-width space
# and joiners, directional marks, variation selectors, tags, the byte order mark.
UNSEEN = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSEEN = re.compile(f"[{UNSEEN}]")
_WORDS = re.compile(_WORD)
_WORDS_AND_SYMBOLS = re.compile(f"{_WORD}|{SYMBOL}")


def words(text: str) -> list[str]:
    """The words of a text, in order: letters and digits, case and punctuation folded away."""
    return _WORDS.findall(_seen(text))


def words_and_symbols(text: str) -> list[str]:
    """The words of a text and, as words of their own, its symbols.

    So `3 + 4` and `3 - 4` differ; the punctuation of sentences is still folded away.
    """
    return _WORDS_AND_SYMBOLS.findall(_seen(text))


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


def _seen(text: str) -> str:
    folded = normalised(text)
    return folded if folded.isascii() else _UNSEEN.sub("", folded)
