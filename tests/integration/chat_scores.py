"""What the test server says of a text that it is asked to score, as a completions endpoint does.

Its tokens are words with the blanks before them. A token takes as many bits as `bits` says, by
default one a byte, and three more for each digit, so that figures can be told by hand.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tests.integration.chat_replies import Fault, Said, error_body, tokens_of, unknown_model

_PIECES = re.compile(r"\s*\S+|\s+")
_WRITTEN = " and"
_SURE_BITS = 1.0


class Manner(StrEnum):
    """How a server meets a request to score a text."""

    SCORES = "scores"
    NO_ENDPOINT = "no_endpoint"
    """Status 404, as of servers that have a chat endpoint alone."""
    REFUSES_ECHO = "refuses_echo"
    """Status 500 and four words, as of llama.cpp's server."""
    PASSES_OVER_ECHO = "passes_over_echo"
    """Log-probabilities of what it writes, and none of the text."""
    NO_LOGPROBS = "no_logprobs"
    """The text echoed, and null in the place of log-probabilities."""


def digits_are_odd(token: str) -> float:
    """One bit a byte, and three more for each digit."""
    return len(token.encode()) + 3.0 * sum(character.isdigit() for character in token)


@dataclass(frozen=True)
class Scores:
    """A model that scores texts.

    Attributes:
        manner: how it meets such requests.
        start_token: stands before each text, without a log-probability; without one the first token
            of the text has none.
        bits: token -> bits.
    """

    manner: Manner = Manner.SCORES
    start_token: str = "<s>"
    bits: Callable[[str], float] = digits_are_odd

    def reply(self, body: Mapping[str, Any]) -> Said | Fault:
        """What one request is billed as, or why it is none."""
        if self.manner is Manner.NO_ENDPOINT:
            return unknown_model(body["model"])
        if self.manner is Manner.REFUSES_ECHO and body.get("echo"):
            return Fault(500, error_body("Only no echo is supported", "server_error"))
        return Said(_WRITTEN, "length", completion_tokens=1)

    def completion(self, body: Mapping[str, Any], said: Said) -> dict[str, Any]:
        """The body of an answer."""
        asked, told = tokens_of(body, said)
        echoes = self.manner is not Manner.PASSES_OVER_ECHO
        text = f"{body['prompt']}{_WRITTEN}" if echoes else _WRITTEN
        logprobs = None if self.manner is Manner.NO_LOGPROBS else self._logprobs(body["prompt"])
        if logprobs is not None and not echoes:
            logprobs = {name: values[-1:] for name, values in logprobs.items()}
        choice = {"index": 0, "text": text, "logprobs": logprobs, "finish_reason": "length"}
        return {
            "id": "cmpl-test",
            "object": "text_completion",
            "created": 1,
            "model": body["model"],
            "choices": [choice],
            "usage": {
                "prompt_tokens": asked,
                "completion_tokens": told,
                "total_tokens": asked + told,
            },
        }

    def _logprobs(self, text: str) -> dict[str, list[Any]]:
        start = [self.start_token] if self.start_token else []
        tokens = [*start, *_PIECES.findall(text), _WRITTEN]
        bits = [*(self.bits(token) for token in tokens[1:-1]), _SURE_BITS]
        values = [None, *(-each * math.log(2) for each in bits)]
        lengths = [len(token) for token in tokens]
        return {
            "tokens": tokens,
            "token_logprobs": values,
            "top_logprobs": [None, *({t: v} for t, v in zip(tokens[1:], values[1:], strict=True))],
            "text_offset": [sum(lengths[:place]) for place in range(len(lengths))],
        }


NO_SCORES = Scores(Manner.NO_ENDPOINT)
"""A server with a chat endpoint alone."""


def scoring_body(raw: bytes) -> dict[str, Any] | Fault:
    """The body of a request to score a text, with the text as a message too; or its refusal."""
    try:
        body: Any = json.loads(raw)
        if body["model"] and isinstance(body["prompt"], str):
            return {**body, "messages": [{"role": "scored", "content": body["prompt"]}]}
    except (ValueError, LookupError, TypeError):
        pass  # refused below, like one that lacks them
    message = "The body is no JSON of a completion: model and prompt are required."
    return Fault(400, error_body(message, None), kind="bad_request")
