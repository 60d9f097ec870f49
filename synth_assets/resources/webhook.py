"""Alerts on their way out: one POST of JSON to an address that the user names."""

import json
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass

from synth_assets.errors import AlertError

_TIMEOUT_S = 10


@dataclass(frozen=True)
class Alert:
    """Something that somebody should look at.

    Attributes:
        kind: `failure`, `blocked`, `warning` or `budget`.
        subject: what it is about: a job and its partition.
        text: what happened, in words.
        url: where to look.
    """

    kind: str
    subject: str
    text: str
    url: str


def post_alert(address: str, alert: Alert) -> None:
    """Post an alert as JSON; its `text` is what chat services show.

    Raises:
        AlertError: if it is not taken; the address, which may hold a secret, is not told.
    """
    told = f"{alert.subject}: {alert.text}\n{alert.url}"
    body = json.dumps({**asdict(alert), "text": told}).encode()
    request = urllib.request.Request(
        address, body, {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S):
            return
    except urllib.error.HTTPError as exc:
        how = f"it answered {exc.code}"
    except (OSError, ValueError) as exc:
        how = f"{type(exc).__name__}: it cannot be reached"
    raise AlertError(f"The webhook of SYNTH_WEBHOOK_URL did not take an alert: {how}. Mend it.")
