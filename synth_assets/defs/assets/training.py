"""Training sets and what is published of them: one partition a version of a mixture."""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

from pathlib import Path

import dagster as dg
import polars as pl

from synth_assets.core.export.card import CARD_FILE, descriptions
from synth_assets.core.gating import refuse_blocked
from synth_assets.core.mixture.compose import compose
from synth_assets.core.schema import Stage
from synth_assets.defs.composed import set_metadata
from synth_assets.defs.display import data_version, small_table, stage_metadata
from synth_assets.defs.gates import verdicts_on_set
from synth_assets.defs.names import EVIDENCE, TRAIN
from synth_assets.defs.partitions import mixture_versions
from synth_assets.defs.real_share import real_share_metadata
from synth_assets.resources.card_facts import PublishedSet, card_facts
from synth_assets.resources.collapse.raised import composed_within_gates
from synth_assets.resources.exports import export_training_set
from synth_assets.resources.models.records import record_training_set
from synth_assets.resources.models.standings import standings
from synth_assets.resources.token_lengths import open_tokenizer, token_counts
from synth_assets.resources.workshop import Workshop

_PATIENCE_S = 600
"""For another run that exports the same mixture; the rows that come last stay."""


@dg.asset(group_name=TRAIN, partitions_def=mixture_versions, kinds={"parquet"})
def training_sets(
    context: dg.AssetExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    decontaminated_samples: pl.DataFrame,
) -> dg.MaterializeResult[pl.DataFrame]:
    """What a student is trained on: candidates chosen by a mixture's bounds, in its order."""
    mixture = workshop.mixture_at(context.partition_key)
    standing = standings(workshop, decontaminated_samples, mixture)
    result = composed_within_gates(
        workshop.home,
        mixture,
        lambda asked: compose(
            decontaminated_samples,
            asked,
            standing,
            workshop.catalogue.on_request,
            lambda rows: token_counts(rows, open_tokenizer(mixture.tokenizer_file)),
        ),
        context.log.info,
    )
    workshop.home.record_decisions(Stage.MIX, mixture.key, result)
    return dg.MaterializeResult(
        value=result.kept,
        data_version=data_version(result.kept),
        metadata={
            **stage_metadata(result.decisions),
            **set_metadata(result.kept, mixture, standing),
            **real_share_metadata(workshop.home, mixture.key),
        },
    )


@dg.asset(
    group_name=EVIDENCE,
    partitions_def=mixture_versions,
    kinds={"json"},
    deps=["lineage"],
)
def dataset_cards(
    context: dg.AssetExecutionContext,
    workshop: dg.ResourceParam[Workshop],
    training_sets: pl.DataFrame,
    diversity_snapshots: pl.DataFrame,
    drift_reports: pl.DataFrame,
    collapse_canaries: pl.DataFrame,
    held_out_real: pl.DataFrame,
    benchmarks: pl.DataFrame,
) -> dg.MaterializeResult[None]:
    """The exported files, chat JSONL and Parquet, with the card that says how they came about.

    A set that a gate of its mixture blocks is not exported, whichever run asks for it.
    """
    mixture = workshop.mixture_at(context.partition_key)
    refuse_blocked(
        mixture,
        verdicts_on_set(
            workshop.home,
            mixture,
            diversity=diversity_snapshots,
            drift=drift_reports,
            canary=collapse_canaries,
        ),
    )
    published = PublishedSet(
        mixture, training_sets, diversity_snapshots, collapse_canaries, held_out_real, benchmarks
    )
    made = export_training_set(
        workshop.home.exports / mixture.id,
        Path(str(workshop.home.asset("training_sets", mixture.key))),
        mixture.export,
        counter=open_tokenizer(mixture.tokenizer_file),
        describe=lambda data: descriptions(card_facts(published, data, workshop)),
        patience_s=_PATIENCE_S,
    )
    record_training_set(workshop, mixture, training_sets)
    return dg.MaterializeResult[None](  # pyright: ignore[reportArgumentType]  none is meant
        metadata={
            "folder": dg.MetadataValue.path(str(made.folder)),
            "card": dg.MetadataValue.md(made.beside[CARD_FILE].partition("\n---\n")[2]),
            "dagster/row_count": training_sets.height,
            "dashboards": dg.MetadataValue.url(workshop.settings.dashboard_url),
            "size_bytes": made.rows.bytes,
            "tokenizer": made.rows.tokenizer,
            "token_lengths": small_table(made.rows.lengths),
        },
    )
