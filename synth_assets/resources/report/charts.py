"""Lines over runs as plain SVG: no script, no font and no file besides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

_WIDTH, _HEIGHT = 640, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 150, 10, 24
_COLOURS = 6
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
    low, high = min(values, default=0.0), max(values, default=1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    yield (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{escape(chart.title)}</title>"
    )
    for value in (low, (low + high) / 2, high):
        y = _y(value, low, high)
        yield (
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{value:.3g}</text>'
        )
    yield from _moments(chart.moments)
    names = _spread([_y(line.last or 0.0, low, high) for line in drawn])
    colour = 0
    for line, name_y in zip(drawn, names, strict=True):
        kind = "bound" if line.is_bound else f"line c{colour % _COLOURS}"
        colour += not line.is_bound
        yield from _path(line, kind, low, high)
        yield (
            f'<text class="{kind}" x="{_WIDTH - _RIGHT + 8}" y="{name_y + 4}">'
            f"{escape(line.name[:22])}</text>"
        )
    yield "</svg>"


def _path(line: Line, kind: str, low: float, high: float) -> Iterator[str]:
    count = len(line.values)
    step = 1 + count // _MOST_POINTS
    points = [
        (_x(place, count), _y(value, low, high))
        for place, value in enumerate(line.values)
        if value is not None and (place % step == 0 or place == count - 1)
    ]
    if line.is_bound and len(points) == 1:
        # A threshold is one on the first day, too.
        points = [(_LEFT, points[0][1]), (_WIDTH - _RIGHT, points[0][1])]
    said = " ".join(f"{x},{y}" for x, y in points)
    yield f'<polyline class="{kind}" points="{said}"/>'
    if not line.is_bound and count <= _MOST_CIRCLES:
        yield from (f'<circle class="{kind}" cx="{x}" cy="{y}" r="2.5"/>' for x, y in points)


def _moments(moments: Sequence[str]) -> Iterator[str]:
    ends = {0: "start", len(moments) - 1: "end"} if len(moments) > 1 else {0: "start"}
    for place, anchor in ends.items():
        yield (
            f'<text x="{_x(place, len(moments))}" y="{_HEIGHT - 6}" text-anchor="{anchor}">'
            f"{escape(moments[place])}</text>"
        )


def _x(place: int, count: int) -> float:
    return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * place / max(count - 1, 1), 1)


def _y(value: float, low: float, high: float) -> float:
    share = (value - low) / (high - low)
    return round(_HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share, 1)


def _spread(heights: Sequence[float], least: float = 13.0) -> list[float]:
    """Move names apart that would stand on each other, in the order of their lines."""
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    placed = list(heights)
    for before, place in pairwise(order):
        placed[place] = max(placed[place], placed[before] + least)
    limit = float(_HEIGHT - _BOTTOM)
    for place in reversed(order):
        placed[place] = min(placed[place], limit)
        limit = placed[place] - least
    return [round(height, 1) for height in placed]
