"""The lanes to embedding models: texts in, vectors out, several texts in one call.

A request's messages are the texts; the answer's text is one line for each, the base64 of its
numbers as little-endian floats of four bytes.
"""

import asyncio
import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from synth_assets.core.completion import Request
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.failures import FailureClass
from synth_assets.resources.lanes.attempts import Answer, AttemptFailedError, Lane
from synth_assets.resources.lanes.classify import classify, retry_after_s, shown
from synth_assets.resources.lanes.lean import speaks_plainly
from synth_assets.resources.lanes.through_litellm import load_litellm
from synth_assets.resources.prices import price_of
from synth_assets.resources.settings import read_secret

if TYPE_CHECKING:
    import aiohttp

FINISHED = "embedded"
"""The finish reason of texts that were embedded."""


def embedding_lane(teacher: Teacher) -> Lane:
    """The way to a teacher that embeds."""
    plain = speaks_plainly(teacher)
    return LeanEmbeddingLane(teacher) if plain else LiteLLMEmbeddingLane(teacher)


class LeanEmbeddingLane:
    """Plain OpenAI-compatible endpoints, over aiohttp."""

    def __init__(self, teacher: Teacher) -> None:
        self._teacher = teacher
        self._session: aiohttp.ClientSession | None = None

    async def attempt(self, request: Request, api_base: str | None) -> Answer:
        """See `Lane`."""
        import aiohttp

        key = _key(self._teacher)
        url = f"{(api_base or '').rstrip('/')}/embeddings"
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        sent = {**_asked(request), "model": self._teacher.model.partition("/")[2]}
        try:
            async with self._opened().post(url, json=sent, headers=headers) as response:
                body = await response.read()
                status, answered = response.status, response.headers
        except TimeoutError as exc:
            said = f"Timeout: no answer in {self._teacher.timeout_s:g} s"
            raise AttemptFailedError(FailureClass.TIMEOUT, said) from exc
        except aiohttp.ClientError as exc:
            said = shown(f"{type(exc).__name__}: {exc}", key)
            raise AttemptFailedError(FailureClass.CUT_CONNECTION, said) from None
        if status != 200:
            text = body.decode("utf-8", "replace")
            said = shown(f"HTTP {status}: {text}", key)
            raise AttemptFailedError(classify(status, text), said, retry_after_s(answered))
        return read_embeddings(self._teacher, len(request.messages), body, key)

    async def close(self) -> None:
        """Let go of connections."""
        if self._session is not None:
            await self._session.close()
            await asyncio.sleep(0)

    def _opened(self) -> "aiohttp.ClientSession":
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),
                timeout=aiohttp.ClientTimeout(total=self._teacher.timeout_s),
            )
        return self._session


class LiteLLMEmbeddingLane:
    """Every other provider that LiteLLM knows."""

    def __init__(self, teacher: Teacher) -> None:
        self._teacher = teacher

    async def attempt(self, request: Request, api_base: str | None) -> Answer:
        """See `Lane`."""
        litellm = load_litellm()
        import openai  # the common ancestor of what LiteLLM raises is OpenAI's, not its own

        teacher, key = self._teacher, _key(self._teacher)
        more = {"api_base": api_base, "api_key": key}
        arguments: dict[str, Any] = {
            **_asked(request),
            **{name: value for name, value in more.items() if value},
            "model": teacher.model,
            "timeout": teacher.timeout_s,
            "num_retries": 0,
            "max_retries": 0,
        }
        try:
            response = await litellm.aembedding(**arguments)
        except openai.OpenAIError as exc:
            # LiteLLM puts its own traceback into messages.
            said = f"{type(exc).__name__}: {exc}".partition("Traceback (most recent call last)")[0]
            headers: Mapping[str, str] = getattr(exc, "litellm_response_headers", None) or {}
            failure = _failure(litellm.exceptions, exc)
            raise AttemptFailedError(failure, shown(said, key), retry_after_s(headers)) from None
        body = response.model_dump_json(exclude_none=True).encode()
        return read_embeddings(teacher, len(request.messages), body, key)

    async def close(self) -> None:
        """LiteLLM keeps its own connections."""
        await asyncio.sleep(0)


def read_embeddings(teacher: Teacher, texts: int, body: bytes, key: str = "") -> Answer:
    """Read the body of an answer.

    Args:
        teacher: who answered.
        texts: how many were asked.
        body: JSON.
        key: not to be shown.

    Raises:
        AttemptFailedError: if it is no JSON of that shape, or not a vector for each text.
    """
    try:
        read: Any = json.loads(body)
        usage: Mapping[str, object] = read.get("usage") or {}
        tokens = _count(usage.get("prompt_tokens"))
        vectors = {int(each["index"]): _vector(each["embedding"]) for each in read["data"]}
        if sorted(vectors) != list(range(texts)):
            raise ValueError(f"vectors for {len(vectors)} of {texts} texts")
        if len({len(vector) for vector in vectors.values()}) > 1:
            raise ValueError("vectors of several lengths")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as exc:
        start = body[:300].decode("utf-8", "replace")
        said = shown(f"{type(exc).__name__}: {exc}; body: {start}", key)
        raise AttemptFailedError(FailureClass.NOT_JSON, said) from None
    price = price_of(teacher)
    cost_usd = None
    if price is not None and tokens is not None:
        cost_usd = tokens * price.input_usd / 1_000_000
    told = "\n".join(as_line(vectors[number]) for number in range(texts))
    return Answer(told, FINISHED, tokens, None if tokens is None else 0, cost_usd)


def as_line(vector: npt.NDArray[np.float32]) -> str:
    """A vector as a line of text."""
    return base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")


def from_line(line: str) -> npt.NDArray[np.float32]:
    """A vector of a line of text, see `as_line`.

    Raises:
        ValueError: if it is none.
    """
    return np.frombuffer(base64.b64decode(line, validate=True), "<f4").astype(np.float32)


def _asked(request: Request) -> dict[str, Any]:
    texts = [message.content for message in request.messages]
    # Numbers as JSON, which every server can; a user's own parameters may say otherwise.
    return {"encoding_format": "float", **json.loads(request.parameters), "input": texts}


def _vector(told: object) -> npt.NDArray[np.float32]:
    """A vector as providers tell it: numbers, or their base64."""
    try:
        vector = from_line(told) if isinstance(told, str) else _numbers(told)
    except binascii.Error as exc:
        raise ValueError("a vector is no base64") from exc
    if not len(vector) or not np.isfinite(vector).all():
        raise ValueError("a vector is empty, or holds what is no number")
    return vector


def _numbers(told: object) -> npt.NDArray[np.float32]:
    if not isinstance(told, Sequence):
        raise TypeError("a vector is no list of numbers")
    vector = np.asarray(told, np.float64)
    if vector.ndim != 1:
        raise ValueError("a vector is no list of numbers")
    with np.errstate(over="ignore"):
        return vector.astype(np.float32)


def _count(value: object) -> int | None:
    if value is None or (type(value) is int and value >= 0):
        return value
    raise TypeError("usage is no number")


def _key(teacher: Teacher) -> str:
    return read_secret(teacher.api_key_env, teacher.id) if teacher.api_key_env else ""


def _failure(known: Any, exc: Exception) -> FailureClass:  # noqa: ANN401  LiteLLM's module
    """Classify by status; LiteLLM answers a cut connection with one of its own making."""
    said = f"{exc} {getattr(exc, 'body', '')}"
    if isinstance(exc, known.LiteLLMUnknownProvider) or "LLM Provider NOT provided" in said:
        return FailureClass.UNKNOWN_MODEL
    if isinstance(exc, known.UnsupportedParamsError):
        return FailureClass.UNSUPPORTED
    if isinstance(exc, known.Timeout):
        return FailureClass.TIMEOUT
    status = getattr(exc, "status_code", None)
    made_up = isinstance(exc, known.APIConnectionError)
    return classify(None if made_up or not isinstance(status, int) else status, said)
