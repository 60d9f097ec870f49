"""The lean lane: plain OpenAI-compatible endpoints over aiohttp.

LiteLLM spends some three milliseconds of CPU on a call: on prices, logging objects, and
transformations for providers that speak otherwise. An endpoint that speaks the OpenAI protocol
needs none of them; aiohttp does the same call in a tenth of a millisecond.
"""

import asyncio
import json
from typing import TYPE_CHECKING, Any

from synth_assets.core.completion import Request
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.failures import FailureClass
from synth_assets.resources.lanes.attempts import Answer, AttemptFailedError
from synth_assets.resources.lanes.classify import classify, raw_answer, retry_after_s, shown
from synth_assets.resources.lanes.scores import read_scores, scoring_body, told_of_scores
from synth_assets.resources.response_format import as_sent, told_of_format
from synth_assets.resources.settings import read_secret

if TYPE_CHECKING:
    import aiohttp

PREFIXES = ("hosted_vllm/", "openai/")
"""LiteLLM's names for providers that speak plain OpenAI, when an `api_base` is given."""


def speaks_plainly(teacher: Teacher) -> bool:
    """Whether a teacher can be asked over the lean lane."""
    return teacher.api_base is not None and teacher.model.startswith(PREFIXES)


class LeanLane:
    """One teacher's endpoints, over kept-alive connections."""

    def __init__(self, teacher: Teacher) -> None:
        self._teacher = teacher
        self._session: aiohttp.ClientSession | None = None

    async def attempt(self, request: Request, api_base: str | None) -> Answer:
        """See `Lane`."""
        import aiohttp

        key, teacher = self._key(), self._teacher
        text = request.scored_text
        path = "chat/completions" if text is None else "completions"
        url = f"{(api_base or '').rstrip('/')}/{path}"
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        try:
            session = self._opened()
            sent = self._body(request) if text is None else scoring_body(request, teacher, text)
            async with session.post(url, json=sent, headers=headers) as response:
                body = await response.read()
                status, answered = response.status, response.headers
        except TimeoutError as exc:
            said = f"Timeout: no answer in {teacher.timeout_s:g} s"
            raise AttemptFailedError(FailureClass.TIMEOUT, said) from exc
        except aiohttp.ClientError as exc:
            said = shown(f"{type(exc).__name__}: {exc}", key)
            raise AttemptFailedError(FailureClass.CUT_CONNECTION, said) from None
        told = body.decode("utf-8", "replace")
        if status != 200:
            said = shown(f"HTTP {status}: {told}", key)
            failed = AttemptFailedError(classify(status, told), said, retry_after_s(answered))
            raise told_of_scores(request, told_of_format(request, failed))
        return read_answer(told, key) if text is None else read_scores(request, told, key)

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

    def _key(self) -> str:
        name = self._teacher.api_key_env
        return read_secret(name, self._teacher.id) if name else ""

    def _body(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = {
            **json.loads(request.parameters),
            "model": self._teacher.model.partition("/")[2],
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            **as_sent(request),
        }
        if self._teacher.sends_seed:
            body["seed"] = request.sample_index
        return body


def read_answer(text: str, key: str = "") -> Answer:
    """Read a chat completion's body.

    Raises:
        AttemptFailedError: if it is no JSON of that shape, or holds no answer.
    """
    try:
        body: Any = json.loads(text)
        choice = body["choices"][0]
        message = choice["message"]
        # Where a schema is enforced a refusal is told beside the content.
        content = message.get("content") or message.get("refusal") or ""
        finish = str(choice.get("finish_reason") or "")
        usage: dict[str, Any] = body.get("usage") or {}
        counted: tuple[Any, Any] = usage.get("prompt_tokens"), usage.get("completion_tokens")
        if not isinstance(content, str) or not all(map(_is_count, counted)):
            raise TypeError("content is no text, or usage no numbers")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as exc:
        said = shown(f"{type(exc).__name__}: {exc}; body: {text[:300]}", key)
        raise AttemptFailedError(FailureClass.NOT_JSON, said) from None
    return Answer(raw_answer(content, key), finish, *counted, None, raw_answer(text, key))


def _is_count(value: object) -> bool:
    return value is None or (type(value) is int and value >= 0)
