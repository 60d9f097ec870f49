"""What one judge said of one sample."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from synth_assets.core.judging.pairs import BothOrders


class Manner(StrEnum):
    """How a judge is asked."""

    RUBRIC = "rubric"
    """It rates one response by criteria."""
    PAIR = "pair"
    """It compares the response with another one, in both orders."""


class Vote(StrEnum):
    """What a judge says of a response."""

    FOR = "for"
    TIE = "tie"
    AGAINST = "against"


@dataclass(frozen=True)
class Judgment:
    """What one judge said of one sample.

    Attributes:
        sample_id: of the sample.
        manner: how it was asked.
        judge: its id in the teacher catalogue.
        family: of the judge's model; none where not known.
        writer: family of the model that wrote the response; none where not known.
        vote: none where the judge gave none that counts.
        said: verdicts in both orders, the response first at first; of pairs alone.
        ratings: criterion -> rating; of rubrics alone.
        score: weighted mean of these.
        words: of the response, and of the one it is compared with.
        trouble: why there is no vote, in words.
    """

    sample_id: str
    manner: Manner
    judge: str
    family: str | None = None
    writer: str | None = None
    vote: Vote | None = None
    said: BothOrders = (None, None)
    ratings: Mapping[str, int] = field(default_factory=dict[str, int])
    score: float | None = None
    words: tuple[int, int] = (0, 0)
    trouble: str = ""

    @property
    def is_own_family(self) -> bool | None:
        """Whether the judge is of the writer's family; none where nobody knows."""
        if self.family is None or self.writer is None:
            return None
        return self.family == self.writer
