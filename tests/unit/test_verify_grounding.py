"""Answers held against their passage: quotes, spans, statements, and what has no answer."""

import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from benchmarks.verify_grounding import (
    REPORTING,
    TUNING,
    accepted,
    changed_quotes,
    checker,
    halueval,
    passages_of,
    pubmedqa,
    quotes_accepted,
    statements_accepted,
    xquad,
)
from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.grounding import Grounding
from tests.samples import synthetic_row

PASSAGE = (
    "The Amazon river is longer than the Congo river. Marie Curie, born on 7 November 1867 in "
    "Warsaw, won two Nobel Prizes. The drug reduced mortality by 25 % in 1,200 patients over 5 km. "
    "It was not approved in Germany. The World Health Organization was founded in 1948. "
    "Some older patients with the disease never recovered from the first treatment."
)


def verdict(
    said: str,
    quote: str = "",
    question: str = "What does it say?",
    passage: str = PASSAGE,
    attributes: Mapping[str, object] | None = None,
    **parameters: object,
) -> Verdict:
    check = Grounding.model_validate({"kind": "grounding", **parameters}).prepare({})
    drawn = json.dumps(attributes or {})
    return check(
        synthetic_row("s", question, said, context=passage, reference=quote, attributes=drawn)
    )


def quoted(quote: str, **parameters: object) -> Verdict:
    return verdict("", quote, answer="off", quotes="required", **parameters)


@pytest.mark.parametrize(
    "quote",
    [
        "The drug reduced mortality by 25 %",
        "  THE drug reduced mortality, by \u201c25 %\u201d.",
        "drug reduced the mortality by 25 % in 1,200 patients",
        "drug reduces mortality by 25 % in 1,200 patients",
        "Some older patients with disease never recovered",
        "Marie Curie, born on 7 November 1867\nIt was not approved in Germany.",
    ],
)
def test_grounding_quote_exact_or_slightly_edited_is_accepted(quote: str) -> None:
    assert quoted(quote).outcome is VerdictOutcome.ACCEPTED


@pytest.mark.parametrize(
    ("quote", "reason"),
    [
        ("", Reason.QUOTE_NOT_IN_PASSAGE),
        ("Marie Curie", Reason.QUOTE_NOT_IN_PASSAGE),
        ("The whale is a mammal of the sea", Reason.QUOTE_NOT_IN_PASSAGE),
        ("drug reduced mortality by 26 % in 1,200 patients", Reason.UNSUPPORTED_NUMBER),
        ("drug reduced mortality by 25 in 1,200 patients", Reason.UNSUPPORTED_NUMBER),
        ("in 1,200 patients over 5 miles. It was not", Reason.UNSUPPORTED_NUMBER),
        ("Marie Curie, born on 7 December 1867 in Warsaw", Reason.UNSUPPORTED_DATE),
        ("Pierre Curie, born on 7 November 1867 in Warsaw", Reason.UNSUPPORTED_NAME),
        ("Some older patients with the disease recovered", Reason.CHANGED_NEGATION),
        ("Some younger patients with the disease never recovered", Reason.CHANGED_NEGATION),
        ("older patients with the disease ever recovered", Reason.CHANGED_NEGATION),
        ("from the first treatment Some older patients", Reason.QUOTE_NOT_IN_PASSAGE),
        ("drug reduced cost by 25 % in 1,200 patients", Reason.UNSUPPORTED_WORDS),
        ("It was finally not approved in Germany", Reason.UNSUPPORTED_WORDS),
        ("It was not approved in Germany.\nIt was approved in France.", None),
    ],
)
def test_grounding_quote_changed_in_what_weighs_is_rejected(
    quote: str, reason: Reason | None
) -> None:
    found = quoted(quote)
    assert found.outcome is VerdictOutcome.REJECTED
    assert reason is None or found.reason is reason


def test_grounding_quote_without_tolerance_must_be_exact() -> None:
    quote = "drug reduced the mortality by 25 % in 1,200 patients"
    assert quoted(quote).reason is None
    assert quoted(quote, tolerance=0).reason is Reason.QUOTE_NOT_IN_PASSAGE


def test_grounding_numbered_quote_must_stand_in_its_own_passage() -> None:
    passage = "[Passage 1]\nThe sky is blue today.\n\n[Passage 2]\nGrass is green in spring."
    right, wrong = "[2] Grass is green", "[1] Grass is green"
    assert quoted(right, passage=passage, numbered=True).reason is None
    found = quoted(wrong, passage=passage, numbered=True)
    assert found.reason is Reason.QUOTE_NOT_IN_PASSAGE


@pytest.mark.parametrize(
    "answer",
    [
        "Marie Curie was born on November 7, 1867.",
        "Curie was born in November 1867.",
        "Curie was born on 1867-11-07.",
        "The drug reduced mortality by 25 percent.",
        "The distance is 5,000 m.",
        "It was not approved in Germany.",
        "The WHO was founded in 1948.",
        "Marie Curie won 2 Nobel Prizes.",
        "1. The drug reduced mortality\n2. Curie was born in Warsaw",
        "Yes, the drug reduced mortality.",
        "It was founded in the 1940s.",
        "The Amazon is longer than the Congo.",
    ],
)
def test_grounding_statement_that_the_passage_makes_is_accepted(answer: str) -> None:
    found = verdict(answer, question="What of the distance?")
    assert found.outcome is VerdictOutcome.ACCEPTED, found


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Marie Curie was born on November 8, 1867.", Reason.UNSUPPORTED_DATE),
        ("Marie Curie was born on 7 November 1868.", Reason.UNSUPPORTED_DATE),
        ("Marie Curie won three Nobel Prizes.", Reason.UNSUPPORTED_NUMBER),
        ("The drug reduced mortality by 25 kg.", Reason.UNSUPPORTED_NUMBER),
        ("The drug reduced mortality in 1200 % of patients.", Reason.UNSUPPORTED_NUMBER),
        ("The distance is 5 miles.", Reason.UNSUPPORTED_NUMBER),
        ("Version 5.25.1200", Reason.UNSUPPORTED_NUMBER),
        ("Pierre Curie won two Nobel Prizes.", Reason.UNSUPPORTED_NAME),
        ("Berlin is where Curie was born.", Reason.UNSUPPORTED_NAME),
        ("Marie Warsaw won two Nobel Prizes.", Reason.UNSUPPORTED_NAME),
        ("It was approved in Germany.", Reason.CHANGED_NEGATION),
        ("The drug did not reduce mortality.", Reason.CHANGED_NEGATION),
        ("The drug increased mortality by 25 %.", Reason.CHANGED_NEGATION),
        ("The Congo river is longer than the Amazon river.", Reason.CHANGED_NEGATION),
        ("The Amazon river is shorter than the Congo river.", Reason.CHANGED_NEGATION),
        ("Wizards conjured frogs in a swamp.", Reason.UNSUPPORTED_WORDS),
        ("", Reason.UNSUPPORTED_WORDS),
        ("It was that.", Reason.UNSUPPORTED_WORDS),
    ],
)
def test_grounding_statement_that_the_passage_does_not_make_is_rejected(
    answer: str, reason: Reason
) -> None:
    found = verdict(answer)
    assert (found.outcome, found.reason) == (VerdictOutcome.REJECTED, reason), found


def test_grounding_statement_may_use_what_the_question_says() -> None:
    answer = "In Basel, Curie was unknown."
    assert verdict(answer).reason is Reason.UNSUPPORTED_NAME
    assert verdict(answer, question="Was Curie unknown in Basel?").reason is None


def test_grounding_statement_score_is_the_share_of_words_found() -> None:
    found = verdict("The drug reduced mortality quickly.", min_word_share=0.6)
    assert found.score == pytest.approx(3 / 4)
    assert verdict("The drug reduced mortality quickly.", min_word_share=0.8).reason is not None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("7 November 1867", None),
        ("the drug", None),
        ("mort", Reason.UNSUPPORTED_WORDS),
        ("200 patients", Reason.UNSUPPORTED_WORDS),
        ("The answer is Warsaw.", Reason.UNSUPPORTED_WORDS),
        ("", Reason.UNSUPPORTED_WORDS),
    ],
)
def test_grounding_span_stands_in_the_passage_as_it_is(answer: str, reason: Reason | None) -> None:
    assert verdict(answer, answer="span").reason is reason


def test_grounding_span_of_other_typography_and_in_quotation_marks_is_accepted() -> None:
    passage = "It\u2019s the \u201cyield\u201d \u2013 and more."
    assert verdict('"It\'s the "yield" - and more"', passage=passage, answer="span").reason is None


@pytest.mark.parametrize(
    ("start", "outcome", "reason"),
    [
        (4, VerdictOutcome.ACCEPTED, None),
        (5, VerdictOutcome.REJECTED, Reason.MISPLACED_ANSWER),
        (-1, VerdictOutcome.REJECTED, Reason.MISPLACED_ANSWER),
        (10**9, VerdictOutcome.REJECTED, Reason.MISPLACED_ANSWER),
        ("4", VerdictOutcome.ERRORED, Reason.VERIFIER_ERROR),
        (True, VerdictOutcome.ERRORED, Reason.VERIFIER_ERROR),
        (None, VerdictOutcome.REJECTED, Reason.UNSUPPORTED_WORDS),
    ],
)
def test_grounding_span_with_an_offset_must_stand_there(
    start: object, outcome: VerdictOutcome, reason: Reason | None
) -> None:
    at = {"answer_start": start}
    found = verdict("Amaz", answer="span", start_attribute="answer_start", attributes=at)
    assert (found.outcome, found.reason) == (outcome, reason)


@pytest.mark.parametrize(
    ("question", "answer", "reason"),
    [
        ("How many patients were there?", "patients", Reason.UNFITTING_ANSWER),
        ("How many patients were there?", "1,200", None),
        ("How many Nobel Prizes did she win?", "two Nobel Prizes", None),
        ("How many recovered?", "the first treatment", None),
        ("How many recovered?", "Germany", Reason.UNFITTING_ANSWER),
        ("In what year was it founded?", "Warsaw", Reason.UNFITTING_ANSWER),
        ("In what year was it founded?", "1948", None),
        ("Who was born there?", "1867", Reason.UNFITTING_ANSWER),
        ("Wie viele Patienten waren es?", "patients", Reason.UNFITTING_ANSWER),
        ("What happened?", "Warsaw", None),
    ],
)
def test_grounding_answer_of_another_kind_than_asked_for_is_rejected(
    question: str, answer: str, reason: Reason | None
) -> None:
    assert verdict(answer, question=question, answer="span").reason is reason
    assert verdict(answer, question=question, answer="span", fits_question=False).reason is None


@pytest.mark.parametrize("mode", ["span", "statements"])
def test_grounding_bare_yes_is_what_the_recipe_says(mode: str) -> None:
    asked = {"question": "Was it approved in Germany?", "answer": mode}
    assert verdict("No.", **asked).outcome is VerdictOutcome.ERRORED
    assert verdict("No.", yes_no="accepted", **asked).outcome is VerdictOutcome.ACCEPTED
    assert verdict("No.", yes_no="rejected", **asked).outcome is VerdictOutcome.REJECTED
    other = {**asked, "question": "Where was it approved?"}
    assert verdict("Yes", yes_no="accepted", **other).outcome is VerdictOutcome.REJECTED


NO_ANSWER = {"no_answer": ["The text does not say.", "unanswerable"]}
MARKED = {**NO_ANSWER, "unanswerable_when": {"kind": "unanswerable"}}
QUOTE = "It was not approved"


@pytest.mark.parametrize(
    ("said", "quote", "kind", "outcome", "reason"),
    [
        ("Unanswerable", "", "unanswerable", VerdictOutcome.ACCEPTED, None),
        ("the text does not say", "", "unanswerable", VerdictOutcome.ACCEPTED, None),
        ("Warsaw", "", "unanswerable", VerdictOutcome.REJECTED, Reason.ANSWERED_UNANSWERABLE),
        ("none", QUOTE, "unanswerable", VerdictOutcome.REJECTED, Reason.ANSWERED_UNANSWERABLE),
        ("unanswerable", "", "number", VerdictOutcome.REJECTED, Reason.UNANSWERED),
        ("Warsaw", "", "number", VerdictOutcome.ACCEPTED, None),
    ],
)
def test_grounding_unanswerable_by_attribute_is_answered_as_such(
    said: str, quote: str, kind: str, outcome: VerdictOutcome, reason: Reason | None
) -> None:
    phrases = {**MARKED, "no_answer": [*NO_ANSWER["no_answer"], "none"]}
    found = verdict(said, quote, attributes={"kind": kind}, **phrases)
    assert (found.outcome, found.reason) == (outcome, reason)


@pytest.mark.parametrize(
    ("said", "reference", "outcome", "reason"),
    [
        ("unanswerable", "Unanswerable.", VerdictOutcome.ACCEPTED, None),
        ("Warsaw", "Unanswerable.", VerdictOutcome.REJECTED, Reason.ANSWERED_UNANSWERABLE),
        ("unanswerable", QUOTE, VerdictOutcome.REJECTED, Reason.UNANSWERED),
        ("unanswerable", "", VerdictOutcome.ERRORED, Reason.VERIFIER_ERROR),
    ],
)
def test_grounding_unanswerable_by_reference_is_answered_as_such(
    said: str, reference: str, outcome: VerdictOutcome, reason: Reason | None
) -> None:
    found = verdict(said, reference, **NO_ANSWER)
    assert (found.outcome, found.reason) == (outcome, reason)


def test_grounding_no_answer_is_trusted_only_where_the_recipe_says_so() -> None:
    assert verdict("unanswerable", **MARKED).outcome is VerdictOutcome.ERRORED
    trusted = verdict("unanswerable", trust_no_answer=True, **MARKED)
    assert trusted.outcome is VerdictOutcome.ACCEPTED


def test_grounding_without_a_passage_is_errored() -> None:
    assert verdict("Warsaw", passage=" \n").outcome is VerdictOutcome.ERRORED


@pytest.mark.parametrize(
    "parameters",
    [
        {"answer": "off", "quotes": "off"},
        {"unanswerable_when": {"kind": "none"}},
        {"no_answer": ["..."]},
        {"tolerance": 0.5},
        {"min_word_share": 1.1},
        {"yes_no": "maybe"},
        {"fuzzy": 88},
    ],
)
def test_grounding_parameters_that_make_no_sense_are_refused(parameters: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Grounding.model_validate({"kind": "grounding", **parameters})


HOSTILE = {
    "one letter": "a" * 100_000,
    "one capital": "A" * 100_000,
    "digits": "1" * 100_000,
    "numbers": "1,2 " * 25_000,
    "points": "1.2." * 25_000,
    "dates": "1 May 1990 " * 9_000,
    "negations": "Not a. " * 14_000,
    "names": "Alpha Beta. " * 8_300,
    "other names": ". ".join(f"Wo{n}" for n in range(12_000)),
    "comparisons": "more than less " * 6_600,
    "lines": "Alpha beta not gamma delta 1.\n" * 3_300,
    "apostrophes": "a'" * 50_000,
    "initials": "a." * 50_000,
    "accents": "a\u0301" * 50_000,
    "ideographs": "\u6f22\u5b57" * 50_000,
    "wide": "\ufdfa" * 5_000,
    "backwards": "\u202e\u05d0 " * 30_000,
    "surrogates": "\ud800 " * 50_000,
    "nothing": "\0" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("mode", ["span", "statements", "off"])
def test_grounding_hostile_text_is_judged_quickly(name: str, mode: str) -> None:
    text = HOSTILE[name]
    check = checker(answer=mode, min_quote_words=1, no_answer=["none"])
    for passage, said, quote in ((text, text[7:9_000], text[3:3_000] + " zz"), (PASSAGE, text, "")):
        row = synthetic_row("s", text[:300], said, context=passage, reference=quote)
        started = time.process_time()
        assert check(row).outcome in VerdictOutcome
        assert time.process_time() - started < 30


@given(st.text(max_size=60), st.text(max_size=40), st.text(max_size=60))
def test_grounding_any_text_gets_a_verdict(passage: str, said: str, quote: str) -> None:
    for mode in ("span", "statements"):
        assert verdict(said, quote, passage=passage, answer=mode).outcome in VerdictOutcome


@given(st.integers(0, 50), st.integers(3, 40))
def test_grounding_any_run_of_words_is_a_quote_and_a_span(start: int, length: int) -> None:
    run = " ".join(PASSAGE.split()[start : start + length])
    assert quoted(run).outcome is VerdictOutcome.ACCEPTED
    assert verdict(run, answer="span").outcome is VerdictOutcome.ACCEPTED


@pytest.mark.parametrize("language", ["en", "de"])
def test_grounding_on_xquad_finds_every_gold_span(shared_data: Path, language: str) -> None:
    asked = xquad(shared_data, language)
    kept = accepted(checker(answer="span", quotes="off", start_attribute="start"), asked)
    assert (len(asked), sum(kept)) == (632, 632)


@pytest.mark.parametrize(
    ("language", "cut"), [("en", "7,000,000 square kilometres (2,70"), ("de", "Manning")]
)
def test_grounding_on_xquad_without_offsets_misses_what_cuts_a_token(
    shared_data: Path, language: str, cut: str
) -> None:
    asked = xquad(shared_data, language)
    kept = accepted(checker(answer="span", quotes="off"), asked)
    assert [each.answer for each, found in zip(asked, kept, strict=True) if not found] == [cut]


@pytest.mark.parametrize("half", [TUNING, REPORTING])
def test_grounding_on_halueval_spans_keeps_right_and_drops_hallucinated_answers(
    shared_data: Path, half: str
) -> None:
    pairs = [pair for pair in halueval(shared_data) if pair.half == half]
    check = checker(answer="span", quotes="off")
    right = accepted(check, [pair.right for pair in pairs])
    wrong = accepted(check, [pair.wrong for pair in pairs])
    assert len(pairs) == {TUNING: 127, REPORTING: 123}[half]
    assert sum(right) >= 0.95 * len(pairs)
    assert sum(wrong) < 0.05 * len(pairs)


def share(kept: list[bool]) -> float:
    return sum(kept) / len(kept)


@pytest.mark.parametrize("source", ["en", "de", "pubmedqa"])
def test_grounding_changed_quotes_are_rejected_and_edited_ones_kept(
    shared_data: Path, source: str
) -> None:
    data = pubmedqa(shared_data) if source == "pubmedqa" else xquad(shared_data, source)
    language = "de" if source == "de" else "en"
    quotes = changed_quotes(passages_of(data)[:200], language)
    found = quotes_accepted(checker(answer="off", quotes="required"), quotes)
    assert min(map(len, found.values())) >= 40
    assert share(found["exact"]) == share(found["typography"]) == 1
    assert share(found["article left out"]) >= 0.98
    assert share(found["number"]) <= 0.03
    assert share(found["name"]) <= 0.01
    assert share(found["negation"]) <= 0.01


@pytest.mark.parametrize("language", ["en", "de"])
def test_grounding_changed_statements_are_rejected(shared_data: Path, language: str) -> None:
    quotes = changed_quotes(passages_of(xquad(shared_data, language))[:100], language)
    found = statements_accepted(checker(quotes="off"), quotes)
    assert share(found["exact"]) == share(found["article left out"]) == 1
    assert share(found["number"]) <= 0.03
    assert share(found["name"]) <= 0.02
    assert share(found["negation"]) <= 0.01
