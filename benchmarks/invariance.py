"""Whether what is decided of rows depends on how the work was cut up: it must not.

decided = lambda rows, way: {row.id: row.duplicate_of for row in ...}
assert differing(decided, rows) == []
"""

import random
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

_T = TypeVar("_T")
_SHOWN = 3


@dataclass(frozen=True)
class Way:
    """One way to cut up the work.

    Attributes:
        order: number of an order of the rows; 0 is as they are given, 1 backwards.
        workers: how many threads, processes or machines.
        chunk_rows: how many rows are looked at or sent at a time.
    """

    order: int = 0
    workers: int = 1
    chunk_rows: int = 1_000

    def ordered(self, rows: Sequence[_T]) -> list[_T]:
        """The rows in this order."""
        if self.order < 2:
            return list(rows)[:: -1 if self.order else 1]
        return random.Random(self.order).sample(rows, len(rows))


def ways(
    orders: Sequence[int] = (0, 1, 2, 3),
    workers: Sequence[int] = (1, 2, 3),
    chunk_rows: Sequence[int] = (1, 7, 1_000),
) -> list[Way]:
    """All combinations, the plainest first."""
    return [Way(*each) for each in product(orders, workers, chunk_rows)]


def differing(
    decide: Callable[[Sequence[_T], Way], Mapping[str, Hashable]],
    rows: Sequence[_T],
    among: Iterable[Way] | None = None,
) -> list[str]:
    """Decide of the same rows in many ways, and compare.

    Args:
        decide: rows in some order -> id -> what was decided of it: kept or not, for which other
            row, with what score. It is to follow the way's workers and chunks as far as it knows.
        rows: anything with an id of its own.
        among: the ways, compared with the first of them; with none, `ways()`.

    Returns:
        One line for each way that decided otherwise; none if the ways do not matter.
    """
    tried = list(ways() if among is None else among)
    expected = dict(decide(tried[0].ordered(rows), tried[0]))
    found: list[str] = []
    for way in tried[1:]:
        decided = dict(decide(way.ordered(rows), way))
        names = sorted(
            name
            for name in expected.keys() | decided.keys()
            if expected.get(name, "no decision") != decided.get(name, "no decision")
        )
        if names:
            shown = "; ".join(
                f"{name}: {decided.get(name, 'no decision')} instead of "
                f"{expected.get(name, 'no decision')}"
                for name in names[:_SHOWN]
            )
            found.append(f"{way}: {len(names)} of {len(expected)} rows: {shown}")
    return found
