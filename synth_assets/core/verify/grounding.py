"""Grounding: what an answer says stands in the passage it is about.

Quotes first, then the answer: as a span of the passage, or as statements whose numbers, dates,
names, words and denials the passage has. Rules over text, no inference.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import chain
from typing import Literal, assert_never

from pydantic import Field, model_validator

from synth_assets.core.numbered import numbered_passages, numbered_quotes
from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.claims.question_kinds import is_bare_yes_or_no, is_polar, misfit
from synth_assets.core.verify.claims.quote_alignment import LONGEST_QUOTE, align, may_differ
from synth_assets.core.verify.claims.readings import (
    Reading,
    name_faults,
    number_faults,
    supported_share,
    turn_faults,
)
from synth_assets.core.verify.protocol import Check, Verifier
from synth_assets.core.verify.reading.folding import clipped, folded, stands_in
from synth_assets.core.verify.tools import NO_TOOLS, Tools

_AROUND = " \"'`"
_BEHIND = _AROUND + ".,;:!?"
_KEPT_PASSAGES = 32
"""Passages whose reading is kept, as samples of one passage follow each other."""
_LONGEST_KEPT = 20_000
_MOST_QUOTES = 50
_YES_OR_NO = re.compile(r"^\W*(?:yes|no|ja|nein)\b(?=\W*[,.;:!\-\u2013\u2014])", re.IGNORECASE)


class Grounding(Verifier):
    """The response says what its context does; quotes of the reference stand there.

    Attributes:
        answer: `statements`: numbers, dates, names, denials and at least `min_word_share` of the
            content words stand in the passage or the prompt; `span`: the response stands in the
            passage, as it is; `off`: it is not looked at.
        min_word_share: see `statements`; the share found is the score.
        fits_question: a response that certainly is not what the prompt asks for is rejected, such
            as one without a number to `how many`.
        yes_no: what becomes of `yes` or `no` alone, in answer to a question that it can answer:
            nothing of it can be looked up.
        start_attribute: the attribute with the offset at which the response stands in the passage,
            in characters from 0; where a sample has it, it must be right.
        quotes: `optional`: where the reference is not empty, each of its lines, or the whole, is a
            quote of the passage; `required`: it may not be empty; `off`: it is no quote.
        min_quote_words: a quote of fewer words proves nothing.
        tolerance: share of a quote's words that may differ, in what says nothing.
        numbered: as of the verifier `quote`.
        no_answer: responses of these words alone say that the passage has no answer.
        unanswerable_when: attribute -> value of samples whose question has none. Where this is not
            given, a reference that is one of `no_answer` says so, and a quote the contrary.
        trust_no_answer: whether such a response is accepted where nothing says if there is an
            answer; else it is errored.
    """

    kind: Literal["grounding"]
    answer: Literal["statements", "span", "off"] = "statements"
    min_word_share: float = Field(default=0.7, ge=0, le=1)
    fits_question: bool = True
    yes_no: Literal["errored", "accepted", "rejected"] = "errored"
    start_attribute: str = ""
    quotes: Literal["off", "optional", "required"] = "optional"
    min_quote_words: int = Field(default=3, ge=1)
    tolerance: float = Field(default=0.1, ge=0, le=0.3)
    numbered: bool = False
    no_answer: tuple[str, ...] = ()
    unanswerable_when: Mapping[str, str] = Field(default_factory=dict)
    trust_no_answer: bool = False

    @model_validator(mode="after")
    def _asks_something(self) -> "Grounding":
        if self.answer == "off" and self.quotes == "off" and not self.start_attribute:
            raise ValueError("answer and quotes are both off; every sample would pass")
        if self.unanswerable_when and not self.no_answer:
            raise ValueError("unanswerable_when needs no_answer: what is to be answered then")
        if not all(map(_bare, self.no_answer)):
            raise ValueError("a phrase of no_answer has no words")
        return self

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        """See the protocol; no file is needed."""
        phrases = frozenset(map(_bare, self.no_answer))
        # Kept for this stage alone.
        kept = lru_cache(maxsize=_KEPT_PASSAGES)(Reading.of)

        def read(text: str) -> Reading:
            return kept(text) if len(text) <= _LONGEST_KEPT else Reading.of(text)

        return lambda sample: self._check(sample, phrases, read)

    def _check(
        self, sample: Sample, phrases: frozenset[str], read: Callable[[str], Reading]
    ) -> Verdict:
        if phrases:
            decided = self._answerable(sample, phrases)
            if decided is not None:
                return decided
        if not sample.context.strip():
            return Verdict.errored("the sample has no passage to hold the answer against")
        return (
            self._quote_fault(sample, read)
            or self._start_fault(sample)
            or self._answer(sample, read)
        )

    def _answerable(self, sample: Sample, phrases: frozenset[str]) -> Verdict | None:
        """What comes of saying that there is no answer, and of not saying it; None if nothing."""
        says_none = _bare(sample.response) in phrases
        has_none = self._has_none(sample, phrases)
        quotes = self.quotes != "off" and _bare(sample.reference) not in {"", *phrases}
        if has_none and not says_none:
            told = f"the question has no answer, and the response is {clipped(sample.response)}"
            return Verdict.rejected(Reason.ANSWERED_UNANSWERABLE, told)
        if not says_none:
            return None
        if has_none is False:
            return Verdict.rejected(Reason.UNANSWERED, "says that there is no answer, there is one")
        if quotes:
            told = "says that the passage has no answer, and quotes it"
            return Verdict.rejected(Reason.ANSWERED_UNANSWERABLE, told)
        if has_none or self.trust_no_answer:
            return Verdict.accepted("says that the passage has no answer")
        return Verdict.errored("says that there is no answer; nothing tells if there is one")

    def _has_none(self, sample: Sample, phrases: frozenset[str]) -> bool | None:
        """Whether the question has no answer; None where nothing says so."""
        if self.unanswerable_when:
            drawn = sample.drawn
            if not self.unanswerable_when.keys() <= drawn.keys():
                return None
            return all(str(drawn[name]) == value for name, value in self.unanswerable_when.items())
        reference = _bare(sample.reference)
        if reference in phrases:
            return True
        return False if reference and self.quotes != "off" else None

    def _quote_fault(self, sample: Sample, read: Callable[[str], Reading]) -> Verdict | None:
        if self.quotes == "off":
            return None
        if not sample.reference.strip():
            if self.quotes == "optional":
                return None
            return Verdict.rejected(Reason.QUOTE_NOT_IN_PASSAGE, "there is no quote")
        if not self.numbered:
            return self._lines_fault(sample.reference, sample.context, read)
        passages, quotes = numbered_passages(sample.context), numbered_quotes(sample.reference)
        if not quotes:
            told = f"no quote with the number of its passage: {clipped(sample.reference, 160)}"
            return Verdict.rejected(Reason.QUOTE_NOT_IN_PASSAGE, told)
        faults = (self._fault_of(e.text, passages.get(e.passage, ""), read) for e in quotes)
        return next((fault for fault in faults if fault is not None), None)

    def _lines_fault(
        self, reference: str, passage: str, read: Callable[[str], Reading]
    ) -> Verdict | None:
        """A reference is one quote, or a quote a line."""
        whole = self._fault_of(reference, passage, read)
        lines = [line for line in reference.splitlines() if _bare(line)]
        if whole is None or not 1 < len(lines) <= _MOST_QUOTES:
            return whole
        faults = (self._fault_of(line, passage, read) for line in lines)
        return next((fault for fault in faults if fault is not None), None)

    def _fault_of(self, text: str, passage: str, read: Callable[[str], Reading]) -> Verdict | None:
        quote = _bare(text)
        count = len(quote.split())
        if count < self.min_quote_words:
            told = f"the quote has {count} words; at least {self.min_quote_words} are needed"
            return Verdict.rejected(Reason.QUOTE_NOT_IN_PASSAGE, told)
        if stands_in(quote, folded(passage)):
            return None
        missing = Verdict.rejected(
            Reason.QUOTE_NOT_IN_PASSAGE, f"not in the passage: {clipped(text, 160)}"
        )
        if not self.tolerance or count > LONGEST_QUOTE:
            return missing
        words = Reading.of(text).words
        found = align(words, read(passage).words, self.tolerance)
        if found is None:
            return missing
        if found.weighty is not None:
            told = f"the quote has {clipped(found.weighty.told, 160)}"
            return Verdict.rejected(found.weighty.reason, told)
        return None if found.changed <= may_differ(len(words), self.tolerance) else missing

    def _start(self, sample: Sample) -> str | int | float | None:
        """Where the response is said to stand; None where nothing is said."""
        return sample.drawn.get(self.start_attribute) if self.start_attribute else None

    def _start_fault(self, sample: Sample) -> Verdict | None:
        start = self._start(sample)
        if start is None:
            return None
        if type(start) is not int:
            return Verdict.errored(f"{self.start_attribute} is no offset: {clipped(str(start))}")
        if start >= 0 and sample.response and sample.context.startswith(sample.response, start):
            return None
        stands = sample.context[max(start, 0) :][: len(sample.response)]
        told = f"at {start} stands {clipped(stands)}, not {clipped(sample.response)}"
        return Verdict.rejected(Reason.MISPLACED_ANSWER, told)

    def _answer(self, sample: Sample, read: Callable[[str], Reading]) -> Verdict:
        if self.answer == "off":
            return Verdict.accepted("the quotes stand in the passage")
        if is_bare_yes_or_no(sample.response) and is_polar(sample.prompt):
            return self._yes_or_no()
        if self.fits_question:
            wanted = misfit(sample.prompt, sample.response)
            if wanted:
                told = f"asked for {wanted}, told {clipped(sample.response)}"
                return Verdict.rejected(Reason.UNFITTING_ANSWER, told)
        match self.answer:
            case "span":
                return self._span(sample)
            case "statements":
                return self._statements(sample, read)
            case _:
                assert_never(self.answer)

    def _yes_or_no(self) -> Verdict:
        told = "yes or no alone, of which nothing can be looked up"
        match self.yes_no:
            case "accepted":
                return Verdict.accepted(told)
            case "errored":
                return Verdict.errored(told)
            case "rejected":
                return Verdict.rejected(Reason.UNSUPPORTED_WORDS, told)
            case _:
                assert_never(self.yes_no)

    def _span(self, sample: Sample) -> Verdict:
        if self._start(sample) is not None:
            return Verdict.accepted("the answer stands where it is said to stand")
        if stands_in(_bare(sample.response), folded(sample.context)):
            return Verdict.accepted("the answer is a span of the passage")
        told = f"no span of the passage: {clipped(sample.response, 160)}"
        return Verdict.rejected(Reason.UNSUPPORTED_WORDS, told)

    def _statements(self, sample: Sample, read: Callable[[str], Reading]) -> Verdict:
        answer = Reading.of(_YES_OR_NO.sub("", sample.response, count=1))
        passage, question = read(sample.context), Reading.of(sample.prompt)
        sources = (passage, question)
        fault = next(
            chain(
                number_faults(answer, sources),
                name_faults(answer, sources),
                turn_faults(answer, passage),
            ),
            None,
        )
        if fault is not None:
            return Verdict.rejected(fault.reason, fault.told)
        if not answer.says_something:
            return Verdict.rejected(Reason.UNSUPPORTED_WORDS, "the answer says nothing")
        share = supported_share(answer, sources)
        told = f"{share:.0%} of the content words stand in the passage or the prompt"
        if share < self.min_word_share:
            return Verdict.rejected(Reason.UNSUPPORTED_WORDS, told, share)
        return Verdict.accepted(told, share)


def _bare(text: str) -> str:
    return folded(text).lstrip(_AROUND).rstrip(_BEHIND)
