"""Training sets and what is published of them: one partition a version of a mixture."""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

import dagster as dg
import polars as pl

from synth_assets.core.mixture.compose import compose
from synth_assets.core.schema import Stage
from synth_assets.defs.display import count_by, count_table, data_version, plot, stage_metadata
from synth_assets.defs.names import EVIDENCE, TRAIN
from synth_assets.defs.partitions import mixture_versions
from synth_assets.resources.exports import card_facts, export_training_set
from synth_assets.resources.workshop import Workshop


@dg.asset(group_name=TRAIN, partitions_def=mixture_versions, kinds={"parquet"})
def training_sets(
    context: dg.AssetExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    decontaminated_samples: pl.DataFrame,
) -> dg.MaterializeResult[pl.DataFrame]:
    """What a student is trained on: candidates chosen by a mixture's policy, shuffled by seed."""
    mixture = workshop.mixture_at(context.partition_key)
    result = compose(decontaminated_samples, mixture, workshop.catalogue.on_request)
    workshop.home.record_decisions(Stage.MIX, mixture.key, result)
    origins = count_by(result.kept, "origin")
    composition = count_by(result.kept, "recipe")
    return dg.MaterializeResult(
        value=result.kept,
        data_version=data_version(result.kept),
        metadata={
            **stage_metadata(result.decisions),
            "synthetic_share": origins.get("synthetic", 0) / max(result.kept.height, 1),
            "composition": count_table(composition, "recipe", "rows"),
            "composition_plot": plot(composition, "Rows by recipe", "rows"),
            "teachers": count_table(count_by(result.kept, "teacher"), "teacher", "rows"),
        },
    )


@dg.asset(group_name=EVIDENCE, partitions_def=mixture_versions, kinds={"json"}, deps=["lineage"])
def dataset_cards(
    context: dg.AssetExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    training_sets: pl.DataFrame,
    diversity_snapshots: pl.DataFrame,
) -> dg.MaterializeResult[None]:
    """The exported files, chat JSONL and Parquet, with the card that says how they came about."""
    mixture = workshop.mixture_at(context.partition_key)
    facts = card_facts(
        mixture, training_sets, diversity_snapshots, workshop.catalogue, workshop.lineage
    )
    made = export_training_set(workshop.home.exports / mixture.id, training_sets, facts)
    return dg.MaterializeResult[None](  # pyright: ignore[reportArgumentType]  none is meant
        metadata={
            "folder": dg.MetadataValue.path(str(made.folder)),
            "card": dg.MetadataValue.md(made.card.partition("\n---\n")[2]),
            "dagster/row_count": training_sets.height,
            "dashboards": dg.MetadataValue.url(workshop.settings.dashboard_url),
            "size_bytes": made.bytes,
        },
    )
