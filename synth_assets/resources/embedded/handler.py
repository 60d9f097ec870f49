"""The embedded teacher as a LiteLLM provider: `embedded/scholar`, `embedded/clerk`, ...

Importing this module imports LiteLLM, so it is imported where calls are made and nowhere else.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import litellm
from litellm.llms.custom_llm import CustomLLM, CustomLLMError
from litellm.types.utils import (  # pyright: ignore[reportMissingTypeStubs]  a folder without __init__
    Choices,
    ModelResponse,
    Usage,
)
from litellm.types.utils import (  # pyright: ignore[reportMissingTypeStubs]
    Message as AnswerMessage,
)

from synth_assets.core.completion import Message
from synth_assets.core.fingerprint import Json
from synth_assets.errors import TeacherError
from synth_assets.resources.embedded.composition import PROVIDER, compose, count_tokens
from synth_assets.resources.embedded.truth import Composition

_NOT_FOUND = 404


class EmbeddedLLM(CustomLLM):
    """Answers by rules what it is asked; gives the text alone, never what it knows of it."""

    async def acompletion(self, *args: Any, **kwargs: Any) -> ModelResponse:  # noqa: ANN401  LiteLLM's signature
        """Answer; LiteLLM passes everything by keyword."""
        del args
        return _answered(**kwargs)


def register() -> None:
    """Make the provider known to LiteLLM; more than once does no more."""
    others = [entry for entry in litellm.custom_provider_map if entry["provider"] != PROVIDER]
    litellm.custom_provider_map = [
        *others,
        {"provider": PROVIDER, "custom_handler": EmbeddedLLM()},
    ]
    litellm.utils.custom_llm_setup()


def _answered(
    *,
    model: str,
    messages: Sequence[Mapping[str, Any]],
    optional_params: Mapping[str, Json],
    model_response: ModelResponse,
    **_: object,
) -> ModelResponse:
    chat = [Message(str(message["role"]), str(message["content"])) for message in messages]
    try:
        answer = compose(model, chat, optional_params, _seed(optional_params))
    except TeacherError as exc:
        # 404 is the class of failures that stops generation: no request could succeed.
        raise CustomLLMError(status_code=_NOT_FOUND, message=str(exc)) from exc
    return _response(model_response, model, chat, answer)


def _seed(parameters: Mapping[str, Json]) -> int:
    seed = parameters.get("seed")
    return seed if isinstance(seed, int) else 0


def _response(
    given: ModelResponse, model: str, chat: Sequence[Message], answer: Composition
) -> ModelResponse:
    asked = sum(count_tokens(message.content) for message in chat)
    told = count_tokens(answer.text)
    message = AnswerMessage(role="assistant", content=answer.text)
    return ModelResponse(
        id=given.id,
        created=given.created,
        model=f"{PROVIDER}/{model}",
        choices=[Choices(index=0, finish_reason=answer.finish_reason, message=message)],
        usage=Usage(prompt_tokens=asked, completion_tokens=told, total_tokens=asked + told),
    )
