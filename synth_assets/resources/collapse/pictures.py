"""What a lab found, as pictures."""

# matplotlib's keyword arguments are untyped.
# pyright: reportUnknownMemberType=false

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from synth_assets.core.collapse.lab import Dose
from synth_assets.core.flywheel.score_curves import mean_scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TITLES = {
    "above_first": (
        "Loss on held-out real text",
        "bits a byte above generation 0; lower is better",
    ),
    "vendi": ("Different texts in effect (Vendi score)", "of 300 written; falling: it narrows"),
    "distinct_2": ("Different word pairs", "share; far from generation 0 either way is bad"),
    "tail_coverage": ("Rare words that are still written", "share; higher is better"),
}


def generations_png(found: pl.DataFrame, title: str) -> bytes:
    """Draw loss, diversity and rare words by generation, a line an arm, with intervals.

    Args:
        found: columns of `CURVE_SCHEMA`, of arms that write alike.
        title: over all of it.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7.4), dpi=100, layout="constrained")
    figure.suptitle(title, fontsize=11)
    arms = found["arm"].unique(maintain_order=True).to_list()
    for place, (measure, (name, unit)) in enumerate(_TITLES.items(), start=1):
        axes = figure.add_subplot(2, 2, place)
        for arm in arms:
            _line(axes, found.filter((pl.col("arm") == arm) & (pl.col("measure") == measure)), arm)
        axes.set_title(name, fontsize=9, loc="left")
        axes.set_ylabel(unit, fontsize=7)
        _plain(axes, "generation")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, fontsize=7, frameon=False)
    return _png(figure)


def dose_png(doses: Sequence[Dose], title: str) -> bytes:
    """Draw the loss of the last generation over the share of written rows."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.6), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    shares, losses = [100 * dose.share for dose in doses], [dose.loss for dose in doses]
    axes.plot(shares, losses, marker="o", markersize=3, color="#3b6ea5")
    if all(dose.low is not None for dose in doses):
        lows = [dose.low or 0.0 for dose in doses]
        highs = [dose.high or 0.0 for dose in doses]
        axes.fill_between(shares, lows, highs, alpha=0.2, color="#3b6ea5", linewidth=0)
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_ylabel("bits a byte above generation 0", fontsize=8)
    _plain(axes, "written rows in each training set, %")
    return _png(figure)


def scores_png(scores: pl.DataFrame, curves: pl.DataFrame | None) -> bytes:
    """Draw scores of models by generation, one field a score, beside the loss of a lab.

    Args:
        scores: columns of `SCORE_SCHEMA`.
        curves: columns of `CURVE_SCHEMA`; may be missing.
    """
    from matplotlib.figure import Figure

    names = scores["score"].unique(maintain_order=True).to_list()
    fields = max(len(names) + (curves is not None), 1)
    figure = Figure(figsize=(5 * fields, 3.6), dpi=100, layout="constrained")
    for place, name in enumerate(names, start=1):
        axes = figure.add_subplot(1, fields, place)
        own = scores.filter(pl.col("score") == name)
        means = mean_scores(own, "generation")
        axes.plot(means["generation"], means["value"], color="#3b6ea5", linewidth=1)
        axes.scatter(own["generation"], own["value"], s=14, color="#3b6ea5")
        axes.set_title(name, fontsize=10, loc="left", parse_math=False)
        _plain(axes, "generation of the model")
    if curves is not None:
        axes = figure.add_subplot(1, fields, fields)
        loss = curves.filter(pl.col("measure") == "above_first")
        for arm in loss["arm"].unique(maintain_order=True):
            _line(axes, loss.filter(pl.col("arm") == arm), arm)
        axes.set_title("Loss in the lab, bits a byte above generation 0", fontsize=10, loc="left")
        axes.legend(fontsize=6, frameon=False)
        _plain(axes, "generation of the student")
    return _png(figure)


def _line(axes: "Axes", rows: pl.DataFrame, label: str) -> None:
    xs, ys = rows["generation"].to_list(), rows["value"].to_list()
    [line] = axes.plot(xs, ys, marker="o", markersize=2.5, linewidth=1.2, label=label)
    if rows.height and not rows["low"].has_nulls():
        lows, highs = rows["low"].to_list(), rows["high"].to_list()
        axes.fill_between(xs, lows, highs, alpha=0.15, color=line.get_color(), linewidth=0)


def _plain(axes: "Axes", x_label: str) -> None:
    axes.set_xlabel(x_label, fontsize=8)
    axes.tick_params(labelsize=7)
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _png(figure: "Figure") -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()
