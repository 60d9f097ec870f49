"""How full the cells of a technique's own space are, and which are tried next."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

Cell: TypeAlias = tuple[tuple[str, str], ...]
"""`((attribute, value), ...)` in the order of the space; what is not drawn is left out."""


@dataclass(frozen=True)
class Filling:
    """How full the cells are.

    Attributes:
        quotas: cell -> how many samples it is to get; those that get none are left out.
        accepted: cell -> how many it has.
        failed: cell -> rounds in a row in which it was tried and got none.
        give_up_after: so many, and it is given up.
        without_quota: cells that get none, as fewer samples are wanted than there are cells.
    """

    quotas: Mapping[Cell, int]
    accepted: Mapping[Cell, int] = field(default_factory=dict[Cell, int])
    failed: Mapping[Cell, int] = field(default_factory=dict[Cell, int])
    give_up_after: int = 1
    without_quota: int = 0

    @property
    def holes(self) -> dict[Cell, int]:
        """Cell -> how many samples it lacks, given up or not."""
        lacks = {cell: quota - self.accepted.get(cell, 0) for cell, quota in self.quotas.items()}
        return {cell: count for cell, count in lacks.items() if count > 0}

    @property
    def given_up(self) -> tuple[Cell, ...]:
        """The holes that are not tried any more."""
        return tuple(c for c in self.holes if self.failed.get(c, 0) >= self.give_up_after)

    def next_cells(self, most: int) -> list[Cell]:
        """A cell for each sample of the next round: those that lack most of their quota first."""
        wanted = [
            (-left / self.quotas[cell], place, cell)
            for place, (cell, lacks) in enumerate(self.holes.items())
            if self.failed.get(cell, 0) < self.give_up_after
            for left in range(lacks, 0, -1)
        ]
        return [cell for *_, cell in sorted(wanted)[:most]]

    def after(self, tried: Sequence[Cell], came: Iterable[Cell]) -> "Filling":
        """With what a round brought.

        Args:
            tried: a cell for each sample of the round.
            came: the cell of each that was accepted.
        """
        got = Counter(came)
        told = {cell: 0 if got[cell] else self.failed.get(cell, 0) + 1 for cell in set(tried)}
        accepted = Counter(dict(self.accepted))
        accepted.update(got)
        return replace(self, accepted=accepted, failed={**self.failed, **told})
