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

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import ClassVar, TypeAlias

from synth_assets.core.config.names import Written
from synth_assets.core.draws.attributes import Combination, Variation
from synth_assets.core.sample import Sample, Seed
from synth_assets.core.techniques.draft import Draft, Production, Unusable
from synth_assets.core.techniques.filling import Filling
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
    def plans_rounds(self) -> bool:
        """Whether `grow` plans the samples; then nothing else can, such as filling gaps."""
        return type(self).grow is not Technique.grow

    @property
    def most_calls(self) -> Mapping[str, int]:
        """Step -> most requests of one planned sample, where there may be more than one."""
        return {}

    @property
    def not_applied(self) -> Sequence[str]:
        """Rules of the method that do not hold as the recipe has it, in words; for plans."""
        return ()

    def expected(self, wanted: int) -> int:
        """How many samples are likely to be planned for so many wanted, for estimates."""
        return wanted

    # What coverage asks of a technique, beside what a recipe draws.

    def gives_rows(self, drawn: Mapping[str, str]) -> bool:
        """Whether a planned sample with these attributes is for rows, not to plan others alone."""
        return True

    def own_choices(self, files: Mapping[str, str]) -> Mapping[str, Mapping[str, float]]:
        """Attribute of rows that the technique chooses by weight -> value -> weight.

        Args:
            files: file name -> text of the recipe.
        """
        return {}

    @property
    def told_attributes(self) -> Sequence[str]:
        """Attributes of rows that a teacher chooses, of few values; nobody plans their shares."""
        return ()

    def filling(
        self,
        kept: Iterable[Sample],
        wanted: int,
        accepted: Iterable[Sample] = (),
        planned: int = 0,
    ) -> Filling | None:
        """How full the technique's own cells are; none where it has no such quotas.

        Args:
            kept: what is left of its samples.
            wanted: how many samples the recipe asks for.
            accepted: what the verifiers accepted; by it cells were given up.
            planned: how many samples were planned, from the first position on.
        """
        return None
