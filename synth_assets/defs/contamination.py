"""What the Dagster UI shows of contamination: what was found how, and how often that errs."""

import dagster as dg
import polars as pl

from synth_assets.core.decontaminate.error_rate import ANY, ErrorRate, measure_error_rate
from synth_assets.core.decontaminate.screen import Screen, ScreenRules
from synth_assets.core.decontaminate.stage import rows_by_method
from synth_assets.core.schema import Origin
from synth_assets.defs.display import count_table, small_table

_COLUMNS = ("looked_at", "flagged", "share", "low", "high")


def error_metadata(
    screen: Screen, rules: ScreenRules, benchmarks: pl.DataFrame, rows: pl.DataFrame
) -> dict[str, dg.MetadataValue]:
    """Measure how often decontamination errs on this benchmark, beside these rows.

    Args:
        screen: that knows the benchmarks.
        rules: by which it was built.
        benchmarks: columns of `SAMPLE_SCHEMA`.
        rows: columns of `SAMPLE_SCHEMA`; the human ones among them count as clean.
    """
    if benchmarks.is_empty():
        return {}
    real = rows.filter(pl.col("origin") == Origin.REAL.value)
    clean = [*real["prompt"], *real["response"]]
    measured = measure_error_rate(
        screen, benchmarks, clean, lambda some: Screen.build(some.clear(), some, rules)
    )
    return _shown(measured)


def method_metadata(decisions: pl.DataFrame) -> dict[str, dg.MetadataValue]:
    """How rows were found, most frequent first.

    Args:
        decisions: of decontamination, columns of `DECISION_SCHEMA`.
    """
    counts = rows_by_method(decisions)
    return {"found_by": count_table(counts, "method", "rows")} if counts else {}


def _shown(measured: ErrorRate) -> dict[str, dg.MetadataValue]:
    table = measured.table
    told = pl.when("contaminated").then(pl.lit("recall")).otherwise(pl.lit("false positives"))
    by_method = table.pivot(on="method", index="rows", values="share")
    together = table.filter(method=ANY).select("rows", told.alias("share is"), *_COLUMNS)
    return {"error_rate": small_table(together), "error_rate_by_method": small_table(by_method)}
