"""One attempt at one call: what every lane to a teacher gives, and how it fails."""

from dataclasses import dataclass
from typing import Protocol

from synth_assets.core.completion import Request
from synth_assets.core.generation.failures import FailureClass


@dataclass(frozen=True)
class Answer:
    """What a provider answered.

    Attributes:
        text: the assistant's message.
        finish_reason: as the provider said it.
        prompt_tokens: as the provider counted; none where it did not.
        completion_tokens: as the provider counted; none where it did not.
        listed_cost_usd: what LiteLLM's price list makes of it; none where it does not know.
        raw: the whole answer, as JSON, without keys.
    """

    text: str
    finish_reason: str
    prompt_tokens: int | None
    completion_tokens: int | None
    listed_cost_usd: float | None
    raw: str = ""


class AttemptFailedError(Exception):
    """One attempt failed.

    Attributes:
        failure: what went wrong.
        said: the provider's words, on one line, without keys.
        retry_after_s: how long the provider asks to wait; 0 where it does not.
    """

    def __init__(self, failure: FailureClass, said: str, retry_after_s: float = 0.0) -> None:
        super().__init__(f"{failure}: {said}")
        self.failure = failure
        self.said = said
        self.retry_after_s = retry_after_s


class Lane(Protocol):
    """A way to a teacher's endpoint."""

    async def attempt(self, request: Request, api_base: str | None) -> Answer:
        """Ask once.

        Raises:
            AttemptFailedError: if no usable answer came.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
