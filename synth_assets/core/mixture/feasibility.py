"""Whether some of what a mixture says can be met together, by some of the candidates' numbers."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.mixture.allotment import Demand, can_be_met_as_proportions
from synth_assets.core.mixture.bounds import Bounds, Clause, bounds_of
from synth_assets.core.mixture.cells import Cells, Mask

ROWS_AT_LEAST = Clause("rows", "at_least")
ROWS_AT_MOST = Clause("rows", "at_most")


def demand_of(mixture: Mixture, cells: Cells) -> Demand:
    """What a mixture asks of candidates; of any size, where it names no number of rows."""
    return Demand(
        cells,
        bounds_of(mixture, cells),
        mixture.repeats.real,
        (1, None) if mixture.rows is None else (mixture.rows, mixture.rows),
        even_recipes="recipe" not in mixture.weights,
        even_sources="source" not in mixture.weights,
    )


def can_be_met(demand: Demand) -> bool:
    """Whether some set meets a demand; of an open size, one that rounding does not carry."""
    if demand.rows[1] is None and not can_be_met_as_proportions(demand):
        return False
    program = demand.merged
    return program.least(np.zeros(len(program.low))) is not None


def can_be_met_exactly(demand: Demand) -> bool:
    """Whether some set meets a demand without the one row of slack."""
    program = demand.merged.without_rounding
    return program.least(np.zeros(len(program.low))) is not None


@dataclass(frozen=True)
class Question:
    """A mixture and candidates, of which parts may be left out.

    Attributes:
        demand: all of it.
    """

    demand: Demand

    @classmethod
    def of(cls, mixture: Mixture, cells: Cells) -> "Question":
        """A mixture and candidates."""
        return cls(demand_of(mixture, cells))

    @cached_property
    def clauses(self) -> tuple[Clause, ...]:
        """All that the mixture says, its size first."""
        open_ended = self.demand.rows[1] is None
        size = (ROWS_AT_LEAST,) if open_ended else (ROWS_AT_LEAST, ROWS_AT_MOST)
        return (*size, *self.demand.bounds.clauses)

    def can_hold(self, clauses: Collection[Clause], scarce: Mask | None = None) -> bool:
        """Whether some clauses can be met together.

        Args:
            clauses: that count; the others say nothing.
            scarce: cells that have as many rows as there are, the others any number; with none,
                all.
        """
        return can_be_met(self._only(clauses, scarce))

    def _only(self, clauses: Collection[Clause], scarce: Mask | None) -> Demand:
        cells, (fewest, most) = self.demand.cells, self.demand.rows
        bounds: Bounds = self.demand.bounds.only(lambda clause: clause in clauses)
        low = fewest if ROWS_AT_LEAST in clauses else 0
        high = most if ROWS_AT_MOST in clauses else None
        if scarce is not None:
            cells = cells.with_supply(np.where(scarce, cells.supply, self.plenty))
        return replace(self.demand, cells=cells, bounds=bounds, rows=(low, high))

    @property
    def plenty(self) -> int:
        """Rows of which nobody could want more."""
        return 1000 + 10 * (int(self.demand.most.sum()) + self.demand.rows[0])
