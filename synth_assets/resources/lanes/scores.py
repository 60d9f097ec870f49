"""Completions endpoints that are asked for the log-probabilities of a given text."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any, cast

from synth_assets.core.completion import Request
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.failures import FailureClass
from synth_assets.core.language_model.teacher_scores import TokenScores, told_without
from synth_assets.resources.lanes.attempts import Answer, AttemptFailedError
from synth_assets.resources.lanes.classify import raw_answer, shown

FINISHED = "scored"
"""The finish reason of a scored text: it is the token behind the text that the server cut off."""

_REFUSED = (
    FailureClass.BAD_REQUEST,
    FailureClass.UNSUPPORTED,
    FailureClass.UNKNOWN_MODEL,
    FailureClass.OVERLOAD,
)
# llama.cpp's server says «Only no echo is supported» with the status 500, OpenAI's instruct models
# «Setting 'echo' and 'logprobs' at the same time is not supported».
_NAMED = re.compile(
    r"\b(?:no|not|unsupported)\b[^{}\"]{0,60}\b(?:echo|logprobs?)\b"
    r"|\b(?:echo|logprobs?)\b[^{}\"]{0,80}\b(?:not|unsupported)\b",
    re.IGNORECASE,
)
_SURPLUS = 1e-3
"""So far above zero rounding may put the logarithm of a certainty."""


@dataclass(frozen=True)
class _Token:
    text: str
    log_probability: float | None


def scoring_body(request: Request, teacher: Teacher, text: str) -> dict[str, Any]:
    """The body of a request to a completions endpoint."""
    return {
        **json.loads(request.parameters),
        "model": teacher.model.partition("/")[2],
        "prompt": text,
    }


def read_scores(request: Request, body: str, key: str = "") -> Answer:
    """Read a completion's body.

    Raises:
        AttemptFailedError: if it is no JSON of that shape, or has no log-probabilities of the text.
    """
    text = request.scored_text or ""
    try:
        read: Any = json.loads(body)
        choice = read["choices"][0]
        echoed = str(choice["text"] or "")
        usage: Mapping[str, object] = read.get("usage") or {}
        counted = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
        tokens = _tokens(choice.get("logprobs"))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as exc:
        said = shown(f"{type(exc).__name__}: {exc}; body: {body[:300]}", key)
        raise AttemptFailedError(FailureClass.NOT_JSON, said) from None
    own = tokens[: _own(text, tokens, counted[1])]
    # A server may fold line ends or blanks; one that passed over `echo` has one token to show.
    if not own or 2 * len(echoed) < len(text) or _is_silent(own):
        why = "it answers, but with none for the text it was given"
        said = shown(told_without(request.teacher, why), key)
        raise AttemptFailedError(FailureClass.NO_LOG_PROBABILITIES, said)
    found = _scores(text, own)
    scores = replace(found, left_out=raw_answer(found.left_out, key))
    return Answer(scores.as_text(), FINISHED, *counted, None, raw_answer(body, key))


def told_of_scores(request: Request, failed: AttemptFailedError) -> AttemptFailedError:
    """A failure that may mean that the endpoint scores no texts, with what mends it.

    Where the server names `echo` or `logprobs` in its refusal, or has no such endpoint, every
    request fails alike, so that the class is `unsupported`, which stops at once.
    """
    if request.scored_text is None or failed.failure not in _REFUSED:
        return failed
    if failed.failure is not FailureClass.UNKNOWN_MODEL and not _NAMED.search(failed.said):
        return failed
    said = told_without(request.teacher, failed.said)
    return AttemptFailedError(FailureClass.UNSUPPORTED, said, failed.retry_after_s)


def _tokens(told: Any) -> list[_Token]:  # noqa: ANN401  JSON of a stranger
    """The tokens that a server lists; none where it lists none as a completions endpoint does.

    Raises:
        TypeError, ValueError: if they are not of that form.
    """
    if not isinstance(told, dict):
        return []
    listed = cast("dict[str, object]", told)
    texts, values = listed.get("tokens"), listed.get("token_logprobs")
    if not isinstance(texts, list) or not isinstance(values, list):
        return []
    pairs = zip(cast("list[object]", texts), cast("list[object]", values), strict=True)
    return [_token(text, value) for text, value in pairs]


def _token(text: object, value: object) -> _Token:
    if not isinstance(text, str):
        raise TypeError(f"a token is no text: {text!r}")
    if value is None:
        return _Token(text, None)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"a log-probability is no number: {value!r}")
    if not math.isfinite(value) or value > _SURPLUS:
        raise ValueError(f"a log-probability is {value}")
    return _Token(text, float(min(value, 0.0)))


def _own(text: str, tokens: Sequence[_Token], written: int | None) -> int:
    """How many of the tokens are of the text, with a start token: the one written follows them.

    Their texts tell it where they can be read; of tokens that are a part of a letter, or say their
    number only, the server's count does.
    """
    size = len(tokens)
    for start in (0, 1):
        for end in (size, size - 1):
            if "".join(token.text for token in tokens[start:end]) == text:
                return end
    return max(size - (1 if written is None else written), 0)


def _is_silent(own: Sequence[_Token]) -> bool:
    return len(own) > 1 and all(token.log_probability is None for token in own)


def _scores(text: str, own: Sequence[_Token]) -> TokenScores:
    """What the tokens say of the text.

    Raises:
        AttemptFailedError: if one in the middle has no log-probability.
    """
    without = list(takewhile(lambda token: token.log_probability is None, own))
    values = [token.log_probability for token in own[len(without) :]]
    found = [value for value in values if value is not None]
    if len(found) < len(values):
        said = f"{len(values) - len(found)} tokens within the text have no log-probability"
        raise AttemptFailedError(FailureClass.NOT_JSON, said)
    left_out = ""
    for token in without:
        # A start token is none of the text.
        if text.startswith(left_out + token.text):
            left_out += token.text
    return TokenScores(found, left_out)


def _count(value: object) -> int | None:
    if value is None or (type(value) is int and value >= 0):
        return value
    raise TypeError("usage is no number")
