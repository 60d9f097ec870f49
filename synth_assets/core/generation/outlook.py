"""What filling recipes takes, as it is told to people and programs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

from synth_assets.core.generation.bill import Bill, CapOutlook
from synth_assets.core.plan_changes import PlanChanges


@dataclass(frozen=True)
class KeptOutlook:
    """What a recipe that asks for kept samples comes to in all its rounds.

    Attributes:
        wanted: samples to be kept.
        share_kept: of the version that was filled last; none where that is not known.
        planned: samples to be expected in all rounds.
        bill: of all rounds.
    """

    wanted: int
    share_kept: float | None = None
    planned: int | None = None
    bill: Bill | None = None


@dataclass(frozen=True)
class RecipePlan:
    """What filling a recipe version takes.

    Attributes:
        recipe: id of the recipe.
        key: its partition key.
        planned: samples; of the first round where the recipe asks for kept ones.
        looked_at: how many of these the figures rest on.
        by_teacher: teacher -> what is asked of it.
        changes: beside the version that was filled last; none where none ever was.
        kept: where the recipe asks for kept samples.
        notes: what the figures rest on, in words.
        not_applied: rules of its technique's method that the recipe leaves out, in words.
    """

    recipe: str
    key: str
    planned: int
    looked_at: int
    by_teacher: Mapping[str, Bill]
    changes: PlanChanges | None = None
    kept: KeptOutlook | None = None
    notes: tuple[str, ...] = ()
    not_applied: tuple[str, ...] = ()

    @property
    def bill(self) -> Bill:
        """Of all teachers."""
        return total(self.by_teacher.values())

    @property
    def whole_bill(self) -> Bill:
        """Of all rounds to be expected, where more than one is."""
        return self.bill if self.kept is None else self.kept.bill or self.bill


@dataclass(frozen=True)
class Unplanned:
    """A recipe of which no plan can be made, and why."""

    recipe: str
    key: str
    why: str


@dataclass(frozen=True)
class Planning:
    """Plans of several recipes.

    Attributes:
        plans: in the order asked for.
        unplanned: the others.
        caps: budgets that concern them.
    """

    plans: tuple[RecipePlan, ...]
    unplanned: tuple[Unplanned, ...]
    caps: tuple[CapOutlook, ...] = ()

    @property
    def each(self) -> tuple[RecipePlan | Unplanned, ...]:
        """All recipes, planned or not."""
        return (*self.plans, *self.unplanned)

    @property
    def bill(self) -> Bill:
        """Of all recipes."""
        return total(plan.bill for plan in self.plans)

    @property
    def by_teacher(self) -> Mapping[str, Bill]:
        """Teacher -> what all recipes ask of it."""
        made: dict[str, Bill] = {}
        for plan in self.plans:
            for teacher, bill in plan.by_teacher.items():
                made[teacher] = made.get(teacher, Bill()) + bill
        return made


def total(bills: Iterable[Bill]) -> Bill:
    """The sum of bills."""
    return reduce(Bill.__add__, bills, Bill())
