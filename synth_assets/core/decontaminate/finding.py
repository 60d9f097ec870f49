"""What is said of rows that share something with an item that is kept out."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from synth_assets.core.schema import Outcome, Reason, Split


class Method(StrEnum):
    """How a row was found; the first that finds it is told."""

    TEXT = "text"
    """A whole text is the same."""
    RUN = "run"
    """A run of words is shared."""
    NEAR = "near"
    """Enough short runs of words are shared, and no number is another."""
    PERTURBED = "perturbed"
    """Enough short runs of words are shared, with other numbers among them."""
    REPHRASED = "rephrased"
    """Numbers and rare words are shared, in other sentences."""


EXACT = (Method.TEXT, Method.RUN)
"""Methods that do not err: what they tell of is there."""

FINDERS = (Method.NEAR, Method.PERTURBED, Method.REPHRASED)
"""Methods that see what is not there word for word, and can err."""


@dataclass(frozen=True)
class Find:
    """An item that a finder sees in a text.

    Attributes:
        row: number of the row, or of the text, among those that were searched.
        item: number of the item.
        method: of the finder.
        score: 0..1.
        detail: what is shared, in words.
    """

    row: int
    item: int
    method: Method
    score: float
    detail: str


@dataclass(frozen=True)
class Overlap:
    """What a row shares with an item that is kept out.

    Attributes:
        split: `held_out` or `benchmark`.
        item_id: the item's `sample_id`.
        evidence: what is shared, in words.
        method: how it was found.
        score: how sure that is, 0..1.
        trouble: why a judge did not decide whether it is there; none where it is.
    """

    split: Split
    item_id: str
    evidence: str
    method: Method = Method.TEXT
    score: float = 1.0
    trouble: Reason | None = None

    @property
    def outcome(self) -> Outcome:
        """What becomes of the row."""
        return Outcome.DROPPED if self.trouble is None else Outcome.ERRORED

    @property
    def reason(self) -> Reason:
        """Why it is not kept."""
        if self.trouble is not None:
            return self.trouble
        if self.split is Split.HELD_OUT:
            return Reason.HELD_OUT_OVERLAP
        match self.method:
            case Method.PERTURBED:
                return Reason.PERTURBED_BENCHMARK_ITEM
            case Method.REPHRASED:
                return Reason.REPHRASED_BENCHMARK_ITEM
            case Method.TEXT | Method.RUN | Method.NEAR:
                return Reason.BENCHMARK_OVERLAP


class Guard(Protocol):
    """Knows what is kept out, such as a `Firewall`, or a `Screen`, which sees more."""

    def look(self, rows: Sequence[Sequence[str]]) -> Sequence[Overlap | None]:
        """What each row, given as its texts, shares with an item; none where it may pass."""
        ...


@dataclass(frozen=True)
class FirstOf:
    """Several guards as one: of a row the first that finds something is believed.

    Attributes:
        guards: at least one.
    """

    guards: tuple[Guard, ...]

    def look(self, rows: Sequence[Sequence[str]]) -> list[Overlap | None]:
        """See `Guard`; a later guard sees only the rows that those before it let pass."""
        found: list[Overlap | None] = [None] * len(rows)
        for guard in self.guards:
            left = [at for at, overlap in enumerate(found) if overlap is None]
            told = guard.look([rows[at] for at in left])
            for at, overlap in zip(left, told, strict=True):
                found[at] = overlap
        return found
