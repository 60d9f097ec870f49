"""How full the cells of a space are: what each is to have, and what it lacks."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from synth_assets.core.techniques.filling import Filling


@dataclass(frozen=True)
class Hole:
    """A cell that lacks samples.

    Attributes:
        values: attribute -> value.
        quota: how many samples it is to have.
        has: how many it has.
        is_given_up: whether its technique does not try it any more.
    """

    values: Mapping[str, str]
    quota: int
    has: int
    is_given_up: bool = False

    @property
    def lacking(self) -> int:
        """How many it lacks."""
        return self.quota - self.has

    @property
    def name(self) -> str:
        """The cell, to be shown."""
        return ", ".join(f"{name} {value}" for name, value in self.values.items())


@dataclass(frozen=True)
class SpaceAccount:
    """The cells of a space.

    Attributes:
        attributes: those that cells are made of.
        cells: how many have a quota.
        quota: samples of all cells together.
        holes: those that lack most first.
        without_quota: cells whose part is less than one sample.
        is_own: whether the technique keeps these quotas, so that they are of what the recipe wants;
            else they are each cell's part of the samples that gave rows.
    """

    attributes: tuple[str, ...]
    cells: int
    quota: int
    holes: tuple[Hole, ...]
    without_quota: int = 0
    is_own: bool = False

    @classmethod
    def of_technique(cls, filling: Filling) -> "SpaceAccount":
        """What a technique says of its own cells."""
        given_up = set(filling.given_up)
        holes = [
            Hole(dict(cell), filling.quotas[cell], filling.quotas[cell] - lacks, cell in given_up)
            for cell, lacks in filling.holes.items()
        ]
        wanted = sum(filling.quotas.values())
        # In the order of the space; which of them a cell has may depend on the others.
        names = dict.fromkeys(name for cell in filling.quotas for name, _ in cell)
        return cls(
            tuple(names),
            len(filling.quotas),
            wanted,
            _ordered(holes),
            filling.without_quota,
            is_own=True,
        )

    @classmethod
    def of_cells(cls, attributes: Iterable[str], cells: pl.DataFrame) -> "SpaceAccount":
        """What came of cells with equal chances.

        Args:
            attributes: those that cells are made of.
            cells: columns of `CELL_SCHEMA`.
        """
        named = cells.filter(pl.col("quota") > 0)
        lacking = named.filter(pl.col("lacking") > 0).select("cell", "quota", "kept")
        holes = [Hole(json.loads(cell), quota, has) for cell, quota, has in lacking.iter_rows()]
        quota = int(named["quota"].sum())
        rest = cells.height - named.height
        return cls(tuple(attributes), named.height, quota, _ordered(holes), rest)

    @property
    def full(self) -> int:
        """How many cells have their quota."""
        return self.cells - len(self.holes)

    @property
    def lacking(self) -> int:
        """Samples that the holes lack together."""
        return sum(hole.lacking for hole in self.holes)

    @property
    def given_up(self) -> int:
        """How many holes are not tried any more."""
        return sum(hole.is_given_up for hole in self.holes)

    @property
    def told(self) -> str:
        """The account in words."""
        if not self.cells:
            return "combinations are not counted: two attributes have more than samples gave rows"
        names = ", ".join(self.attributes)
        whole = (
            f"{self.cells:,} cells of the technique's own space, {self.quota:,} samples wanted"
            if self.is_own
            else f"{self.cells:,} combinations of {names}"
        )
        if not self.holes:
            said = f"{whole}: each has its quota"
        else:
            said = f"{whole}: {self.full:,} full; holes: {len(self.holes):,}, lacking "
            said += f"{self.lacking:,} samples in all"
        if self.is_own and self.holes:
            said += f"; given up: {self.given_up:,}"
        if self.without_quota:
            said += f"; with a part of less than one sample: {self.without_quota:,} more"
        return said


def _ordered(holes: Iterable[Hole]) -> tuple[Hole, ...]:
    return tuple(sorted(holes, key=lambda hole: (-hole.lacking, hole.name)))
