"""The canary of a training set of ours: which rows are real, and what they are measured by."""

from collections.abc import Callable

import polars as pl

from synth_assets.core.collapse.advice import Advice, SyntheticRow, advice_on
from synth_assets.core.collapse.canary import CanaryReport, CanarySize, run_canary
from synth_assets.core.collapse.dose_curve import DoseCurve
from synth_assets.core.collapse.risk_index import RiskIndex
from synth_assets.core.collapse.yard import Yard
from synth_assets.core.schema import Origin

CANARY_SCHEMA = pl.Schema(
    {
        "sign": pl.String,
        "value": pl.Float64,
        "amber": pl.Float64,  # from here on worth attention
        "red": pl.Float64,  # from here on bad
        "light": pl.String,  # green, amber or red
        "scaled": pl.Float64,  # 0..1, as the index counts it
        "meaning": pl.String,
        "rationale": pl.String,
    }
)
"""One row a measured quantity, worst first."""

LEAST_HELD_OUT = 20
"""Held-out rows below which nothing is measured."""

_MOST_HELD_OUT = 2_000


def canary_of_set(
    rows: pl.DataFrame,
    real: pl.DataFrame,
    held_out: pl.DataFrame,
    size: CanarySize,
    on_progress: Callable[[str], None] = lambda _: None,
) -> CanaryReport | None:
    """Run the canary of a training set.

    Held-out rows of the sources that the set's real rows are of are what it is measured by, those
    of other sources are out of its domain; of a set without real rows all are the former.

    Args:
        rows: the set, columns of `SAMPLE_SCHEMA`.
        real: real rows that may be trained on, the same columns.
        held_out: real rows that never are, the same columns.
        size: how much is looked at.
        on_progress: told what is being done.

    Returns:
        None if there are too few real or held-out rows to say anything.
    """
    sources = rows.filter(pl.col("origin") == Origin.REAL)["source"].unique()
    is_alike = pl.col("source").is_in(sources.implode()) if len(sources) else pl.lit(True)
    alike, other = held_out.filter(is_alike), held_out.filter(~is_alike)
    pool = training_texts(real.filter(is_alike))
    if alike.height < LEAST_HELD_OUT or not pool or rows.is_empty():
        return None
    yard = Yard.of(
        training_texts(alike)[:_MOST_HELD_OUT], training_texts(other)[:_MOST_HELD_OUT], size.seed
    )
    is_real = (rows.sort("sample_id")["origin"] == Origin.REAL).to_list()
    return run_canary(training_texts(rows), is_real, pool, yard, size=size, on_progress=on_progress)


def advice_on_set(
    report: CanaryReport,
    index: RiskIndex,
    rows: pl.DataFrame,
    real: pl.DataFrame,
    curve: DoseCurve | None,
) -> tuple[Advice, ...]:
    """Say what to do about what the canary of a training set found; see `advice_on`.

    Args:
        report: what it found.
        index: of the same.
        rows: the set, columns of `SAMPLE_SCHEMA`.
        real: real rows that may be trained on, the same columns.
        curve: what a lab measured.
    """
    written = rows.filter(pl.col("origin") == Origin.SYNTHETIC).sort("sample_id")
    made = zip(
        written["recipe"].to_list(),
        written["teacher"].to_list(),
        training_texts(written),
        strict=True,
    )
    synthetic = [SyntheticRow(*each) for each in made]
    return advice_on(report, index, synthetic, training_texts(real), curve)


def canary_frame(index: RiskIndex) -> pl.DataFrame:
    """Lay what was measured out as a frame of `CANARY_SCHEMA`."""
    measured = [
        (
            each.sign.value,
            each.value,
            each.threshold.amber,
            each.threshold.red,
            each.light.value,
            each.scaled,
            each.threshold.meaning,
            each.threshold.rationale,
        )
        for each in index.components
    ]
    return pl.DataFrame(measured, schema=CANARY_SCHEMA, orient="row")


def training_texts(rows: pl.DataFrame) -> list[str]:
    """What is trained on of each row, in an order that does not depend on that of the frame.

    Args:
        rows: columns of `SAMPLE_SCHEMA`.
    """
    text = pl.concat_str(["prompt", "response"], separator="\n").str.strip_chars()
    return rows.sort("sample_id").select(text.alias("text"))["text"].to_list()
