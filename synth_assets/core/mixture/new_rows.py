"""Rows that are not there yet, but could be made: of which kinds more might be asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil, prod
from typing import TypeAlias

import polars as pl

from synth_assets.core.config.mixture_bounds import NUMBERS, Column, Range, Value, exact
from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.mixture.cells import GROUP, ORIGIN, SUPPLY, Cells
from synth_assets.core.schema import Origin

Values: TypeAlias = dict[str, Value | None]
"""Column -> value; one that is none may be any that no bound mentions."""

_MOST = 3_000
_PLACE = (ORIGIN, GROUP, "recipe", "source", "technique", "licence")
_WRITER = ("teacher", "family", "own_voice", "depth")


@dataclass(frozen=True)
class MoreRows:
    """Rows that would have to be added.

    Attributes:
        kind: which, for people.
        cells: what they are like, and how many of each.
    """

    kind: str
    cells: tuple[tuple[Values, int], ...]

    @property
    def count(self) -> int:
        """How many in all."""
        return sum(rows for _, rows in self.cells)

    @property
    def told(self) -> str:
        """For people: `40 more real rows`."""
        by_origin: dict[str, int] = {}
        for values, rows in self.cells:
            origin = str(values[ORIGIN])
            by_origin[origin] = by_origin.get(origin, 0) + rows
        parts = ", ".join(f"{by_origin[name]:,} {name}" for name in sorted(by_origin))
        kind = self.kind.replace("rows", "row", 1) if self.count == 1 else self.kind
        said = f"{self.count:,} more {kind}"
        return f"{said} ({parts})" if self.kind == "rows" and len(by_origin) > 1 else said

    def added(self, cells: Cells) -> Cells:
        """The candidates with these rows."""
        return _joined(cells, [{**values, SUPPLY: count} for values, count in self.cells])


def with_thinkable(cells: Cells, mixture: Mixture) -> Cells:
    """The candidates, with cells of which there are no rows yet.

    Their values are those that candidates have, those that the mixture names, and new ones where
    it asks for different ones; at most some thousand combinations.
    """
    made: list[Values] = []
    for real in (True, False):
        rows = cells.frame.filter(pl.Series(cells.real) == real)
        thought = _Thought(cells.columns, rows, mixture, real)
        made += [{**values, SUPPLY: 0} for values in thought.combinations()]
    return _joined(cells, made)


def _joined(cells: Cells, rows: Sequence[Values]) -> Cells:
    columns = cells.columns
    every = pl.concat([cells.frame, pl.DataFrame(rows, cells.frame.schema)])
    summed = every.group_by(columns).agg(pl.col(SUPPLY).sum())
    return Cells(summed.select([*columns, SUPPLY]).sort(columns, nulls_last=True))


@dataclass(frozen=True)
class _Thought:
    """What rows of one origin could be like: lots of columns, each with its values."""

    columns: Sequence[str]
    rows: pl.DataFrame
    mixture: Mixture
    real: bool

    def combinations(self) -> Iterator[Values]:
        rest = [name for name in self.columns if name not in (*_PLACE, *_WRITER)]
        lots = [self._places(), self._writers(), *(self._of(name) for name in rest)]
        while prod(map(len, lots)) > _MOST:
            max(lots, key=len).pop()
        for parts in product(*lots):
            yield {name: value for part in parts for name, value in part.items()}

    def _places(self) -> list[Values]:
        own, asked = ("source", self.mixture.sources), ("recipe", self.mixture.recipes)
        column, allowed = own if self.real else asked
        names = [*(allowed or ()), *(str(value) for value in self._named(column))]
        names = names if names or self.rows.height else [f"another {column}"]
        origin = (Origin.REAL if self.real else Origin.SYNTHETIC).value
        blank = {name: "" for name in _PLACE if name in self.columns}
        made: list[Values] = [{**blank, ORIGIN: origin, GROUP: name} for name in names]
        if column in self.columns:
            made = [{**each, column: each[GROUP]} for each in made]
        there = self._there(_PLACE)
        for name in ("technique", "licence", *(() if self.real else ("source",))):
            first = [*there, *made][0]
            made += [{**first, name: value} for value in self._named(name)]
        return _distinct([*made, *there])

    def _writers(self) -> list[Values]:
        columns = [name for name in _WRITER if name in self.columns]
        there = self._there(_WRITER)
        plain: Values = {"teacher": "", "family": "", "own_voice": False, "depth": 0.0}
        if self.real:
            return there or [{name: plain[name] for name in columns}]
        made: list[Values] = []
        for name in ("teacher", "family", "depth"):
            values = [*self._named(name), *self._new(name)]
            for number, value in enumerate(values, start=1):
                writer: Values = {
                    "teacher": f"another teacher {number}",
                    "family": f"another family {number}",
                    "own_voice": False,
                    "depth": 1.0,
                    name: value,
                }
                made.append({each: writer[each] for each in columns})
        first: Values = {**plain, "teacher": "another teacher", "depth": 1.0}
        return _distinct([*made, *there]) or [{name: first[name] for name in columns}]

    def _of(self, column: str) -> list[Values]:
        there = [each[column] for each in self._there((column,))]
        values = [*self._named(column), *self._new(column), *there]
        return [{column: value} for value in dict.fromkeys(values)] or [{column: None}]

    def _there(self, among: Sequence[str]) -> list[Values]:
        columns = [name for name in among if name in self.columns]
        found = self.rows.select(columns).unique().sort(columns, nulls_last=True)
        return found.to_dicts() if columns else [{}]

    def _named(self, column: Column) -> list[Value]:
        if column not in self.columns:
            return []
        wheres = [quota.where[column] for quota in self.mixture.quotas if column in quota.where]
        weighed = tuple(self.mixture.weights.get(column, ()))
        found = [value for wanted in (*wheres, weighed) for value in _values(wanted)]
        made = [float(value) if column in NUMBERS else value for value in found]
        return list(dict.fromkeys(made))

    def _new(self, column: Column) -> list[Value]:
        """Values that nobody has yet, as many as caps and required teachers call for."""
        caps: list[float] = []
        if column == "teacher":
            needed = self.mixture.distinct_teachers
            caps += [self.mixture.teacher_cap, 1 / needed.at_least if needed else 1]
        if column == "family":
            caps.append(self.mixture.family_cap)
        for quota in self.mixture.quotas:
            if quota.each == column and quota.share is not None:
                if quota.share.at_least:
                    return []  # each new value would have to have its share
                caps.append(quota.share.at_most)
        count = min(ceil(1 / exact(least)) if (least := min(caps, default=1)) else 0, 20)
        if column not in self.columns or column in NUMBERS or count <= 1:
            return []
        name = column.removeprefix("attribute.")
        return [f"another {name} {number}" for number in range(1, count + 1)]


def _values(wanted: Value | tuple[Value, ...] | Range) -> list[Value]:
    match wanted:
        case Range():
            if wanted.at_least is not None:
                return [wanted.at_least]
            return [] if wanted.below is None else [wanted.below - 1]
        case tuple():
            return list(wanted)
        case _:
            return [wanted]


def _distinct(values: Sequence[Values]) -> list[Values]:
    return list({tuple(each.items()): each for each in values}.values())
