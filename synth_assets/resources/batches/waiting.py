"""A request that waits for a batch: kept as text, and sent as a line of the batch's file."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from synth_assets.core.completion import Message, Request
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.failures import FailureClass, policy_of
from synth_assets.resources.response_format import as_sent

ENDPOINT = "/v1/chat/completions"
MOST_TRIES = 3
"""How often a request is put into a batch at most."""


@dataclass(frozen=True)
class WaitingRequest:
    """A request, and what batches made of it so far.

    Attributes:
        request: what is asked, without its fallbacks.
        tried: class of failure -> how often a batch ended so for this request.
        failure: class of the last failure; empty where there was none.
        said: the provider's words for it, without keys.
    """

    request: Request
    tried: Mapping[str, int] = field(default_factory=dict[str, int])
    failure: str = ""
    said: str = ""

    @property
    def is_given_up(self) -> bool:
        """Whether a further batch would be one too many."""
        if not self.failure:
            return False
        most = policy_of(FailureClass(self.failure)).attempts
        return self.tried[self.failure] >= most or sum(self.tried.values()) >= MOST_TRIES

    def failed(self, failure: FailureClass, said: str) -> "WaitingRequest":
        """The same after one more failure."""
        tried = Counter(self.tried) + Counter([failure.value])
        return replace(self, tried=dict(tried), failure=failure.value, said=said)

    def as_text(self) -> str:
        """For the ledger; see `read_waiting`."""
        asked = self.request
        told = {
            "teacher": asked.teacher,
            "model": asked.model,
            "checkpoint": asked.checkpoint,
            "messages": [[message.role, message.content] for message in asked.messages],
            "parameters": asked.parameters,
            "sample_index": asked.sample_index,
            "step": asked.step,
            "response_format": asked.response_format,
            "tried": dict(self.tried),
            "failure": self.failure,
            "said": self.said,
        }
        # Escapes keep halves of emojis, which UTF-8 cannot say.
        return json.dumps(told)


def read_waiting(text: str) -> WaitingRequest:
    """Read what `as_text` wrote."""
    told: dict[str, Any] = json.loads(text)
    request = Request(
        teacher=told["teacher"],
        model=told["model"],
        checkpoint=told["checkpoint"],
        messages=tuple(Message(role, content) for role, content in told["messages"]),
        parameters=told["parameters"],
        sample_index=told["sample_index"],
        step=told["step"],
        response_format=told["response_format"],
    )
    return WaitingRequest(request, told["tried"], told["failure"], told["said"])


def line_of(request: Request, teacher: Teacher) -> bytes:
    """A line of a batch's input file, as OpenAI reads it."""
    _, slash, bare = teacher.model.partition("/")
    body: dict[str, Any] = {
        **json.loads(request.parameters),
        "model": bare if slash else teacher.model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        **as_sent(request),
    }
    if teacher.sends_seed:
        body["seed"] = request.sample_index
    told = {"custom_id": request.fingerprint, "method": "POST", "url": ENDPOINT, "body": body}
    return json.dumps(told).encode("ascii") + b"\n"
