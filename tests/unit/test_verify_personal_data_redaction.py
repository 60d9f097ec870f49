"""Redaction: placeholders that are stable, everywhere, and leave nothing to be found."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.completion import Message
from synth_assets.core.sample import Sample, history_text
from synth_assets.core.schema import Verdict, VerdictOutcome
from synth_assets.core.verify.personal_data.finding import Kind
from synth_assets.core.verify.personal_data.plain import PLACEHOLDER
from synth_assets.core.verify.personal_data.redaction import Redaction
from synth_assets.core.verify.personal_data.scan import Scanner
from synth_assets.core.verify.personal_data.verifier import PersonalData
from synth_assets.core.verify.stage import verify_samples
from tests.samples import frame_of, synthetic_row

SCANNER = Scanner(tuple(Kind), ("DE", "FR", "GB", "US"), examples=True)
REDACT = PersonalData.model_validate({"kind": "personal_data", "action": "redact"})
ANN, BOB, PHONE = "ann.lee@post.de", "bob@mail.fr", "(212) 736-5000"


def redacted(sample: Sample) -> Verdict:
    return REDACT.prepare({})(sample)


def one(text: str) -> str:
    return Redaction(SCANNER.find).apply({"text": text})["text"]


def test_redact_one_value_has_one_placeholder_in_all_texts() -> None:
    history = [Message("system", f"You serve {BOB}."), Message("user", f"I am {ANN.upper()}")]
    sample = synthetic_row(
        "s",
        f"Write to {ANN} and {BOB}.",
        f"Dear {BOB}, call {PHONE}.",
        context=f"{ANN}: {PHONE}",
        reference=BOB,
        rejected=f"{PHONE} / {ANN}",
        history=history_text(history),
    )
    found = redacted(sample)
    assert found.outcome == VerdictOutcome.ACCEPTED
    assert found.evidence == "redacted: email 8, phone 3"
    assert found.revised is not None
    assert json.loads(found.revised["history"]) == [
        {"role": "system", "content": "You serve [EMAIL_1]."},
        {"role": "user", "content": "I am [EMAIL_2]"},
    ]
    assert {name: text for name, text in found.revised.items() if name != "history"} == {
        "context": "[EMAIL_2]: [PHONE_1]",
        "prompt": "Write to [EMAIL_2] and [EMAIL_1].",
        "response": "Dear [EMAIL_1], call [PHONE_1].",
        "reference": "[EMAIL_1]",
        "rejected": "[PHONE_1] / [EMAIL_2]",
    }


@pytest.mark.parametrize(
    ("told", "alone", "name"),
    [
        ("My phone is 467 3395.", "So 467-3395 it is, or 4673395.", "PHONE"),
        ("password: hunt3r2horse", "hunt3r2horse is weak", "PASSWORD"),
        ("She was born on 2/8/1935.", "2/8/1935 was a Friday", "BIRTH_DATE"),
        ("SSN 514690360", "I mean 514690360.", "NATIONAL_NUMBER"),
    ],
)
def test_redact_value_without_the_words_that_gave_it_away_goes_too(
    told: str, alone: str, name: str
) -> None:
    found = redacted(synthetic_row("s", alone, told))
    assert found.revised is not None
    for text in found.revised.values():
        assert not set("0123456789") & set(PLACEHOLDER.sub("", text)) - {"2"}
        assert f"[{name}_1]" in text
        assert f"[{name}_2]" not in text


def test_redact_nothing_found_revises_nothing() -> None:
    found = redacted(synthetic_row("s", "How many eggs?", "12, says ann@example.com."))
    assert found == Verdict.accepted("no personal data, no secrets")


def test_redact_fields_not_named_are_left() -> None:
    verifier = REDACT.model_copy(update={"fields": ("response",)})
    found = verifier.prepare({})(synthetic_row("s", ANN, f"{BOB}", history=""))
    assert found.revised == {"response": "[EMAIL_1]"}


def test_redact_placeholders_that_stand_there_are_not_given_again() -> None:
    assert one(f"[EMAIL_7] and {ANN}") == "[EMAIL_7] and [EMAIL_8]"
    assert one(f"[EMAIL_0] [EMAIL_x] {ANN}") == "[EMAIL_0] [EMAIL_x] [EMAIL_1]"


def test_redact_by_the_stage_keeps_the_row_with_new_texts() -> None:
    result = verify_samples(frame_of(synthetic_row("s", f"Mail {ANN}", "ok")), "p", [REDACT], {})
    assert result.stage.kept["prompt"].to_list() == ["Mail [EMAIL_1]"]
    assert ANN not in str(result.verdicts.rows()) + str(result.stage.decisions.rows())


def test_redact_history_that_is_no_chat_is_errored() -> None:
    sample = synthetic_row("s", "p", "r", history="[{")
    result = verify_samples(frame_of(sample), "p", [REDACT], {})
    assert result.stage.counts == {"kept": 0, "dropped": 0, "errored": 1}


def test_redact_more_passwords_than_can_be_followed_is_errored() -> None:
    text = " ".join(f"password: hunt3r2horse{number}" for number in range(300))
    assert redacted(synthetic_row("s", "p", text)).outcome == VerdictOutcome.ERRORED


PIECES = st.sampled_from(
    [
        ANN, BOB, PHONE, "+41 44 668 18 00", "467 3395", "phone ", "call ", "card ",
        "4556 7375 8689 9855", "GB59IFUE40226315499137", "514-69-0360", "SSN ", "514690360",
        "password: ", "hunt3r2horse", "born on ", "2/8/1935", "[EMAIL_1]", "[PHONE_2", "_3]",
        "http://a:b1c2d3@", "h.io", " ", ", ", "\n", "-", ".", "@", "1", "0", "+", "(", ")",
        "\u200b", "\u0661", "\U0001f600", "\u00e9", "\u0130", "\u6f22", "41.173.96.26", "key=",
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=4), max_size=14).map("".join)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_redact_leaves_nothing_to_be_found_and_is_idempotent(text: str) -> None:
    done = one(text)
    assert SCANNER.find(done) == []
    assert one(done) == done


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_find_spans_are_in_order_apart_and_inside(text: str) -> None:
    at = 0
    for each in SCANNER.find(text):
        assert at <= each.start < each.end <= len(text)
        at = each.end


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_redact_what_stands_outside_of_findings_stays(text: str) -> None:
    redaction = Redaction(SCANNER.find)
    done = redaction.apply({"text": text})["text"]
    given_here = "|".join(map(re.escape, redaction.given.values())) or "(?!)"
    between = re.split(given_here, done)
    assert re.fullmatch(".+?".join(map(re.escape, between)), text, re.DOTALL)


AROUND = st.text(st.characters(exclude_categories=["N", "L", "P", "S"]), max_size=20)


@settings(max_examples=200, deadline=None)
@given(
    AROUND,
    st.sampled_from([ANN, "4556737586899855", "514-69-0360", "+41 44 668 18 00"]),
    AROUND,
)
def test_find_offsets_are_those_of_the_text_with_any_unicode(
    before: str, value: str, behind: str
) -> None:
    text = f"{before} {value} {behind}"
    found = [text[each.start : each.end] for each in SCANNER.find(text)]
    assert found == [value]


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS)
def test_redact_sample_through_the_stage_leaves_nothing_in_any_text(
    prompt: str, response: str
) -> None:
    history = history_text([Message("user", response), Message("assistant", prompt)])
    sample = synthetic_row("s", prompt, response, history=history, rejected=prompt)
    found = redacted(sample)
    assert found.outcome == VerdictOutcome.ACCEPTED
    revised = sample.revised(found.revised or {})
    assert redacted(revised).revised is None
    assert [turn.role for turn in revised.earlier] == ["user", "assistant"]
