"""Whether a source carries the statements of an answer, word by word, sentence by sentence.

No inference: that an answer says no more than words of its source do, in another order, is all that
is seen.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby

from synth_assets.core.schema import Reason
from synth_assets.core.verify.answers.units import unit_of
from synth_assets.core.verify.claims.figures import Figures, Supply, figures
from synth_assets.core.verify.claims.names import NamesSupply, missing_of, names
from synth_assets.core.verify.claims.opposites import (
    TELLING_OPPOSITES,
    deniable,
    denials,
    is_negation,
    turned_comparison,
)
from synth_assets.core.verify.claims.quote_alignment import FOLDED_NUMBER_WORDS, align
from synth_assets.core.verify.reading.folding import clipped
from synth_assets.core.verify.reading.words import LONGEST_WORD, Sentence, Word, sentences

_MOST_PLACES = 24
"""Sentences that a stem may stand in and still help to find the one that a claim is of."""

_RESTATED = 0.25
"""Share of a claim's words that may differ, and it still is a sentence of the source."""

_STATEMENT = 6
"""Words that make a sentence; what is shorter may be like several places of the source."""

_LOOKED_THROUGH = 500
"""Sentences of a source that are looked through for each denial, to bound the work."""

_ALIKE = 0.5
"""Share of a claim's content that a sentence must have to be what the claim is of."""


@dataclass(frozen=True)
class Fault:
    """What of an answer its source does not carry, for people."""

    reason: Reason
    told: str


@dataclass(frozen=True)
class Reading:
    """A text, read once."""

    text: str
    sentences: tuple[Sentence, ...]

    @classmethod
    def of(cls, text: str) -> "Reading":
        """Read a text; linear in its length."""
        return cls(text, tuple(sentences(text)))

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """All of them, in order."""
        return tuple(word for sentence in self.sentences for word in sentence)

    @cached_property
    def says_something(self) -> bool:
        """Whether there is more than words of grammar."""
        return any(word.is_content for word in self.words) or bool(self.figures.dates)

    @cached_property
    def figures(self) -> Figures:
        """Its numbers and dates."""
        return figures(self.text)

    @cached_property
    def supply(self) -> Supply:
        """Its numbers and dates, to be looked up."""
        return Supply([self.figures])

    @cached_property
    def names(self) -> NamesSupply:
        """Its words, for names to be looked up."""
        return NamesSupply(self.sentences)

    @cached_property
    def stems(self) -> frozenset[str]:
        """Of its content words."""
        return frozenset(stem for each in self.contents for stem in each)

    @cached_property
    def contents(self) -> tuple[frozenset[str], ...]:
        """Stems of the content words of each sentence; numbers and their units are looked up."""
        return tuple(
            frozenset(word.key for word in sentence if word.is_content and not _counts(word))
            for sentence in self.sentences
        )

    @cached_property
    def deniable(self) -> tuple[frozenset[str], ...]:
        """Stems that each sentence denies, by whatever means."""
        return tuple(map(deniable, self.sentences))

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for at, content in enumerate(self.contents):
            for stem in content:
                found.setdefault(stem, []).append(at)
        return found

    def nearest(self, content: frozenset[str]) -> int | None:
        """The sentence that has most of a claim's content, and half of it at least."""
        votes: Counter[int] = Counter()
        for stem in content:
            places = self._places.get(stem, ())
            if len(places) <= _MOST_PLACES:
                votes.update(places)
        if not votes:
            return None
        at, _ = max(votes.items(), key=lambda each: (each[1], -each[0]))
        return at if len(content & self.contents[at]) >= _ALIKE * len(content) else None


def _counts(word: Word) -> bool:
    """Whether a word is a number or unit."""
    return word.has_digit or (len(word.folded) <= LONGEST_WORD and _is_unit(word.folded))


@lru_cache(maxsize=1 << 15)
def _is_unit(folded: str) -> bool:
    """Whether a folded word is a unit, or a number spelled out."""
    if folded in FOLDED_NUMBER_WORDS:
        return True
    unit = unit_of(folded)
    return unit is not None and unit.known


def number_faults(answer: Reading, sources: Sequence[Reading]) -> Iterator[Fault]:
    """Numbers and dates that none of the sources has."""
    for figure in answer.figures.claims:
        if not any(source.supply.supports(figure) for source in sources):
            told = f"not in the passage: the number {clipped(figure.text, 40)}"
            yield Fault(Reason.UNSUPPORTED_NUMBER, told)
    # Dates of one place are readings of it, of which one will do.
    for _, group in groupby(answer.figures.dates, key=lambda date: date.start):
        readings = list(group)
        if not any(s.supply.supports_date(each) for s in sources for each in readings):
            written = answer.figures.plain[readings[0].start : readings[0].end]
            told = f"not in the passage: the date {clipped(written, 40)}"
            yield Fault(Reason.UNSUPPORTED_DATE, told)


def name_faults(answer: Reading, sources: Sequence[Reading]) -> Iterator[Fault]:
    """Names that none of the sources has, or whose words stand there apart from each other."""
    supplies = [source.names for source in sources]
    for name in names(answer.sentences):
        missing = missing_of(name, supplies)
        if missing:
            told = f"not in the passage: the name {clipped(missing, 60)}"
            yield Fault(Reason.UNSUPPORTED_NAME, told)


def turn_faults(answer: Reading, source: Reading) -> Iterator[Fault]:
    """Sentences that turn round or change the one of the source that is most like them."""
    for at, sentence in enumerate(answer.sentences):
        near = source.nearest(answer.contents[at])
        if near is None:
            if any(map(is_negation, sentence)) and not any(source.deniable):
                told = "the answer denies something, the passage nothing"
                yield Fault(Reason.CHANGED_NEGATION, told)
            continue
        told = (
            _denied(sentence, source, near)
            or _affirmed(sentence, answer.contents[at], source, near)
            or _turned(sentence, source.sentences[near])
        )
        if told:
            yield Fault(Reason.CHANGED_NEGATION, told)
        yield from _restated(sentence, source.sentences[near])


def _denied(sentence: Sentence, source: Reading, near: int) -> str:
    """What the answer denies and the passage states, for people; empty if nothing."""
    for about in denials(sentence):
        stated = about & source.contents[near]
        if stated and not about & source.deniable[near]:
            return f"denied, but not in the passage: {clipped(' '.join(sorted(about)), 60)}"
    return ""


def _affirmed(sentence: Sentence, content: frozenset[str], source: Reading, near: int) -> str:
    """What the passage denies and the answer states, for people; empty if nothing."""
    ours = deniable(sentence)
    for about in denials(source.sentences[near]):
        if not about or not about <= content or about & ours:
            continue
        elsewhere = any(
            about <= each and not about & source.deniable[at]
            for at, each in enumerate(source.contents[:_LOOKED_THROUGH])
            if at != near
        )
        if not elsewhere:
            return f"denied in the passage, not here: {clipped(' '.join(sorted(about)), 60)}"
    return ""


def _turned(sentence: Sentence, near: Sentence) -> str:
    """A word of the answer whose opposite stands in its place in the passage."""
    there = {word.folded for word in near}
    here = {word.folded for word in sentence}
    for word in sentence:
        found = TELLING_OPPOSITES.get(word.folded, frozenset()) & there
        if found and word.folded not in there and not found & here:
            ours, theirs = clipped(word.text, 30), clipped(min(found), 30)
            return f"the answer says {ours}, the passage {theirs}"
    if turned_comparison(sentence, near):
        return "the answer compares the other way round"
    return ""


def _restated(sentence: Sentence, near: Sentence) -> Iterator[Fault]:
    """What a sentence that is nearly one of the source's has in the place of something else."""
    found = align(sentence, near, _RESTATED) if len(sentence) >= _STATEMENT else None
    if found is None:
        return
    changed = (word for each in found.differences for word in (*each.passage, *each.quote))
    if sum(map(is_negation, changed)) % 2:
        yield Fault(Reason.CHANGED_NEGATION, "a sentence of the passage with or without a negation")
    for each in found.differences:
        told = f"the answer has {clipped(each.told, 100)}"
        if any(word.has_digit for word in each.passage) and _has_new_number(each.quote, near):
            yield Fault(Reason.UNSUPPORTED_NUMBER, told)
        if _names_among(each.passage) and _has_new_name(each.quote, near):
            yield Fault(Reason.UNSUPPORTED_NAME, told)


def _has_new_name(words: Sequence[Word], near: Sentence) -> bool:
    """Whether a name stands among words that the sentence has not."""
    supply = NamesSupply([near])
    return any(not supply.has(word) for word in _names_among(words))


def _has_new_number(words: Sequence[Word], near: Sentence) -> bool:
    """Whether a number stands among words that the sentence has not."""
    supply = Supply([figures(_joined(near))])
    return any(not supply.supports(each) for each in figures(_joined(words)).claims)


def _joined(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _names_among(words: Sequence[Word]) -> list[Word]:
    return [word for word in words if word.is_capitalised and word.is_content]


def supported_share(answer: Reading, sources: Sequence[Reading]) -> float:
    """Share of the answer's content words that stand in a source, by their stems."""
    content = answer.stems
    found = frozenset[str]().union(*(content & source.stems for source in sources))
    return len(found) / len(content) if content else 1.0
