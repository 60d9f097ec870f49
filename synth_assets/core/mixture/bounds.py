"""What a mixture promises, as bounds of numbers of rows of cells.

A share is met within one row: of `n` rows, more than `share * n - 1` and fewer than
`share * n + 1`. So a share of 0 is no row at all, and a share of 1 every row.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
import polars as pl

from synth_assets.core.config.mixture_bounds import Quota, column_name, exact, kind_of
from synth_assets.core.config.mixtures import DistinctTeachers, Mixture
from synth_assets.core.mixture.cells import Cells, Ints, Mask, has_value, meets
from synth_assets.core.schema import Reason

Side: TypeAlias = Literal["at_least", "at_most"]


@dataclass(frozen=True, order=True)
class Clause:
    """One thing that a mixture file says, and that could be said otherwise.

    Attributes:
        place: where it stands: `rows`, `synthetic_share`, `quotas[2]`, `weights.recipe`.
        side: which way it binds.
    """

    place: str
    side: Side


@dataclass(frozen=True)
class Bound:
    """How many rows of some kind there may or must be.

    Attributes:
        clause: what says so.
        kind: which rows, for people.
        rows: which cells are of the kind.
        whole: of which cells' rows the limit is a share; none where it is a number of rows.
        limit: a share, or a number of rows.
        reason: why rows were left out that the bound left no room for.
    """

    clause: Clause
    kind: str
    rows: Mask
    whole: Mask | None
    limit: Fraction
    reason: Reason = Reason.QUOTA_FILLED

    def count(self, taken: Ints) -> int:
        """How many rows are of the kind, given how many are taken of each cell."""
        return int(taken[self.rows].sum())

    def size(self, taken: Ints) -> int:
        """How many rows the limit is a share of; 1 where it is a number of rows."""
        return 1 if self.whole is None else int(taken[self.whole].sum())

    def holds(self, taken: Ints) -> bool:
        """Whether the bound is met: a share within one row, a number exactly."""
        return self.room(taken) > -1 if self.whole is not None else self.room(taken) >= 0

    def room(self, taken: Ints) -> Fraction:
        """How many rows there are to spare; below zero where it takes the one row of slack."""
        spare = self.limit * self.size(taken) - self.count(taken)
        return spare if self.clause.side == "at_most" else -spare

    @property
    def slack(self) -> Fraction:
        """The most rows that rounding may take, where a number of rows cannot be met exactly."""
        if self.whole is None:
            return Fraction(0)
        return Fraction(self.limit.denominator - 1, self.limit.denominator)


@dataclass(frozen=True)
class Distinct:
    """How many teachers must have written, and what each must have.

    Attributes:
        clause: what says so.
        needed: teachers.
        share: of the synthetic rows that each of them must have written at least.
        writers: teacher -> which cells are of its rows.
        synthetic: which cells are of synthetic rows.
    """

    clause: Clause
    needed: int
    share: Fraction
    writers: dict[str, Mask]
    synthetic: Mask

    def counted(self, taken: Ints) -> list[str]:
        """The teachers that wrote enough."""
        enough = max(self.share * int(taken[self.synthetic].sum()), 1)
        return [name for name, own in self.writers.items() if int(taken[own].sum()) >= enough]

    def holds(self, taken: Ints) -> bool:
        """Whether enough teachers wrote enough."""
        return len(self.counted(taken)) >= self.needed


@dataclass(frozen=True)
class Bounds:
    """All that a mixture promises of cells.

    Attributes:
        linear: bounds of numbers and shares.
        distinct: the teachers it requires, if it does.
    """

    linear: tuple[Bound, ...]
    distinct: Distinct | None

    @cached_property
    def clauses(self) -> tuple[Clause, ...]:
        """What says so, each once, in the order of the file."""
        found = [bound.clause for bound in self.linear]
        found += [self.distinct.clause] if self.distinct else []
        return tuple(dict.fromkeys(found))

    def only(self, keep: Callable[[Clause], bool]) -> "Bounds":
        """Those of some clauses."""
        linear = tuple(bound for bound in self.linear if keep(bound.clause))
        distinct = self.distinct if self.distinct and keep(self.distinct.clause) else None
        return Bounds(linear, distinct)

    @property
    def masks(self) -> list[Mask]:
        """All that bounds tell cells apart by."""
        found = [bound.rows for bound in self.linear]
        found += [bound.whole for bound in self.linear if bound.whole is not None]
        if self.distinct:
            found += [self.distinct.synthetic, *self.distinct.writers.values()]
        return found

    def among(self, cells: Ints) -> "Bounds":
        """The same bounds of some cells alone."""
        linear = tuple(
            replace(
                bound,
                rows=bound.rows[cells],
                whole=None if bound.whole is None else bound.whole[cells],
            )
            for bound in self.linear
        )
        if self.distinct is None:
            return Bounds(linear, None)
        writers = {name: own[cells] for name, own in self.distinct.writers.items()}
        synthetic = self.distinct.synthetic[cells]
        return Bounds(linear, replace(self.distinct, writers=writers, synthetic=synthetic))

    def broken(self, taken: Ints) -> list[Clause]:
        """What does not hold, given how many rows are taken of each cell."""
        found = [bound.clause for bound in self.linear if not bound.holds(taken)]
        if self.distinct and not self.distinct.holds(taken):
            found.append(self.distinct.clause)
        return found


def bounds_of(mixture: Mixture, cells: Cells) -> Bounds:
    """What a mixture promises of these cells.

    A bound for each value of a column is one for each value that cells have.
    """
    return Bounds(tuple(_linear(mixture, cells)), _distinct(mixture, cells))


def _linear(mixture: Mixture, cells: Cells) -> Iterator[Bound]:
    everyone, real = np.ones(len(cells.supply), np.bool_), cells.real
    synthetic = ~real
    share, named = mixture.synthetic_share, "synthetic rows"
    limits: tuple[tuple[Side, float, int], ...]
    limits = ("at_least", share.at_least, 0), ("at_most", share.at_most, 1)
    for side, limit, free in limits:
        if limit != free:
            clause = Clause("synthetic_share", side)
            yield Bound(clause, named, synthetic, everyone, exact(limit), Reason.BEYOND_TARGET)
    if not mixture.pure_synthetic_because:
        clause = Clause("pure_synthetic_because", "at_least")
        yield Bound(clause, "real rows", real, None, Fraction(1))
    caps = (
        ("teacher_cap", "teacher", mixture.teacher_cap, Reason.TEACHER_CAP),
        ("family_cap", "family", mixture.family_cap, Reason.QUOTA_FILLED),
    )
    for place, column, cap, reason in caps:
        for value in cells.values(column, synthetic) if cap < 1 else ():
            own = synthetic & cells.mask(has_value(column, value))
            kind = f"rows of {column} {value}"
            yield Bound(Clause(place, "at_most"), kind, own, synthetic, exact(cap), reason)
    if mixture.own_voice < 1:
        own, limit = synthetic & cells.mask(pl.col("own_voice")), exact(mixture.own_voice)
        clause, kind = Clause("own_voice", "at_most"), "rows in the student's own voice"
        yield Bound(clause, kind, own, synthetic, limit, Reason.OWN_VOICE)
    if mixture.max_depth is not None:
        deep = cells.mask(pl.col("depth") > mixture.max_depth)
        clause, kind = Clause("max_depth", "at_most"), f"rows deeper than {mixture.max_depth}"
        yield Bound(clause, kind, deep, None, Fraction(0), Reason.TOO_DEEP)
    for number, quota in enumerate(mixture.quotas):
        yield from _of_quota(f"quotas[{number}]", quota, cells)
    for column, weights in mixture.weights.items():
        yield from _of_weights(column, weights, cells)


def _of_quota(place: str, quota: Quota, cells: Cells) -> Iterator[Bound]:
    everyone, real = np.ones(len(cells.supply), np.bool_), cells.real
    whole = {"all": everyone, "synthetic": ~real, "real": real}[quota.of]
    among = whole & cells.mask(meets(quota.where))
    named = ", ".join(kind_of(column, values) for column, values in quota.where.items())
    kinds = [(f"rows of {named}", among)]
    if quota.each is not None:
        column, before = quota.each, f"{named}, " if named else ""
        kinds = [
            (
                f"rows of {before}{kind_of(column, value)}",
                among & cells.mask(has_value(column, value)),
            )
            for value in cells.values(column, among)
        ]
    limits: list[tuple[Side, Fraction]] = []
    if quota.share is not None:
        least, most = exact(quota.share.at_least), exact(quota.share.at_most)
        limits += [*_if("at_least", least, least > 0), *_if("at_most", most, most < 1)]
    if quota.rows is not None:
        few, many = quota.rows.at_least, quota.rows.at_most
        limits += _if("at_least", Fraction(few), few > 0)
        limits += _if("at_most", Fraction(many or 0), many is not None)
    of = None if quota.rows is not None else whole
    for kind, rows in kinds:
        for side, limit in limits:
            yield Bound(Clause(place, side), kind, rows, of, limit)


def _if(side: Side, limit: Fraction, binds: bool) -> list[tuple[Side, Fraction]]:
    return [(side, limit)] if binds else []


def _of_weights(column: str, weights: dict[str, float], cells: Cells) -> Iterator[Bound]:
    masks = {value: cells.mask(has_value(column, value)) for value in weights}
    whole = np.logical_or.reduce([*masks.values()])
    total = sum(exact(weight) for weight in weights.values())
    for value, rows in masks.items():
        place = f"weights.{column}"
        for clause in (Clause(place, "at_least"), Clause(place, "at_most")):
            kind = f"rows of {column_name(column)} {value}"
            yield Bound(clause, kind, rows, whole, exact(weights[value]) / total)


def _distinct(mixture: Mixture, cells: Cells) -> Distinct | None:
    needed: DistinctTeachers | None = mixture.distinct_teachers
    if needed is None:
        return None
    synthetic = ~cells.real
    writers = {
        str(name): synthetic & cells.mask(has_value("teacher", name))
        for name in cells.values("teacher", synthetic)
    }
    clause = Clause("distinct_teachers", "at_least")
    return Distinct(clause, needed.at_least, exact(needed.least_share), writers, synthetic)
