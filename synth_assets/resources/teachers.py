"""Teachers through LiteLLM: one call in, one completion out, every failure with a class."""

import asyncio
import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import ModuleType
from typing import Any, Protocol, assert_never

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.schema import Reason
from synth_assets.errors import TeacherError
from synth_assets.resources.settings import read_secret, switch_off_telemetry

_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0


class CallFailedError(Exception):
    """One request failed for good; the row is errored and the others go on."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class ChatModel(Protocol):
    """What generation needs of the outside world."""

    async def complete(self, request: Request) -> Completion:
        """Buy one completion.

        Raises:
            CallFailedError: if this request cannot be completed.
            TeacherError: if no request to this teacher can.
        """
        ...


class _Failure(Enum):
    TEACHER = auto()
    FILTERED = auto()
    REQUEST = auto()
    TRANSIENT = auto()


@dataclass(frozen=True)
class LiteLLMTeachers:
    """The catalogue's teachers, reached through LiteLLM.

    Attributes:
        teachers: id -> catalogue entry.
    """

    teachers: Mapping[str, Teacher]

    async def complete(self, request: Request) -> Completion:
        """See `ChatModel`; transient failures are tried again with growing, jittered pauses."""
        litellm = load_litellm()
        import openai  # the common ancestor of what LiteLLM raises is OpenAI's, not its own

        teacher = self.teachers[request.teacher]
        arguments = _arguments(teacher, request)
        for attempt in range(1, _ATTEMPTS + 1):
            started = time.monotonic()
            try:
                response = await litellm.acompletion(**arguments)
            except openai.OpenAIError as exc:
                said = _without_secret(f"{type(exc).__name__}: {exc}", arguments.get("api_key"))
                _raise_if_final(_failure(litellm, exc), teacher, said, attempt)
            else:
                return _completion(litellm, request, teacher, response, time.monotonic() - started)
            pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (attempt - 1))
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
        raise AssertionError("the last attempt returns or raises")


def load_litellm() -> ModuleType:
    """Import LiteLLM (seconds of CPU), quiet and offline, with the embedded teacher registered."""
    switch_off_telemetry()
    import litellm

    from synth_assets.resources.embedded.handler import register

    litellm.suppress_debug_info = True
    register()
    return litellm


def _arguments(teacher: Teacher, request: Request) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        **json.loads(request.parameters),
        "model": teacher.model,
        "messages": [
            {"role": message.role, "content": message.content} for message in request.messages
        ],
        "timeout": teacher.timeout_s,
        "num_retries": 0,
        "max_retries": 0,
    }
    if teacher.sends_seed:
        arguments["seed"] = request.sample_index
    if teacher.api_base is not None:
        arguments["api_base"] = teacher.api_base
    if teacher.api_key_env is not None:
        arguments["api_key"] = read_secret(teacher.api_key_env, teacher.id)
    return arguments


def _completion(
    litellm: ModuleType,
    request: Request,
    teacher: Teacher,
    response: Any,  # noqa: ANN401  LiteLLM's types come with its import
    latency_s: float,
) -> Completion:
    choice = response.choices[0]
    usage = response.usage
    text = choice.message.content or ""
    return Completion(
        fingerprint=request.fingerprint,
        # A provider may cut an emoji in half; half of one cannot be stored as UTF-8.
        text=text.encode("utf-8", "replace").decode("utf-8"),
        finish_reason=str(choice.finish_reason),
        prompt_tokens=int(usage.prompt_tokens),
        completion_tokens=int(usage.completion_tokens),
        cost_usd=_cost_usd(litellm, teacher, response),
        latency_s=latency_s,
    )


def _cost_usd(litellm: ModuleType, teacher: Teacher, response: Any) -> float | None:  # noqa: ANN401
    if teacher.price is not None:
        spent = (
            response.usage.prompt_tokens * teacher.price.input_usd
            + response.usage.completion_tokens * teacher.price.output_usd
        )
        return spent / 1_000_000
    try:
        return float(litellm.completion_cost(response, model=teacher.model))
    except (litellm.exceptions.NotFoundError, litellm.exceptions.BadRequestError, ValueError):
        return None


def _failure(litellm: ModuleType, exc: Exception) -> _Failure:
    known = litellm.exceptions
    match exc:
        case known.ContentPolicyViolationError():
            return _Failure.FILTERED
        case known.ContextWindowExceededError() | known.UnsupportedParamsError():
            return _Failure.REQUEST
        case known.LiteLLMUnknownProvider() | known.PaymentRequiredError():
            return _Failure.TEACHER
        case known.AuthenticationError() | known.PermissionDeniedError() | known.NotFoundError():
            return _Failure.TEACHER
        case known.BadRequestError():
            unknown = "LLM Provider NOT provided" in str(exc)
            return _Failure.TEACHER if unknown else _Failure.REQUEST
        case known.UnprocessableEntityError():
            return _Failure.REQUEST
        case _:
            return _Failure.TRANSIENT


def _raise_if_final(failure: _Failure, teacher: Teacher, said: str, attempt: int) -> None:
    match failure:
        case _Failure.TEACHER:
            raise TeacherError(
                f"Teacher {teacher.id} ({teacher.model}) cannot be used: {said}\nMend its entry in "
                "teachers.yaml, its key or its server, then run again: what was bought is kept."
            ) from None
        case _Failure.FILTERED:
            raise CallFailedError(Reason.CONTENT_FILTERED, said) from None
        case _Failure.REQUEST:
            raise CallFailedError(Reason.PROVIDER_ERROR, said) from None
        case _Failure.TRANSIENT:
            if attempt == _ATTEMPTS:
                detail = f"after {_ATTEMPTS} attempts: {said}"
                raise CallFailedError(Reason.PROVIDER_ERROR, detail) from None
        case _:
            assert_never(failure)


def _without_secret(text: str, secret: str | None) -> str:
    """Providers quote keys in their errors; nothing secret may reach a log."""
    shown = text.replace(secret, "[key]") if secret else text
    return " ".join(shown.split())[:600]
