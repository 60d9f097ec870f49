"""What a sample is made from: a seed, what was drawn, a way to ask, and the rounds of those."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from synth_assets.core.completion import Message, Request
from synth_assets.core.sample import Sample, Seed
from synth_assets.core.techniques.answer_form import AnswerForm
from synth_assets.core.techniques.draft import Production, Unusable
from synth_assets.core.techniques.prompt import Prompt, no_form


class Ask(Protocol):
    """Renders a prompt into a request."""

    def __call__(
        self,
        prompt: Prompt,
        values: Mapping[str, str],
        step: str,
        *,
        copy: int = 0,
        history: Sequence[Message] = (),
    ) -> Request:
        """Make a request.

        Args:
            prompt: of the technique.
            values: variable -> text, at least the prompt's inputs.
            step: the prompt's name among the technique's fields; plans estimate by it.
            copy: tells apart several completions of one prompt; each copy may have another
                teacher, template or temperature, where the recipe gives a choice.
            history: the chat before the rendered message, without a system message.
        """
        ...

    def teacher(self, prompt: Prompt, step: str, copy: int = 0) -> str:
        """Who would be asked."""
        ...

    def choices(self, prompt: Prompt, step: str, copy: int = 0) -> Mapping[str, str]:
        """Attribute -> what this copy is asked with, of what the prompt gives a choice of.

        The row tells the choices of the first copy; a draft of another one says its own.
        """
        ...


@dataclass(frozen=True)
class Start:
    """What a planned sample of a round starts from.

    Attributes:
        seed: one of the recipe's, `with_fields` of what templates are to see beside.
        drawn: attribute -> value, in the place of what would be drawn.
        parents: the earlier samples it grows from.
    """

    seed: Seed
    drawn: Mapping[str, str] = field(default_factory=dict[str, str])
    parents: tuple[Sample, ...] = ()


@dataclass(frozen=True)
class Slot:
    """One planned sample: its seed, what was drawn for it, and the way to ask.

    Attributes:
        position: how-many-th planned sample of the recipe.
        round: how often its seed was used before, in all rounds.
        seed: what it starts from.
        drawn: attribute -> value drawn for it (level, style, ...), those that are drawn.
        inputs: the seed's fields and all attributes, as templates see them.
        ask: renders a prompt into a request.
        form: what the answers to a prompt must be, where they are JSON.
        parents: the earlier samples it grows from.
        files: file name -> text of the recipe, for what a technique reads by itself.
        produce: the generator that makes it.
    """

    position: int
    round: int
    seed: Seed
    drawn: Mapping[str, str]
    inputs: Mapping[str, str]
    ask: Ask
    produce: "Callable[[Slot], Production]"
    form: Callable[[Prompt], AnswerForm | None] = no_form
    parents: tuple[Sample, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Round:
    """What a growing technique wants next.

    Attributes:
        starts: one for each planned sample of the round.
        dropped: id of a sample of the round before -> why it is dropped after all.
        produce: in the place of the technique's `produce`, where that depends on the round.
    """

    starts: Sequence[Start]
    dropped: Mapping[str, Unusable] = field(default_factory=dict[str, Unusable])
    produce: Callable[[Slot], Production] | None = None
