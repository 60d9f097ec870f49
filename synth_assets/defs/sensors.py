"""Sensors: what keeps the partitions in line with the files people edit, and fetches batches."""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

import dagster as dg

from synth_assets.defs.batches import look_at_batches
from synth_assets.defs.changes import change_line
from synth_assets.defs.jobs import fill_recipe
from synth_assets.defs.partitions import sync_partitions
from synth_assets.resources.lookout import lookout
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop

_MOST_TOLD = 20


@dg.sensor(
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Notices edited, added and removed recipes and mixtures: adds the partition of "
    "each new version and retires the superseded one. It starts no run and spends nothing.",
)
def recipe_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Bring the partitions in line with the catalogue as it is on disk now."""
    settings = read_settings()
    workshop = Workshop(settings, at_hand=lookout(settings).look())
    changed = sync_partitions(context.instance, workshop)
    if not changed.added and not changed.retired:
        return dg.SkipReason("Recipes and mixtures are as they were.")
    return dg.SkipReason("; ".join(map(change_line, changed.changes[:_MOST_TOLD])) or "Put right.")


@dg.sensor(
    job=fill_recipe,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks providers about open batches and fetches what is done; then starts a run of "
    "each recipe that waited. Without an open batch it asks nobody.",
)
def batch_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Carry batches on, and fill the live versions of the recipes that waited for them."""
    workshop = Workshop(read_settings())
    tick = look_at_batches(workshop, context.cursor)
    requests = [
        dg.RunRequest(run_key=f"batch {batch.name}", partition_key=recipe.key)
        for recipe in (workshop.catalogue.recipes if tick.fetched else ())
        if (batch := tick.fetched.get(recipe.id)) is not None
    ]
    if requests:
        sync_partitions(context.instance, workshop, asked=tick.fetched)
        return dg.SensorResult(run_requests=requests, cursor=tick.cursor)
    return dg.SensorResult(skip_reason=tick.told, cursor=tick.cursor)
