"""What would make a mixture feasible: each mend is tried by solving again."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor

import numpy as np

from synth_assets.core.config.mixture_bounds import exact
from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.mixture.allotment import (
    can_be_met_as_proportions,
    largest_size,
    rounded,
    smallest_size,
)
from synth_assets.core.mixture.bounds import Clause
from synth_assets.core.mixture.cells import Cells, Ints, Mask
from synth_assets.core.mixture.changes import Change, Number, is_bare, quota_at, said
from synth_assets.core.mixture.feasibility import (
    Question,
    can_be_met,
    can_be_met_exactly,
    demand_of,
)
from synth_assets.core.mixture.new_rows import MoreRows
from synth_assets.core.mixture.program import Merging, program_of


@dataclass(frozen=True)
class Mend:
    """What would do.

    Attributes:
        changes: of the mixture; together, where no single one does.
        more: rows that would have to be added; none.
    """

    changes: tuple[Change, ...] = ()
    more: MoreRows | None = None

    def applied(self, mixture: Mixture) -> Mixture:
        """The mixture with the changes."""
        for change in self.changes:
            mixture = change.applied(mixture)
        return mixture

    def told(self, mixture: Mixture) -> str:
        """For people."""
        if self.more is not None:
            return self.more.told
        return " together with ".join(change.told(mixture) for change in self.changes)


def single_mends(mixture: Mixture, cells: Cells, conflict: Iterable[Clause]) -> Iterator[Mend]:
    """Each change of one clause of a conflict that makes the mixture feasible.

    The nearest value that does, in hundredths where it is a share.

    Args:
        mixture: that is not.
        cells: the candidates.
        conflict: clauses that cannot be met together; only to change one of them can help.
    """
    for clause in conflict:
        change = _nearest(mixture, cells, clause)
        if change is not None:
            yield Mend((change,))
    copies = mixture.repeats
    for more in range(copies.real + 1, copies.exposures // copies.epochs + 1):
        change = Change(Clause("repeats.real", "at_most"), more)
        if _does(change, mixture, cells):
            yield Mend((change,))
            break


def joint_mend(
    mixture: Mixture,
    cells: Cells,
    conflict_of: Callable[[Mixture], Sequence[Clause]],
) -> Mend:
    """Several changes that together make a mixture feasible where no single one does.

    Clauses of one conflict after the other are given up; then each comes back as near to what it
    said as the others allow.

    Args:
        mixture: that is not feasible.
        cells: the candidates.
        conflict_of: clauses of a mixture that cannot be met together; none where all can.
    """
    free, given_up = mixture, list[Clause]()
    while conflict := conflict_of(free):
        # The size goes last: a smaller set seldom helps where bounds are at odds.
        clause = sorted(conflict, key=lambda each: each.place == "rows")[0]
        given_up.append(clause)
        free = _given_up(clause, free)
    changes: list[Change] = []
    for at, clause in enumerate(given_up):
        tried = mixture
        for change in changes:
            tried = change.applied(tried)
        for other in given_up[at + 1 :]:
            tried = _given_up(other, tried)
        if can_be_met(demand_of(tried, cells)):
            continue
        change = _nearest(tried, cells, clause)
        changes.append(change if change is not None else _freed(clause, tried))
    return Mend(tuple(changes))


def _given_up(clause: Clause, mixture: Mixture) -> Mixture:
    return _freed(clause, mixture).applied(mixture)


def _freed(clause: Clause, mixture: Mixture) -> Change:
    """The change by which a clause says nothing any more."""
    return Change(clause, _looser(mixture, clause, None)[-1])


def _does(change: Change, mixture: Mixture, cells: Cells) -> bool:
    try:
        return can_be_met(demand_of(change.applied(mixture), cells))
    except ValueError:  # what no file may say is no mend
        return False


def _nearest(mixture: Mixture, cells: Cells, clause: Clause) -> Change | None:
    """The smallest change of a clause that does, if any does."""
    if clause.place == "rows":
        return _other_size(mixture, cells, clause)
    values = _looser(mixture, clause, cells)
    if not _does(Change(clause, values[-1]), mixture, cells):
        return None
    least, most = 0, len(values) - 1
    while least < most:
        middle = (least + most) // 2
        if _does(Change(clause, values[middle]), mixture, cells):
            most = middle
        else:
            least = middle + 1
    near = [value for value in values[least : least + 3] if value is not None]
    if is_bare(mixture, clause):
        before = [value for value in values[max(least - 1, 0) : least] if value is not None]
        bare = [Change(clause, value, both=True) for value in (*near, *before)]
        if (change := _neatest(bare, mixture, cells)) is not None:
            return change
    return _neatest([Change(clause, value) for value in near or [None]], mixture, cells)


def _neatest(changes: Sequence[Change], mixture: Mixture, cells: Cells) -> Change | None:
    """The first change that does without the one row of slack, else the first that does."""
    done = [change for change in changes if _does(change, mixture, cells)]
    neat = (
        change for change in done if can_be_met_exactly(demand_of(change.applied(mixture), cells))
    )
    return next(neat, done[0] if done else None)


def _other_size(mixture: Mixture, cells: Cells, clause: Clause) -> Change | None:
    if mixture.rows is None:
        return None
    demand = demand_of(mixture, cells)
    if clause.side == "at_least":
        size = largest_size(replace(demand, rows=(1, mixture.rows)))
    else:
        wider = replace(demand, rows=(mixture.rows, None))
        size = smallest_size(wider) if can_be_met_as_proportions(wider) else 0
    step = -1 if clause.side == "at_least" else 1
    sizes = [size, size + step, size + 2 * step] if size else []
    return _neatest([Change(clause, each) for each in sizes if each], mixture, cells)


def _looser(mixture: Mixture, clause: Clause, cells: Cells | None) -> Sequence[Number]:
    """What a clause could say that demands less, the nearest first, nothing at last."""
    now = said(mixture, clause)
    quota = quota_at(mixture, clause)
    if now is None or clause.place == "rows":
        return [None]
    if clause.place == "distinct_teachers":
        return [*range(int(now) - 1, 0, -1), None]
    if clause.place == "max_depth":
        deeper = cells.frame["depth"].drop_nulls().unique().sort().to_list() if cells else []
        return [*(int(depth) for depth in deeper if depth > now), None]
    if quota is not None and quota.rows is not None:
        if clause.side == "at_least":
            return range(int(now) - 1, -1, -1)
        most = int(cells.supply.sum()) * mixture.repeats.real if cells else 0
        return [*range(int(now) + 1, most + 1), None]
    hundredths = exact(now) * 100
    if clause.side == "at_least":
        return [number / 100 for number in range(ceil(hundredths) - 1, -1, -1)]
    return [number / 100 for number in range(floor(hundredths) + 1, 101)]


def more_rows(
    mixture: Mixture, thinkable: Cells, kinds: Sequence[tuple[str, Mask]]
) -> Iterator[Mend]:
    """The fewest rows of each kind that would do, where any number does.

    Args:
        mixture: that is not feasible.
        thinkable: the candidates, with cells of which there are no rows yet.
        kinds: names of kinds, and which cells are of each.
    """
    question = Question.of(mixture, thinkable)
    for name, kind in kinds:
        added = _added(question, kind)
        columns = thinkable.columns
        rows = thinkable.frame.select(columns).to_dicts()
        more = MoreRows(name, tuple((rows[at], int(added[at])) for at in np.flatnonzero(added)))
        if more.count and can_be_met(demand_of(mixture, more.added(_there(thinkable)))):
            yield Mend(more=more)


def _there(cells: Cells) -> Cells:
    return Cells(cells.frame.filter(cells.frame["supply"] > 0))


def _added(question: Question, kind: Mask) -> Ints:
    """Rows to add to each cell of a kind, about as few as can be; none where none would do."""
    demand = question.demand
    real, copies = demand.cells.real, np.where(demand.cells.real, demand.copies, 1)
    merging = Merging.by([kind, real, *demand.bounds.masks])
    firsts = merging.firsts
    most = merging.summed(demand.most)
    wider = most + np.where(kind[firsts], question.plenty, 0)
    program = program_of(demand.bounds.among(firsts), most, wider, demand.rows)
    costs = program.costs(program.repeated)
    if demand.rows[1] is None:
        relaxed = program.without_rounding.relaxed(costs)
        found = None if relaxed is None else relaxed.values
    else:
        found = rounded(program, costs, len(firsts))
    added = np.zeros(len(real))
    if found is not None:
        added[firsts[np.flatnonzero(kind[firsts])]] = np.round(found[program.repeated], 6)
    return np.ceil(added / copies).astype(np.int64)
