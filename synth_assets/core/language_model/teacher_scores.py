"""Log-probabilities of given texts, by a model of the teacher catalogue.

The completions endpoint of OpenAI's protocol gives them where it echoes the prompt (`echo` with
`logprobs`). Chat endpoints give only those of what the model writes itself.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from synth_assets.core.completion import SCORED, Message, Request
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.fingerprint import canonical_json

# One token is written, as llama-cpp-python takes none for no bound. A server that divides by the
# temperature divides by 1.
PARAMETERS = canonical_json({"echo": True, "logprobs": 1, "max_tokens": 1, "temperature": 1})
"""Sampling parameters of every such request; those of the teacher are for what it writes."""

_AT_AN_ADDRESS = ("hosted_vllm", "openai")
_ANYWHERE = ("hosted_vllm", "text-completion-openai")
"""LiteLLM's names for providers whose completions endpoint is asked."""

_MEND = (
    "Its server must answer /v1/completions with echo and logprobs, as vLLM and SGLang do: name "
    "such a teacher (hosted_vllm/MODEL, or openai/MODEL with an api_base), or leave `teacher` out "
    "of the verifier"
)


@dataclass(frozen=True)
class TextScore:
    """How surprising a text is to a model.

    Attributes:
        bits: of its tokens with a log-probability.
        bytes: of these tokens, in UTF-8.
        left_out: the start of the text, which has none where the server puts no start token before
            it: its first token.
    """

    bits: float
    bytes: int
    left_out: str = ""

    @property
    def per_byte(self) -> float:
        """Bits a byte."""
        return self.bits / self.bytes


@dataclass(frozen=True)
class TokenScores:
    """What a server says of a given text.

    Attributes:
        log_probabilities: natural logarithms, of the tokens that have one, in their order.
        left_out: the start of the text that has none.
    """

    log_probabilities: Sequence[float]
    left_out: str = ""

    def as_text(self) -> str:
        """For the ledger; see `score_of`."""
        return json.dumps(
            {"left_out": self.left_out, "log_probabilities": list(self.log_probabilities)}
        )


def scoring_request(teacher: Teacher, text: str, step: str) -> Request:
    """A request for the log-probabilities of a text as it is, without a chat template."""
    return Request(
        teacher=teacher.id,
        model=teacher.model,
        checkpoint=teacher.checkpoint,
        messages=(Message(SCORED, text),),
        parameters=PARAMETERS,
        sample_index=0,
        step=step,
    )


def score_of(text: str, answer: str) -> TextScore | None:
    """What an answer of `TokenScores.as_text` says of its text; none where no token has a value."""
    told: dict[str, str | list[float]] = json.loads(answer)
    left_out, values = told["left_out"], told["log_probabilities"]
    assert isinstance(left_out, str)
    assert isinstance(values, list)
    scored = _bytes(text) - _bytes(left_out)
    if not values or not scored:
        return None
    # The subtraction turns a negative zero, of a text that is certain, into zero.
    return TextScore(0.0 - math.fsum(values) / math.log(2), scored, left_out)


def told_without(teacher: str, why: str) -> str:
    """What to say of a teacher that gives none, and what to do."""
    return f"teacher {teacher} gives no log-probabilities of a given text: {why}. {_MEND}."


def refusal_of(teacher: Teacher) -> str:
    """Why a teacher cannot be asked for them, and what to do; empty where it can."""
    if teacher.delivery == "batch":
        return (
            f"teacher {teacher.id} is asked in batches, and texts must be scored at once. Name a "
            "teacher of the same model with delivery: live."
        )
    provider = teacher.model.partition("/")[0]
    if provider in _ANYWHERE or (provider in _AT_AN_ADDRESS and teacher.api_base is not None):
        return ""
    if provider == "embedded":
        why = "the embedded teacher follows rules, and has no probabilities"
    else:
        why = f"{teacher.model} is asked over a chat endpoint"
    return told_without(teacher.id, why)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
