r"""Answers in words: `\text{east}`, `no solution`, `twenty-one`."""

import re
from collections.abc import Sequence
from fractions import Fraction

from synth_assets.core.verify.answers.expressions import (
    Collection,
    Constant,
    Expression,
    Interval,
    Number,
    Words,
    negative,
)
from synth_assets.core.verify.answers.notation import Kind, Token, Unreadable

MAGNITUDES = {
    "hundred": 10**2,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
"""Words behind a number that multiply it."""

_RUN = re.compile(r"\S+")
_CARDINALS = _RUN.findall(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
)
_TENS = _RUN.findall("thirty forty fifty sixty seventy eighty ninety")
_NUMBERS = (
    {word: number for number, word in enumerate(_CARDINALS)}
    | {word: 30 + 10 * at for at, word in enumerate(_TENS)}
    | {
        f"{tens}-{_CARDINALS[ones]}": 20 + 10 * at + ones
        for at, tens in enumerate(["twenty", *_TENS])
        for ones in range(1, 10)
    }
)
NUMBER_WORDS = frozenset([*_CARDINALS, "dozen", *_TENS, *MAGNITUDES])
"""Words that say a number, alone or with others."""

_EVERYTHING = Interval(negative(Constant("oo")), Constant("oo"), True, True)
_PHRASES: dict[str, Expression] = {
    "no solution": Collection("set", ()),
    "no solutions": Collection("set", ()),
    "no real solution": Collection("set", ()),
    "no real solutions": Collection("set", ()),
    "empty set": Collection("set", ()),
    "all real numbers": _EVERYTHING,
    "all reals": _EVERYTHING,
    "all real x": _EVERYTHING,
}
_SHORT_WORDS = frozenset(_RUN.findall("no it up he me us we am pm is so or at on in by to"))
_ARTICLE = re.compile(r"^(?:an?|the) (?=\w)")
_NO_WORD = re.compile(r"[^\w\s'-]|_")
_SIGNS_BESIDE_WORDS = frozenset("()'-:!")


def read_words(tokens: Sequence[Token]) -> Expression | None:
    """Read an answer that is words alone, and the numbers and sets that some words stand for.

    Returns:
        None where it has numbers or formulas in it, or letters that are a product.

    Raises:
        Unreadable: if nothing but punctuation is left.
    """
    for token in tokens:
        is_other_sign = token.kind is Kind.SIGN and token.text not in _SIGNS_BESIDE_WORDS
        if token.kind in {Kind.NUMBER, Kind.COMMAND} or is_other_sign:
            return None
    if not any(is_word(token) for token in tokens):
        return None
    text = _compared("".join(_with_space(token) for token in tokens))
    if not text:
        raise Unreadable("its words are punctuation")
    number = _NUMBERS.get(text)
    return _PHRASES.get(text) or (Words(text) if number is None else Number(Fraction(number)))


def is_word(token: Token) -> bool:
    """Whether a token is a word, and no product of variables."""
    match token.kind:
        case Kind.TEXT:
            return bool(_compared(token.text))
        case Kind.WORD:
            run = token.text.lower()
            if len(run) < 3:
                return run in _SHORT_WORDS
            return len(run) > 3 or any(vowel in run for vowel in "aeiouy")
        case _:
            return False


def _with_space(token: Token) -> str:
    return f" {token.text}" if token.spaced or token.kind is Kind.TEXT else token.text


def _compared(text: str) -> str:
    """Lower case, without articles, brackets and punctuation."""
    return _ARTICLE.sub("", " ".join(_NO_WORD.sub(" ", text.lower()).split()))
