"""What a technique is: a plan of requests in, samples out. Pure, and replayable.

A technique is a model of its parameters (a section of `recipe.yaml`) with one generator method.
For one planned sample it *yields* the requests it needs next, is sent their completions, in the
same order, and *returns* what it made of them. Chains are several yields; fan-out is one yield of
several requests. It knows no ledger, no network and no clock: the same completions give the same
samples, so that a run resumed anywhere is the run undisturbed.

    def produce(self, slot: Slot) -> Production:
        written = yield from ask_fields(slot, self.write, slot.inputs, "write", ("problem",))
        ...
        return Draft(prompt=..., response=...)
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import (
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.names import Name, Written
from synth_assets.core.sample import Seed
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.answer_form import AnswerForm


class TeacherShare(Written):
    """A teacher and how much of the work it gets, relative to the others."""

    id: Name
    weight: float = Field(default=1.0, gt=0)


class Prompt(Written):
    """A prompt of a recipe: templates, the inputs they use, and what differs for this prompt.

    Attributes:
        template: file of the user message.
        system: file of the system message, if any.
        inputs: every variable the templates use.
        teachers: who answers, if not the recipe's teachers.
        parameters: sampling parameters, over the recipe's.
        schema_file: a JSON schema in the recipe's folder; the answer is JSON, valid by it.
        pydantic: a Pydantic model in its stead, as `package.module:Model`.
    """

    template: str
    system: str | None = None
    inputs: tuple[str, ...]
    teachers: tuple[TeacherShare, ...] | None = None
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    schema_file: str | None = Field(default=None, min_length=1)
    pydantic: str | None = Field(default=None, pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")

    @property
    def form(self) -> str | None:
        """What names the form of its answers; none where they are text."""
        return self.schema_file or self.pydantic

    @model_validator(mode="after")
    def _one_form(self) -> "Prompt":
        if self.schema_file is not None and self.pydantic is not None:
            raise ValueError("give either `schema_file` or `pydantic`")
        return self

    @model_serializer(mode="wrap")
    def _as_written(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Without the form where there is none: a recipe's version is a hash of this."""
        said: dict[str, object] = write(self)
        forms = {"schema_file", "pydantic"}
        return {name: value for name, value in said.items() if name not in forms or value}


def no_form(_: Prompt) -> AnswerForm | None:
    """Answers in text."""
    return None


@dataclass(frozen=True)
class Slot:
    """One planned sample: its seed, what was drawn for it, and the way to ask.

    Attributes:
        position: how-many-th planned sample of the recipe.
        round: how often its seed was used before.
        seed: what it starts from.
        drawn: attribute -> value drawn for it (level, style, ...).
        inputs: the seed's fields and the drawn attributes, as templates see them.
        ask: renders a prompt into a request; `(prompt, values, step name)`.
        form: what the answers to a prompt must be, where they are JSON.
    """

    position: int
    round: int
    seed: Seed
    drawn: Mapping[str, str]
    inputs: Mapping[str, str]
    ask: Callable[[Prompt, Mapping[str, str], str], Request]
    form: Callable[[Prompt], AnswerForm | None] = no_form


@dataclass(frozen=True)
class Draft:
    """What a technique made: the text of a sample, before it is named and recorded.

    `mended` tells that the JSON of an answer was not as it should be, and its syntax was mended.
    """

    prompt: str
    response: str
    context: str = ""
    reference: str = ""
    mended: bool = False


@dataclass(frozen=True)
class Unusable:
    """Completions of which no sample could be made, and why."""

    reason: Reason
    detail: str


Production: TypeAlias = Generator[Sequence[Request], Sequence[Completion], Draft | Unusable]
