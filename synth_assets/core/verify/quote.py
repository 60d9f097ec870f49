"""Quotes as evidence: the passage says it verbatim, and the answer says no more than the quote.

Fuzzy matching is no evidence: a changed number or name passes it nearly always. So a quote must
stand in the passage word for word, and numbers and negations of an answer in the quote.
"""

import re
from collections.abc import Mapping
from typing import Literal, assert_never

from pydantic import Field

from synth_assets.core.config.names import Written
from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.folding import clipped, folded, stands_in
from synth_assets.core.verify.protocol import Check
from synth_assets.core.verify.quantities import numbers_in

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


class Quote(Written):
    """The reference stands verbatim in the context, and the response is carried by it.

    Typography, case and white space do not matter, nor quotation marks around a text and
    punctuation behind it; an ellipsis inside does.

    Attributes:
        min_words: a quote of fewer words proves nothing.
        answer_in_quote: `span`: the whole response stands in the quote; `words`: its numbers and
            negations do, and at least `min_word_share` of its content words (English stop words
            apart); `off`: the response is not looked at.
        min_word_share: see `words`; the share found is the score.
    """

    kind: Literal["quote"]
    min_words: int = Field(default=3, ge=1)
    answer_in_quote: Literal["off", "span", "words"] = "span"
    min_word_share: float = Field(default=0.7, gt=0, le=1)

    def prepare(self, files: Mapping[str, str]) -> Check:
        """See the protocol; no file is needed."""
        return self._check

    def _check(self, sample: Sample) -> Verdict:
        quote = _bare(sample.reference)
        words = len(quote.split())
        if words < self.min_words:
            return Verdict.rejected(
                Reason.QUOTE_NOT_IN_PASSAGE,
                f"the quote has {words} words; at least {self.min_words} are needed",
            )
        if not stands_in(quote, folded(sample.context)):
            return Verdict.rejected(
                Reason.QUOTE_NOT_IN_PASSAGE, f"not in the passage: {clipped(sample.reference, 160)}"
            )
        match self.answer_in_quote:
            case "off":
                return Verdict.accepted("the quote stands in the passage")
            case "span":
                return _span(sample.response, quote)
            case "words":
                return _carried(sample.response, quote, self.min_word_share)
            case _:
                assert_never(self.answer_in_quote)


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
