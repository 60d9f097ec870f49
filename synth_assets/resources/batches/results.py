"""The lines that a batch writes: answers, failures, and what is neither."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.teachers import Price
from synth_assets.core.generation.budget import PICO, price_of
from synth_assets.core.generation.failures import FailureClass
from synth_assets.resources.lanes.attempts import Answer, AttemptFailedError
from synth_assets.resources.lanes.classify import classify, shown
from synth_assets.resources.lanes.lean import read_answer

_NOT_EXECUTED = frozenset({"batch_expired", "batch_cancelled", "batch_canceled"})


@dataclass(frozen=True)
class Answered:
    """A request of that fingerprint was answered."""

    fingerprint: str
    answer: Answer


@dataclass(frozen=True)
class Failed:
    """A request of that fingerprint failed; `said` are the provider's words, without keys."""

    fingerprint: str
    failure: FailureClass
    said: str


@dataclass(frozen=True)
class NotExecuted:
    """A request of that fingerprint was never begun."""

    fingerprint: str


@dataclass(frozen=True)
class Unreadable:
    """A line that is no result."""


Result: TypeAlias = Answered | Failed | NotExecuted | Unreadable


def read_result(line: bytes, key: str) -> Result:
    """Read a line of an output or error file.

    Args:
        line: as it came.
        key: the provider's key, to be kept out of what is stored.
    """
    try:
        told: Any = json.loads(line)
        name, error, response = told["custom_id"], told.get("error"), told.get("response")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return Unreadable()
    if not isinstance(name, str):
        return Unreadable()
    if not isinstance(response, dict):
        return _without_response(name, error, key)
    status, body = response.get("status_code"), response.get("body")  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]
    text = json.dumps(body, ensure_ascii=False)
    if isinstance(status, int) and status >= 400:
        said = shown(f"HTTP {status}: {text}", key)
        return Failed(name, classify(status, text), said)
    try:
        return Answered(name, read_answer(text, key))
    except AttemptFailedError as exc:
        return Failed(name, exc.failure, exc.said)


def completion_of(
    request: Request, answer: Answer, price: Price | None, latency_s: float
) -> Completion:
    """What the ledger keeps of an answer.

    Args:
        request: what was asked.
        answer: what came.
        price: of a million tokens in a batch; none where nobody knows it.
        latency_s: from the submission of the batch to its end.
    """
    cost_usd = None
    if price is not None and None not in (answer.prompt_tokens, answer.completion_tokens):
        tokens = answer.prompt_tokens or 0, answer.completion_tokens or 0
        cost_usd = price_of(tokens, price).usd_pico / PICO
    return Completion(
        fingerprint=request.fingerprint,
        text=answer.text.encode("utf-8", "replace").decode("utf-8"),
        finish_reason=answer.finish_reason,
        prompt_tokens=answer.prompt_tokens or 0,
        completion_tokens=answer.completion_tokens or 0,
        cost_usd=cost_usd,
        latency_s=latency_s,
        raw=answer.raw,
    )


async def lines_of(pieces: AsyncIterator[bytes], at_once: int) -> AsyncIterator[list[bytes]]:
    """Cut a file that comes in pieces into lines, so many at a time; empty ones are left out."""
    lines: list[bytes] = []
    rest = b""
    async for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        lines.extend(line for line in whole if line.strip())
        while len(lines) >= at_once:
            yield lines[:at_once]
            lines = lines[at_once:]
    if rest.strip():
        lines.append(rest)
    if lines:
        yield lines


def _without_response(name: str, error: object, key: str) -> Result:
    told: dict[str, Any] = error if isinstance(error, dict) else {}  # pyright: ignore[reportUnknownVariableType]
    code = str(told.get("code") or "")
    if code in _NOT_EXECUTED:
        return NotExecuted(name)
    said = shown(f"{code}: {told.get('message') or 'neither a response nor an error'}", key)
    return Failed(name, classify(400, said) if told else FailureClass.NOT_JSON, said)
