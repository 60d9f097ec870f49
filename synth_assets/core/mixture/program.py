"""A mixture as an integer program: unknown are the rows that each cell gives.

Unknowns and sums stand in the order of the cells' names, so that the order of candidates plays no
part.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from synth_assets.core.mixture.bounds import Bound, Bounds
from synth_assets.core.mixture.cells import Ints, Mask
from synth_assets.core.mixture.highs import (
    Factors,
    Floats,
    Limits,
    Relaxed,
    Sum,
    solve_relaxed,
    solve_whole,
)


@dataclass(frozen=True)
class Program:
    """Unknowns with ends, and sums of them with ends.

    The first unknowns are the rows taken of each cell, copies included.

    Attributes:
        low: least value of each unknown.
        high: largest value.
        whole: which unknowns are whole numbers.
        factors: of each unknown in each sum, sums x unknowns.
        sum_low: least value of each sum.
        sum_high: largest value.
        size: the unknown that is the size of the set.
        rounding: the unknowns that say whether a bound takes its one row of slack.
        repeated: the unknowns that say how many rows of a cell are repetitions.
    """

    low: Floats
    high: Floats
    whole: Mask
    factors: Factors
    sum_low: Floats
    sum_high: Floats
    size: Ints
    rounding: Ints
    repeated: Ints

    @property
    def without_rounding(self) -> "Program":
        """The program in which no bound takes its one row of slack."""
        high = self.high.copy()
        high[self.rounding] = 0
        return replace(self, high=high)

    def with_sums(self, added: Sequence[Sum]) -> "Program":
        """The program with more sums."""
        return replace(
            self,
            factors=self.factors.above(Factors.of(added, len(self.low))),
            sum_low=np.concatenate([self.sum_low, [each.low for each in added]]),
            sum_high=np.concatenate([self.sum_high, [each.high for each in added]]),
        )

    def with_unknowns(self, count: int) -> "Program":
        """The program with more unknowns, from 0 on, which need not be whole."""
        return replace(
            self,
            low=np.append(self.low, np.zeros(count)),
            high=np.append(self.high, np.full(count, np.inf)),
            whole=np.append(self.whole, np.zeros(count, np.bool_)),
            factors=self.factors.widened(len(self.low) + count),
        )

    def costs(self, unknowns: Ints, cost: float = 1) -> Floats:
        """A cost for some unknowns, none for the others."""
        found = np.zeros(len(self.low))
        found[unknowns] = cost
        return found

    def least(self, costs: Floats, nodes: int | None = None) -> Floats | None:
        """The cheapest values of the unknowns; none if there are no values at all.

        Args:
            costs: of each unknown.
            nodes: see `solve_whole`.
        """
        return solve_whole(costs, self.factors, self._limits, self.whole, nodes)

    def relaxed(self, costs: Floats) -> Relaxed | None:
        """The cheapest values if no unknown need be a whole number; none if there are none."""
        return solve_relaxed(costs, self.factors, self._limits)

    @property
    def _limits(self) -> Limits:
        return Limits(self.low, self.high, self.sum_low, self.sum_high)


def program_of(bounds: Bounds, supply: Ints, most: Ints, rows: tuple[int, int | None]) -> Program:
    """Lay the bounds of a mixture out.

    Args:
        bounds: what is promised.
        supply: different rows of each cell.
        most: rows of each cell, copies included, that may be taken.
        rows: least and largest size of the set; open if the latter is none.
    """
    return _Layout(bounds, supply, most, rows).program()


@dataclass(frozen=True)
class Merging:
    """Cells that some masks do not tell apart, taken together.

    Attributes:
        firsts: the first cell of each lot.
        numbers: the lot of each cell.
    """

    firsts: Ints
    numbers: Ints

    @classmethod
    def by(cls, masks: Sequence[Mask]) -> "Merging":
        """Take cells together that stand in the same masks, of which there is one at least."""
        signs = np.ascontiguousarray(np.packbits(np.stack(masks), axis=0).T)
        _, firsts, numbers = np.unique(signs, axis=0, return_index=True, return_inverse=True)
        return cls(firsts, numbers.ravel())

    def summed(self, values: Ints) -> Ints:
        """The sum of each lot."""
        found = np.zeros(len(self.firsts), np.int64)
        np.add.at(found, self.numbers, values)
        return found


def merged_program(
    bounds: Bounds, supply: Ints, most: Ints, rows: tuple[int, int | None]
) -> Program:
    """As `program_of`, with one unknown for all cells that the bounds do not tell apart.

    Where only sums of rows matter, it has the same solutions.
    """
    merging = Merging.by([np.ones(len(supply), np.bool_), *bounds.masks])
    sums = merging.summed(supply), merging.summed(most)
    return program_of(bounds.among(merging.firsts), *sums, rows)


class _Layout:
    """Gives every unknown its place: cells, totals, roundings, repetitions, teachers."""

    def __init__(
        self, bounds: Bounds, supply: Ints, most: Ints, rows: tuple[int, int | None]
    ) -> None:
        self.bounds, self.supply, self.most, self.rows = bounds, supply, most, rows
        self.cells = len(supply)
        self.totals: dict[bytes, tuple[int, Mask]] = {}
        every = np.ones(self.cells, np.bool_)
        for whole in (every, *(b.whole for b in bounds.linear if b.whole is not None)):
            self._total(whole)
        if bounds.distinct:
            self._total(bounds.distinct.synthetic)
        at = self.cells + len(self.totals)
        self.rounded = [bound for bound in bounds.linear if bound.slack]
        self.rounding = at + np.arange(len(self.rounded))
        at += len(self.rounded)
        self.copied = np.flatnonzero(most > supply)
        self.repeated = at + np.arange(len(self.copied))
        at += len(self.copied)
        writers = len(bounds.distinct.writers) if bounds.distinct else 0
        self.writing = at + np.arange(writers)
        self.unknowns = at + writers

    def _total(self, whole: Mask) -> int:
        # A total of its own for what shares are shares of: bounds stay short where cells are many.
        column = self.cells + len(self.totals)
        return self.totals.setdefault(whole.tobytes(), (column, whole))[0]

    def program(self) -> Program:
        low, high = np.zeros(self.unknowns), np.full(self.unknowns, float(self.most.sum()))
        high[: self.cells] = self.most
        high[self.rounding] = 1
        high[self.repeated] = (self.most - self.supply)[self.copied]
        high[self.writing] = 1
        first = self.cells
        low[first] = self.rows[0]
        if self.rows[1] is not None:
            high[first] = self.rows[1]
        whole = np.ones(self.unknowns, np.bool_)
        whole[self.cells : self.cells + len(self.totals)] = False
        sums = [*self._totals(), *self._linear(), *self._copies(), *self._writers()]
        return Program(
            low,
            high,
            whole,
            Factors.of(sums, self.unknowns),
            np.array([each.low for each in sums], np.float64),
            np.array([each.high for each in sums], np.float64),
            np.array([self.cells]),
            self.rounding,
            self.repeated,
        )

    def _totals(self) -> Iterator[Sum]:
        for column, whole in self.totals.values():
            among = np.flatnonzero(whole)
            yield Sum(np.append(among, column), np.append(np.ones(len(among)), -1.0), 0, 0)

    def _linear(self) -> Iterator[Sum]:
        places = dict(zip(map(id, self.rounded), self.rounding.tolist(), strict=True))
        for bound in self.bounds.linear:
            yield self._of(bound, places.get(id(bound)))

    def _of(self, bound: Bound, rounding: int | None) -> Sum:
        among = np.flatnonzero(bound.rows)
        up = bound.clause.side == "at_least"
        if bound.whole is None:
            limit = float(bound.limit)
            return Sum(among, 1.0, low=limit) if up else Sum(among, 1.0, high=limit)
        columns, factors = [*among, self._total(bound.whole)], [1.0] * len(among)
        factors.append(-float(bound.limit))
        if rounding is not None:
            columns.append(rounding)
            factors.append(float(bound.slack) if up else -float(bound.slack))
        found = np.array(columns, np.int64), np.array(factors)
        return Sum(*found, low=0) if up else Sum(*found, high=0)

    def _copies(self) -> Iterator[Sum]:
        for cell, repeated in zip(self.copied.tolist(), self.repeated.tolist(), strict=True):
            high = float(self.supply[cell])
            yield Sum(np.array([cell, repeated]), np.array([1.0, -1.0]), high=high)

    def _writers(self) -> Iterator[Sum]:
        distinct = self.bounds.distinct
        if distinct is None:
            return
        total, most = self._total(distinct.synthetic), float(self.most[distinct.synthetic].sum())
        if self.rows[1] is not None:
            most = min(most, self.rows[1])
        share = float(distinct.share)
        for own, writing in zip(distinct.writers.values(), self.writing.tolist(), strict=True):
            among = np.flatnonzero(own)
            ones = np.ones(len(among))
            yield Sum(np.append(among, writing), np.append(ones, -1.0), low=0)
            # Without effect where the teacher need not count.
            columns = np.concatenate([among, [total, writing]])
            factors = np.concatenate([ones, [-share, -share * most]])
            yield Sum(columns, factors, low=-share * most)
        yield Sum(self.writing, 1.0, low=float(distinct.needed))
