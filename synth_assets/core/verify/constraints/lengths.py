"""Constraints on how long a response is: words, sentences, paragraphs."""

import re
from typing import ClassVar, Literal

from pydantic import model_validator

from synth_assets.core.verify.constraints.protocol import (
    Bounds,
    Constraint,
    Counting,
    Finding,
    Number,
    Positive,
    Relation,
    Words,
)
from synth_assets.core.verify.constraints.wording import Wording
from synth_assets.core.verify.reading.folding import clipped

_DIVIDER = re.compile(r"\s?\*\*\*\s?")
_ENDS_WORD = re.compile(r"[.,?!'\"]")


class NumberWords(Counting):
    """The response has so many words: runs of letters, digits and underscores."""

    unit: ClassVar[str] = "words"
    grows: ClassVar[bool] = True

    id: Literal["length_constraints:number_words"]
    relation: Relation
    num_words: Number

    @property
    def bounds(self) -> Bounds:
        """See the base."""
        return Bounds.of(self.relation, self.num_words)

    def count(self, wording: Wording) -> int:
        """See the base."""
        return wording.words


class NumberSentences(Counting):
    """The response has so many sentences."""

    unit: ClassVar[str] = "sentences"

    id: Literal["length_constraints:number_sentences"]
    relation: Relation
    num_sentences: Number

    @property
    def bounds(self) -> Bounds:
        """See the base."""
        return Bounds.of(self.relation, self.num_sentences)

    def count(self, wording: Wording) -> int:
        """See the base."""
        return wording.sentences


class NumberParagraphs(Counting):
    """The response has exactly so many paragraphs with `***` between them."""

    unit: ClassVar[str] = "paragraphs between ***"

    id: Literal["length_constraints:number_paragraphs"]
    num_paragraphs: Positive

    @property
    def bounds(self) -> Bounds:
        """See the base."""
        return Bounds(self.num_paragraphs, self.num_paragraphs)

    def count(self, wording: Wording) -> int:
        """See the base."""
        return sum(bool(part.strip()) for part in _DIVIDER.split(wording.text))

    def check(self, wording: Wording) -> Finding:
        """See the base; an empty paragraph in the middle is a fault whatever the number."""
        parts = _DIVIDER.split(wording.text)
        if not all(part.strip() for part in parts[1:-1]):
            return Finding(False, "a paragraph between two *** is empty")
        return super().check(wording)


class NthParagraphFirstWord(Constraint):
    """The response has exactly so many paragraphs with empty lines between, one begins so."""

    id: Literal["length_constraints:nth_paragraph_first_word"]
    num_paragraphs: Positive
    nth_paragraph: Positive
    first_word: Words

    @model_validator(mode="after")
    def _there_is_one(self) -> "NthParagraphFirstWord":
        if self.nth_paragraph > self.num_paragraphs:
            raise ValueError("nth_paragraph is beyond num_paragraphs")
        return self

    def check(self, wording: Wording) -> Finding:
        """See the base."""
        paragraphs = wording.text.split("\n\n")
        count = sum(bool(each.strip()) for each in paragraphs)
        if count != self.num_paragraphs:
            return Finding(False, f"{count} paragraphs")
        # IFEval counts the empty ones up to the nth too.
        words = paragraphs[self.nth_paragraph - 1].split(maxsplit=1)
        if not words:
            return Finding(False, f"paragraph {self.nth_paragraph} is empty")
        first = _ENDS_WORD.split(words[0].lstrip("'").lstrip('"'), maxsplit=1)[0]
        return Finding(first.lower() == self.first_word.lower(), f"it begins {clipped(first)}")

    @property
    def needed_texts(self) -> tuple[str, ...]:
        """See the base."""
        return (self.first_word,)

    def goes_with(self, other: Constraint) -> bool:
        """See the base."""
        if not isinstance(other, NthParagraphFirstWord):
            return True
        words = {self.first_word.lower(), other.first_word.lower()}
        return self.num_paragraphs == other.num_paragraphs and (
            self.nth_paragraph != other.nth_paragraph or len(words) == 1
        )
