"""What is sent to a teacher, and what was paid for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from synth_assets.core.fingerprint import fingerprint_of_texts

SCORED = "scored"
"""The role of a text that is not answered: only its log-probabilities are asked."""


@dataclass(frozen=True)
class Message:
    """One chat message; `role` is `system`, `user` or `assistant`, or `SCORED` of a bare text."""

    role: str
    content: str


@dataclass(frozen=True)
class Request:
    """One completion to buy, with exactly the fields that make it the same completion.

    Attributes:
        teacher: id in the teacher catalogue. Two teachers that serve one model are two teachers.
        model: LiteLLM model name.
        checkpoint: the version of the model that the catalogue declares; may be empty.
        messages: the rendered chat.
        parameters: sampling parameters, as canonical JSON.
        sample_index: tells apart several completions of the same messages.
        step: which prompt of the recipe this is; a label, no identity.
        response_format: what is sent as `response_format`, as JSON in the order of its keys, which
            models follow; empty where nothing is.
        fallbacks: the same, asked of other teachers where this one fails for good; no identity.
    """

    teacher: str
    model: str
    checkpoint: str
    messages: tuple[Message, ...]
    parameters: str
    sample_index: int
    step: str
    response_format: str = ""
    fallbacks: tuple["Request", ...] = ()

    @property
    def scored_text(self) -> str | None:
        """The text whose log-probabilities are asked, as it is; none of a chat."""
        if len(self.messages) == 1 and self.messages[0].role == SCORED:
            return self.messages[0].content
        return None

    def answered_by(self, completion: "Completion") -> "Request":
        """This request, or the one of its fallbacks that a completion answers."""
        if completion.fingerprint == self.fingerprint:
            return self
        [answered] = [r for r in self.fallbacks if r.fingerprint == completion.fingerprint]
        return answered

    @cached_property
    def fingerprint(self) -> str:
        """The key of this request in the ledger."""
        identity: dict[str, str | int | Sequence[Sequence[str]]] = {
            "teacher": self.teacher,
            "model": self.model,
            "checkpoint": self.checkpoint,
            "messages": [[message.role, message.content] for message in self.messages],
            "parameters": self.parameters,
            "sample_index": self.sample_index,
        }
        if self.response_format:
            identity["response_format"] = self.response_format
        return fingerprint_of_texts(identity)


@dataclass(frozen=True)
class Completion:
    """What came back for a request.

    Attributes:
        fingerprint: of the request.
        text: the assistant's message, as it came; of a scored text its log-probabilities, see
            `core/language_model/teacher_scores.py`.
        finish_reason: `stop`, `length`, `content_filter` or what the provider said; `scored` of a
            text that was scored.
        prompt_tokens: tokens, as counted by the provider.
        completion_tokens: tokens, as counted by the provider.
        cost_usd: price of this call in US dollars; none where nobody knows the price.
        latency_s: seconds from sending to the whole answer.
        from_ledger: true when it was paid for in an earlier run.
        raw: the provider's whole answer as it came, without keys, on its way to the ledger; empty
            where the completion comes from there.
    """

    fingerprint: str
    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    latency_s: float
    from_ledger: bool = False
    raw: str = field(default="", repr=False, compare=False)
