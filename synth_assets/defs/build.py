"""Everything Dagster loads, put together."""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

from datetime import timedelta

import dagster as dg

from synth_assets.defs.alerts import failure_alerts, warning_alerts
from synth_assets.defs.assets import (
    collapse,
    diversity,
    drift,
    generation,
    inputs,
    selection,
    training,
    watching,
)
from synth_assets.defs.automation import backfill_changed, backfill_nightly, backfill_on_edit
from synth_assets.defs.checks import all_checks
from synth_assets.defs.frame_io import FrameIOManager
from synth_assets.defs.jobs import ALL_JOBS
from synth_assets.defs.lab import dose_curves, measure_collapse, measure_collapse_weekly
from synth_assets.defs.names import OWNER, SPENDING
from synth_assets.defs.partitions import recipe_versions
from synth_assets.defs.sensors import batch_sensor, recipe_sensor
from synth_assets.defs.trying import compare_recipe_versions, preview_rows
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop


def build_definitions(workshop: Workshop | None = None) -> dg.Definitions:
    """Assets, checks, jobs, sensors and resources; by default with what the environment says."""
    workshop = workshop or Workshop(read_settings())
    modules = [inputs, generation, selection, training, watching, diversity, drift, collapse]
    loaded = dg.load_assets_from_modules(modules)
    assets = [each for each in loaded if isinstance(each, dg.AssetsDefinition)]
    return dg.Definitions(
        assets=[
            *dg.map_asset_specs(lambda spec: _aging(_findable(spec), workshop), assets),
            _findable(dose_curves),
        ],
        asset_checks=[
            *all_checks(),
            diversity.diversity_above_floor,
            drift.no_drift_alarm,
            collapse.no_sign_of_collapse_is_red,
        ],
        jobs=[*ALL_JOBS, measure_collapse, backfill_changed, preview_rows, compare_recipe_versions],
        schedules=[measure_collapse_weekly, backfill_nightly],
        sensors=[recipe_sensor, batch_sensor, backfill_on_edit, failure_alerts, warning_alerts],
        resources={"workshop": workshop, "io_manager": _frames(workshop)},
        executor=dg.in_process_executor,
    )


def _findable(spec: dg.AssetSpec) -> dg.AssetSpec:
    """With an owner, and with what one partition is: `tag:"partition"="recipe_versions"`."""
    partitions = spec.partitions_def
    each = partitions.name if isinstance(partitions, dg.DynamicPartitionsDefinition) else None
    spends = {"spends": "money"} if spec.key.to_user_string() in SPENDING else {}
    tags = {"partition": each or "none", **spends}
    return spec.replace_attributes(owners=[OWNER]).merge_attributes(tags=tags)


def _aging(spec: dg.AssetSpec, workshop: Workshop) -> dg.AssetSpec:
    """With an age at which it is stale, unless it is made once: a version of a recipe."""
    days = workshop.settings.fresh_days
    if not days or spec.partitions_def is recipe_versions:
        return spec
    late = timedelta(days=days)
    policy = dg.FreshnessPolicy.time_window(fail_window=late, warn_window=late / 2)
    return spec.replace_attributes(freshness_policy=policy)


def _frames(workshop: Workshop) -> FrameIOManager:
    from upath import UPath

    return FrameIOManager(UPath(workshop.home.assets), workshop.settings.dashboard_url)
