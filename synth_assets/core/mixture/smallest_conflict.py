"""The smallest set of constraints that cannot be met together.

By implicit hitting sets (Ignatiev, Previti, Liffiton and Marques-Silva, 2015, «Smallest MUS
extraction with minimal hitting set dualization»): every such set has a constraint in common with
every set whose removal mends all. So the smallest set that hits the removals known so far is
tried; if it can be met after all, what it lacks is one more removal to hit.
"""

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

import numpy as np

from synth_assets.core.mixture.highs import Factors, Limits, Sum, solve_whole

_C = TypeVar("_C")


def smallest_conflict(
    constraints: Sequence[_C], can_hold: Callable[[Collection[_C]], bool]
) -> tuple[_C, ...]:
    """The fewest constraints that cannot be met together; of several such sets, the first.

    Args:
        constraints: that cannot be met together.
        can_hold: whether some of them can.
    """
    removals: list[set[int]] = []
    while True:
        tried = _hitting(len(constraints), removals)
        if not can_hold([constraints[at] for at in tried]):
            return tuple(constraints[at] for at in tried)
        held = list(tried)
        for at in range(len(constraints)):
            if at not in tried and can_hold([constraints[each] for each in (*held, at)]):
                held.append(at)
        removals.append(set(range(len(constraints))) - set(held))


def irreducible(
    constraints: Sequence[_C], conflict: Callable[[Sequence[_C]], bool]
) -> Sequence[_C]:
    """Some constraints that conflict, of which none can be left out; rather the first ones.

    By halves (Junker, 2004, «QuickXPlain»), which takes few trials where few matter.

    Args:
        constraints: that conflict; with none of them nothing does.
        conflict: whether some of them do.
    """

    def needed(base: Sequence[_C], among: Sequence[_C], *, tried: bool) -> Sequence[_C]:
        if tried and conflict(base):
            return ()
        if len(among) == 1:
            return among
        first, second = among[: len(among) // 2], among[len(among) // 2 :]
        later = needed((*base, *first), second, tried=True)
        return (*needed((*base, *later), first, tried=bool(later)), *later)

    return needed((), constraints, tried=False)


def _hitting(count: int, sets: Sequence[set[int]]) -> list[int]:
    """The fewest numbers of which every set has one."""
    if not sets:
        return []
    ones = np.ones(count)
    sums = [Sum(np.array(sorted(each)), 1.0, low=1) for each in sets]
    found = solve_whole(
        ones + np.arange(count) / (1000 * count),
        Factors.of(sums, count),
        Limits(0 * ones, ones, np.ones(len(sets)), np.full(len(sets), np.inf)),
        ones > 0,
    )
    assert found is not None, "all numbers together hit every set"
    return np.flatnonzero(np.rint(found)).tolist()
