"""What a verifier is: a section of a recipe that can judge samples.

A verifier is a model of its parameters with `prepare`, which is given the text of the recipe's
files and the ways out of the core (a sandbox, ...), and returns the check. A check answers with a
verdict for every sample whatever it holds; it raises only for a fault of its own, which the stage
reports as `errored`.

    class Shouting(Verifier):
        kind: Literal["shouting"]

        def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
            return lambda sample: (
                Verdict.rejected(Reason.SHOUTING, "all capitals")
                if sample.response.isupper()
                else Verdict.accepted("not all capitals")
            )
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, TypeAlias

from synth_assets.core.config.names import Written
from synth_assets.core.sample import Sample
from synth_assets.core.schema import Verdict
from synth_assets.core.verify.tools import NO_TOOLS, Tools

Check: TypeAlias = Callable[[Sample], Verdict]


@dataclass(frozen=True)
class Together:
    """A check that has to see samples side by side: one verdict each, in their order."""

    check: Callable[[Sequence[Sample]], Sequence[Verdict]]


class Cost(IntEnum):
    """What a verdict costs; the cheap ones are asked first, as a rejection ends the matter."""

    TEXT = 0
    """A look at the text: some microseconds to a millisecond."""
    MODEL = 1
    """A small model of ours: about a millisecond."""
    PROCESS = 2
    """Another process: milliseconds to seconds."""
    COMPARISON = 3
    """A comparison with the samples that are left, so it comes late."""
    CALLS = 4
    """Calls that have to be paid for."""


class Verifier(Written):
    """One entry of a recipe's `verifiers`; its `kind` is what recipes and verdicts call it.

    Attributes:
        cost: what its verdicts cost.
    """

    cost: ClassVar[Cost] = Cost.TEXT

    # A literal of its own in each verifier, which no narrower type here would let pass.
    kind: Any

    @property
    def sources(self) -> tuple[str, ...]:
        """The data sources whose rows it compares with or learns from; part of its identity."""
        return ()

    @property
    def teachers(self) -> tuple[str, ...]:
        """The teachers that it asks; part of its identity. With any its cost is `Cost.CALLS`."""
        return ()

    def answered_by(self, teacher: str) -> "Verifier":
        """The same verifier with one teacher for all that it asks."""
        return self

    def parts(self, files: Mapping[str, str]) -> frozenset[str]:
        """Files that take part, beside those that its parameters name."""
        return frozenset()

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check | Together:
        """Make the check; raises RecipeError when a file it needs is missing or wrong."""
        raise NotImplementedError
