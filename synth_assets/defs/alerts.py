"""Alerts: a failure, a set that is blocked, a budget reached, drift: to the log, and a webhook."""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

from collections.abc import Callable, Iterator

import dagster as dg

from synth_assets.resources.settings import Settings, read_settings
from synth_assets.resources.webhook import Alert, post_alert

_BUDGET_CHECK = "within_budget"
_AGAIN_TAG = "dagster/will_retry"
_PARTITION_TAG = "dagster/partition"
_MOST_CHARACTERS = 500


def alerts_of(instance: dg.DagsterInstance, run: dg.DagsterRun, settings: Settings) -> list[Alert]:
    """What of a finished run somebody should look at: each failed check, then the failure itself.

    A check that fails as an error is `blocked`, as nothing that follows is made; one that warns is
    `warning`, or `budget` where a cap was reached.
    """
    subject = " ".join(filter(None, (run.job_name, run.tags.get(_PARTITION_TAG))))
    url = f"{settings.dagster_url}/runs/{run.run_id}"
    found = [Alert(kind, subject, text, url) for kind, text in _failed_checks(instance, run)]
    failed = run.status is dg.DagsterRunStatus.FAILURE
    # One whose process died, and which is launched again by itself, needs nobody.
    if failed and not found and run.tags.get(_AGAIN_TAG) != "true":
        found.append(Alert("failure", subject, _failure(instance, run), url))
    return found


def _failed_checks(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterator[tuple[str, str]]:
    of_type = {dg.DagsterEventType.ASSET_CHECK_EVALUATION}
    for entry in instance.all_logs(run.run_id, of_type=of_type):
        if entry.dagster_event is None:
            continue
        check = entry.dagster_event.asset_check_evaluation_data
        if check.passed:
            continue
        words = f"{check.asset_key.to_user_string()}: {check.check_name} failed"
        told = f"{words}: {check.description}" if check.description else words
        yield _kind(check), told[:_MOST_CHARACTERS]


def _kind(check: dg.AssetCheckEvaluation) -> str:
    if check.check_name == _BUDGET_CHECK:
        return "budget"
    return "blocked" if check.severity is dg.AssetCheckSeverity.ERROR else "warning"


def _failure(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    for entry in instance.all_logs(run.run_id, of_type={dg.DagsterEventType.STEP_FAILURE}):
        event = entry.dagster_event
        error = None if event is None else event.step_failure_data.error
        if event is not None and error is not None:
            while error.cause is not None:
                error = error.cause
            return f"{event.step_key}: {error.message.strip()}"[:_MOST_CHARACTERS]
    return "the run ended before it was through; see its log"


def send_alerts(
    context: dg.RunStatusSensorContext, post: Callable[[str, Alert], None] = post_alert
) -> list[Alert]:
    """Log what a finished run calls for, and post it where a webhook is configured.

    Raises:
        AlertError: if the webhook does not take it; the others were tried too.
    """
    settings = read_settings()
    alerts = alerts_of(context.instance, context.dagster_run, settings)
    for alert in alerts:
        context.log.warning(f"{alert.kind}: {alert.subject}: {alert.text}")
    for alert in alerts if settings.webhook else ():
        post(str(settings.webhook), alert)
    return alerts


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.FAILURE,
    monitor_all_code_locations=True,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells of runs that failed and of sets that a check blocks: in its log, and to the "
    "webhook of SYNTH_WEBHOOK_URL where there is one.",
)
def failure_alerts(context: dg.RunStatusSensorContext) -> None:
    """Tell of a run that failed."""
    send_alerts(context)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitor_all_code_locations=True,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells of checks that warn in runs that succeed, as drift, signs of collapse or a "
    "budget that is reached: in its log, and to the webhook of SYNTH_WEBHOOK_URL.",
)
def warning_alerts(context: dg.RunStatusSensorContext) -> None:
    """Tell of what a run that succeeded warns of."""
    send_alerts(context)
