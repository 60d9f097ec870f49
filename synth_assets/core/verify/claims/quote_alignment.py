"""Where a quote stands in a passage: word for word, or with few differences that say nothing.

A quote that stands nowhere exactly is aligned by words (rapidfuzz), then held against the passage
word by word. A difference is either slight, and counted, or weighs, and then the quote is another:
numbers, names, dates, units, negations, qualifiers and opposites may not differ, and no content
word may be put in or exchanged. Slight are a word left out, a word of grammar put in or exchanged,
and inflection or spelling.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from synth_assets.core.schema import Reason
from synth_assets.core.verify.answers.units import unit_of
from synth_assets.core.verify.claims.dates import MONTHS
from synth_assets.core.verify.claims.figures import NUMBER_WORDS
from synth_assets.core.verify.claims.opposites import (
    OPPOSITES,
    QUALIFIERS,
    TELLING_OPPOSITES,
    denies,
    is_negation,
)
from synth_assets.core.verify.reading.words import STOP_WORDS, Word, inflects, word_set

LONGEST_QUOTE = 400
"""Words; a longer quote is looked for word for word only."""

FOLDED_NUMBER_WORDS = word_set(" ".join(NUMBER_WORDS))
_MONTHS = word_set(" ".join(MONTHS))
_TO_SPARE = 2


@dataclass(frozen=True)
class Weight:
    """A difference that makes a quote another one, for people."""

    reason: Reason
    told: str


@dataclass(frozen=True)
class Difference:
    """Words of a passage, and what a quote has in their place; one side may be empty."""

    passage: tuple[Word, ...]
    quote: tuple[Word, ...]

    @property
    def told(self) -> str:
        """For people."""
        ours = " ".join(word.text for word in self.quote) or "nothing"
        theirs = " ".join(word.text for word in self.passage) or "nothing"
        return f"{ours!r} for {theirs!r}"

    @property
    def size(self) -> int:
        """How many words differ."""
        return max(len(self.passage), len(self.quote))


@dataclass(frozen=True)
class Alignment:
    """The place in a passage that is most like a quote, and where they differ."""

    differences: tuple[Difference, ...]

    @property
    def changed(self) -> int:
        """How many words differ."""
        return sum(each.size for each in self.differences)

    @property
    def weighty(self) -> Weight | None:
        """The first difference that no tolerance covers."""
        return next(filter(None, map(_weight, self.differences)), None)


def may_differ(words: int, tolerance: float) -> int:
    """How many words of a quote may differ: a share, and one if any may."""
    return max(int(tolerance * words), 1) if tolerance else 0


def align(quote: Sequence[Word], passage: Sequence[Word], tolerance: float) -> Alignment | None:
    """Find the place most like a quote; None where no place is like it.

    More words may differ than the tolerance grants, so that what changed can be told.

    Args:
        quote: of at most `LONGEST_QUOTE` words; for more, nothing is found.
        passage: may be long.
        tolerance: share of the quote's words.
    """
    from rapidfuzz.fuzz import partial_ratio_alignment

    ours, theirs = [each.folded for each in quote], [each.folded for each in passage]
    allowed = may_differ(len(ours), tolerance) + _TO_SPARE
    if not 0 < len(ours) <= LONGEST_QUOTE or len(ours) > len(theirs) + allowed:
        return None
    vocabulary = set(theirs)
    if sum(word not in vocabulary for word in ours) > allowed:
        return None
    place = partial_ratio_alignment(ours, theirs)
    if place is None:
        return None
    start, end = _best_window(ours, theirs, place.dest_start, place.dest_end, allowed)
    found = _differences(quote, passage[start:end])
    return found if found.changed <= min(allowed, len(ours) // 3) else None


def _best_window(
    ours: list[str], theirs: list[str], start: int, end: int, slack: int
) -> tuple[int, int]:
    """Move the ends of a window so that the fewest words differ, those at the ends least."""
    from rapidfuzz.distance import Levenshtein

    def price(first: int, last: int) -> tuple[int, int, int]:
        window = theirs[first:last]
        loose_ends = (ours[0] != window[0]) + (ours[-1] != window[-1])
        return Levenshtein.distance(ours, window), loose_ends, abs(len(window) - len(ours))

    lasts = range(max(end - slack, start + 1), min(end + slack, len(theirs)) + 1)
    end = min(lasts, key=lambda last: price(start, last), default=end)
    firsts = range(max(start - slack, 0), min(start + slack, end - 1) + 1)
    return min(firsts, key=lambda first: price(first, end), default=start), end


def _differences(quote: Sequence[Word], window: Sequence[Word]) -> Alignment:
    from rapidfuzz.distance import Levenshtein

    ours, theirs = [each.folded for each in quote], [each.folded for each in window]
    return Alignment(
        tuple(
            Difference(
                tuple(window[step.src_start : step.src_end]),
                tuple(quote[step.dest_start : step.dest_end]),
            )
            for step in Levenshtein.opcodes(theirs, ours)
            if step.tag != "equal"
        )
    )


def _weight(difference: Difference) -> Weight | None:
    for theirs, ours in zip_longest(difference.passage, difference.quote):
        reason = _pair_weight(theirs, ours)
        if reason is not None:
            return Weight(reason, difference.told)
    return None


def _pair_weight(theirs: Word | None, ours: Word | None) -> Reason | None:
    """Why a word may not stand for another, be left out or put in; None if it may."""
    if _forms_of_one_word(theirs, ours):
        return None
    for word in (theirs, ours):
        reason = _own_weight(word) if word is not None else None
        if reason is not None:
            return reason
    if ours is None:
        return None
    if theirs is None:
        return Reason.UNSUPPORTED_WORDS if ours.is_content else None
    if theirs.folded in OPPOSITES.get(ours.folded, ()):
        return Reason.CHANGED_NEGATION
    if ours.is_content or theirs.is_content:
        return Reason.UNSUPPORTED_WORDS
    return None


def _forms_of_one_word(theirs: Word | None, ours: Word | None) -> bool:
    """Whether two words differ by inflection or spelling alone, and neither names or counts."""
    if theirs is None or ours is None or not inflects(theirs.folded, ours.folded):
        return False
    return not any(
        word.is_capitalised or word.has_digit or word.folded in FOLDED_NUMBER_WORDS
        for word in (theirs, ours)
    )


def _own_weight(word: Word) -> Reason | None:
    """Why a word may not differ at all."""
    folded = word.folded
    if word.has_digit or folded in FOLDED_NUMBER_WORDS or not folded[0].isalpha():
        return Reason.UNSUPPORTED_NUMBER
    if is_negation(word) or folded in QUALIFIERS or folded in TELLING_OPPOSITES or denies(word):
        return Reason.CHANGED_NEGATION
    if folded in STOP_WORDS and not (word.text.isupper() and len(folded) > 1):
        return None
    if folded in _MONTHS:
        return Reason.UNSUPPORTED_DATE
    if word.is_capitalised:
        return Reason.UNSUPPORTED_NAME
    unit = unit_of(folded)
    return Reason.UNSUPPORTED_NUMBER if unit is not None and unit.known else None
