"""From an HTTP status and a provider's words to a class of failure; one place for every lane."""

import json
import re
from collections.abc import Mapping

from synth_assets.core.generation.failures import FailureClass
from synth_assets.resources.redaction import without_secrets
from synth_assets.resources.settings import ambient_secrets

_STATUS = {
    401: FailureClass.AUTHENTICATION,
    402: FailureClass.QUOTA,
    403: FailureClass.AUTHENTICATION,
    404: FailureClass.UNKNOWN_MODEL,
    408: FailureClass.TIMEOUT,
    429: FailureClass.RATE_LIMIT,
    504: FailureClass.TIMEOUT,
}
_MARKS = (
    (
        (400, 403, 422),
        ("content_filter", "content_policy", "content management policy"),
        FailureClass.CONTENT_FILTER,
    ),
    (
        (400, 413, 422),
        ("context_length_exceeded", "maximum context length", "context window"),
        FailureClass.CONTEXT_OVERFLOW,
    ),
    ((429,), ("insufficient_quota", "exceeded your current quota"), FailureClass.QUOTA),
    ((400, 422), ("model_not_found", "no such model"), FailureClass.UNKNOWN_MODEL),
)
"""Statuses, words in the body, and what both together mean; before the status alone."""

_SHOWN_CHARACTERS = 600
_READ_CHARACTERS = 2_000


def classify(status: int | None, said: str) -> FailureClass:
    """Classify an error response.

    Args:
        status: HTTP status; none where the connection gave none.
        said: body or message, any case.
    """
    text = said.lower()
    for statuses, words, failure in _MARKS:
        if status in statuses and any(word in text for word in words):
            return failure
    if status is None:
        return FailureClass.CUT_CONNECTION
    if status >= 500:
        return _STATUS.get(status, FailureClass.OVERLOAD)
    return _STATUS.get(status, FailureClass.BAD_REQUEST)


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Seconds that a `Retry-After` header asks for; 0 where there is none, or it is a date."""
    told = next((v for k, v in headers.items() if k.lower() == "retry-after"), "")
    return float(told) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", told.strip()) else 0.0


def shown(said: str, key: str) -> str:
    """A provider's words on one line, shortened, without keys."""
    flat = " ".join(said[: _READ_CHARACTERS * 2].split())[:_READ_CHARACTERS]
    return without_secrets(flat, {key, *ambient_secrets()} - {""})[:_SHOWN_CHARACTERS]


def raw_answer(body: str, key: str) -> str:
    """An answer's body to be kept; where it quotes the key back, without it."""
    if not key:
        return body
    return body.replace(key, "[key]").replace(json.dumps(key)[1:-1], "[key]")
