"""What a mixture file says, clause by clause, and how to say it otherwise."""

from dataclasses import dataclass
from typing import TypeAlias, cast

from synth_assets.core.config.mixture_bounds import CountBounds, Quota, ShareBounds, column_name
from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.mixture.bounds import Clause

Number: TypeAlias = int | float | None
"""What a clause says; none where it says nothing."""

NO_REAL_ROWS = "there are no real rows"
_CAPS = ("rows", "teacher_cap", "family_cap", "own_voice", "max_depth")


def quota_at(mixture: Mixture, clause: Clause) -> Quota | None:
    """The quota that a clause is of, if it is of one."""
    place = clause.place
    return mixture.quotas[quota_number(clause)] if place.startswith("quotas[") else None


def quota_number(clause: Clause) -> int:
    """The place of a clause's quota in the file, from 0."""
    return int(clause.place[len("quotas[") : -1])


def two_sided(mixture: Mixture, clause: Clause) -> ShareBounds | CountBounds | None:
    """The bounds that a clause is one side of, if there is another."""
    if clause.place == "synthetic_share":
        return mixture.synthetic_share
    quota = quota_at(mixture, clause)
    return quota.share or quota.rows if quota else None


def said(mixture: Mixture, clause: Clause) -> Number:
    """The number that a clause says; none where it is no number."""
    bounds = two_sided(mixture, clause)
    if bounds is not None:
        return bounds.at_least if clause.side == "at_least" else bounds.at_most
    if clause.place == "distinct_teachers" and mixture.distinct_teachers is not None:
        return mixture.distinct_teachers.at_least
    if clause.place == "repeats.real":
        return mixture.repeats.real
    return cast("Number", getattr(mixture, clause.place)) if clause.place in _CAPS else None


def is_bare(mixture: Mixture, clause: Clause) -> bool:
    """Whether one number says both sides of a bound."""
    bounds = two_sided(mixture, clause)
    return bounds is not None and bounds.at_least == bounds.at_most


def named(mixture: Mixture, clause: Clause) -> str:
    """What a clause speaks of, in the words of the file."""
    quota = quota_at(mixture, clause)
    if quota is not None:
        what = "share" if quota.share is not None else "rows"
        of = f" of {quota.of} rows" if quota.of != "all" and quota.share is not None else ""
        return f"quota {quota_number(clause) + 1} ({quota.kind}): {what}{of}"
    place, _, column = clause.place.partition(".")
    return f"weights by {column_name(column)}" if place == "weights" else clause.place


def clause_told(mixture: Mixture, clause: Clause) -> str:
    """A clause in the words of the file: `synthetic_share: at_least 0.7`."""
    what, number = named(mixture, clause), said(mixture, clause)
    if clause.place == "rows" and number is None:
        return "a set has rows"
    if clause.place == "pure_synthetic_because":
        return "a set has real rows, unless pure_synthetic_because says why not"
    if number is None:
        return what
    return f"{what}{_side(mixture, clause)} {number:g}"


def _side(mixture: Mixture, clause: Clause) -> str:
    mark = "" if ":" in named(mixture, clause) else ":"
    if two_sided(mixture, clause) is None or is_bare(mixture, clause):
        return mark
    return f"{mark} {clause.side}"


@dataclass(frozen=True)
class Change:
    """One clause, said otherwise.

    Attributes:
        clause: which.
        value: what it shall say; none if it shall say nothing.
        both: whether the other side of the bound shall say the same: a bare number.
    """

    clause: Clause
    value: Number
    both: bool = False

    def applied(self, mixture: Mixture) -> Mixture:
        """The mixture that says so.

        Raises:
            ValueError: if no mixture may say so.
        """
        whole = mixture.model_dump(mode="json")
        place, _, column = self.clause.place.partition(".")
        match place:
            case "pure_synthetic_because":
                whole[place] = NO_REAL_ROWS
            case "distinct_teachers":
                found = whole[place]
                whole[place] = None if self.value is None else {**found, "at_least": self.value}
            case "weights":
                whole[place].pop(column, None)
            case "repeats":
                whole[place][column] = self.value
            case "synthetic_share":
                self._put(whole[place])
            case _ if place in _CAPS:
                whole[place] = self.value
            case _:
                quota = whole["quotas"][quota_number(self.clause)]
                self._put(quota["share"] or quota["rows"])
        return Mixture.model_validate(whole)

    def _put(self, bounds: dict[str, Number]) -> None:
        for side in ("at_least", "at_most") if self.both else (self.clause.side,):
            bounds[side] = self.value

    def told(self, mixture: Mixture) -> str:
        """In the words of the file: `synthetic_share: 0.74 instead of 0.7`."""
        what, before = named(mixture, self.clause), said(mixture, self.clause)
        if self.clause.place == "pure_synthetic_because":
            return "pure_synthetic_because: with your reason"
        if self.value is None:
            return f"no {what}"
        mark = "" if ":" in what else ":"
        one_sided = two_sided(mixture, self.clause) is not None and not self.both
        side = f" {self.clause.side}" if one_sided else ""
        instead = "" if before is None else f" instead of {before:g}"
        number = str(self.value) if isinstance(self.value, int) else f"{self.value:g}"
        return f"{what}{mark}{side} {number}{instead}"
