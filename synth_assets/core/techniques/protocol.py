"""What a technique is: a plan of requests in, samples out. Pure, and replayable.

A technique is a model of its parameters (a section of `recipe.yaml`) with one generator method.
For one planned sample it *yields* the requests it needs next, is sent their completions, in the
same order, and *returns* what it made of them: one sample, several, or why there is none. Chains
are several yields; fan-out is one yield of several requests. It knows no ledger, no network and no
clock: the same completions give the same samples, so that a run resumed anywhere is the run
undisturbed.

    class Riddles(Technique):
        name = "riddles"
        fields = {"write": ("riddle", "answer")}
        write: Prompt

        def produce(self, slot: Slot) -> Production:
            made = yield from ask_fields(slot, self.write, slot.inputs, "write", ...)
            if isinstance(made, Unusable):
                return made
            return Draft(prompt=made["riddle"], response=made["answer"])

A technique whose later requests depend on earlier *samples* has a second generator, `grow`. It
yields what a round starts from, is sent the samples of it that the recipe's verifiers accept, in
the order of their starts, and yields the next round, or ends.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, TypeAlias

from synth_assets.core.completion import Completion, Message, Request
from synth_assets.core.config.names import Written
from synth_assets.core.draws.attributes import Combination, Variation
from synth_assets.core.sample import Sample, Seed
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.answer_form import AnswerForm
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
class Draft:
    """What a technique made: the text of a sample, before it is named and recorded.

    Attributes:
        prompt: what the student is asked, last.
        response: what it is to answer.
        context: a passage or document that the prompt refers to.
        reference: what the response is checked against.
        rejected: of a preference pair, the worse response.
        history: the chat before the prompt; a system message first, if any.
        attributes: what was found out about it, beside what was drawn.
        difficulty: larger is harder; curricula sort by it.
        mended: the JSON of an answer was not as it should be, and its syntax was mended.
        label: tells apart several drafts of one slot; one may have none.
        parents: labels of earlier drafts of the slot that it grew from.
        completions: what it was made of, its writer's first; by default all of the slot.
    """

    prompt: str
    response: str
    context: str = ""
    reference: str = ""
    rejected: str = ""
    history: tuple[Message, ...] = ()
    attributes: Mapping[str, str | int | float] = field(
        default_factory=dict[str, str | int | float]
    )
    difficulty: float | None = None
    mended: bool = False
    label: str = ""
    parents: tuple[str, ...] = ()
    completions: tuple[Completion, ...] = ()


@dataclass(frozen=True)
class Unusable:
    """Completions of which no sample could be made, and why; `label` as of a draft."""

    reason: Reason
    detail: str
    label: str = ""


Production: TypeAlias = Generator[
    Sequence[Request], Sequence[Completion], Draft | Unusable | Sequence[Draft | Unusable]
]


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


Growth: TypeAlias = Generator[Round, Sequence[Sample], Mapping[str, Unusable]]
"""Returns what is dropped of the last round."""


class Technique(Written):
    """A method of making samples; the base of all.

    Attributes:
        name: what recipes call it under `kind`.
        fields: step -> fields that the technique reads of its answer, where that is JSON.
        kind: as the recipe has it.
    """

    name: ClassVar[str]
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    kind: str

    @property
    def prompts(self) -> Mapping[str, Prompt]:
        """Step name -> prompt, in the order they are asked."""
        return {name: value for name, value in self if isinstance(value, Prompt)}

    @property
    def own_variations(self) -> Mapping[str, Variation]:
        """Attributes that belong to the technique; they are drawn before the recipe's."""
        return {}

    @property
    def own_never(self) -> Sequence[Combination]:
        """Combinations of these that no sample has."""
        return ()

    def produce(self, slot: Slot) -> Production:
        """Make one planned sample; see above."""
        raise NotImplementedError

    def grow(self, seeds: Sequence[Seed], wanted: int) -> Growth | None:
        """Plan in rounds, each from what became of those before; none: all at once.

        Args:
            seeds: of the recipe, in the order of their ids.
            wanted: how many samples the recipe asks for.
        """
        return None

    @property
    def most_calls(self) -> Mapping[str, int]:
        """Step -> most requests of one planned sample, where there may be more than one."""
        return {}

    def expected(self, wanted: int) -> int:
        """How many samples are likely to be planned for so many wanted, for estimates."""
        return wanted
