"""Backfills from the UI: a job that explains itself, and two ways to have it started, both off."""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from synth_assets.core.config.budgets import Cap
from synth_assets.core.fingerprint import short_id
from synth_assets.defs.display import table
from synth_assets.resources.backfill_report import BackfillBooks, BackfillReport
from synth_assets.resources.edits import unfilled
from synth_assets.resources.filled_plan import FilledPlan
from synth_assets.resources.lookout import lookout
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop

_OP = "fill_what_is_missing"
_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
_NO_CAP = (
    "No automatic backfill is made without a budget: write `automatic: {usd: 5}` into budgets.yaml."
)


class BackfillConfig(dg.Config):
    """What the launchpad of `backfill_changed` asks for; nothing has to be changed."""

    recipes: list[str] = Field(
        default=[], description="Ids of the recipes to look at; all but those made on request."
    )
    name: str = Field(
        default="",
        description="What the backfill is called; its account and its report go by it. The same "
        "name goes on with it, under one budget. By default a new one.",
        pattern=r"^([a-z][a-z0-9_-]{0,62})?$",
    )
    budget_usd: float | None = Field(
        default=None,
        ge=0,
        description="The most it may spend in US dollars, over what budgets.yaml says of runs.",
    )
    parallel: int | None = Field(
        default=None,
        ge=1,
        le=16,
        description="Recipes filled at the same time; by default 1 to 4, by how many there are.",
    )


@dg.op(name=_OP)
def fill_what_is_missing(context: dg.OpExecutionContext, config: BackfillConfig) -> None:
    """Fill the missing versions of recipes, then compose and publish once."""
    from synth_assets.defs.backfills import Backfill

    settings = read_settings()
    cap = None if config.budget_usd is None else Cap(usd=config.budget_usd)
    name = config.name or f"backfill-{context.run.run_id[:8]}"
    workshop = Workshop(settings, announce=context.log.info, run=name, run_cap=cap)
    backfill = Backfill(workshop, context.instance, config.recipes, config.parallel)
    missing = backfill.missing()
    books = BackfillBooks(workshop, name)
    report = books.begin([recipe.key for recipe in missing.recipes])
    failures: list[str] = []
    try:
        for finished in backfill.run(missing):
            context.log.info(f"{finished.job} {finished.partition or ''}: {finished.seconds:.1f} s")
            failures += [*finished.failures, *finished.pending]
    finally:
        report = books.finish(report)
    if failures:
        told = "\n".join(failures)
        raise dg.Failure(told, metadata=report_metadata(report), allow_retries=False)
    context.add_output_metadata(report_metadata(report))


@dg.job(
    description="Fill what edits left missing, and nothing else, then select, compose and publish "
    "once. It spends money: look at the metadata of the asset `recipes` first, or `synth plan "
    "--changed`.",
    # Launched again without being asked, it would be another backfill, with a budget of its own.
    tags={"dagster/max_retries": "0"},
)
def backfill_changed() -> None:
    """Fill what edits left missing."""
    fill_what_is_missing()


def report_metadata(report: BackfillReport) -> dict[str, dg.MetadataValue]:
    """What a backfill came to: cost, calls, rows before and after."""
    rows = [
        dg.TableRecord(
            {
                "version": key,
                "rows": str(after.accepted),
                "rows before": "" if before is None else str(before.accepted),
                "accepted": "" if after.acceptance is None else f"{after.acceptance:.1%}",
                "accepted before": ""
                if before is None or before.acceptance is None
                else f"{before.acceptance:.1%}",
                "calls bought": str(after.calls_bought),
            }
        )
        for key, before in report.before.items()
        if (after := report.filled.get(key)) is not None
    ]
    return {
        "backfill": dg.MetadataValue.text(report.name),
        "cost_usd": dg.MetadataValue.float(report.cost_usd),
        "calls_bought": dg.MetadataValue.int(report.calls_bought),
        **({"effect": table(rows)} if rows else {}),
    }


def _automatic(workshop: Workshop, recipes: Sequence[str]) -> dg.RunConfig | None:
    """A backfill under the day's budget; none where none is written."""
    cap = workshop.catalogue.budgets.automatic
    if cap is None or cap.usd is None:
        return None
    name = f"automatic-{datetime.now(UTC):%Y%m%d}"
    config = BackfillConfig(recipes=list(recipes), name=name, budget_usd=cap.usd)
    return dg.RunConfig(ops={_OP: config})


def _edited(workshop: Workshop) -> list[str]:
    """Recipes that were filled once and are not as they are now; what is new is not bought unasked.

    A new recipe of one's own is filled by hand the first time.
    """
    recipes = unfilled(workshop)
    return [each.id for each in recipes if FilledPlan.latest(workshop.home, each.id) is not None]


@dg.sensor(
    job=backfill_changed,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Off. Turned on, it backfills recipes as soon as they are edited, within the day's "
    "budget `automatic` of budgets.yaml, each version once. New recipes it leaves alone.",
)
def backfill_on_edit(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Start a backfill of what was edited."""
    settings = read_settings()
    workshop = Workshop(settings, at_hand=lookout(settings).look())
    under_way = dg.RunsFilter(job_name=backfill_changed.name, statuses=_UNDER_WAY)
    if context.instance.get_runs(under_way, limit=1):
        return dg.SkipReason("A backfill is under way.")
    if not (edited := _edited(workshop)):
        return dg.SkipReason("No edited recipe is missing.")
    if (config := _automatic(workshop, edited)) is None:
        return dg.SkipReason(_NO_CAP)
    versions = sorted(workshop.catalogue.recipe(name).key for name in edited)
    request = dg.RunRequest(run_key=short_id(list(versions)), run_config=config)
    return dg.SensorResult(run_requests=[request])


@dg.schedule(
    job=backfill_changed,
    cron_schedule="0 3 * * *",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Off. Turned on, it backfills every night at three what was edited, within the "
    "day's budget `automatic` of budgets.yaml.",
)
def backfill_nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Start a backfill of what was edited during the day."""
    settings = read_settings()
    workshop = Workshop(settings, at_hand=lookout(settings).look())
    if not (edited := _edited(workshop)):
        return dg.SkipReason("No edited recipe is missing.")
    config = _automatic(workshop, edited)
    return dg.SkipReason(_NO_CAP) if config is None else dg.RunRequest(run_config=config)
