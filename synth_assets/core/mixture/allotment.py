"""How many rows each cell gives: a few programs, one after the other.

Each is solved within what those before it reached: as many rows as can be (where no number is
asked), as few bounds as can be that take their one row of slack, as few repetitions, a share of
synthetic rows as near as can be to that of the candidates, recipes and sources that share them
max-min fair, and at last cells as near as can be to an even draw from their recipe or source.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
import polars as pl

from synth_assets.core.mixture.bounds import Bounds
from synth_assets.core.mixture.cells import GROUP, Cells, Ints
from synth_assets.core.mixture.highs import Floats, Sum
from synth_assets.core.mixture.program import Program, merged_program, program_of
from synth_assets.errors import StageContractError

_NEAR, _FAR, _OTHER_GROUP = 1.0, 3.0, 100.0
"""What a row away from an even draw costs: within half of it, beyond, and from another group."""

_LOOSE = 1e-6
_NODES = 300


@dataclass(frozen=True)
class Demand:
    """What is asked of candidates.

    Attributes:
        cells: the candidates.
        bounds: what is promised.
        copies: most copies of a real row.
        rows: least and largest size of the set; open if the latter is none.
        even_recipes: whether recipes share the synthetic rows evenly.
        even_sources: whether sources share the real rows evenly.
    """

    cells: Cells
    bounds: Bounds
    copies: int = 1
    rows: tuple[int, int | None] = (1, None)
    even_recipes: bool = True
    even_sources: bool = True

    @property
    def most(self) -> Ints:
        """Rows of each cell that may be taken, copies included."""
        return np.where(self.cells.real, self.cells.supply * self.copies, self.cells.supply)

    @property
    def program(self) -> Program:
        """The demand laid out."""
        return program_of(self.bounds, self.cells.supply, self.most, self.rows)

    @cached_property
    def merged(self) -> Program:
        """The demand laid out for those whom only sums of rows concern."""
        return merged_program(self.bounds, self.cells.supply, self.most, self.rows)


@dataclass(frozen=True)
class _Group:
    """Cells that share their rows as an even draw would: those of a recipe, or of a source."""

    columns: Ints
    most: int
    real: bool


@dataclass(frozen=True)
class _Found:
    """Rows taken of each cell, and how many are of another group than they should be."""

    taken: Ints
    elsewhere: float


def largest_size(demand: Demand) -> int:
    """The most different rows that a demand allows, with the copies they need; 0 if none.

    Rounding may not carry a set: only where the bounds can be met as proportions is one made.
    """
    if not can_be_met_as_proportions(demand):
        return 0
    program = demand.merged
    costs = program.costs(program.size, -1.0)
    costs[program.repeated] = 1 + 1 / (1 + float(demand.most.sum()))
    found = program.least(costs)
    return 0 if found is None else round(float(found[program.size].sum()))


def smallest_size(demand: Demand) -> int:
    """The fewest rows that a demand allows, at least one; 0 if none."""
    program = demand.merged
    found = program.least(program.costs(program.size))
    return 0 if found is None else round(float(found[program.size].sum()))


def can_be_met_as_proportions(demand: Demand) -> bool:
    """Whether bounds can be met to the last digit, if parts of rows could be taken."""
    program = demand.merged.without_rounding
    return program.relaxed(np.zeros(len(program.low))) is not None


def allot(demand: Demand) -> Ints | None:
    """How many rows each cell gives, copies included; none if the bounds cannot all be met.

    Args:
        demand: of one size.

    Raises:
        StageContractError: if what the solver found does not meet the bounds after all.
    """
    spent = _least_spent(demand)
    if spent is None:
        return None
    program = _thrifty(demand.program, spent)
    groups = _groups(demand)
    # Mostly nothing but supply is in the way of even shares: then two programs are spared.
    found = _nearest(demand, program, groups, _unhindered(demand, groups))
    if found.elsewhere:
        found = _nearest(demand, program, groups, _fair_levels(demand, program, groups))
    if broken := demand.bounds.broken(found.taken):
        places = ", ".join(clause.place for clause in broken)
        raise StageContractError(f"The solver's answer does not hold to {places}. Report this.")
    return found.taken


def _groups(demand: Demand) -> list[_Group]:
    names = demand.cells.frame[GROUP]
    groups: list[_Group] = []
    for real, even in ((False, demand.even_recipes), (True, demand.even_sources)):
        among = np.flatnonzero(demand.cells.real == real)
        own = names.gather(among) if even else pl.Series([""] * len(among), dtype=pl.String)
        for name in sorted(own.unique()):
            columns = among[(own == name).to_numpy()]
            groups.append(_Group(columns, int(demand.most[columns].sum()), real))
    return groups


def _unhindered(demand: Demand, groups: Sequence[_Group]) -> Ints:
    """Rows of each group where only supply, and the share of synthetic rows, are in the way."""
    size, real = demand.rows[0], demand.cells.real
    low, high = size - int(demand.most[real].sum()), int(demand.most[~real].sum())
    synthetic = Fraction(size * int(demand.cells.supply[~real].sum()))
    synthetic /= max(int(demand.cells.supply.sum()), 1)
    for bound in demand.bounds.linear:
        if bound.clause.place == "synthetic_share":
            up = bound.clause.side == "at_least"
            synthetic = (max if up else min)(synthetic, bound.limit * size)
    synthetic = min(max(synthetic, Fraction(low)), Fraction(high))
    return _apportioned(size, _filled_by_origin(groups, size, float(synthetic)))


def _filled_by_origin(groups: Sequence[_Group], size: int, synthetic: float) -> Floats:
    parts = [np.empty(0)]
    for real, total in ((False, synthetic), (True, size - synthetic)):
        most = [group.most for group in groups if group.real == real]
        parts.append(_filled(np.array(most, np.float64), total))
    return np.concatenate(parts)


def _fair_levels(demand: Demand, program: Program, groups: Sequence[_Group]) -> Ints:
    """Rows of each group, where bounds are in the way too."""
    size = demand.rows[0]
    synthetic = _share_of_candidates(demand, program)
    levels = np.empty(0)
    for real, total in ((False, synthetic), (True, size - synthetic)):
        columns = np.flatnonzero(demand.cells.real == real)
        program = program.with_sums([Sum(columns, 1.0, total - _LOOSE, total + _LOOSE)])
        own = [group for group in groups if group.real == real]
        level = _fair(program, own)
        program = program.with_sums(_at_least(own, level))
        levels = np.append(levels, level)
    return _apportioned(size, levels)


def _least_spent(demand: Demand) -> tuple[int, int] | None:
    """How many bounds must take their slack at least, and then how many rows must be repeated."""
    program = demand.merged
    least: list[int] = []
    for spent in (program.rounding, program.repeated):
        found = program.least(program.costs(spent)) if len(spent) or not least else None
        if found is None and not least:
            return None
        least.append(0 if found is None else round(float(found[spent].sum())))
        program = program.with_sums([Sum(spent, 1.0, high=least[-1])])
    return least[0], least[1]


def _thrifty(program: Program, most: tuple[int, int]) -> Program:
    """The program that takes no more slack, and repeats no more rows."""
    spent = zip((program.rounding, program.repeated), most, strict=True)
    return program.with_sums([Sum(columns, 1.0, high=high) for columns, high in spent])


def _share_of_candidates(demand: Demand, program: Program) -> float:
    """Synthetic rows: as near to their share of the candidates as can be."""
    synthetic = np.flatnonzero(~demand.cells.real)
    supply = demand.cells.supply
    wanted = demand.rows[0] * supply[synthetic].sum() / max(supply.sum(), 1)
    away = len(program.low)
    wider = program.with_unknowns(1)
    columns, ones = np.append(synthetic, away), np.ones(len(synthetic))
    wider = wider.with_sums(
        [
            Sum(columns, np.append(ones, 1.0), low=wanted),
            Sum(columns, np.append(ones, -1.0), high=wanted),
        ]
    )
    found = wider.relaxed(wider.costs(np.array([away])))
    assert found is not None, "a program that whole numbers meet, others meet too"
    return float(found.values[synthetic].sum())


def _at_least(groups: Sequence[_Group], levels: Floats) -> list[Sum]:
    return [
        Sum(group.columns, 1.0, low=level - _LOOSE)
        for group, level in zip(groups, levels.tolist(), strict=True)
    ]


def _fair(program: Program, groups: Sequence[_Group]) -> Floats:
    """Rows of each group, parts of rows allowed, max-min fair.

    The smallest is made as large as can be; groups that cannot then grow stay, and so on with the
    others (Bertsekas and Gallager, 1992, «Data Networks», 6.5.2).
    """
    levels = np.zeros(len(groups))
    free = list(range(len(groups)))
    level = len(program.low)
    wider = program.with_unknowns(1)
    own = len(wider.sum_low)
    while free:
        sums = _at_least(groups, levels)
        for at in free:
            columns = np.append(groups[at].columns, level)
            sums[at] = Sum(columns, np.append(np.ones(len(columns) - 1), -1.0), low=0)
        found = wider.with_sums(sums).relaxed(wider.costs(np.array([level]), -1.0))
        assert found is not None, "the last answer still stands"
        stuck = [at for at in free if abs(found.prices[own + at]) > _LOOSE] or free
        levels[stuck] = found.values[level]
        free = [at for at in free if at not in stuck]
    return levels


def _filled(most: Floats, total: float) -> Floats:
    """Max-min fair shares of a total where nothing but supply is in the way."""
    levels = np.zeros(len(most))
    left = total
    for place, at in enumerate(np.argsort(most, kind="stable")):
        levels[at] = min(most[at], left / (len(most) - place))
        left -= levels[at]
    return levels


def _apportioned(total: int, parts: Floats) -> Ints:
    """Parts as whole numbers that sum to a total: by largest remainder, of equals the first."""
    whole = np.floor(parts + _LOOSE).astype(np.int64)
    remainders = np.round(parts - whole, 6)
    missing = total - int(whole.sum())
    if missing > 0:
        whole[np.argsort(-remainders, kind="stable")[:missing]] += 1
    return whole


def _nearest(demand: Demand, program: Program, groups: Sequence[_Group], levels: Ints) -> _Found:
    """Rows of each cell as near as can be to an even draw from its group.

    A row away from it costs more the farther away the cell is already, so that many cells give a
    little rather than one all.
    """
    most = demand.most
    drawn = np.zeros(len(most), np.int64)
    for group, level in zip(groups, levels.tolist(), strict=True):
        own = demand.cells.supply[group.columns]
        drawn[group.columns] = _apportioned(level, level * own / max(int(own.sum()), 1))
    drawn = np.minimum(drawn, most)
    near = (drawn + 1) // 2
    beyond = np.minimum(near, most - drawn)
    widths = np.stack([drawn - near, near, beyond, most - drawn - beyond])
    kinds, cells = np.nonzero(widths)
    stepped = _in_steps(program, len(most), cells, widths[kinds, cells])
    away = len(stepped.low) + np.arange(2 * len(groups)).reshape(-1, 2)
    own = [np.flatnonzero(np.isin(cells, group.columns)) for group in groups]
    apart = [
        Sum(np.append(steps, pair), np.append(np.ones(len(steps)), [1.0, -1.0]), level, level)
        for steps, pair, level in zip(own, away, levels.tolist(), strict=True)
    ]
    stepped = stepped.with_unknowns(away.size).with_sums(apart)
    costs = stepped.costs(away.ravel(), _OTHER_GROUP)
    costs[: len(cells)] = np.array([-_FAR, -_NEAR, _NEAR, _FAR])[kinds]
    found = rounded(stepped, costs, len(cells))
    assert found is not None, "what met the bounds before meets them still"
    taken = np.zeros(len(most), np.int64)
    np.add.at(taken, cells, np.rint(found[: len(cells)]).astype(np.int64))
    return _Found(taken, float(np.round(found[away]).sum()))


def rounded(program: Program, costs: Floats, count: int) -> Floats | None:
    """Whole numbers close to the cheapest values that need not be whole; none if there are none.

    Few of those are not whole already: at most as many as there are sums. So the search is small;
    where it fails, it is made wider. What is found costs least, or, after many branches, as near
    to it as was found by then: the last of them prove that a row of millions lies right.

    Args:
        program: to solve.
        costs: of each unknown.
        count: how many unknowns, the first ones, are held close.
    """
    relaxed = program.relaxed(costs)
    if relaxed is None:
        return None
    near = relaxed.values[:count]
    for reach, nodes in ((0, _NODES), (1, _NODES), (3, _NODES), (np.inf, None)):
        low, high = program.low.copy(), program.high.copy()
        low[:count] = np.maximum(low[:count], np.floor(near + _LOOSE) - reach)
        high[:count] = np.minimum(high[:count], np.ceil(near - _LOOSE) + reach)
        if (found := replace(program, low=low, high=high).least(costs, nodes)) is not None:
            return found
    return None


def _in_steps(program: Program, count: int, cells: Ints, widths: Ints) -> Program:
    """A program with several unknowns for each cell, one for each step of its cost.

    Args:
        program: with one unknown a cell.
        count: of cells.
        cells: the cell of each step.
        widths: most rows of each step.
    """
    moved = len(cells) - count
    columns = np.append(cells, np.arange(count, len(program.low)))
    return replace(
        program,
        low=np.append(np.zeros(len(cells)), program.low[count:]),
        high=np.append(widths.astype(np.float64), program.high[count:]),
        whole=np.append(np.ones(len(cells), np.bool_), program.whole[count:]),
        factors=program.factors.repeated(columns),
        size=program.size + moved,
        rounding=program.rounding + moved,
        repeated=program.repeated + moved,
    )
