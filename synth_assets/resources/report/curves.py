"""Curves over a measured thing, as generations or shares of written rows, as plain SVG."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

import polars as pl

from synth_assets.resources.report.canvas import (
    COLOURS,
    HEIGHT,
    LEFT,
    RIGHT,
    WIDTH,
    Heights,
    opened,
    spread,
)

_MOST_NAMED = 24
_MOST_TICKS = 10
_CHARACTERS = 22


@dataclass(frozen=True)
class Axis:
    """What curves go over.

    Attributes:
        label: what it is, with its unit.
        ticks: from one end to the other, least first; two at least.
    """

    label: str
    ticks: Sequence[float]

    def place(self, x: float) -> float:
        """Where a value is."""
        first, last = self.ticks[0], self.ticks[-1]
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (x - first) / (last - first), 1)


SHARES = Axis("% written rows", (0, 25, 50, 75, 100))


def generations(*found: pl.DataFrame) -> Axis:
    """Generations as far as any of these frames goes, so that their curves stand side by side.

    Args:
        found: with a column `generation`.
    """
    last = max((int(each["generation"].max() or 0) for each in found), default=0)  # pyright: ignore[reportArgumentType]  an integer
    step = 1 + max(last, 1) // _MOST_TICKS
    return Axis("generation", range(0, max(last, 1) + step, step))


@dataclass(frozen=True)
class Spot:
    """A measured point.

    Attributes:
        x: on the axis.
        y: value.
        low: of its interval, where it has one.
        high: the same.
        name: beside it; may be empty.
        told: shown while somebody points at it.
    """

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    name: str = ""
    told: str = ""


@dataclass(frozen=True)
class Series:
    """One curve.

    Attributes:
        line: points that are joined, from left to right.
        spots: drawn as points.
        name: beside its end; may be empty.
    """

    line: Sequence[tuple[float, float]]
    spots: Sequence[Spot]
    name: str = ""

    @classmethod
    def through(cls, spots: Sequence[Spot], name: str) -> "Series":
        """One whose points are joined."""
        return cls([(spot.x, spot.y) for spot in spots], spots, name)


@dataclass(frozen=True)
class Curves:
    """Curves in one field.

    Attributes:
        title: a newcomer's name for it.
        caption: unit, direction of good, meaning.
        axis: that all go over.
        series: each with a point at least.
    """

    title: str
    caption: str
    axis: Axis
    series: Sequence[Series]

    @property
    def svg(self) -> str:
        """The picture; its text is escaped."""
        return "".join(_svg(self))


def _svg(curves: Curves) -> Iterator[str]:
    heights = Heights.over(list(_values(curves.series)))
    yield opened(curves.title)
    yield from heights.grid
    yield from _ticks(curves.axis)
    for place, series in enumerate(curves.series):
        colour = f"c{place % COLOURS}"
        points = " ".join(f"{curves.axis.place(x)},{heights.of(y)}" for x, y in series.line)
        yield f'<polyline class="line {colour}" points="{points}"/>'
        for spot in series.spots:
            yield from _spot(spot, colour, curves.axis, heights)
    yield from _names_of_curves(curves, heights)
    yield from _names_of_spots(curves, heights)
    yield "</svg>"


def _values(series: Iterable[Series]) -> Iterator[float]:
    for each in series:
        yield from (y for _, y in each.line)
        for spot in each.spots:
            yield from (y for y in (spot.y, spot.low, spot.high) if y is not None)


def _ticks(axis: Axis) -> Iterator[str]:
    for tick in axis.ticks:
        x = axis.place(tick)
        yield f'<text x="{x}" y="{HEIGHT - 6}" text-anchor="middle">{tick:g}</text>'
    yield f'<text x="{WIDTH - RIGHT + 28}" y="{HEIGHT - 6}">{escape(axis.label)}</text>'


def _spot(spot: Spot, colour: str, axis: Axis, heights: Heights) -> Iterator[str]:
    x, y = axis.place(spot.x), heights.of(spot.y)
    yield f"<g><title>{escape(spot.told)}</title>"
    if spot.low is not None and spot.high is not None:
        low, high = heights.of(spot.low), heights.of(spot.high)
        yield f'<line class="interval {colour}" x1="{x}" x2="{x}" y1="{low}" y2="{high}"/>'
    yield f'<circle class="{colour}" cx="{x}" cy="{y}" r="2.5"/></g>'


def _names_of_curves(curves: Curves, heights: Heights) -> Iterator[str]:
    named = [(at, each) for at, each in enumerate(curves.series) if each.name]
    ends = spread([heights.of(each.line[-1][1]) for _, each in named])
    for (at, series), y in zip(named, ends, strict=True):
        yield _text(WIDTH - RIGHT + 8, y, series.name, f"c{at % COLOURS}")


def _names_of_spots(curves: Curves, heights: Heights) -> Iterator[str]:
    spots = [spot for each in curves.series for spot in each.spots if spot.name]
    if len(spots) > _MOST_NAMED:
        return
    for x, group in groupby(sorted(spots, key=lambda spot: spot.x), lambda spot: spot.x):
        together = list(group)
        placed = spread([heights.of(spot.y) for spot in together])
        for spot, y in zip(together, placed, strict=True):
            yield _text(curves.axis.place(x) + 6, y, spot.name, "name")


def _text(x: float, y: float, name: str, kind: str) -> str:
    short = name if len(name) <= _CHARACTERS else f"{name[: _CHARACTERS - 1]}…"
    return f'<text class="{kind}" x="{x}" y="{round(y + 4, 1)}">{escape(short)}</text>'
