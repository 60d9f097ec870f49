"""How many rows each group gives, as evenly as supply and caps allow.

Groups are recipes (or sources of real data), writers are teachers. The numbers of rows that the
groups can give together, under the writers' caps, form a polymatroid; there, giving each row to
the smallest group that can still grow yields the max-min fair quotas (Federgruen and Groenevelt,
1986, «The greedy procedure for resource allocation problems»). That a group «can still grow» may
mean that another group passes to a different writer: an augmenting path.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Supply: TypeAlias = Mapping[str, Mapping[str, Sequence[str]]]
"""Group -> writer -> the draw of each candidate row, ascending; low draws are taken first."""


@dataclass
class _Allocation:
    supply: Supply
    cap: int
    taken: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    by_group: dict[str, int] = field(default_factory=dict[str, int])
    by_writer: dict[str, int] = field(default_factory=dict[str, int])

    def grow(self, group: str) -> bool:
        """Give one more row to a group, if anyhow possible."""
        path = self._path(group, {group})
        if path is None:
            return False
        for giver, writer, step in path:
            self.taken[giver, writer] = self.taken.get((giver, writer), 0) + step
            self.by_group[giver] = self.by_group.get(giver, 0) + step
            self.by_writer[writer] = self.by_writer.get(writer, 0) + step
        return True

    def _path(self, group: str, seen: set[str]) -> list[tuple[str, str, int]] | None:
        writers = self._writers_with_rows(group)
        for writer in writers:
            if self.by_writer.get(writer, 0) < self.cap:
                return [(group, writer, 1)]
        for writer in writers:
            for other in sorted(self.supply):
                if other in seen or not self.taken.get((other, writer)):
                    continue
                seen.add(other)
                rest = self._path(other, seen)
                if rest is not None:
                    return [(group, writer, 1), (other, writer, -1), *rest]
        return None

    def _writers_with_rows(self, group: str) -> list[str]:
        nexts = [
            (draws[taken], writer)
            for writer, draws in self.supply[group].items()
            if (taken := self.taken.get((group, writer), 0)) < len(draws)
        ]
        return [writer for _, writer in sorted(nexts)]


def fair_quotas(supply: Supply, total: int, cap: int) -> dict[tuple[str, str], int]:
    """Share `total` rows evenly among the groups.

    Args:
        supply: what there is to choose from.
        total: rows to take; fewer are taken if supply and cap do not allow as many.
        cap: most rows of one writer.

    Returns:
        (group, writer) -> rows to take, those of the lowest draws. No group has fewer rows than
        another plus one unless it can give no more. Within a group the writers mix as the draws
        fall, as far as the cap lets them.
    """
    allocation = _Allocation(supply, cap)
    open_groups = sorted(supply)
    for _ in range(total):
        while open_groups:
            smallest = min(open_groups, key=lambda name: (allocation.by_group.get(name, 0), name))
            if allocation.grow(smallest):
                break
            open_groups.remove(smallest)
    return {cell: rows for cell, rows in allocation.taken.items() if rows}
