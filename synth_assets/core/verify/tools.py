"""What verifiers may use of the outside world, as protocols: the core starts no process itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.judging.judgment import Judgment
from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason
from synth_assets.core.verify.answers.expressions import Scalar
from synth_assets.core.verify.programs import ProgramRunner
from synth_assets.core.verify.puzzles.formulas import Formula, Sort


class Sameness(StrEnum):
    """Whether two answers are the same."""

    EQUAL = "equal"
    DIFFERENT = "different"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Comparison:
    """What comparing two answers came to, and why where that is not plain."""

    sameness: Sameness
    why: str = ""


class Proportion(StrEnum):
    """How two scalars are held against each other."""

    EQUAL = "equal"
    MULTIPLE = "multiple"
    """One is the other times a number other than zero."""
    POSITIVE_MULTIPLE = "positive multiple"


class Algebra(Protocol):
    """Decides by computer algebra; whatever that costs is bounded."""

    def compare(
        self, left: Scalar, right: Scalar, proportion: Proportion = Proportion.EQUAL
    ) -> Comparison:
        """Hold scalars against each other; undecided for want of time, memory or a proof."""
        ...


@dataclass(frozen=True)
class Solved:
    """Whether formulas can all be true.

    Attributes:
        satisfiable: whether they can.
        model: constant -> a value with which they are; empty where there is none.
    """

    satisfiable: bool
    model: Mapping[str, bool | int]


@dataclass(frozen=True)
class Unsolved:
    """Nothing is known of the formulas, and why."""

    why: str


class Solver(Protocol):
    """Decides formulas; whatever that costs is bounded."""

    def solve(self, sorts: Mapping[str, Sort], formulas: Sequence[Formula]) -> Solved | Unsolved:
        """Look for values of the constants with which all formulas are true."""
        ...


@dataclass(frozen=True)
class ProceduralItem:
    """An item of a procedural family, which its seed makes.

    Attributes:
        family: name of its generator.
        seed: of the generator.
        index: of the item among those of the seed.
        config: parameters of the generator, over its own.
    """

    family: str
    seed: int
    index: int
    config: Mapping[str, bool | int | float | str | list[int] | list[float] | list[str]]


@dataclass(frozen=True)
class Scored:
    """What a family says of an answer.

    Attributes:
        question: as the generator writes it.
        score: of the answer, in 0..1.
    """

    question: str
    score: float


@dataclass(frozen=True)
class NotScored:
    """Nothing is known of the answer, and why."""

    why: str


class ProceduralScorers(Protocol):
    """Families of tasks that are made and scored by programs."""

    def score(self, item: ProceduralItem, answer: str) -> Scored | NotScored:
        """Make an item again, and score an answer to it; whatever that costs is bounded."""
        ...


@dataclass(frozen=True)
class JudgeCall:
    """A question to a judge, or a text to be scored, and the sample that it is about."""

    sample_id: str
    request: Request


@dataclass(frozen=True)
class CallFailure:
    """A question without an answer, and why; it says nothing of the sample."""

    reason: Reason
    detail: str


class Judges(Protocol):
    """Models that judge samples, or score texts."""

    def teacher(self, name: str) -> Teacher | None:
        """The entry of the teacher catalogue, of those that the recipe names."""
        ...

    def ask(self, calls: Sequence[JudgeCall]) -> Sequence[Completion | CallFailure]:
        """Ask, many at once; one outcome each, in their order."""
        ...

    def take_down(self, judgments: Sequence[Judgment]) -> None:
        """Take down what was said, for what judges agree on and lean to."""
        ...


class RealRows(Protocol):
    """Human-written rows that verifiers may learn from."""

    def rows(self, source: str) -> Sequence[Sample]:
        """Rows of a data source, those apart that are held out.

        Raises:
            SynthError: if there is no such source, it is kept out of training, or cannot be read.
        """
        ...


class Models(Protocol):
    """Pydantic models that users wrote."""

    def model(self, name: str) -> type[BaseModel]:
        """Import a model by `package.module:Model`, which runs the module.

        Raises:
            RecipeError: if the module does not import, or what it has under the name is no model.
        """
        ...


@dataclass(frozen=True)
class Tools:
    """Ways out that a run gives its verifiers; none where nobody gave them.

    Attributes:
        programs: runs untrusted programs.
        algebra: compares formulas.
        solver: decides formulas of logic.
        procedural: makes and scores items of procedural families.
        judges: models that judge samples or score texts; their answers have to be paid for.
        real: human-written rows of the catalogue's data sources.
        models: Pydantic models that recipes name.
    """

    programs: ProgramRunner | None = None
    algebra: Algebra | None = None
    solver: Solver | None = None
    procedural: ProceduralScorers | None = None
    judges: Judges | None = None
    real: RealRows | None = None
    models: Models | None = None


NO_TOOLS = Tools()
"""For verifiers that only look at text."""
