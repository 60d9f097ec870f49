import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.generation.failures import FailureClass, policy_of
from synth_assets.core.schema import Reason
from synth_assets.resources.lanes.attempts import AttemptFailedError
from synth_assets.resources.lanes.classify import classify, retry_after_s, shown
from synth_assets.resources.lanes.lean import read_answer

KEY = "sk-planted/7f3a+91c?d2=e44b"


@pytest.mark.parametrize(
    ("status", "said", "failure"),
    [
        (None, "connection reset", FailureClass.CUT_CONNECTION),
        (400, "bad field", FailureClass.BAD_REQUEST),
        (400, '{"code": "content_filter"}', FailureClass.CONTENT_FILTER),
        (400, "triggered the Content Management Policy", FailureClass.CONTENT_FILTER),
        (400, '{"code": "context_length_exceeded"}', FailureClass.CONTEXT_OVERFLOW),
        (401, "", FailureClass.AUTHENTICATION),
        (402, "", FailureClass.QUOTA),
        (403, "", FailureClass.AUTHENTICATION),
        (404, "no such model", FailureClass.UNKNOWN_MODEL),
        (408, "", FailureClass.TIMEOUT),
        (413, "too large", FailureClass.BAD_REQUEST),
        (429, "slow down", FailureClass.RATE_LIMIT),
        (429, '{"code": "insufficient_quota"}', FailureClass.QUOTA),
        (500, "content_filter", FailureClass.OVERLOAD),
        (503, "", FailureClass.OVERLOAD),
        (504, "", FailureClass.TIMEOUT),
        (599, "", FailureClass.OVERLOAD),
    ],
)
def test_classify_by_status_and_words(status: int | None, said: str, failure: FailureClass):
    assert classify(status, said) is failure


@pytest.mark.parametrize("failure", FailureClass)
def test_policy_that_stops_a_teacher_repeats_nothing(failure: FailureClass):
    policy = policy_of(failure)

    assert policy.attempts >= 1
    assert not (policy.stops_teacher and policy.attempts > 1)
    own = {
        FailureClass.CONTENT_FILTER: Reason.CONTENT_FILTERED,
        FailureClass.CONTEXT_OVERFLOW: Reason.CONTEXT_OVERFLOW,
    }
    assert policy.reason is own.get(failure, Reason.PROVIDER_ERROR)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"RETRY-AFTER": "120"}, 120.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0.0),
        ({"Retry-After": "-5"}, 0.0),
        ({"Retry-After": "nan"}, 0.0),
        ({"Retry-After": "9" * 5_000}, 0.0),
        ({"Retry-After": "\u0667"}, 0.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_not_at_all(headers: dict[str, str], seconds: float):
    assert retry_after_s(headers) == seconds


def test_shown_words_are_one_short_line_without_keys(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTHER_API_KEY", "hf-ambient-secret")
    said = shown(f"No.\n\n  {KEY}\tand hf-ambient-secret {'x' * 10_000}", KEY)

    assert said.startswith("No. [key] and [key] xxx")
    assert len(said) == 600


def _body(**changes: object) -> str:
    choice = {"message": {"content": "hi"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 3, "completion_tokens": 4}
    return json.dumps({"choices": [choice], "usage": usage, **changes})


def test_read_answer_takes_text_finish_and_tokens():
    answer = read_answer(_body())

    assert (answer.text, answer.finish_reason) == ("hi", "stop")
    assert (answer.prompt_tokens, answer.completion_tokens) == (3, 4)


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None}])
def test_read_answer_without_usage_has_unknown_tokens(usage: object):
    answer = read_answer(_body(usage=usage))

    assert (answer.prompt_tokens, answer.completion_tokens) == (None, None)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        "null",
        "[1]",
        '"text"',
        "{}",
        "[" * 100_000,
        _body(choices=[]),
        _body(choices=None),
        _body(choices=[{"message": None}]),
        _body(choices=[{"message": {"content": 5}}]),
        _body(choices=[{"message": {"content": [{"type": "text", "text": "hi"}]}}]),
        _body(usage={"prompt_tokens": "many"}),
        _body(usage={"prompt_tokens": -1}),
        _body(usage={"prompt_tokens": True}),
        _body(usage=[1]),
        _body(usage="x"),
    ],
)
def test_read_answer_of_a_body_that_is_none_is_a_failure_with_its_beginning(body: str):
    with pytest.raises(AttemptFailedError) as failed:
        read_answer(body)

    assert failed.value.failure is FailureClass.NOT_JSON
    assert " ".join(body[:20].split()) in failed.value.said


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "usage", "prompt_tokens", "x"]),
            inner,
            max_size=4,
        )
    ),
)


@given(value=json_values)
def test_read_answer_of_any_json_is_an_answer_or_a_failure(value: object):
    try:
        answer = read_answer(json.dumps({"choices": [value], "usage": value}))
    except AttemptFailedError:
        return
    assert isinstance(answer.text, str)
    assert isinstance(answer.finish_reason, str)


def test_read_answer_quotes_no_key_of_a_body_it_refuses():
    with pytest.raises(AttemptFailedError) as failed:
        read_answer(f'{{"oops": "{KEY}"}}', KEY)

    assert KEY not in failed.value.said
    assert "[key]" in failed.value.said
