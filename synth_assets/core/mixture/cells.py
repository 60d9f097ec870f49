"""Candidates by cells: rows that no bound of a mixture tells apart.

What a mixture promises depends on how many rows each cell gives, and on nothing else; so the
solver sees as many unknowns as there are cells, however many rows there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from synth_assets.core.config.mixture_bounds import NUMBERS, Column, Range, Value, Where
from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.schema import Origin

ORIGIN = "origin"
GROUP = "group"
"""The recipe of a synthetic row, the source of a real one: who shares the rows evenly."""

SUPPLY = "supply"
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cells:
    """Kinds of candidates.

    Attributes:
        frame: a row a cell: `origin`, `group`, the columns that bounds mention, and `supply`, how
            many rows there are; in the order of the columns.
    """

    frame: pl.DataFrame

    @property
    def columns(self) -> list[str]:
        """What cells differ in."""
        return [name for name in self.frame.columns if name != SUPPLY]

    @property
    def supply(self) -> Ints:
        """Rows of each cell."""
        return self.frame[SUPPLY].cast(pl.Int64).to_numpy()

    def mask(self, condition: pl.Expr) -> Mask:
        """Which cells meet a condition."""
        return self.frame.select(condition.fill_null(value=False).alias("_"))["_"].to_numpy()

    @property
    def real(self) -> Mask:
        """Which cells are of real rows."""
        return self.mask(pl.col(ORIGIN) == Origin.REAL)

    def values(self, column: str, among: Mask) -> list[Value]:
        """The values of a column that some cells have; nothing, and empty text, is no value."""
        found = self.frame.filter(pl.Series(among))[column].drop_nulls().unique().sort()
        return [value for value in found.to_list() if value != ""]

    def with_supply(self, supply: Ints) -> "Cells":
        """The same cells with other numbers of rows."""
        return Cells(self.frame.with_columns(pl.Series(SUPPLY, supply)))

    def numbers_of(self, keys: pl.DataFrame) -> Ints:
        """The number of the cell of each row.

        Args:
            keys: the columns of the cells.
        """
        numbered = self.frame.drop(SUPPLY).with_row_index("_cell")
        found = keys.join(
            numbered, on=self.columns, how="left", nulls_equal=True, maintain_order="left"
        )
        return found["_cell"].cast(pl.Int64).to_numpy()

    @classmethod
    def of(cls, keys: pl.DataFrame) -> "Cells":
        """Count the rows of each cell.

        Args:
            keys: the columns that cells differ in, a row a candidate.
        """
        counted = keys.group_by(keys.columns).agg(pl.len().cast(pl.Int64).alias(SUPPLY))
        return cls(counted.sort(keys.columns, nulls_last=True))


def cell_keys(candidates: pl.DataFrame, mixture: Mixture) -> pl.DataFrame:
    """What of each candidate the bounds of a mixture can tell apart.

    Args:
        candidates: columns of `SAMPLE_SCHEMA`, and `family`, `depth` and `own_voice` of
            `STANDING_SCHEMA`.
        mixture: whose bounds.
    """
    group = pl.when(pl.col(ORIGIN) == Origin.REAL).then("source").otherwise("recipe")
    told = [
        seen.simplified(column_value(column)).alias(column)
        for column, seen in _mentioned(mixture).items()
        if column != ORIGIN
    ]
    return candidates.select(pl.col(ORIGIN), group.alias(GROUP), *told)


def mentioned_columns(mixture: Mixture) -> tuple[str, ...]:
    """What the bounds of a mixture tell rows apart by, but for their origin, in order."""
    return tuple(column for column in _mentioned(mixture) if column != ORIGIN)


def with_column_values(rows: pl.DataFrame, mixture: Mixture) -> pl.DataFrame:
    """Rows with a column for each that the bounds of a mixture mention."""
    return rows.with_columns(column_value(name).alias(name) for name in mentioned_columns(mixture))


def column_value(column: str) -> pl.Expr:
    """The value of a `Column` for each candidate."""
    if column in NUMBERS:
        return pl.col(column).cast(pl.Float64)
    if column == "language" or column.startswith("attribute."):
        name = column.removeprefix("attribute.")
        return pl.col("attributes").str.json_path_match(f"$['{name}']")
    return pl.col(column)


def meets(where: Where) -> pl.Expr:
    """Rows, or cells, of a kind."""
    every = pl.lit(value=True)
    for column, wanted in where.items():
        every = every & _has(column, wanted)
    return every


def has_value(column: Column, value: Value) -> pl.Expr:
    """Rows, or cells, with this value."""
    return _has(column, value)


def _has(column: str, wanted: Value | tuple[Value, ...] | Range) -> pl.Expr:
    number = pl.col(column).cast(pl.Float64, strict=False)
    match wanted:
        case Range():
            low, high = wanted.at_least, wanted.below
            above = number.is_not_null() if low is None else number >= low
            return above if high is None else above & (number < high)
        case tuple():
            found = pl.lit(value=False)
            for value in wanted:
                found = found | _has(column, value)
            return found
        case str():
            if column in NUMBERS:
                return number == pl.lit(wanted).cast(pl.Float64, strict=False)
            return pl.col(column) == wanted
        case _:
            return number == float(wanted)


@dataclass
class _Seen:
    """What bounds look at in a column.

    Attributes:
        whole: whether every value matters.
        numbers: whether the column holds numbers.
        texts: values that are named.
        edges: ends of ranges of numbers.
    """

    whole: bool
    numbers: bool
    texts: set[str] = field(default_factory=set[str])
    edges: set[float] = field(default_factory=set[float])

    def note(self, wanted: Value | tuple[Value, ...] | Range) -> None:
        match wanted:
            case Range():
                self.edges |= {end for end in (wanted.at_least, wanted.below) if end is not None}
            case tuple():
                for value in wanted:
                    self.note(value)
            case str() if not self.numbers:
                self.texts.add(wanted)
            case _:
                self.whole = True

    def simplified(self, value: pl.Expr) -> pl.Expr:
        """One value for all that bounds do not tell apart."""
        if self.whole or (self.texts and self.edges):
            return value
        if self.texts:
            return pl.when(value.is_in(sorted(self.texts))).then(value)
        number = value.cast(pl.Float64, strict=False)
        ends = sorted(self.edges)
        # A number that stands for all between two ends: the lower one.
        lowest = pl.lit(ends[0] - 1) if ends else number
        stands = pl.when(number.is_not_null()).then(lowest)
        for end in ends:
            stands = pl.when(number >= end).then(pl.lit(end)).otherwise(stands)
        return stands


def _mentioned(mixture: Mixture) -> dict[str, _Seen]:
    named = [(column, wanted) for quota in mixture.quotas for column, wanted in quota.where.items()]
    named += [(column, tuple(weights)) for column, weights in mixture.weights.items()]
    whole = set(_whole(mixture))
    columns = sorted(whole | {column for column, _ in named})
    seen = {column: _Seen(column in whole, column in NUMBERS) for column in columns}
    for column, wanted in named:
        seen[column].note(wanted)
    return seen


def _whole(mixture: Mixture) -> Iterator[str]:
    if mixture.teacher_cap < 1 or mixture.distinct_teachers is not None:
        yield "teacher"
    if mixture.family_cap < 1:
        yield "family"
    if mixture.own_voice < 1:
        yield "own_voice"
    if mixture.max_depth is not None:
        yield "depth"
    for quota in mixture.quotas:
        if quota.each is not None:
            yield quota.each
