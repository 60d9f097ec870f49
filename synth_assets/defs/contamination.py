"""What the Dagster UI shows of contamination: what was found how, and how often that errs."""

from collections.abc import Mapping

import dagster as dg
import polars as pl

from synth_assets.core.decontaminate.error_rate import ANY, ErrorRate
from synth_assets.core.decontaminate.stage import rows_by_method
from synth_assets.defs.display import count_table, small_table, table
from synth_assets.resources.decontamination.asked import Asked

_LEAKS_SHOWN = 20
_LEAKS_TOLD = 5
_COLUMNS = ("looked_at", "flagged", "share", "low", "high")


def error_metadata(measured: ErrorRate | None) -> dict[str, dg.MetadataValue]:
    """How often decontamination errs; nothing where that was not measured."""
    if measured is None:
        return {}
    told = pl.when("contaminated").then(pl.lit("recall")).otherwise(pl.lit("false positives"))
    by_method = measured.table.pivot(on="method", index="rows", values="share")
    together = measured.table.filter(method=ANY).select("rows", told.alias("share is"), *_COLUMNS)
    return {"error_rate": small_table(together), "error_rate_by_method": small_table(by_method)}


def asked_metadata(asked: Asked, measured: ErrorRate | None) -> dict[str, dg.MetadataValue]:
    """What teachers were asked and paid; how many items one did not translate."""
    shown: dict[str, dg.MetadataValue] = {}
    paid = {"judge": asked.judge, "translator": asked.translator}
    for role, each in paid.items():
        if each is not None:
            spent = each.paid.spending
            shown[f"{role}_calls"] = dg.MetadataValue.int(spent.bought + spent.from_ledger)
            shown[f"{role}_calls_bought"] = dg.MetadataValue.int(spent.bought)
            if not spent.unpriced:
                shown[f"{role}_usd"] = dg.MetadataValue.float(spent.spent_usd_pico / 1e12)
    if asked.translator is not None and measured is not None:
        shown["items_not_translated"] = dg.MetadataValue.int(measured.untranslated)
    return shown


def method_metadata(decisions: pl.DataFrame) -> dict[str, dg.MetadataValue]:
    """How rows were found, most frequent first.

    Args:
        decisions: of decontamination, columns of `DECISION_SCHEMA`.
    """
    counts = rows_by_method(decisions)
    return {"found_by": count_table(counts, "method", "rows")} if counts else {}


def leak_metadata(leaked: pl.DataFrame) -> dict[str, dg.MetadataValue]:
    """Leaks, and the first of them as a table: which row, which item, how.

    Args:
        leaked: columns of `LEAK_SCHEMA`.
    """
    records = [dg.TableRecord(row) for row in leaked.head(_LEAKS_SHOWN).iter_rows(named=True)]
    return {
        "leaks": dg.MetadataValue.int(leaked.height),
        **({"leaked_rows": table(records)} if records else {}),
    }


def leaks_told(leaked: pl.DataFrame) -> str | None:
    """What a failed check says: the first leaks by name; nothing where there are none.

    Args:
        leaked: columns of `LEAK_SCHEMA`.
    """
    if leaked.is_empty():
        return None
    told = [_leak_told(row) for row in leaked.head(_LEAKS_TOLD).iter_rows(named=True)]
    more = leaked.height - len(told)
    told += [f"- and {more:,} more"] if more else []
    return "\n".join(
        [
            f"{leaked.height:,} rows of the set are kept out:",
            *told,
            "",
            "Materialize `decontaminated_samples` again, which drops them, and then this set.",
        ]
    )


def _leak_told(row: Mapping[str, str | float]) -> str:
    # The page shows it as Markdown, where text of a row must stand as code.
    evidence = str(row["evidence"]).replace("`", "'")
    return (
        f"- row {row['sample_id']}: {row['split']} item {row['item_id']} of {row['source']}, "
        f"by {row['how']} ({row['similarity']:.2f}): `{evidence}`"
    )
