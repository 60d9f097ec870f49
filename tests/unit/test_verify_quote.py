"""Quotes in passages, answers in quotes."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.quote import Quote
from synth_assets.core.verify.reading.folding import folded, stands_in
from tests.samples import synthetic_row

PASSAGE = (
    "The “yield” expression —\nused in 1,975 places — "
    "isn\N{RIGHT SINGLE QUOTATION MARK}t allowed in 12.5% of party games."
)


def verdict(quote: str, answer: str, passage: str = PASSAGE, **parameters: object) -> Verdict:
    check = Quote.model_validate({"kind": "quote", **parameters}).prepare({})
    return check(synthetic_row("s", "What?", answer, context=passage, reference=quote))


@pytest.mark.parametrize(
    ("quote", "answer"),
    [
        (PASSAGE, PASSAGE),
        ('the "yield" expression - used in', "yield"),
        ('“The "yield" expression”.', "The “yield” expression."),
        ("used  in 1,975 places", "1,975"),
        ("isn't allowed in 12.5% of", "12.5%"),
    ],
)
def test_quote_verbatim_but_for_typography_is_accepted(quote: str, answer: str) -> None:
    assert verdict(quote, answer).outcome == VerdictOutcome.ACCEPTED


@pytest.mark.parametrize(
    ("quote", "answer", "reason"),
    [
        ("", "yield", Reason.QUOTE_NOT_IN_PASSAGE),
        ("yield expression", "yield", Reason.QUOTE_NOT_IN_PASSAGE),
        ("used in 1,976 places", "places", Reason.QUOTE_NOT_IN_PASSAGE),
        ("used in ... places", "places", Reason.QUOTE_NOT_IN_PASSAGE),
        ("is allowed in 12.5%", "12.5%", Reason.QUOTE_NOT_IN_PASSAGE),
        ("sed in 1,975 places", "places", Reason.QUOTE_NOT_IN_PASSAGE),
        ("used in 1,975 places", "", Reason.ANSWER_NOT_IN_QUOTE),
        ("used in 1,975 places", "975", Reason.ANSWER_NOT_IN_QUOTE),
        ("used in 1,975 places", "1", Reason.ANSWER_NOT_IN_QUOTE),
        ("12.5% of party games", "art", Reason.ANSWER_NOT_IN_QUOTE),
        ("12.5% of party games", "yield", Reason.ANSWER_NOT_IN_QUOTE),
    ],
)
def test_quote_or_answer_without_support_is_rejected(
    quote: str, answer: str, reason: Reason
) -> None:
    found = verdict(quote, answer)
    assert found.outcome == VerdictOutcome.REJECTED
    assert found.reason == reason


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("It is used in 1975 places.", None),
        ("It is used in 1976 places.", Reason.ANSWER_NOT_IN_QUOTE),
        ("It is not used in 1975 places.", Reason.ANSWER_NOT_IN_QUOTE),
        ("Famous wizards conjured 1975 places.", Reason.ANSWER_NOT_IN_QUOTE),
        ("", Reason.ANSWER_NOT_IN_QUOTE),
    ],
)
def test_quote_in_words_carries_numbers_negations_and_most_words(
    answer: str, reason: Reason | None
) -> None:
    quote = "expression - used in 1,975 places"
    assert verdict(quote, answer, answer_in_quote="words").reason == reason
    assert verdict(quote, answer, answer_in_quote="off").reason is None


def test_quote_in_words_scores_the_share_of_words_found() -> None:
    found = verdict(
        "used in 1,975 places",
        "used places everywhere",
        answer_in_quote="words",
        min_word_share=0.5,
    )
    assert found.score == pytest.approx(2 / 3)


@given(st.lists(st.text("ab1.,é漢 ", min_size=1, max_size=5), min_size=3), st.data())
def test_stands_in_a_run_of_words_of_a_text_is_found(parts: list[str], data: st.DataObject) -> None:
    words = folded(" ".join(parts)).split()
    start = data.draw(st.integers(0, max(len(words) - 1, 0)))
    run = " ".join(words[start : data.draw(st.integers(start, len(words)))])
    assert stands_in(run, " ".join(words)) == bool(run)


@given(st.text("ab1., ", max_size=6), st.text("ab1., ", max_size=30))
def test_stands_in_never_finds_what_is_no_substring(needle: str, haystack: str) -> None:
    assert not stands_in(needle, haystack) or needle in haystack


@dataclass(frozen=True)
class _Item:
    passage: str
    sentence: str
    answer: str


def xquad(folder: Path, language: str) -> list[_Item]:
    """Each gold answer with the sentence that contains it."""
    data = json.loads((folder / "xquad" / f"xquad.{language}.A.json").read_text("utf-8"))["data"]
    return [
        _Item(passage, passage[max(before, default=0) : min(after)], answer["text"])
        for article in data
        for paragraph in article["paragraphs"]
        for passage in [paragraph["context"]]
        for question in paragraph["qas"]
        for answer in question["answers"]
        for ends in [[match.end() for match in re.finditer(r"[.!?]\s", passage)]]
        for start in [answer["answer_start"]]
        for before in [[end for end in ends if end <= start]]
        for after in [[end for end in ends if end >= start + len(answer["text"])] or [len(passage)]]
    ]


@pytest.mark.parametrize(
    ("language", "cut"),
    [
        ("en", {"7,000,000 square kilometres (2,70"}),
        ("de", {"Manning", "Virginia", "Tentakel"}),
    ],
)
def test_quote_on_xquad_accepts_every_gold_answer_that_cuts_no_token(
    shared_data: Path, language: str, cut: set[str]
) -> None:
    items = xquad(shared_data, language)
    refused = {
        item.answer
        for item in items
        if verdict(item.sentence, item.answer, item.passage, min_words=1).reason
    }
    assert len(items) == 632
    assert refused == cut


@pytest.mark.parametrize("language", ["en", "de"])
def test_quote_on_xquad_rejects_every_quote_of_another_passage(
    shared_data: Path, language: str
) -> None:
    items = xquad(shared_data, language)
    others = items[len(items) // 2 :] + items[: len(items) // 2]
    reasons = {
        verdict(item.sentence, item.answer, other.passage, min_words=1).reason
        for item, other in zip(items, others, strict=True)
        if item.passage != other.passage
    }
    assert reasons == {Reason.QUOTE_NOT_IN_PASSAGE}
