"""What the Dagster UI shows of frames and stages."""

from collections.abc import Mapping, Sequence

import dagster as dg
import polars as pl

from synth_assets.core.fingerprint import fingerprint
from synth_assets.core.schema import Stage
from synth_assets.core.stage import outcome_counts, reason_counts
from synth_assets.defs.columns import DESCRIPTIONS
from synth_assets.resources.frames import FrameParts
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


def frame_metadata(frame: pl.DataFrame | FrameParts) -> dict[str, dg.MetadataValue]:
    """Row count, column schema and a preview of rows; rows render as text, whatever they hold."""
    rows = frame.lazy()
    height = int(rows.select(pl.len()).collect().item())
    columns = [
        dg.TableColumn(name, str(dtype), DESCRIPTIONS.get(name))
        for name, dtype in frame.schema.items()
    ]
    return {
        "dagster/row_count": dg.MetadataValue.int(height),
        "dagster/column_schema": dg.MetadataValue.table_schema(dg.TableSchema(columns)),
        "preview": preview(rows.head(PREVIEW_ROWS).collect()),
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


def stage_metadata(decisions: pl.DataFrame | FrameParts) -> dict[str, dg.MetadataValue]:
    """Counts by outcome, drop reasons as a table and a plot, and a few rows of each reason.

    Args:
        decisions: columns of `DECISION_SCHEMA`.
    """
    rows = decisions.lazy()
    counts = outcome_counts(rows)
    shown: dict[str, dg.MetadataValue] = {
        "rows_kept": dg.MetadataValue.int(counts["kept"]),
        "rows_dropped": dg.MetadataValue.int(counts["dropped"]),
        "rows_errored": dg.MetadataValue.int(counts["errored"]),
    }
    reasons = reason_counts(rows)
    if reasons:
        shown["drop_reasons"] = count_table(reasons, "reason", "rows")
        shown["drop_reasons_plot"] = plot(reasons, "Rows not kept, by reason", "rows")
        columns = ["sample_id", "recipe", "reason", "duplicate_of", "detail"]
        few = [
            rows.filter(pl.col("reason") == reason).select(columns).head(_LOST_ROWS_A_REASON)
            for reason in reasons
        ]
        examples = pl.concat(pl.collect_all(few))
        shown["not_kept"] = preview(examples, rows=examples.height)
    return shown


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


def data_version(frame: pl.DataFrame | FrameParts) -> dg.DataVersion:
    """A hash of a frame's content, so that equal content leaves what follows fresh."""
    pieces = frame.frames() if isinstance(frame, FrameParts) else [frame]
    hashed, height = 0, 0
    for piece in pieces:
        if piece.height:
            hashed = (hashed + int(piece.hash_rows(seed=0).sum())) % 2**64
            height += piece.height
    return dg.DataVersion(fingerprint([[hashed], [[height, *frame.schema.names()]]])[:16])


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
