"""Texts as arrays of code points, folded, for kernels; and what each code point is to them."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from synth_assets.core.ngrams import SYMBOL, UNSEEN, UNSPACED, WORD

_ASCII = 0x80
_ALL = 0x110000

Table: TypeAlias = npt.NDArray[np.uint8]


class Unit(StrEnum):
    """What a text is cut into."""

    WORDS = "words"
    """Words and symbols, see `ngrams.words_and_symbols`; Chinese, Japanese, Thai one by one."""
    PLAIN_WORDS = "plain_words"
    """Words alone, see `ngrams.words`."""
    CHARACTERS = "characters"
    """All that is seen but white space, one by one."""
    CODE = "code"
    """Names and numbers whole, every mark by itself, upper and lower case apart."""


@dataclass(frozen=True)
class CodePoints:
    """The code points of texts, one text after the other.

    Attributes:
        values: uint8 where all texts are ASCII, else uint32.
        ends: int64, where each text ends.
    """

    values: npt.NDArray[np.uint8] | npt.NDArray[np.uint32]
    ends: npt.NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str], *, compatible: bool, caseless: bool) -> "CodePoints":
        """Lay texts out.

        Args:
            texts: any, lone surrogates among them.
            compatible: whether to fold by NFKC what looks alike, such as full-width letters.
            caseless: whether to fold upper and lower case.
        """
        joined = "".join(texts)
        if joined.isascii():
            joined = joined.lower() if caseless else joined
            values = np.frombuffer(joined.encode("ascii"), np.uint8)
            return cls(values, _ends(texts))
        folded = [_folded(text, compatible, caseless) for text in texts]
        wide = "".join(folded).encode("utf-32-le", "surrogatepass")
        return cls(np.frombuffer(wide, np.uint32), _ends(folded))


def _folded(text: str, compatible: bool, caseless: bool) -> str:
    if text.isascii():
        return text.lower() if caseless else text
    text = unicodedata.normalize("NFKC", text) if compatible else text
    return text.casefold() if caseless else text


def _ends(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    return np.fromiter(map(len, texts), np.int64, len(texts)).cumsum()


def token_table(unit: Unit, points: CodePoints) -> Table:
    """What each code point is to a tokenizer of the unit (see `kernels.texts`)."""
    return _token_table(unit, _ASCII if points.values.dtype == np.uint8 else _ALL)


def text_table(
    points: CodePoints, *, compatible: bool, white_space: bool, punctuation: bool
) -> Table:
    """What each code point is to somebody who compares whole texts.

    Args:
        points: what is to be looked up.
        compatible: whether code points that show nothing are passed over.
        white_space: whether runs of white space count as one space, and at the ends as nothing.
        punctuation: whether punctuation is passed over.
    """
    size = _ASCII if points.values.dtype == np.uint8 else _ALL
    return _text_table(size, compatible, white_space, punctuation)


@cache
def _token_table(unit: Unit, size: int) -> Table:
    from synth_assets.core.dedup.kernels.texts import GAP, PART, PASSED, WHITE, WHOLE

    points = _every(size)
    table = np.full(size, WHOLE if unit in (Unit.CHARACTERS, Unit.CODE) else GAP, np.uint8)
    match unit:
        case Unit.CODE:
            _put(table, points, r"\w", PART)
        case Unit.WORDS | Unit.PLAIN_WORDS:
            _put(table, points, WORD, PART)
            _put(table, points, f"[{UNSPACED}]", WHOLE)
            if unit is Unit.WORDS:
                _put(table, points, SYMBOL, WHOLE)
        case Unit.CHARACTERS:
            pass
    _put(table, points, r"\s", WHITE)
    _put(table, points, f"[{UNSEEN}]", PASSED)
    return table


@cache
def _text_table(size: int, compatible: bool, white_space: bool, punctuation: bool) -> Table:
    from synth_assets.core.dedup.kernels.texts import GAP, PASSED, WHITE

    points = _every(size)
    table = np.full(size, GAP, np.uint8)
    if punctuation:
        marks = [at for at in range(size) if unicodedata.category(chr(at)).startswith("P")]
        table[marks] = PASSED
    if white_space:
        _put(table, points, r"\s", WHITE)
    if compatible:
        _put(table, points, f"[{UNSEEN}]", PASSED)
    return table


def _every(size: int) -> str:
    return "".join(map(chr, range(size)))


def _put(table: Table, points: str, pattern: str, kind: int) -> None:
    for found in re.finditer(f"(?:{pattern})+", points):
        table[found.start() : found.end()] = kind
