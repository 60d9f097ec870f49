"""What the Dagster UI shows of frames and stages."""

from collections.abc import Mapping, Sequence

import dagster as dg
import polars as pl

from synth_assets.core.fingerprint import fingerprint
from synth_assets.core.schema import Stage
from synth_assets.core.stage import StageResult
from synth_assets.resources.plots import bar_chart_png, markdown_image

PREVIEW_ROWS = 8
_PREVIEW_CHARACTERS = 240

_LOST_ROWS_A_REASON = 3

_READABLE = (
    "prompt",
    "response",
    "reference",
    "context",
    "fields",
    "reason",
    "detail",
    "duplicate_of",
    "recipe",
    "title",
    "teacher",
    "score",
    "source",
    "live",
    "partition",
    "sample_id",
    "seed_id",
)
"""Columns a person reads first, where a frame has them."""


def frame_metadata(frame: pl.DataFrame) -> dict[str, dg.MetadataValue]:
    """Row count, column schema and a preview of rows; rows render as text, whatever they hold."""
    columns = [dg.TableColumn(name, str(dtype)) for name, dtype in frame.schema.items()]
    return {
        "dagster/row_count": dg.MetadataValue.int(frame.height),
        "dagster/column_schema": dg.MetadataValue.table_schema(dg.TableSchema(columns)),
        "preview": preview(frame),
    }


def preview(frame: pl.DataFrame, rows: int = PREVIEW_ROWS) -> dg.MetadataValue:
    """The first rows as a table, readable columns first, long text shortened.

    Columns that are empty in all these rows are left out: the page is narrow.
    """
    readable = [name for name in _READABLE if name in frame.columns]
    shown = frame.select(readable or frame.columns).head(rows)
    cells = [{name: _cell(value) for name, value in row.items()} for row in shown.to_dicts()]
    filled = [name for name in shown.columns if any(row[name] for row in cells)]
    return table([dg.TableRecord({name: row[name] for name in filled}) for row in cells])


def table(records: Sequence[dg.TableRecord]) -> dg.MetadataValue:
    """Records of one shape as a table; the UI shows their text as text."""
    names = list(records[0].data) if records else []
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(n) for n in names]))


def stage_metadata(result: StageResult) -> dict[str, dg.MetadataValue]:
    """Counts by outcome, drop reasons as a table and a plot, and a few rows of each reason."""
    counts = result.counts
    shown: dict[str, dg.MetadataValue] = {
        "rows_kept": dg.MetadataValue.int(counts["kept"]),
        "rows_dropped": dg.MetadataValue.int(counts["dropped"]),
        "rows_errored": dg.MetadataValue.int(counts["errored"]),
    }
    reasons = result.reasons
    if reasons:
        shown["drop_reasons"] = count_table(reasons, "reason", "rows")
        shown["drop_reasons_plot"] = plot(reasons, "Rows not kept, by reason", "rows")
        lost = result.decisions.filter(pl.col("reason").is_not_null())
        examples = lost.group_by("reason", maintain_order=True).head(_LOST_ROWS_A_REASON)
        columns = ["sample_id", "recipe", "reason", "duplicate_of", "detail"]
        shown["not_kept"] = preview(examples.select(columns), rows=examples.height)
    return shown


def spending_metadata(calls: pl.DataFrame) -> dict[str, dg.MetadataValue]:
    """Calls, tokens and US dollars of a generation; what the ledger had is counted apart."""
    bought = calls.filter(~pl.col("from_ledger"))
    return {
        "calls_bought": dg.MetadataValue.int(bought.height),
        "calls_from_ledger": dg.MetadataValue.int(calls.height - bought.height),
        "prompt_tokens": dg.MetadataValue.int(int(calls["prompt_tokens"].sum())),
        "completion_tokens": dg.MetadataValue.int(int(calls["completion_tokens"].sum())),
        "cost_usd": dg.MetadataValue.float(float(bought["cost_usd"].sum())),
        "calls_of_unknown_price": dg.MetadataValue.int(calls["cost_usd"].null_count()),
    }


def count_table(counts: Mapping[str, int], label: str, unit: str) -> dg.MetadataValue:
    """Counts as a small table. Labels must be names of ours, never text of a row."""
    lines = [f"| {label} | {unit} |", "| --- | ---: |"]
    lines.extend(f"| {name} | {count:,} |" for name, count in counts.items())
    return dg.MetadataValue.md("\n".join(lines))


def small_table(frame: pl.DataFrame) -> dg.MetadataValue:
    """A whole frame as a table. Its text must be names of ours, never text of a row."""
    lines = ["| " + " | ".join(frame.columns) + " |", "|" + " --- |" * frame.width]
    for row in frame.iter_rows():
        cells = ("" if v is None else f"{v:.4g}" if isinstance(v, float) else str(v) for v in row)
        lines.append("| " + " | ".join(cells) + " |")
    return dg.MetadataValue.md("\n".join(lines))


def funnel_table(funnel: pl.DataFrame) -> dg.MetadataValue:
    """Rows kept, a line a recipe and a column a stage.

    Args:
        funnel: what the query `funnel` returns.
    """
    scope = pl.col("scope")
    # In parentheses, as a recipe may be called `real` too.
    named = funnel.filter(scope != "all").with_columns(
        recipe=pl.when(scope == "recipe").then("recipe").otherwise(pl.format("({})", scope))
    )
    wide = named.pivot(on="stage", index="recipe", values="kept")
    return small_table(wide.select("recipe", *(s for s in Stage if s in wide.columns)))


def plot(counts: Mapping[str, int], title: str, unit: str) -> dg.MetadataValue:
    """Counts as a small bar chart."""
    return dg.MetadataValue.md(markdown_image(bar_chart_png(counts, title, unit), title))


def data_version(*frames: pl.DataFrame) -> dg.DataVersion:
    """A hash of the frames' content, so that equal content leaves what follows fresh."""
    hashes = [int(frame.hash_rows(seed=0).sum()) if frame.height else 0 for frame in frames]
    shapes = [[frame.height, *frame.columns] for frame in frames]
    return dg.DataVersion(fingerprint([hashes, shapes])[:16])


def count_by(frame: pl.DataFrame, column: str) -> dict[str, int]:
    """Rows by value of a column, most frequent first; an empty value counts as `real`."""
    named = pl.when(pl.col(column) == "").then(pl.lit("real")).otherwise(pl.col(column))
    counted = frame.group_by(named.alias("value")).len()
    return dict(counted.sort(["len", "value"], descending=[True, False]).iter_rows())


def joined(frames: Sequence[pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
    """Stack frames of one schema; with none, an empty frame of it."""
    return pl.concat(frames) if frames else pl.DataFrame(schema=schema)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= _PREVIEW_CHARACTERS else f"{text[:_PREVIEW_CHARACTERS]}…"
