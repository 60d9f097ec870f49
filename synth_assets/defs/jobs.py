"""The jobs that make up a whole run, in the order in which they run."""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

import dagster as dg

refresh_inputs = dg.define_asset_job(
    "refresh_inputs",
    selection=dg.AssetSelection.assets("recipes", "real_data", "held_out_real", "benchmarks"),
    description="Read recipes, real data, held-out data and benchmarks again.",
)
fill_recipe = dg.define_asset_job(
    "fill_recipe",
    selection=dg.AssetSelection.assets(
        "seeds", "raw_generations", "verified_samples", "sample_signatures", "recipe_diversity"
    ),
    description="Seeds, generation and verification of one recipe version, signatures for "
    "deduplication, and its diversity. This is the job that spends money; what the ledger has is "
    "not bought again.",
)
select_candidates = dg.define_asset_job(
    "select_candidates",
    selection=dg.AssetSelection.assets(
        "real_signatures", "deduplicated_samples", "decontaminated_samples"
    ),
    description="Deduplicate all verified samples with the real data, and keep test items out.",
)
compose_training_set = dg.define_asset_job(
    "compose_training_set",
    selection=dg.AssetSelection.assets("training_sets"),
    description="Compose one mixture's training set and hold it to its policy.",
)
trace_lineage = dg.define_asset_job(
    "trace_lineage",
    selection=dg.AssetSelection.assets("lineage", "generation_snapshots"),
    description="Take new decisions into the lineage database and audit it.",
)
publish_training_set = dg.define_asset_job(
    "publish_training_set",
    selection=dg.AssetSelection.assets(
        "diversity_snapshots",
        "drift_reports",
        "collapse_canaries",
        "dashboard_snapshots",
        "dataset_cards",
    ),
    description="Measure one training set, put it on the dashboard, export it with its card.",
)
ALL_JOBS = (
    refresh_inputs,
    fill_recipe,
    select_candidates,
    compose_training_set,
    trace_lineage,
    publish_training_set,
)
