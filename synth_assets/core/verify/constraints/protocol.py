"""What a constraint is: something that is asked of a response and can be seen in it.

The families, their ids and the names of their arguments are those of IFEval (Zhou et al., 2023,
arXiv:2311.07911), so that its data can be read as it is.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, StringConstraints

from synth_assets.core.config.names import Written
from synth_assets.core.verify.constraints.wording import Wording
from synth_assets.core.verify.reading.folding import clipped

_MAX_ASKED = 100

Relation: TypeAlias = Literal["less than", "at least"]
Number = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Positive = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
"""A keyword or phrase: taken literally, never as a pattern."""


@dataclass(frozen=True)
class Finding:
    """Whether a text follows a constraint, and what was seen of it.

    Attributes:
        followed: None where it cannot be told.
        seen: in a few words, for people.
    """

    followed: bool | None
    seen: str


@dataclass(frozen=True)
class Bounds:
    """How often something may stand in a response.

    Attributes:
        least: so often at least.
        most: and at most so often; None: any number of times.
    """

    least: int = 0
    most: int | None = None

    @classmethod
    def of(cls, relation: Relation, number: int) -> "Bounds":
        """`less than` or `at least` a number."""
        return cls(0, number - 1) if relation == "less than" else cls(number)

    def hold(self, count: int) -> bool:
        """Whether a count lies within."""
        return self.least <= count and (self.most is None or count <= self.most)

    def meet(self, other: "Bounds") -> bool:
        """Whether some count lies within both."""
        most = min((each.most for each in (self, other) if each.most is not None), default=None)
        return most is None or max(self.least, other.least) <= most


class Constraint(Written):
    """One constraint with its arguments; `id` says of which family."""

    # A literal of its own in each family, which no narrower type here would let pass.
    id: Any

    def check(self, wording: Wording) -> Finding:
        """Look whether a text that is not empty follows it."""
        raise NotImplementedError

    @property
    def asked(self) -> str:
        """Family and arguments, for people."""
        said = [f"{name} {value}" for name, value in self if name != "id"]
        return f"{self.id} ({clipped(', '.join(said), _MAX_ASKED)[1:-1]})" if said else self.id

    @property
    def needed_texts(self) -> tuple[str, ...]:
        """Texts that stand in every response that follows it, whatever their case."""
        return ()

    def forbids(self, text: str) -> bool:
        """Whether no response with this text in it can follow it."""
        del text
        return False

    def goes_with(self, other: "Constraint") -> bool:
        """Whether both can be followed, as far as two of one family can be told apart."""
        del other
        return True


class Counting(Constraint):
    """A constraint on how often something stands in a response.

    Attributes:
        unit: what is counted, in the plural.
        grows: text around a text never makes the count smaller.
    """

    unit: ClassVar[str]
    grows: ClassVar[bool] = False

    @property
    def bounds(self) -> Bounds:
        """How often it may."""
        raise NotImplementedError

    @property
    def counted(self) -> str:
        """Tells apart what two of one family count; a count of words is always of the same."""
        return ""

    def count(self, wording: Wording) -> int:
        """How often it does."""
        raise NotImplementedError

    def check(self, wording: Wording) -> Finding:
        """See the base."""
        count = self.count(wording)
        return Finding(self.bounds.hold(count), f"{count} {self.unit}")

    def forbids(self, text: str) -> bool:
        """See the base."""
        most = self.bounds.most
        return self.grows and most is not None and self.count(Wording(text)) > most

    def goes_with(self, other: Constraint) -> bool:
        """See the base."""
        if not isinstance(other, Counting) or other.counted != self.counted:
            return True
        return self.bounds.meet(other.bounds)
