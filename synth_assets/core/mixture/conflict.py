"""Why a mixture cannot be met: the smallest conflict, and what would mend it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.mixture.bounds import Bound, Clause
from synth_assets.core.mixture.cells import Cells, Mask
from synth_assets.core.mixture.changes import clause_told
from synth_assets.core.mixture.feasibility import Question
from synth_assets.core.mixture.mends import Mend, joint_mend, more_rows, single_mends
from synth_assets.core.mixture.new_rows import with_thinkable
from synth_assets.core.mixture.smallest_conflict import irreducible, smallest_conflict

_FEW = 12
"""Kinds of rows of which all pairs are tried."""


@dataclass(frozen=True)
class Scarce:
    """Rows of which there are too few.

    Attributes:
        kind: which, for people.
        cells: which of the candidates' cells.
        rows: how many there are.
    """

    kind: str
    cells: Mask
    rows: int

    @property
    def told(self) -> str:
        """For people."""
        return f"there are {self.rows:,} {self.kind}"


@dataclass(frozen=True)
class Conflict:
    """Why a mixture cannot be met.

    Attributes:
        mixture: which.
        clauses: the fewest of its clauses that cannot be met together with these candidates.
        scarce: the fewest kinds of which there are too few for that; with more of any of them the
            clauses could be met. None where the clauses contradict each other.
        mends: each single change that would do, tried by solving again; where none does, several
            changes together.
    """

    mixture: Mixture
    clauses: tuple[Clause, ...]
    scarce: tuple[Scarce, ...]
    mends: tuple[Mend, ...]

    @property
    def told(self) -> str:
        """For people."""
        told = dict.fromkeys(clause_told(self.mixture, clause) for clause in self.clauses)
        copies = self.mixture.repeats.real
        each = f", {copies} copies of each at most" if copies > 1 else ""
        told |= dict.fromkeys(f"{some.told}{each}" for some in self.scarce)
        mends = "; or ".join(mend.told(self.mixture) for mend in self.mends)
        return (
            f"Mixture {self.mixture.id} cannot be met. What conflicts: {'; '.join(told)}. "
            f"It needs {mends}."
        )


def conflict_in(mixture: Mixture, cells: Cells) -> Conflict:
    """Find out why a mixture cannot be met.

    Args:
        mixture: that cannot.
        cells: the candidates, see `cell_keys`.
    """
    clauses = _smallest(mixture, cells)
    thinkable = with_thinkable(cells, mixture)
    question = Question.of(mixture, thinkable)
    scarce = _scarce(question, clauses)
    kinds = [(each.kind, each.cells) for each in scarce]
    mends = [*more_rows(mixture, thinkable, kinds), *single_mends(mixture, cells, clauses)]
    if scarce and not any(mend.more for mend in mends):
        everyone = [("rows", np.ones(len(thinkable.supply), np.bool_))]
        mends = [*more_rows(mixture, thinkable, everyone), *mends]
    if not mends:
        mends.append(joint_mend(mixture, cells, lambda other: _smallest(other, cells)))
    return Conflict(mixture, clauses, scarce, tuple(mends))


def _smallest(mixture: Mixture, cells: Cells) -> tuple[Clause, ...]:
    """The fewest clauses that cannot be met together; none where all can."""
    question = Question.of(mixture, cells)
    if question.can_hold(question.clauses):
        return ()
    return smallest_conflict(question.clauses, question.can_hold)


def _scarce(question: Question, clauses: Sequence[Clause]) -> tuple[Scarce, ...]:
    """Kinds of rows of which there are too few for some clauses.

    None of them can be left out; of few kinds they are the fewest, of many the smallest.
    """
    kinds: dict[bytes, Scarce] = {}
    for kind in _kinds(question, clauses):
        kinds.setdefault(kind.cells.tobytes(), kind)
    ordered = sorted(kinds.values(), key=lambda each: (each.rows, int(each.cells.sum())))

    def too_few(some: Sequence[Scarce]) -> bool:
        return not question.can_hold(clauses, _any_of(question, some))

    if too_few(()):
        return ()
    if len(ordered) <= _FEW:
        for count in (1, 2):
            for some in combinations(ordered, count):
                if too_few(some):
                    return some
    found = irreducible(ordered, too_few)
    if len(found) > 2:
        # Of so many small kinds people learn less than of a large one.
        found = next((each,) for each in reversed(ordered) if too_few((each,)))
    return tuple(found)


def _any_of(question: Question, kinds: Sequence[Scarce]) -> Mask:
    masks = [np.zeros(len(question.demand.most), np.bool_), *(kind.cells for kind in kinds)]
    return np.logical_or.reduce(masks)


def _kinds(question: Question, clauses: Sequence[Clause]) -> Iterator[Scarce]:
    supply, real = question.demand.cells.supply, question.demand.cells.real
    masks: list[tuple[str, Mask]] = [("real rows", real), ("synthetic rows", ~real)]
    bounds = [b for b in question.demand.bounds.linear if b.clause in clauses]
    for bound in bounds:
        masks.append((bound.kind, bound.rows))
        if bound.whole is not None:
            other = f"{_whole(question, bound)} other than {bound.kind}"
            masks.append((other, bound.whole & ~bound.rows))
    distinct = question.demand.bounds.distinct
    if distinct is not None and distinct.clause in clauses:
        writers = distinct.writers.items()
        wrote = [own for _, own in writers if supply[own].any()]
        others = ~np.logical_or.reduce([~distinct.synthetic, *wrote])
        masks.append(("synthetic rows of other teachers", others))
        masks += [(f"rows of teacher {name}", own) for name, own in writers]
    for clause in clauses:
        masks += _beside_the_full(question, [b for b in bounds if b.clause == clause])
    masks.append(("rows", np.ones(len(supply), np.bool_)))
    for kind, cells in masks:
        yield Scarce(kind, cells, int(supply[cells].sum()))


def _whole(question: Question, bound: Bound) -> str:
    real = question.demand.cells.real
    if bound.whole is None or bool(bound.whole.all()):
        return "rows"
    return "synthetic rows" if not bool((bound.whole & real).any()) else "real rows"


def _beside_the_full(question: Question, bounds: Sequence[Bound]) -> Iterator[tuple[str, Mask]]:
    """Rows of no kind that has as many as a cap allows."""
    supply, size = question.demand.cells.supply, question.demand.rows[1]
    full = [
        bound
        for bound in bounds
        if bound.clause.side == "at_most"
        and bound.whole is not None
        and int(supply[bound.rows].sum()) >= bound.limit * (size or int(supply[bound.whole].sum()))
    ]
    if len(full) > 1:
        rest = full[0].whole & ~np.logical_or.reduce([bound.rows for bound in full])
        names = ", ".join(bound.kind.removeprefix("rows of ") for bound in full)
        yield f"{_whole(question, full[0])} other than of {names}", rest
