"""What all our plots in plain SVG have in common: room, heights, names kept apart, looks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Protocol

WIDTH, HEIGHT = 640, 200
LEFT, RIGHT, TOP, BOTTOM = 58, 150, 10, 24
COLOURS = 6

STYLE = """
svg{width:100%;height:auto}svg text{font-size:11px;fill:var(--soft)}
svg .grid{stroke:var(--rule)}svg .line{fill:none;stroke-width:1.8}
svg .bound{fill:none;stroke:var(--soft);stroke-dasharray:4 3}
svg text.bound{stroke:none;fill:var(--soft)}svg .interval{stroke-width:1;stroke-opacity:.6}
svg .name{paint-order:stroke;stroke:var(--page);stroke-width:3px}
""" + "".join(
    f"svg .c{n}{{stroke:var(--c{n})}}svg text.c{n}{{stroke:none;fill:var(--c{n})}}"
    f"svg circle.c{n}{{fill:var(--c{n})}}"
    for n in range(COLOURS)
)
"""Of plots; a page says which colours `--c0` to `--c5`, `--soft`, `--rule` and `--page` are."""


class Plot(Protocol):
    """A picture with what a newcomer needs to read it."""

    @property
    def title(self) -> str:
        """A newcomer's name for it."""
        ...

    @property
    def caption(self) -> str:
        """Unit, direction of good, meaning."""
        ...

    @property
    def svg(self) -> str:
        """The picture; its text is escaped."""
        ...


@dataclass(frozen=True)
class Heights:
    """Values as heights of a plot.

    Attributes:
        low: value at the bottom.
        high: at the top.
    """

    low: float
    high: float

    @classmethod
    def over(cls, values: Sequence[float]) -> "Heights":
        """From the least to the largest of them."""
        low, high = min(values, default=0.0), max(values, default=1.0)
        return cls(low - 0.5, high + 0.5) if low == high else cls(low, high)

    def of(self, value: float) -> float:
        """Where a value is; SVG counts from the top."""
        share = (value - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share, 1)

    @property
    def grid(self) -> Iterator[str]:
        """Three lines with their values."""
        for value in (self.low, (self.low + self.high) / 2, self.high):
            y = self.of(value)
            yield (
                f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
                f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{value:.3g}</text>'
            )


def opened(title: str) -> str:
    """The beginning of a picture; it ends with `</svg>`."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{escape(title)}</title>"
    )


def figure(plot: Plot) -> str:
    """A plot with title and caption, as HTML."""
    return (
        f"<figure><h3>{escape(plot.title)}</h3>{plot.svg}"
        f"<figcaption>{escape(plot.caption)}</figcaption></figure>"
    )


def printable(text: str) -> str:
    """Text of users without what is not seen, or turns around what is."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def spread(heights: Sequence[float], least: float = 13.0) -> list[float]:
    """Move names apart that would stand on each other, in the order of their lines."""
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    placed = list(heights)
    for before, place in pairwise(order):
        placed[place] = max(placed[place], placed[before] + least)
    limit = float(HEIGHT - BOTTOM)
    for place in reversed(order):
        placed[place] = min(placed[place], limit)
        limit = placed[place] - least
    return [round(height, 1) for height in placed]
