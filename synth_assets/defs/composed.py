"""What the Dagster UI shows of a composed training set."""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

import dagster as dg
import polars as pl

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.mixture.cells import mentioned_columns, with_column_values
from synth_assets.core.mixture.policy import bound_outcomes, outcome_frame
from synth_assets.core.mixture.risk import RiskBand
from synth_assets.core.schema import Origin
from synth_assets.defs.display import count_by, plot, table

_ALWAYS = ("origin", "recipe", "source", "teacher")
_MOST_VALUES = 50


def set_metadata(
    rows: pl.DataFrame, mixture: Mixture, standing: pl.DataFrame
) -> dict[str, dg.MetadataValue | float | str | int]:
    """Shares, risk, every bound with what came out, and the composition by what bounds mention.

    Args:
        rows: columns of `TRAINING_SCHEMA`.
        mixture: that was composed.
        standing: columns of `STANDING_SCHEMA`.
    """
    share = rows.filter(pl.col("origin") == Origin.SYNTHETIC).height / max(rows.height, 1)
    facts = standing.select("sample_id", "family", "depth", "own_voice")
    told = with_column_values(rows.join(facts, on="sample_id", how="left"), mixture)
    columns = dict.fromkeys([*_ALWAYS, *mentioned_columns(mixture), "split"])
    return {
        "synthetic_share": share,
        "risk_band": RiskBand.of(share).value,
        "bounds": _records(outcome_frame(bound_outcomes(rows, mixture, standing))),
        "copies": rows.filter(pl.col("copy") > 1).height,
        "composition_plot": plot(count_by(rows, "recipe"), "Rows by recipe", "rows"),
        **{f"by_{name}".replace(".", "_"): _records(_counts(told, name)) for name in columns},
    }


def _counts(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    said = pl.col(column).cast(pl.String).replace("", None).fill_null("(none)")
    named = said.alias(column.removeprefix("attribute."))
    counted = rows.group_by(named).agg(pl.len().cast(pl.Int64).alias("rows"))
    return counted.sort("rows", counted.columns[0], descending=[True, False]).head(_MOST_VALUES)


def _records(frame: pl.DataFrame) -> dg.MetadataValue:
    return table([dg.TableRecord(row) for row in frame.to_dicts()])
