"""What single words are to finders."""

from enum import IntEnum

from synth_assets.core.decontaminate.number_words import MULTIPLES, ONES, PARTS, SCALES, TENS
from synth_assets.core.verify.reading.words import LONGEST_WORD, STOP_WORDS

_LONGEST_NUMBER = 300


class WordKind(IntEnum):
    """As the kernels of `kernels.words` know it."""

    CONTENT = 1
    """Says something by itself."""
    GRAMMAR = 2
    """Says nothing by itself."""
    DIGITS = 3
    """A number in digits."""
    ONES = 4
    """A number in words below twenty."""
    TENS = 5
    """Twenty to ninety in words."""
    SCALE = 6
    """Hundred, dozen, million: multiplies the number before it; else it says something."""
    PART = 7
    """Thirds, fifths: divides the number before it; else it says something."""
    MULTIPLE = 8
    """A number by itself, such as twice, half, triple."""

    @property
    def says_something(self) -> bool:
        """Whether the word can stand for itself."""
        return self in (WordKind.CONTENT, WordKind.SCALE, WordKind.PART)


_NUMBERS = (
    (WordKind.ONES, ONES),
    (WordKind.TENS, TENS),
    (WordKind.SCALE, SCALES),
    (WordKind.PART, PARTS),
    (WordKind.MULTIPLE, MULTIPLES),
)


def kind_of(word: str) -> tuple[WordKind, float]:
    """The kind of a folded word, and the number it tells of; 0 where it tells of none."""
    if word.isdecimal():
        # Beyond the largest number there is no telling numbers apart.
        return WordKind.DIGITS, float(word) if len(word) < _LONGEST_NUMBER else float("inf")
    for kind, values in _NUMBERS:
        if word in values:
            return kind, float(values[word])
    # A letter by itself is a name in a formula, which says nothing of what is asked.
    is_letter = len(word) == 1 and word.isascii()
    is_grammar = is_letter or (len(word) <= LONGEST_WORD and word in STOP_WORDS)
    return (WordKind.GRAMMAR if is_grammar else WordKind.CONTENT), 0.0
