"""How many rows fit a number of tokens."""

from dataclasses import dataclass, replace

import numpy as np

from synth_assets.core.mixture.allotment import Demand, allot, largest_size, smallest_size
from synth_assets.core.mixture.cells import Ints


@dataclass(frozen=True)
class TokenSums:
    """Tokens of rows taken of cells.

    Attributes:
        ends: tokens of the first rows of each cell in the order of their draws, cell by cell: of
            none, of one, and so on up to all.
        starts: where in `ends` each cell begins.
        supply: rows of each cell.
    """

    ends: Ints
    starts: Ints
    supply: Ints

    @classmethod
    def of(cls, tokens: Ints, numbers: Ints, ranks: Ints, supply: Ints) -> "TokenSums":
        """Add rows up.

        Args:
            tokens: of each row.
            numbers: the cell of each row.
            ranks: the place of each row in its cell, from 0.
            supply: rows of each cell.
        """
        starts = np.concatenate([[0], np.cumsum(supply + 1)[:-1]]).astype(np.int64)
        laid_out = np.zeros(int(supply.sum()) + len(supply), np.int64)
        laid_out[starts[numbers] + ranks + 1] = tokens
        ends = np.cumsum(laid_out)
        return cls(ends - np.repeat(ends[starts], supply + 1), starts, supply)

    def of_taken(self, taken: Ints) -> int:
        """Tokens of so many rows of each cell, copies included."""
        rounds, more = np.divmod(taken, np.maximum(self.supply, 1))
        whole = self.ends[self.starts + self.supply]
        return int((rounds * whole + self.ends[self.starts + more]).sum())


@dataclass(frozen=True)
class Fitting:
    """The largest set that fits, or the fewest tokens that a set would have.

    Attributes:
        size: rows of the set; 0 if none fits.
        fewest: tokens of the smallest set that meets the bounds; 0 if no set does.
    """

    size: int
    fewest: int


def largest_within(demand: Demand, sums: TokenSums, tokens: int) -> Fitting:
    """The number of rows whose set fits a number of tokens, while that of one row more does not.

    Args:
        demand: of any size.
        sums: tokens of the candidates.
        tokens: the most that the set may have.
    """
    low, high = smallest_size(demand), largest_size(demand)
    if not high:
        return Fitting(0, 0)
    at_low, at_high = _over(demand, sums, tokens, low), _over(demand, sums, tokens, high)
    fewest = int(at_low) + tokens
    if at_low > 0:
        return Fitting(0, fewest)
    if at_high <= 0:
        return Fitting(high, fewest)
    # The Illinois method: a straight line between two sizes, the end that stays weighed less.
    side = 0
    while high - low > 1:
        guess = low + round((high - low) * at_low / (at_low - at_high))
        size = min(max(guess, low + 1), high - 1)
        over = _over(demand, sums, tokens, size)
        if over <= 0:
            low, at_low = size, over
            at_high = at_high / 2 if side < 0 else at_high
            side = -1
        else:
            high, at_high = size, over
            at_low = at_low / 2 if side > 0 else at_low
            side = 1
    return Fitting(low, fewest)


def _over(demand: Demand, sums: TokenSums, tokens: int, size: int) -> float:
    """Tokens of the set of a size beyond those allowed; below 0 where it has fewer.

    A size that whole rows cannot meet counts as too large.
    """
    taken = allot(replace(demand, rows=(size, size)))
    return float(tokens) if taken is None else float(sums.of_taken(taken) - tokens)
