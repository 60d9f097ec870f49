"""What the test server refuses, and which of its answers it spoils."""

import hashlib
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, assert_never

from tests.integration.chat_replies import (
    Fault,
    Said,
    Trickle,
    bad_key,
    content_filter,
    error_body,
    over_context,
    prompt_words,
    unknown_model,
)


class FaultKind(StrEnum):
    """What can go wrong with one request of a mixture."""

    RATE_LIMIT = "rate_limit"
    SERVER_ERROR = "server_error"
    OVERLOADED = "overloaded"
    CUT_IN_BODY = "cut_in_body"
    CUT_BEFORE_BODY = "cut_before_body"
    GARBAGE = "garbage"
    EMPTY_BODY = "empty_body"
    TRUNCATED_JSON = "truncated_json"
    LOST = "lost"


@dataclass(frozen=True)
class FaultMix:
    """A mixture of faults: which request meets which is a matter of its body alone.

    A hash of seed, body and how often this body was asked decides, not the order of arrival, so
    that a repeated request passes in the end, and two runs of a job meet the same faults.

    Attributes:
        seed: chooses among mixtures.
        shares: share of the requests that meet each kind; the rest passes.
        in_a_row: a body that failed so often in a row passes for certain.
        retry_after_s: `Retry-After` of the rate limits; none is sent by default.
    """

    seed: int
    shares: Mapping[FaultKind, float]
    in_a_row: int = 3
    retry_after_s: int | None = None

    def __post_init__(self) -> None:
        assert sum(self.shares.values()) <= 1, self.shares
        assert all(share >= 0 for share in self.shares.values()), self.shares

    @classmethod
    def even(cls, seed: int, share: float, **other: Any) -> "FaultMix":
        """All kinds in equal parts, `share` of the requests in all."""
        return cls(seed, {kind: share / len(FaultKind) for kind in FaultKind}, **other)

    def drawn(self, key: str, times: int) -> FaultKind | None:
        """What the `times`-th request of a body meets, counted from 0."""
        meets = [self._drawn(key, time) for time in range(max(0, times - self.in_a_row), times + 1)]
        run = len(meets) > self.in_a_row and None not in meets[:-1]
        return None if run else meets[-1]

    def _drawn(self, key: str, times: int) -> FaultKind | None:
        text = f"{self.seed}/{key}/{times}"
        drawn = hashlib.blake2b(text.encode(), digest_size=8).digest()
        place = int.from_bytes(drawn, "big") / 2**64
        for kind, share in self.shares.items():
            if place < share:
                return FaultKind(kind)
            place -= share
        return None

    def lose(self, reply: Said | Fault) -> Said | Fault:
        """The same answer, which is billed and never arrives."""
        return replace(reply, lost=True) if isinstance(reply, Said) else reply

    def spoil(self, kind: FaultKind) -> Fault:
        """What the client gets where the model is not even asked."""
        match kind:
            case FaultKind.RATE_LIMIT:
                return rate_limited(self.retry_after_s, kind)
            case FaultKind.SERVER_ERROR:
                return Fault(500, kind=kind)
            case FaultKind.OVERLOADED:
                return Fault(503, kind=kind)
            case FaultKind.CUT_IN_BODY:
                return Fault(200, b'{"id": "chatcmpl-test", "obj', cut=True, kind=kind)
            case FaultKind.CUT_BEFORE_BODY:
                return Fault(200, b"", cut=True, kind=kind)
            case FaultKind.GARBAGE:
                return Fault(200, b"<html>\xff\xfe Bad gateway</html>", kind=kind)
            case FaultKind.EMPTY_BODY:
                return Fault(200, b"", kind=kind)
            case FaultKind.TRUNCATED_JSON:
                return Fault(200, b'{"id": "chatcmpl-test", "choices": [{"index', kind=kind)
            case FaultKind.LOST:
                raise ValueError("a lost answer is made of an answer: see `lose`")
            case _:
                assert_never(kind)


@dataclass(frozen=True)
class RateLimit:
    """More than this is answered with 429 and `Retry-After`.

    Attributes:
        requests_per_s: rate at which a bucket of tokens fills; each request takes one.
        burst: size of the bucket.
        at_once: most requests at once.
        retry_after_s: what the header says; by default whole seconds until a token is there.
    """

    requests_per_s: float | None = None
    burst: int = 1
    at_once: int | None = None
    retry_after_s: int | None = None


class Bucket:
    """The tokens of a rate limit. Not thread-safe: the server's loop alone takes from it."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self._tokens = float(limit.burst)
        self._filled_at = time.monotonic()

    def refusal(self, at_once: int) -> Fault | None:
        """Take a token, or refuse; `at_once` requests are being answered already."""
        limit = self.limit
        if limit.at_once is not None and at_once >= limit.at_once:
            return rate_limited(limit.retry_after_s or 1, "over_limit")
        if limit.requests_per_s is None:
            return None
        now = time.monotonic()
        filled = self._tokens + (now - self._filled_at) * limit.requests_per_s
        self._tokens, self._filled_at = min(float(limit.burst), filled), now
        if self._tokens >= 1:
            self._tokens -= 1
            return None
        wait_s = math.ceil((1 - self._tokens) / limit.requests_per_s)
        return rate_limited(limit.retry_after_s or wait_s, "over_limit")


@dataclass(frozen=True)
class Rules:
    """What a server holds its clients to. By default it answers everyone.

    Attributes:
        limit: rate limit.
        faults: mixture of faults.
        context_words: longest prompt, in words.
        models: names it knows.
        api_key: the one key it accepts.
        forbidden: text whose presence in a prompt triggers the content filter.
        trickle: send every completion so.
    """

    limit: RateLimit | None = None
    faults: FaultMix | None = None
    context_words: int | None = None
    models: frozenset[str] | None = None
    api_key: str | None = None
    forbidden: str | None = None
    trickle: Trickle | None = None

    def refused_key(self, authorization: str) -> Fault | None:
        """The refusal of a key, if it is refused."""
        accepted = self.api_key is None or authorization == f"Bearer {self.api_key}"
        return None if accepted else bad_key()

    def refused_body(self, body: Mapping[str, Any]) -> Fault | None:
        """The refusal of a request for what it asks."""
        if self.models is not None and body["model"] not in self.models:
            return unknown_model(body["model"])
        if self.context_words is not None and (words := prompt_words(body)) > self.context_words:
            return over_context(words, self.context_words)
        texts = [str(message.get("content")) for message in body["messages"]]
        if self.forbidden is not None and any(self.forbidden in text for text in texts):
            return content_filter()
        return None


@dataclass
class Asked:
    """How often each body was asked, which is what a mixture of faults goes by."""

    times: dict[str, int] = field(default_factory=dict)

    def count(self, key: str) -> int:
        """How often it was asked before; and count it."""
        before = self.times.get(key, 0)
        self.times[key] = before + 1
        return before


def rate_limited(retry_after_s: int | None, kind: str) -> Fault:
    """Too many requests."""
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    body = error_body("Rate limit reached for requests.", "rate_limit_exceeded")
    return Fault(429, body, headers, kind=kind)
