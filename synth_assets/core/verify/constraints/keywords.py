"""Constraints on words and letters, whatever their case."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from synth_assets.core.verify.constraints.protocol import (
    Bounds,
    Constraint,
    Counting,
    Finding,
    Number,
    Relation,
    Words,
)
from synth_assets.core.verify.constraints.wording import Wording
from synth_assets.core.verify.reading.folding import clipped

WordList = Annotated[tuple[Words, ...], Field(min_length=1, max_length=50)]


class Existence(Constraint):
    """Each keyword stands in the response, as a word or inside one."""

    id: Literal["keywords:existence"]
    keywords: WordList

    def check(self, wording: Wording) -> Finding:
        """See the base."""
        missing = next((each for each in self.keywords if each.lower() not in wording.lower), None)
        if missing is None:
            return Finding(True, "every keyword is there")
        return Finding(False, f"no {clipped(missing)}")

    @property
    def needed_texts(self) -> tuple[str, ...]:
        """See the base."""
        return self.keywords


class Frequency(Counting):
    """A keyword stands in the response so often, as a word or inside one."""

    unit: ClassVar[str] = "times"
    grows: ClassVar[bool] = True

    id: Literal["keywords:frequency"]
    relation: Relation
    keyword: Words
    frequency: Number

    @property
    def bounds(self) -> Bounds:
        """See the base."""
        return Bounds.of(self.relation, self.frequency)

    @property
    def counted(self) -> str:
        """See the base."""
        return self.keyword.strip().lower()

    def count(self, wording: Wording) -> int:
        """See the base."""
        return wording.lower.count(self.counted)

    @property
    def needed_texts(self) -> tuple[str, ...]:
        """See the base."""
        return (self.keyword.strip(),) if self.bounds.least else ()


class ForbiddenWords(Constraint):
    """None of the words stands in the response as a word."""

    id: Literal["keywords:forbidden_words"]
    forbidden_words: WordList

    def check(self, wording: Wording) -> Finding:
        """See the base."""
        for word in self.forbidden_words:
            if _is_word_of(word.lower(), wording.lower):
                return Finding(False, f"it has {clipped(word)}")
        return Finding(True, "no forbidden word")

    def forbids(self, text: str) -> bool:
        """See the base."""
        return any(_is_word_of(word.lower(), text.lower()) for word in self.forbidden_words)


class LetterFrequency(Counting):
    """A letter, or another character, stands in the response so often."""

    unit: ClassVar[str] = "times"
    grows: ClassVar[bool] = True

    id: Literal["keywords:letter_frequency"]
    let_relation: Relation
    letter: Annotated[str, Field(min_length=1, max_length=1, pattern=r"\S")]
    let_frequency: Number

    @field_validator("letter")
    @classmethod
    def _in_one_case(cls, letter: str) -> str:
        if len(letter.lower()) > 1:
            raise ValueError("write the small letter")
        return letter

    @property
    def bounds(self) -> Bounds:
        """See the base."""
        return Bounds.of(self.let_relation, self.let_frequency)

    @property
    def counted(self) -> str:
        """See the base."""
        return self.letter.lower()

    def count(self, wording: Wording) -> int:
        """See the base."""
        return wording.lower.count(self.counted)

    @property
    def needed_texts(self) -> tuple[str, ...]:
        """See the base."""
        return (self.letter,) if self.bounds.least else ()


def _is_word_of(word: str, text: str) -> bool:
    """Whether it stands in a text with no letter, digit or underscore grown onto it."""
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        if not (_joined(text, start) or _joined(text, end)):
            return True
        start = text.find(word, start + 1)
    return False


def _joined(text: str, at: int) -> bool:
    return 0 < at < len(text) and _in_word(text[at - 1]) and _in_word(text[at])


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
