"""Alerts of runs that fail or warn, in the log and at a webhook."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import dagster as dg
import pytest

from synth_assets.defs.alerts import failure_alerts, warning_alerts
from synth_assets.errors import AlertError
from synth_assets.resources.webhook import Alert, post_alert

NO_ROW = dg.AssetCheckSeverity.ERROR


class _Hook(BaseHTTPRequestHandler):
    taken: list[dict[str, str]]
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append(json.loads(body))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Hook]]:
    handler = type("Hook", (_Hook,), {"taken": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("SYNTH_WEBHOOK_URL", f"http://127.0.0.1:{server.server_port}/secret")
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def run_of(
    *, fails: bool, severity: dg.AssetCheckSeverity, name: str, again: str = "false"
) -> list[object]:
    """A run of one asset with one check that fails; then the sensor that looks at it."""

    @dg.asset
    def rows() -> None:
        if fails:
            raise ValueError("no teacher answers")

    @dg.asset_check(asset=rows, name=name)
    def check() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, severity=severity, description="by 3.0 of 5 USD")

    with dg.DagsterInstance.ephemeral() as instance:
        tags = {"dagster/will_retry": again}
        made = dg.materialize([rows, check], instance=instance, raise_on_error=False, tags=tags)
        sensor = failure_alerts if fails else warning_alerts
        context = dg.build_run_status_sensor_context(
            sensor_name=sensor.name,
            dagster_instance=instance,
            dagster_run=instance.get_run_by_id(made.run_id),  # pyright: ignore[reportArgumentType]
            dagster_event=made.all_events[-1],
        )
        return [sensor(context)]


def test_failed_run_is_posted_with_its_first_cause(hook: type[_Hook]):
    run_of(fails=True, severity=NO_ROW, name="unused")
    [alert] = hook.taken

    assert alert["kind"] == "failure"
    assert "rows: " in alert["text"]
    assert "no teacher answers" in alert["text"]
    assert alert["url"].startswith("http://127.0.0.1:3000/runs/")


def test_failed_run_that_is_launched_again_by_itself_is_not_posted(hook: type[_Hook]):
    run_of(fails=True, severity=NO_ROW, name="unused", again="true")
    assert hook.taken == []


@pytest.mark.parametrize(
    ("name", "severity", "kind"),
    [
        ("within_budget", dg.AssetCheckSeverity.WARN, "budget"),
        ("no_drift", dg.AssetCheckSeverity.WARN, "warning"),
        ("no_drift", dg.AssetCheckSeverity.ERROR, "blocked"),
    ],
)
def test_failed_check_is_posted_as_what_it_is(
    hook: type[_Hook], name: str, severity: dg.AssetCheckSeverity, kind: str
):
    run_of(fails=False, severity=severity, name=name)
    [alert] = hook.taken

    assert alert["kind"] == kind
    assert f"rows: {name} failed: by 3.0 of 5 USD" in alert["text"]


def test_webhook_that_refuses_is_an_error_without_its_address(hook: type[_Hook]):
    hook.status = 500
    with pytest.raises(AlertError, match="answered 500") as raised:
        run_of(fails=True, severity=NO_ROW, name="unused")
    assert "secret" not in str(raised.value)


def test_webhook_that_is_not_there_is_an_error():
    with pytest.raises(AlertError, match="cannot be reached"):
        post_alert("http://127.0.0.1:9/", Alert("failure", "x", "y", "z"))
