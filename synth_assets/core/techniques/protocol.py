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

from collections.abc import Generator, Mapping, Sequence
from typing import ClassVar, TypeAlias

from synth_assets.core.sample import Sample, Seed
from synth_assets.core.techniques.accounting import Accounted
from synth_assets.core.techniques.draft import Draft, Production, Unusable
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.slot import Ask, Round, Slot, Start

# All that the author of a technique names.
__all__ = [
    "Ask",
    "Draft",
    "Growth",
    "Production",
    "Round",
    "Slot",
    "Start",
    "Technique",
    "Unusable",
]

Growth: TypeAlias = Generator[Round, Sequence[Sample], Mapping[str, Unusable]]
"""Returns what is dropped of the last round."""


class Technique(Accounted):
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
    def plans_rounds(self) -> bool:
        """Whether `grow` plans the samples; then nothing else can, such as filling gaps."""
        return type(self).grow is not Technique.grow
