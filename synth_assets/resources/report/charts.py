"""Lines over runs as plain SVG: no script, no font and no file besides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

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

_MOST_POINTS = 200
_MOST_CIRCLES = 40


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes:
        name: beside its end.
        values: one a run; none where the run has none.
        is_bound: drawn thin and dashed, as thresholds are.
    """

    name: str
    values: Sequence[float | None]
    is_bound: bool = False

    @property
    def last(self) -> float | None:
        """Its last value."""
        return next((value for value in reversed(self.values) if value is not None), None)


@dataclass(frozen=True)
class Chart:
    """Lines over the same runs.

    Attributes:
        title: a newcomer's name for it.
        caption: unit, direction of good, meaning.
        lines: each as long as `moments`.
        moments: when each run was, as people read it.
    """

    title: str
    caption: str
    lines: Sequence[Line]
    moments: Sequence[str]

    @property
    def svg(self) -> str:
        """The picture; its text is escaped."""
        return "".join(_svg(self))


def _svg(chart: Chart) -> Iterator[str]:
    drawn = [line for line in chart.lines if line.last is not None]
    values = [value for line in drawn for value in line.values if value is not None]
    heights = Heights.over(values)
    yield opened(chart.title)
    yield from heights.grid
    yield from _moments(chart.moments)
    names = spread([heights.of(line.last or 0.0) for line in drawn])
    colour = 0
    for line, name_y in zip(drawn, names, strict=True):
        kind = "bound" if line.is_bound else f"line c{colour % COLOURS}"
        colour += not line.is_bound
        yield from _path(line, kind, heights)
        yield (
            f'<text class="{kind}" x="{WIDTH - RIGHT + 8}" y="{name_y + 4}">'
            f"{escape(line.name[:22])}</text>"
        )
    yield "</svg>"


def _path(line: Line, kind: str, heights: Heights) -> Iterator[str]:
    count = len(line.values)
    step = 1 + count // _MOST_POINTS
    points = [
        (_x(place, count), heights.of(value))
        for place, value in enumerate(line.values)
        if value is not None and (place % step == 0 or place == count - 1)
    ]
    if line.is_bound and len(points) == 1:
        # A threshold is one on the first day, too.
        points = [(LEFT, points[0][1]), (WIDTH - RIGHT, points[0][1])]
    said = " ".join(f"{x},{y}" for x, y in points)
    yield f'<polyline class="{kind}" points="{said}"/>'
    if not line.is_bound and count <= _MOST_CIRCLES:
        yield from (f'<circle class="{kind}" cx="{x}" cy="{y}" r="2.5"/>' for x, y in points)


def _moments(moments: Sequence[str]) -> Iterator[str]:
    ends = {0: "start", len(moments) - 1: "end"} if len(moments) > 1 else {0: "start"}
    for place, anchor in ends.items():
        yield (
            f'<text x="{_x(place, len(moments))}" y="{HEIGHT - 6}" text-anchor="{anchor}">'
            f"{escape(moments[place])}</text>"
        )


def _x(place: int, count: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * place / max(count - 1, 1), 1)
