"""The lane through LiteLLM: every provider it knows, and the embedded teacher."""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

from synth_assets.core.completion import Request
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.failures import FailureClass
from synth_assets.resources.lanes.attempts import Answer, AttemptFailedError
from synth_assets.resources.lanes.classify import classify, raw_answer, retry_after_s, shown
from synth_assets.resources.lanes.scores import read_scores, told_of_scores
from synth_assets.resources.response_format import as_sent, told_of_format
from synth_assets.resources.settings import read_secret, switch_off_telemetry


class LiteLLMLane:
    """One teacher, reached through LiteLLM."""

    def __init__(self, teacher: Teacher) -> None:
        self._teacher = teacher

    async def attempt(self, request: Request, api_base: str | None) -> Answer:
        """See `Lane`."""
        litellm = load_litellm()
        import openai  # the common ancestor of what LiteLLM raises is OpenAI's, not its own

        arguments = self._arguments(request, api_base)
        key = str(arguments.get("api_key", ""))
        is_scored = request.scored_text is not None
        asked = litellm.atext_completion if is_scored else litellm.acompletion
        try:
            response = await asked(**arguments)
        except openai.OpenAIError as exc:
            # LiteLLM puts its own traceback into messages.
            said = f"{type(exc).__name__}: {exc}".partition("Traceback (most recent call last)")[0]
            headers: Mapping[str, str] = getattr(exc, "litellm_response_headers", None) or {}
            failed = AttemptFailedError(
                _failure(litellm, exc), shown(said, key), retry_after_s(headers)
            )
            raise told_of_scores(request, told_of_format(request, failed)) from None
        if is_scored:
            answer = read_scores(request, response.model_dump_json(), key)
            return replace(answer, listed_cost_usd=_listed_cost(litellm, self._teacher, response))
        return _answer(litellm, self._teacher, response, key)

    async def close(self) -> None:
        """LiteLLM keeps its own connections."""
        await asyncio.sleep(0)

    def _arguments(self, request: Request, api_base: str | None) -> dict[str, Any]:
        teacher = self._teacher
        arguments: dict[str, Any] = {
            **json.loads(request.parameters),
            "model": teacher.model,
            **as_sent(request),
            "timeout": teacher.timeout_s,
            "num_retries": 0,
            "max_retries": 0,
        }
        if request.scored_text is not None:
            arguments["prompt"] = request.scored_text
        else:
            arguments["messages"] = [
                {"role": m.role, "content": m.content} for m in request.messages
            ]
            if teacher.sends_seed:
                arguments["seed"] = request.sample_index
        if api_base is not None:
            arguments["api_base"] = api_base
        if teacher.api_key_env is not None:
            arguments["api_key"] = read_secret(teacher.api_key_env, teacher.id)
        return arguments


def load_litellm() -> ModuleType:
    """Import LiteLLM (seconds of CPU), quiet and offline, with the embedded teacher registered."""
    switch_off_telemetry()
    import litellm

    from synth_assets.resources.embedded.handler import register

    litellm.suppress_debug_info = True
    # It warns whenever a second recipe runs in an event loop of its own.
    logging.getLogger("LiteLLM").setLevel(logging.ERROR)
    register()
    return litellm


def _answer(litellm: ModuleType, teacher: Teacher, response: Any, key: str) -> Answer:  # noqa: ANN401  LiteLLM's types come with its import
    if not response.choices:
        raise AttemptFailedError(FailureClass.NOT_JSON, "the answer holds no choices")
    choice, usage = response.choices[0], response.usage
    counted = bool(usage.prompt_tokens)  # where a provider counts nothing, LiteLLM says 0
    return Answer(
        text=raw_answer(choice.message.content or "", key),
        finish_reason=str(choice.finish_reason),
        prompt_tokens=int(usage.prompt_tokens) if counted else None,
        completion_tokens=int(usage.completion_tokens) if counted else None,
        listed_cost_usd=_listed_cost(litellm, teacher, response) if counted else None,
        raw=raw_answer(response.model_dump_json(exclude_none=True), key),
    )


def _listed_cost(litellm: ModuleType, teacher: Teacher, response: Any) -> float | None:  # noqa: ANN401
    if teacher.price is not None:
        return None
    try:
        return float(litellm.completion_cost(response, model=teacher.model))
    except Exception:  # noqa: BLE001  bare `Exception` is among what it raises for unknown prices
        return None


def _failure(litellm: ModuleType, exc: Exception) -> FailureClass:
    """Classify by status: LiteLLM has no class for each, and gives 402 and 403 none."""
    known = litellm.exceptions
    said = f"{exc} {getattr(exc, 'body', '')}"
    if isinstance(exc, known.LiteLLMUnknownProvider) or "LLM Provider NOT provided" in said:
        return FailureClass.UNKNOWN_MODEL
    if isinstance(exc, known.UnsupportedParamsError):
        return FailureClass.UNSUPPORTED
    if isinstance(exc, known.Timeout):
        return FailureClass.TIMEOUT
    status = getattr(exc, "status_code", None)
    # It answers a cut connection with a status of its own making.
    made_up = isinstance(exc, known.APIConnectionError)
    return classify(None if made_up or not isinstance(status, int) else status, said)
