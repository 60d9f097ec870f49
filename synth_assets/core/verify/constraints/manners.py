"""Constraints on the whole of a response: its language, case, punctuation, beginning and end."""

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from synth_assets.core.verify.constraints.protocol import (
    Bounds,
    Constraint,
    Counting,
    Finding,
    Number,
    Relation,
)
from synth_assets.core.verify.constraints.shapes import Marker
from synth_assets.core.verify.constraints.wording import Wording
from synth_assets.core.verify.reading.folding import clipped
from synth_assets.core.verify.reading.language import CERTAIN

_SHOWN = 40

LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
Request = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"\S")]


class ResponseLanguage(Constraint):
    """The response is in this language, by its ISO 639 code."""

    id: Literal["language:response_language"]
    language: LanguageCode

    def check(self, wording: Wording) -> Finding:
        """See the base."""
        return _in_language(wording, self.language)

    def goes_with(self, other: Constraint) -> bool:
        """See the base."""
        return not isinstance(other, ResponseLanguage) or other.language == self.language


class EnglishCapital(Constraint):
    """The response is English and has no small letter."""

    id: Literal["change_case:english_capital"]

    def check(self, wording: Wording) -> Finding:
        """See the base."""
        if wording.text.isupper():
            return _in_language(wording, "en")
        return Finding(False, _odd_letters(wording.text, str.islower) or "it has no letters")


class EnglishLowercase(Constraint):
    """The response is English and has no capital letter."""

    id: Literal["change_case:english_lowercase"]

    def check(self, wording: Wording) -> Finding:
        """See the base."""
        if wording.text.islower():
            return _in_language(wording, "en")
        return Finding(False, _odd_letters(wording.text, str.isupper) or "it has no letters")


class CapitalWordFrequency(Counting):
    """The response has so many words in capitals."""

    unit: ClassVar[str] = "words in capitals"

    id: Literal["change_case:capital_word_frequency"]
    capital_relation: Relation
    capital_frequency: Number

    @property
    def bounds(self) -> Bounds:
        """See the base."""
        return Bounds.of(self.capital_relation, self.capital_frequency)

    def count(self, wording: Wording) -> int:
        """See the base."""
        return wording.capital_words


class NoComma(Constraint):
    """The response has no comma."""

    id: Literal["punctuation:no_comma"]

    def check(self, wording: Wording) -> Finding:
        """See the base."""
        count = wording.text.count(",")
        return Finding(not count, f"{count} commas")

    def forbids(self, text: str) -> bool:
        """See the base."""
        return "," in text


class EndChecker(Constraint):
    """The response ends in this phrase, whatever its case; a quotation mark may follow."""

    id: Literal["startend:end_checker"]
    end_phrase: Marker

    def check(self, wording: Wording) -> Finding:
        """See the base."""
        end = wording.bare.strip('"')
        return Finding(
            end.lower().endswith(self.end_phrase.lower()), f"it ends {clipped(end[-_SHOWN:])}"
        )

    @property
    def needed_texts(self) -> tuple[str, ...]:
        """See the base."""
        return (self.end_phrase,)

    def goes_with(self, other: Constraint) -> bool:
        """See the base."""
        if not isinstance(other, EndChecker):
            return True
        ends = self.end_phrase.lower(), other.end_phrase.lower()
        return ends[0].endswith(ends[1]) or ends[1].endswith(ends[0])


class Quotation(Constraint):
    """The response stands between straight double quotation marks."""

    id: Literal["startend:quotation"]

    def check(self, wording: Wording) -> Finding:
        """See the base."""
        text = wording.bare
        followed = len(text) > 1 and text[0] == text[-1] == '"'
        return Finding(followed, f"it begins {clipped(text[:1])} and ends {clipped(text[-1:])}")


class TwoResponses(Constraint):
    """The response is two different ones with `******` between them."""

    id: Literal["combination:two_responses"]

    def check(self, wording: Wording) -> Finding:
        """See the base."""
        parts = [part.strip() for part in wording.text.split("******")]
        if not all(parts[1:-1]):
            return Finding(False, "a response between two ****** is empty")
        given = [part for part in parts if part]
        if len(given) == 2 and given[0] == given[1]:
            return Finding(False, "twice the same response")
        return Finding(len(given) == 2, f"responses: {len(given)}")


class RepeatPrompt(Constraint):
    """The response begins with the request, word for word, whatever its case."""

    id: Literal["combination:repeat_prompt"]
    prompt_to_repeat: Request

    def check(self, wording: Wording) -> Finding:
        """See the base."""
        wanted = self.prompt_to_repeat.strip().lower()
        begins = wording.bare.lower().startswith(wanted)
        return Finding(begins, f"it begins {clipped(wording.bare[:_SHOWN])}")

    @property
    def needed_texts(self) -> tuple[str, ...]:
        """See the base."""
        return (self.prompt_to_repeat.strip(),)

    def goes_with(self, other: Constraint) -> bool:
        """See the base."""
        if not isinstance(other, RepeatPrompt):
            return True
        said = self.prompt_to_repeat.strip().lower(), other.prompt_to_repeat.strip().lower()
        return said[0].startswith(said[1]) or said[1].startswith(said[0])


def _in_language(wording: Wording, code: str) -> Finding:
    found = wording.language
    if found is None:
        return Finding(None, "its language is not known")
    told = f"its language is {found.code}, with confidence {found.confidence:.2f}"
    if found.code == code:
        return Finding(True, told)
    return Finding(False if found.confidence >= CERTAIN else None, told)


def _odd_letters(text: str, is_odd: Callable[[str], bool]) -> str:
    """The first letters of the wrong case, told; nothing where there are none."""
    at = next((position for position, letter in enumerate(text) if is_odd(letter)), None)
    return "" if at is None else f"it has {clipped(text[at : at + _SHOWN])}"
