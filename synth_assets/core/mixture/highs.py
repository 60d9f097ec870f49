"""Linear programs, solved by HiGHS through scipy.

HiGHS (Huangfu and Hall, 2018, «Parallelizing the dual revised simplex method») runs on one thread
here; equal programs have equal solutions.
"""

# scipy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportOptionalSubscript=false

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from synth_assets.core.mixture.cells import Ints, Mask

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sum:
    """A sum of unknowns between two ends.

    Attributes:
        columns: the unknowns.
        factors: of each, or one for all.
        low: least value.
        high: largest value.
    """

    columns: Ints
    factors: Floats | float
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True)
class Factors:
    """The factor of each unknown in each sum.

    Attributes:
        matrix: sums x unknowns.
    """

    matrix: "csr_array"

    @classmethod
    def of(cls, sums: Sequence[Sum], unknowns: int) -> "Factors":
        """Lay sums out."""
        from scipy.sparse import csr_array

        sizes = [len(each.columns) for each in sums]
        parts = [np.broadcast_to(each.factors, n) for each, n in zip(sums, sizes, strict=True)]
        rows = np.repeat(np.arange(len(sums)), sizes)
        columns = np.concatenate([np.empty(0, np.int64), *(each.columns for each in sums)])
        cells = (np.concatenate([np.empty(0), *parts]), (rows, columns))
        return cls(csr_array(cells, shape=(len(sums), unknowns)))

    def above(self, others: "Factors") -> "Factors":
        """These sums, and others after them."""
        from scipy.sparse import csr_array, vstack

        return Factors(csr_array(vstack([self.matrix, others.matrix])))

    def widened(self, unknowns: int) -> "Factors":
        """The same sums among more unknowns, which they do not hold."""
        from scipy.sparse import csr_array

        old = self.matrix
        laid_out = (old.data, old.indices, old.indptr)
        return Factors(csr_array(laid_out, shape=(old.shape[0], unknowns)))

    def repeated(self, columns: Ints) -> "Factors":
        """The same sums of other unknowns, each with the factor of an old one."""
        from scipy.sparse import csr_array

        return Factors(csr_array(self.matrix.tocsc()[:, columns]))


@dataclass(frozen=True)
class Limits:
    """What unknowns and sums may be.

    Attributes:
        low: least value of each unknown.
        high: largest value.
        sum_low: least value of each sum.
        sum_high: largest value.
    """

    low: Floats
    high: Floats
    sum_low: Floats
    sum_high: Floats


@dataclass(frozen=True)
class Relaxed:
    """A solution in which no unknown need be a whole number.

    Attributes:
        values: of the unknowns.
        prices: of each sum, other than 0 where its least value is in the way of a cheaper one.
    """

    values: Floats
    prices: Floats


def solve_whole(
    costs: Floats, factors: Factors, limits: Limits, whole: Mask, nodes: int | None = None
) -> Floats | None:
    """The cheapest values of the unknowns; none if there are none.

    Args:
        costs: of each unknown.
        factors: of the unknowns in each sum.
        limits: of unknowns and sums.
        whole: which unknowns are whole numbers.
        nodes: branches after which the cheapest values found so far do, and none if there are
            none so far; with none, the search goes on until it is proved that nothing is cheaper.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    found = milp(
        costs,
        integrality=whole.astype(np.int8),
        bounds=Bounds(limits.low, limits.high),
        constraints=LinearConstraint(factors.matrix, limits.sum_low, limits.sum_high),
        options={"mip_rel_gap": 0.0, **({} if nodes is None else {"node_limit": nodes})},
    )
    return None if found.x is None else np.asarray(found.x)


def solve_relaxed(costs: Floats, factors: Factors, limits: Limits) -> Relaxed | None:
    """As `solve_whole`, if no unknown need be a whole number."""
    from scipy.optimize import linprog
    from scipy.sparse import vstack

    low, high, matrix = limits.sum_low, limits.sum_high, factors.matrix
    same = low == high
    above, below = ~same & (low > -np.inf), ~same & (high < np.inf)
    found = linprog(
        costs,
        A_ub=vstack([-matrix[above], matrix[below]]),
        b_ub=np.concatenate([-low[above], high[below]]),
        A_eq=matrix[same],
        b_eq=low[same],
        bounds=np.stack([limits.low, limits.high], axis=1),
        method="highs",
    )
    if found.x is None:
        return None
    prices = np.zeros(len(low))
    prices[above] = found.ineqlin.marginals[: int(above.sum())]
    return Relaxed(np.asarray(found.x), prices)
