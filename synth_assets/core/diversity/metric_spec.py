"""What there is to know of a metric, beside its name."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from synth_assets.core.diversity.corpus import Corpus, Floats
from synth_assets.core.diversity.resampling import Resampling
from synth_assets.core.diversity.topics import Real

Formula: TypeAlias = Callable[[Corpus, Floats], Floats]
"""Texts and how often each counts in each draw -> a value a draw, nan where there is none."""

RealFormula: TypeAlias = Callable[[Corpus, Floats, Real], Floats]
"""The same beside real texts."""


class Good(StrEnum):
    """Where a metric's good lies.

    `LIKE_REAL`: too far from real text on either side is bad. Distinct-n, compression and lengths
    change their sign between two ways of collapse: models that sample freely drift into noise,
    sharpened ones (low temperature, top-p, filters) into repetition.
    """

    LOWER = "lower is better"
    HIGHER = "higher is better"
    LIKE_REAL = "near the real rows is better"


class Scope(StrEnum):
    """The text of a row that a metric looks at."""

    ROW = "prompt and response"
    PROMPT = "prompt"
    RESPONSE = "response"


class Basis(StrEnum):
    """What must be equal for two values to compare: the words or the rows they are taken from."""

    WORDS = "equal words"
    ROWS = "equal rows"


class Family(StrEnum):
    """What a metric tells of."""

    LEXICAL = "words and phrases"
    SEMANTIC = "likeness"
    TOPICS = "topics"
    STYLE = "style"
    BIAS = "who writes, and of whom"


@dataclass(frozen=True)
class MetricSpec:
    """One metric.

    Attributes:
        family: what it tells of.
        formula: its values, of texts alone; None if it needs real ones.
        real_formula: its values beside real texts; None if it needs none.
        scope: which text of a row it is given.
        basis: what must be equal for its values to compare.
        resampling: how its interval is found.
        title: a newcomer's name for it.
        unit: of the value.
        good: where its good lies.
        meaning: what a move of it tells, in a sentence.
        most: what no value is above.
    """

    family: Family
    formula: Formula | None
    real_formula: RealFormula | None
    scope: Scope
    basis: Basis
    resampling: Resampling
    title: str
    unit: str
    good: Good
    meaning: str
    most: float = 1.0

    @property
    def needs_reference(self) -> bool:
        """Whether there is no value without real rows outside the set."""
        return self.real_formula is not None

    @property
    def is_of_both(self) -> bool:
        """Whether it is a relation of a slice and real rows, so that real rows need others."""
        return self.needs_reference and self.good is not Good.LIKE_REAL

    @property
    def caption(self) -> str:
        """Unit, direction of good, and meaning, to stand under a plot."""
        return f"{self.unit}; {self.good}. {self.meaning}"
