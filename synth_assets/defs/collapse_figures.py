"""What the Dagster UI shows of canaries and of labs."""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

from typing import TypeAlias

import dagster as dg
import polars as pl

from synth_assets.core.collapse.advice import Advice
from synth_assets.core.collapse.canary import CanaryReport, Trained
from synth_assets.core.collapse.dose_curve import DoseCurve
from synth_assets.core.collapse.of_sets import canary_frame
from synth_assets.core.collapse.risk_index import RiskIndex, harm_of
from synth_assets.core.mixture.risk import RiskBand
from synth_assets.defs.display import small_table, table
from synth_assets.resources.collapse.pictures import dose_png, generations_png
from synth_assets.resources.plots import markdown_image

Figures: TypeAlias = dict[str, dg.MetadataValue | str | float]

_SHOWN = ("light", "value", "amber", "red", "meaning")


def canary_figures(
    report: CanaryReport, index: RiskIndex, advice: tuple[Advice, ...], curve: DoseCurve | None
) -> Figures:
    """The risk, what it is made of, and what to do about it."""
    beside_real = report.compared(Trained.SET, Trained.REAL_EQUAL)
    share = report.synthetic_share
    figures: Figures = {
        "risk_index": round(index.value, 1),
        "light": index.light.value,
        "harm": round(harm_of(report), 4),
        "signs": small_table(canary_frame(index).select(_SHOWN)),
        "synthetic_share": round(share, 4),
        "risk_band": (RiskBand.of(share) if curve is None else curve.band(share)).value,
        "risk_band_from": "a rule of thumb" if curve is None else "the lab of these real rows",
        "student": report.student,
    }
    if advice:
        told = [dg.TableRecord({"remedy": each.remedy.value, "what": each.told}) for each in advice]
        figures["advice"] = table(told)
    figures |= {
        f"bits_per_byte_{name}": round(reading.held_out.value, 4)
        for name, reading in report.readings.items()
    }
    if beside_real is not None:
        lost = beside_real.held_out
        figures["above_real"] = f"{lost.value:+.4f} bits a byte ({lost.low:+.4f}..{lost.high:+.4f})"
    return figures


def depth_figures(rows: pl.DataFrame) -> Figures:
    """How many generations of models stand behind the rows of a set.

    Args:
        rows: columns of `SAMPLE_SCHEMA`; of depth 0 are real ones.
    """
    counted = rows.group_by(depth="synthetic_depth").agg(rows=pl.len()).sort("depth")
    shares = counted.with_columns(share=pl.col("rows") / max(rows.height, 1))
    mean = rows.select(pl.col("synthetic_depth").mean()).item()
    return {
        "by_synthetic_depth": small_table(shares),
        "mean_synthetic_depth": round(float(mean or 0.0), 4),
        "share_beyond_depth_1": round(float(shares.filter(pl.col("depth") > 1)["share"].sum()), 4),
    }


def lab_figures(curves: pl.DataFrame) -> Figures:
    """What a lab found, with its pictures.

    Args:
        curves: columns of `CURVE_SCHEMA`.
    """
    curve = DoseCurve.of(curves)
    lines = generations_png(curves, "Generation after generation, plain writing")
    figures: Figures = {"curves_plot": dg.MetadataValue.md(markdown_image(lines, "Generations"))}
    if curve is None:
        return figures
    doses = pl.DataFrame([vars(dose) for dose in curve.doses])
    picture = dose_png(curve.doses, "What a share of written rows costs in the end")
    return {
        **figures,
        "bearable_share": round(curve.bearable, 4),
        "doses": small_table(doses),
        "doses_plot": dg.MetadataValue.md(markdown_image(picture, "Dose and response")),
    }
