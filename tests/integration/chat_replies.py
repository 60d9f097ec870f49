"""What the test server can reply, and ready-made answer functions."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from synth_assets.core.completion import Message
from synth_assets.resources.embedded.composition import compose


@dataclass(frozen=True)
class Trickle:
    """A body sent in small pieces.

    Attributes:
        piece_bytes: size of a piece.
        pause_s: pause after each.
        endless: the JSON is never closed: white space follows for ever.
    """

    piece_bytes: int = 16
    pause_s: float = 0.05
    endless: bool = False


@dataclass(frozen=True)
class Said:
    """A completion, where its text alone does not say enough. It is billed, empty or not.

    Attributes:
        text: content of the one choice, repeated as often as the request's `n` asks.
        finish_reason: `stop`, `length`, `content_filter`.
        choices: contents of several choices, in place of `text`, whatever `n` asks.
        completion_tokens: what is billed, where it is not the number of words told.
        trickle: send it slowly.
        lost: bill it, then close the connection before a byte is sent.
    """

    text: str | None
    finish_reason: str = "stop"
    choices: tuple[str | None, ...] = ()
    completion_tokens: int | None = None
    trickle: Trickle | None = None
    lost: bool = False

    def contents(self, n: int) -> tuple[str | None, ...]:
        """Contents of the choices for a request of `n`."""
        return self.choices or (self.text,) * n


@dataclass(frozen=True)
class Fault:
    """No completion: an error status, a body that is none, or a connection that breaks.

    Attributes:
        status: HTTP status.
        body: what is sent as it stands; by default an error that quotes the key back.
        headers: more headers.
        cut: close the connection in the middle of the body.
        trickle: send it slowly.
        kind: what it counts as in `ChatServer.outcomes`; by default its status.
    """

    status: int = 500
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    trickle: Trickle | None = None
    kind: str = ""


Reply = str | Said | Fault
Answer = Callable[[dict[str, Any]], Reply]


# --- OpenAI's errors ----------------------------------------------------------------------------


def error_body(message: str, code: str | None, param: str | None = None) -> bytes:
    """An error as OpenAI writes it."""
    kind = "invalid_request_error"
    error = {"message": message, "type": kind, "param": param, "code": code}
    return json.dumps({"error": error}).encode()


def over_context(words: int, limit: int) -> Fault:
    """The prompt is longer than the model's context."""
    message = (
        f"This model's maximum context length is {limit} tokens. However, your messages resulted "
        f"in {words} tokens. Please reduce the length of the messages."
    )
    body = error_body(message, "context_length_exceeded", "messages")
    return Fault(400, body, kind="context_overflow")


def content_filter() -> Fault:
    """The prompt is refused by the provider's content filter."""
    message = "The response was filtered due to the prompt triggering the content policy."
    return Fault(400, error_body(message, "content_filter", "prompt"), kind="content_filter")


def bad_key() -> Fault:
    """The key is refused."""
    body = error_body("Incorrect API key provided.", "invalid_api_key")
    return Fault(401, body, kind="bad_key")


def unknown_model(model: str) -> Fault:
    """There is no such model."""
    message = f"The model `{model}` does not exist or you do not have access to it."
    return Fault(404, error_body(message, "model_not_found"), kind="unknown_model")


# --- answer functions ---------------------------------------------------------------------------


def embedded_answer(body: dict[str, Any]) -> str:
    """What the embedded teacher would say; the model's name is that of its voice."""
    chat = [Message(message["role"], message["content"]) for message in body["messages"]]
    sampling = {name: body[name] for name in ("temperature", "max_tokens") if name in body}
    return compose(body["model"], chat, sampling, int(body.get("seed", 0))).text


def embedded_choices(body: dict[str, Any]) -> Said:
    """As many different answers of the embedded teacher as `n` asks, of seeds that follow."""
    seed = int(body.get("seed", 0))
    texts = tuple(embedded_answer({**body, "seed": seed + k}) for k in range(asked_choices(body)))
    return Said(texts[0], choices=texts)


def echo_answer(body: dict[str, Any]) -> str:
    """A quick answer of fixed form that tells which prompt it answers, and with which seed."""
    return f"echo of prompt {prompt_hash(body)} with seed {int(body.get('seed', 0))}"


def json_answer(otherwise: Answer) -> Answer:
    """Answer in JSON where the request asks for it, else as `otherwise`.

    For a schema the answer is the smallest value that fits it; its texts are the prompt's hash.
    """

    def answer(body: dict[str, Any]) -> Reply:
        wanted = body.get("response_format") or {}
        match wanted.get("type"):
            case "json_object":
                return json.dumps({"echo": prompt_hash(body)})
            case "json_schema":
                return json.dumps(_smallest(wanted["json_schema"]["schema"], prompt_hash(body)))
            case _:
                return otherwise(body)

    return answer


def prompt_hash(body: dict[str, Any]) -> str:
    """16 hexadecimal digits of the messages."""
    text = json.dumps(body["messages"], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _smallest(schema: Mapping[str, Any], text: str) -> object:
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {})
            wanted = schema.get("required", list(properties))
            return {name: _smallest(properties[name], text) for name in wanted}
        case "array":
            return [_smallest(schema["items"], text)] * schema.get("minItems", 0)
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return False
        case "null":
            return None
        case _:
            return text


# --- completions --------------------------------------------------------------------------------


def asked_choices(body: Mapping[str, Any]) -> int:
    """How many choices a request asks for."""
    return int(body.get("n") or 1)


def prompt_words(body: Mapping[str, Any]) -> int:
    """Words of all messages, which is what the server takes for tokens."""
    return sum(_words(message.get("content")) for message in body["messages"])


def tokens_of(body: Mapping[str, Any], said: Said) -> tuple[int, int]:
    """What the server bills for an answer: words asked, words told in all choices."""
    told = sum(_words(text) for text in said.contents(asked_choices(body)))
    return prompt_words(body), told if said.completion_tokens is None else said.completion_tokens


def completion(body: Mapping[str, Any], said: Said) -> dict[str, Any]:
    """A chat completion's body."""
    asked, told = tokens_of(body, said)
    return {
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [
            {
                "index": index,
                "message": {"role": "assistant", "content": text},
                "finish_reason": said.finish_reason,
            }
            for index, text in enumerate(said.contents(asked_choices(body)))
        ],
        "usage": {
            "prompt_tokens": asked,
            "completion_tokens": told,
            "total_tokens": asked + told,
        },
    }


def _words(content: str | list[dict[str, Any]] | None) -> int:
    if isinstance(content, list):
        return sum(len(str(part.get("text", "")).split()) for part in content)
    return len((content or "").split())
