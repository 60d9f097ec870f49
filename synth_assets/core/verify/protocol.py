"""What a verifier is: a section of a recipe that can judge one sample at a time.

A verifier is a model of its parameters with `prepare`, which is given the text of the recipe's
files and the ways out of the core (a sandbox, ...), and returns the check. A check answers with a
verdict for every sample whatever it holds; it raises only for a fault of its own, which the stage
reports as `errored`.
"""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from synth_assets.core.sample import Sample
from synth_assets.core.schema import Verdict
from synth_assets.core.verify.tools import NO_TOOLS, Tools

Check: TypeAlias = Callable[[Sample], Verdict]


class Verifier(Protocol):
    """One entry of a recipe's `verifiers`."""

    @property
    def kind(self) -> str:
        """The verifier's name, as recipes and verdicts call it."""
        ...

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        """Make the check; raises RecipeError when a file it needs is missing or wrong."""
        ...
