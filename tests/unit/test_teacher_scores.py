"""Log-probabilities of given texts: what is asked, what servers answer, who gives none."""

import json
import math
import re
from typing import Any

import pytest

from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.failures import FailureClass
from synth_assets.core.language_model.teacher_scores import (
    TokenScores,
    refusal_of,
    score_of,
    scoring_request,
)
from synth_assets.resources.lanes.attempts import Answer, AttemptFailedError
from synth_assets.resources.lanes.scores import read_scores, told_of_scores

LN2 = math.log(2)
OURS = Teacher(id="ours", model="hosted_vllm/base", api_base="http://127.0.0.1:9/v1")
STEAM = "The step of boiling water is: "
STEAM_TOKENS = ["The", " step", " of", " boiling", " water", " is", ":", " ", "1"]
STEAM_VALUES = [None, -8.8, -1.6, -13.9, -2.0, -2.1, -8.5, -1.2, -0.5]


def body(
    tokens: list[str] | None,
    values: list[Any] | None,
    text: str = STEAM,
    written: int | None = 1,
    echoed: str | None = None,
) -> str:
    logprobs = None if tokens is None else {"tokens": tokens, "token_logprobs": values}
    choice = {"index": 0, "text": f"{text}1" if echoed is None else echoed, "logprobs": logprobs}
    usage: dict[str, Any] = {"prompt_tokens": 9}
    if written is not None:
        usage["completion_tokens"] = written
    return json.dumps({"choices": [choice], "usage": usage})


def read(answer: str, text: str = STEAM) -> Answer:
    return read_scores(scoring_request(OURS, text, "s"), answer)


def told(answer: Answer) -> dict[str, Any]:
    return json.loads(answer.text)


# --- what is asked, and what it comes to ---------------------------------------------------------


def test_scoring_request_is_of_the_bare_text_and_is_no_chat():
    asked = scoring_request(OURS, "A text.", "perplexity:ours")
    assert asked.scored_text == "A text."
    assert json.loads(asked.parameters) == {
        "echo": True,
        "logprobs": 1,
        "max_tokens": 1,
        "temperature": 1,
    }
    assert asked.fingerprint == scoring_request(OURS, "A text.", "perplexity_real:ours").fingerprint
    assert asked.fingerprint != scoring_request(OURS, "A text", "perplexity:ours").fingerprint


def test_score_is_bits_over_the_bytes_of_the_tokens_that_have_one():
    answer = TokenScores([-3 * LN2, -5 * LN2], "Né").as_text()
    found = score_of("Né a b", answer)
    assert found is not None
    assert (found.bits, found.bytes, found.left_out) == (pytest.approx(8.0), 4, "Né")
    assert found.per_byte == pytest.approx(2.0)


def test_score_of_a_text_that_is_certain_is_zero_and_not_minus_zero():
    found = score_of("ab", TokenScores([0.0]).as_text())
    assert found is not None
    assert math.copysign(1.0, found.bits) == 1.0


@pytest.mark.parametrize("scores", [TokenScores([], "Yes"), TokenScores([])])
def test_score_of_a_text_without_a_value_is_none(scores: TokenScores):
    assert score_of("Yes", scores.as_text()) is None


# --- what servers answer -------------------------------------------------------------------------


def test_scores_of_a_server_without_a_start_token_leave_the_first_token_out():
    answer = read(body(STEAM_TOKENS, STEAM_VALUES))
    assert told(answer) == {"left_out": "The", "log_probabilities": STEAM_VALUES[1:-1]}
    assert (answer.finish_reason, answer.prompt_tokens, answer.completion_tokens) == (
        "scored",
        9,
        1,
    )


def test_scores_of_a_server_with_a_start_token_have_all_tokens_of_the_text():
    tokens, values = ["<s>", *STEAM_TOKENS], [None, -4.0, *STEAM_VALUES[1:]]
    answer = read(body(tokens, values))
    assert told(answer) == {"left_out": "", "log_probabilities": [-4.0, *STEAM_VALUES[1:-1]]}


@pytest.mark.parametrize("written", [0, 1, None])
def test_scores_of_a_server_that_lists_nothing_it_wrote_are_of_all_tokens(written: int | None):
    answer = read(body(STEAM_TOKENS[:-1], STEAM_VALUES[:-1], written=written))
    assert told(answer)["log_probabilities"] == STEAM_VALUES[1:-1]


def test_scores_of_tokens_that_are_parts_of_letters_are_told_apart_by_the_servers_count():
    tokens, values = ["�", "�", "b", "c", "d"], [None, -1.0, -2.0, -3.0, -9.0]
    answer = read(body(tokens, values, "éabc"), "éabc")
    assert told(answer) == {"left_out": "", "log_probabilities": [-1.0, -2.0, -3.0]}
    none_listed = read(body(tokens[:-1], values[:-1], "éabc", written=0), "éabc")
    assert told(none_listed)["log_probabilities"] == [-1.0, -2.0, -3.0]


def test_scores_of_one_token_without_a_start_token_have_no_value():
    answer = read(body(["Yes", " and"], [None, -0.3], "Yes"), "Yes")
    assert told(answer) == {"left_out": "Yes", "log_probabilities": []}


@pytest.mark.parametrize(
    "answer",
    [
        body(None, None),
        body(["1"], [-0.5], echoed="1"),
        body(["1"], [-0.5], echoed="1", written=None),
        body(["1"], [-0.5], echoed="1", written=0),
        body(STEAM_TOKENS, [None] * 9),
        json.dumps({"choices": [{"text": f"{STEAM}1", "logprobs": {"content": []}}]}),
    ],
)
def test_answer_without_log_probabilities_of_the_text_ends_the_teacher(answer: str):
    with pytest.raises(AttemptFailedError) as failed:
        read(answer)
    assert failed.value.failure is FailureClass.NO_LOG_PROBABILITIES
    assert failed.value.said.startswith(
        "teacher ours gives no log-probabilities of a given text: it answers, but with none"
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("<html>", "JSONDecodeError"),
        ("[]", "TypeError"),
        ('{"choices": []}', "IndexError"),
        ("[" * 200_000, "RecursionError"),
        (body(STEAM_TOKENS, STEAM_VALUES[:-1]), "ValueError"),
        (body(STEAM_TOKENS, [None, "x", *STEAM_VALUES[2:]]), "no number: 'x'"),
        (body(STEAM_TOKENS, [None, True, *STEAM_VALUES[2:]]), "no number: True"),
        (body(STEAM_TOKENS, [None, math.nan, *STEAM_VALUES[2:]]), "is nan"),
        (body(STEAM_TOKENS, [None, -math.inf, *STEAM_VALUES[2:]]), "is -inf"),
        (body(STEAM_TOKENS, [None, 0.5, *STEAM_VALUES[2:]]), "is 0.5"),
        (body(STEAM_TOKENS, [None, -1.0, None, *STEAM_VALUES[3:]]), "1 tokens within the text"),
    ],
)
def test_answer_that_is_malformed_is_asked_again_and_no_score(answer: str, said: str):
    with pytest.raises(AttemptFailedError, match=said) as failed:
        read(answer)
    assert failed.value.failure is FailureClass.NOT_JSON


@pytest.mark.parametrize("key", ["sk-1", "1"])
def test_answer_that_quotes_the_key_is_kept_without_it(key: str):
    asked = scoring_request(OURS, "sk-1 b", "s")
    answer = read_scores(asked, body(["sk-1", " b", "x"], [None, -1.5, -2.0], "sk-1 b"), key)
    assert "sk-1" not in answer.text + answer.raw
    assert told(answer)["log_probabilities"] == [-1.5]


# --- who gives none ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (FailureClass.OVERLOAD, "HTTP 500: Only no echo is supported"),
        (FailureClass.BAD_REQUEST, "Setting 'echo' and 'logprobs' at the same time is not ..."),
        (FailureClass.BAD_REQUEST, "logprobs is not supported for models created with ..."),
        (FailureClass.BAD_REQUEST, "Unsupported parameter: echo"),
        (FailureClass.UNKNOWN_MODEL, "HTTP 404: page not found"),
    ],
)
def test_refusal_of_echo_stops_the_teacher_and_says_what_to_do(failure: FailureClass, said: str):
    asked = scoring_request(OURS, "A text.", "s")
    found = told_of_scores(asked, AttemptFailedError(failure, said))
    assert found.failure is FailureClass.UNSUPPORTED
    assert found.said.startswith(
        f"teacher ours gives no log-probabilities of a given text: {said}. Its server must answer"
    )


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (FailureClass.OVERLOAD, "HTTP 500: out of memory"),
        (FailureClass.BAD_REQUEST, 'HTTP 400: not UTF-8: {"prompt": "...", "echo": true}'),
        (FailureClass.RATE_LIMIT, "HTTP 429: echo is not free"),
    ],
)
def test_other_failures_of_scoring_are_what_they_are(failure: FailureClass, said: str):
    failed = AttemptFailedError(failure, said)
    assert told_of_scores(scoring_request(OURS, "A text.", "s"), failed) is failed


@pytest.mark.parametrize(
    "model", ["hosted_vllm/base", "openai/base", "text-completion-openai/davinci-002"]
)
def test_teachers_with_a_completions_endpoint_may_be_asked(model: str):
    assert refusal_of(OURS.model_copy(update={"model": model})) == ""


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            {"model": "embedded/scholar"},
            "gives no .* text: the embedded teacher follows",
        ),
        ({"model": "openai/gpt-4o"}, "gives no .*: openai/gpt-4o is asked over a chat endpoint"),
        ({"model": "anthropic/claude-3"}, r"over a chat endpoint\. Its server must answer /v1/com"),
        ({"model": "ollama/qwen3"}, "or leave `teacher` out of the verifier"),
        ({"model": "hosted_vllm/base", "delivery": "batch"}, "is asked in batches"),
    ],
)
def test_teachers_of_chat_endpoints_are_refused(entry: dict[str, str], said: str):
    found = refusal_of(Teacher.model_validate({"id": "other", **entry}))
    assert re.search(said, found), found
    assert found.startswith("teacher other ")
