"""What a technique is: a plan of requests in, samples out. Pure, and replayable.

A technique is a model of its parameters (a section of `recipe.yaml`) with one generator method.
For one planned sample it *yields* the requests it needs next, is sent their completions, in the
same order, and *returns* what it made of them. Chains are several yields; fan-out is one yield of
several requests. It knows no ledger, no network and no clock: the same completions give the same
samples, so that a run resumed anywhere is the run undisturbed.

    def produce(self, slot: Slot) -> Production:
        [completion] = yield [slot.ask(self.write, slot.inputs)]
        ...
        return Draft(prompt=..., response=...)
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import Field, JsonValue

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.names import Name, Written
from synth_assets.core.sample import Seed
from synth_assets.core.schema import Reason


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
    """

    template: str
    system: str | None = None
    inputs: tuple[str, ...]
    teachers: tuple[TeacherShare, ...] | None = None
    parameters: dict[str, JsonValue] = Field(default_factory=dict)


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
    """

    position: int
    round: int
    seed: Seed
    drawn: Mapping[str, str]
    inputs: Mapping[str, str]
    ask: Callable[[Prompt, Mapping[str, str], str], Request]


@dataclass(frozen=True)
class Draft:
    """What a technique made: the text of a sample, before it is named and recorded."""

    prompt: str
    response: str
    context: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Unusable:
    """Completions of which no sample could be made, and why."""

    reason: Reason
    detail: str


Production: TypeAlias = Generator[Sequence[Request], Sequence[Completion], Draft | Unusable]
