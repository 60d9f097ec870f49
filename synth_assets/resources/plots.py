"""Small plots for Dagster's metadata: PNG bytes, Markdown that carries them, bars of text."""

# matplotlib's keyword arguments are untyped.
# pyright: reportUnknownMemberType=false

import base64
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH_INCHES = 6.4
DPI = 100
MAX_BARS = 16
LABEL_CHARACTERS = 40
BAR_CHARACTERS = 20


def bar_chart_png(counts: Mapping[str, int | float], title: str, unit: str) -> bytes:
    """Draw horizontal bars, one a label, in the order given, each with its value.

    More than 16 bars are cut, and the chart says so. Labels and title are drawn as they are
    spelled (no mathtext), without control characters, shortened where they are long.

    Args:
        counts: label -> finite value.
        title: of the chart.
        unit: of the values; stands under the axis.
    """
    shown = list(counts.items())[:MAX_BARS]
    hidden = len(counts) - len(shown)
    figure = _figure(1.1 + 0.28 * max(len(shown), 1))
    axes = figure.add_subplot()
    bars = axes.barh(range(len(shown)), [value for _, value in shown], color="#3b6ea5", height=0.7)
    axes.bar_label(bars, labels=[_number(value) for _, value in shown], padding=3, fontsize=8)
    axes.set_yticks(
        range(len(shown)), [_plain(label) for label, _ in shown], fontsize=8, parse_math=False
    )
    axes.invert_yaxis()
    axes.margins(x=0.15)
    note = f" ({hidden} more not shown)" if hidden else ""
    _finish(figure, title, f"{_plain(unit)}{note}")
    return _png(figure)


def share_bar(planned: float, achieved: float, longest: float) -> str:
    """Draw one bar in text, for a table whose cells are of one width a character.

    Dagster's UI hides images behind a click, and shows tables at once. `█` is what was achieved as
    planned, `░` what is short of the plan, `▓` what is over it.

    Args:
        planned: share from 0 to 1.
        achieved: share from 0 to 1.
        longest: the share that is as long as a bar can be; none of the two is above it.
    """
    to_plan, to_end = (round(BAR_CHARACTERS * share / longest) for share in (planned, achieved))
    rest = "░" * (to_plan - to_end) + "▓" * (to_end - to_plan)
    return "█" * min(to_plan, to_end) + rest


def line_chart_png(
    series: Mapping[str, Sequence[tuple[float, float]]], title: str, x_unit: str, y_unit: str
) -> bytes:
    """Draw lines with their points.

    Args:
        series: label -> points (x, y), drawn in the order given; at most ten lines are readable.
        title: of the chart.
        x_unit: under the axis.
        y_unit: beside the axis.
    """
    figure = _figure(3.4)
    axes = figure.add_subplot()
    for label, points in series.items():
        xs, ys = [x for x, _ in points], [y for _, y in points]
        axes.plot(xs, ys, marker="o", markersize=3, linewidth=1.5, label=_legend_label(label))
    axes.set_ylabel(_plain(y_unit), fontsize=8, parse_math=False)
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(axis="y", alpha=0.3)
    if series:
        legend = axes.legend(fontsize=8, frameon=False)
        for text in legend.get_texts():
            text.set_parse_math(False)
    _finish(figure, title, _plain(x_unit))
    return _png(figure)


def markdown_image(png: bytes, alt: str) -> str:
    """Markdown of one image with its bytes inside, as Dagster's UI shows it."""
    safe = "".join(c if c.isalnum() or c in " .,:%/-" else " " for c in alt)
    return f"![{' '.join(safe.split())}](data:image/png;base64,{base64.b64encode(png).decode()})"


def _figure(height_inches: float) -> "Figure":
    # A Figure of its own, without pyplot: no global state, no display, safe in threads.
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH_INCHES, height_inches), dpi=DPI, layout="constrained")


def _finish(figure: "Figure", title: str, x_label: str) -> None:
    [axes] = figure.axes
    axes.set_title(_plain(title, 80), fontsize=10, loc="left", parse_math=False)
    axes.set_xlabel(x_label, fontsize=8, parse_math=False)
    axes.tick_params(axis="x", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def _png(figure: "Figure") -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()


def _plain(text: str, limit: int = LABEL_CHARACTERS) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _number(value: int | float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _legend_label(text: str) -> str:
    # matplotlib leaves lines out of the legend whose label begins with an underscore.
    return _plain(text).lstrip("_") or "(no name)"
