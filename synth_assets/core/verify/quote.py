"""Quotes as evidence: the passage says it verbatim, and the answer says no more than the quote.

Fuzzy matching is no evidence: a changed number or name passes it nearly always. So a quote must
stand in the passage word for word, and numbers and negations of an answer in the quote.
"""

import re
from collections.abc import Mapping
from typing import Literal, assert_never

from pydantic import Field

from synth_assets.core.numbered import numbered_passages, numbered_quotes
from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.protocol import Check, Verifier
from synth_assets.core.verify.reading.folding import clipped, folded, stands_in
from synth_assets.core.verify.reading.quantities import numbers_in
from synth_assets.core.verify.tools import NO_TOOLS, Tools

_AROUND = " \"'`"
_BEHIND = _AROUND + ".,;:!?"

_WORD = re.compile(r"[^\W\d_][^\W_]*(?:'(?!s\b)[^\W_]+)*")
_NEGATION = re.compile(
    r"\b(?:no|not|never|none|nor|neither|nobody|nothing|cannot|without|\w+n't)\b"
)
_STOP_WORDS = frozenset(
    _WORD.findall(
        "a s about after all also an and any are as at be because been before but by can could "
        "did do does for from had has have he her his how i if in into is it its may more "
        "most of on one or our she should so some such than that the their them then there "
        "these they this those to up was we were what when where which while who why will "
        "with would you your "
    )
)


class Quote(Verifier):
    """The reference stands verbatim in the context, and the response is carried by it.

    Typography, case and white space do not matter, nor quotation marks around a text and
    punctuation behind it; an ellipsis inside does.

    Attributes:
        min_words: a quote of fewer words proves nothing.
        answer_in_quote: `span`: the whole response stands in the quote; `words`: its numbers and
            negations do, and at least `min_word_share` of its content words (English stop words
            apart); `off`: the response is not looked at.
        min_word_share: see `words`; the share found is the score.
        numbered: the context holds numbered passages, and each quote of the reference begins with
            the number of its own, `[2]`; the answer is then looked for in all of them together.
        no_answer: a response of these words alone says that the passage has no answer; it needs no
            quote, and must have none.
    """

    kind: Literal["quote"]
    min_words: int = Field(default=3, ge=1)
    answer_in_quote: Literal["off", "span", "words"] = "span"
    min_word_share: float = Field(default=0.7, gt=0, le=1)
    numbered: bool = False
    no_answer: str = ""

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        """See the protocol; no file is needed."""
        return self._check

    def _check(self, sample: Sample) -> Verdict:
        if says_no_answer(sample.response, self.no_answer):
            if not sample.reference.strip():
                return Verdict.accepted("says that the passage has no answer, and quotes nothing")
            return Verdict.rejected(
                Reason.ANSWER_NOT_IN_QUOTE, "says that the passage has no answer, and quotes it"
            )
        fault = (
            self._numbered_fault(sample)
            if self.numbered
            else self._fault_of(sample.reference, sample.context)
        )
        if fault is not None:
            return fault
        quote = _bare(self._quoted(sample.reference))
        match self.answer_in_quote:
            case "off":
                return Verdict.accepted("the quote stands in the passage")
            case "span":
                return _span(sample.response, quote)
            case "words":
                return _carried(sample.response, quote, self.min_word_share)
            case _:
                assert_never(self.answer_in_quote)

    def _quoted(self, reference: str) -> str:
        if not self.numbered:
            return reference
        return " ".join(each.text for each in numbered_quotes(reference))

    def _numbered_fault(self, sample: Sample) -> Verdict | None:
        passages, quotes = numbered_passages(sample.context), numbered_quotes(sample.reference)
        if not quotes:
            told = f"no quote with the number of its passage: {clipped(sample.reference, 160)}"
            return Verdict.rejected(Reason.QUOTE_NOT_IN_PASSAGE, told)
        faults = (self._fault_of(each.text, passages.get(each.passage, "")) for each in quotes)
        return next((fault for fault in faults if fault is not None), None)

    def _fault_of(self, text: str, passage: str) -> Verdict | None:
        quote = _bare(text)
        words = len(quote.split())
        if words < self.min_words:
            return Verdict.rejected(
                Reason.QUOTE_NOT_IN_PASSAGE,
                f"the quote has {words} words; at least {self.min_words} are needed",
            )
        if not stands_in(quote, folded(passage)):
            return Verdict.rejected(
                Reason.QUOTE_NOT_IN_PASSAGE, f"not in the passage: {clipped(text, 160)}"
            )
        return None


def says_no_answer(answer: str, phrase: str) -> bool:
    """Whether an answer is the agreed phrase for what a passage does not say; never for none."""
    return bool(phrase) and _bare(answer) == _bare(phrase)


def _bare(text: str) -> str:
    return folded(text).lstrip(_AROUND).rstrip(_BEHIND)


def _span(answer: str, quote: str) -> Verdict:
    if stands_in(_bare(answer), quote):
        return Verdict.accepted("the answer is a span of the quote, the quote of the passage")
    return Verdict.rejected(
        Reason.ANSWER_NOT_IN_QUOTE, f"no span of the quote: {clipped(answer, 160)}"
    )


def _carried(answer: str, quote: str, min_share: float) -> Verdict:
    said = _bare(answer)
    numbers = numbers_in(said)
    if invented := numbers - numbers_in(quote):
        return Verdict.rejected(
            Reason.ANSWER_NOT_IN_QUOTE, f"the quote does not have the number {min(invented)}"
        )
    if _NEGATION.search(said) and not _NEGATION.search(quote):
        return Verdict.rejected(
            Reason.ANSWER_NOT_IN_QUOTE, "the answer negates, the quote does not"
        )
    content = set(_WORD.findall(said)) - _STOP_WORDS
    found = content & set(_WORD.findall(quote))
    share = len(found) / len(content) if content else float(bool(numbers))
    told = f"{len(found)} of {len(content)} content words stand in the quote"
    if share < min_share:
        return Verdict.rejected(Reason.ANSWER_NOT_IN_QUOTE, told, share)
    return Verdict.accepted(told, share)
