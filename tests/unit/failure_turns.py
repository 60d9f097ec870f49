"""Answers put to the check of failure modes."""

from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.failure_modes import FailureModes
from tests.samples import synthetic_row

ASKED = "Tell me what the old harbour of this town is used for today, in your own words."


def verdict(
    response: str,
    prompt: str = ASKED,
    files: dict[str, str] | None = None,
    context: str = "",
    **parameters: object,
) -> Verdict:
    verifier = FailureModes.model_validate({"kind": "failure_modes", **parameters})
    return verifier.prepare(files or {})(synthetic_row("s", prompt, response, context=context))


def reason_of(response: str, prompt: str = ASKED, **parameters: object) -> Reason | None:
    return verdict(response, prompt, **parameters).reason  # pyright: ignore[reportArgumentType]
