"""Where LiteLLM spends its CPU on a call, and what can be switched off."""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clients import ClientFailedError, run_module
from benchmarks.endpoint import Endpoint, running_endpoint
from benchmarks.timing import table

_PROVIDERS = ("hosted_vllm", "openai")
_NOTHING = "nothing"
"""Measured once more as a change, to show how much is noise."""

_CALLS, _QUICK_CALLS = 1_000, 100


@dataclass(frozen=True)
class _Measured:
    """One change measured.

    Attributes:
        ms_a_call: CPU milliseconds; none where there is nothing to change.
        samples: part -> how often it was seen.
        changes: all that can be measured.
    """

    ms_a_call: float | None
    samples: dict[str, int]
    changes: list[str]


def measure(*, quick: bool = False) -> str:
    """Measure and return a section of Markdown."""
    calls = _QUICK_CALLS if quick else _CALLS
    with running_endpoint(delay_ms=0) as endpoint:
        plain = [_measured(endpoint, name, _NOTHING, calls) for name in _PROVIDERS]
        rows = [_row(endpoint, change, calls, plain) for change in plain[0].changes]
    models = [f"`{name}/`" for name in _PROVIDERS]
    return "\n\n".join(
        [
            "### What LiteLLM's milliseconds go to",
            f"CPU of one `acompletion`, {calls:,} calls at concurrency 64 against the instant "
            "endpoint, imports and the first 200 calls apart; the best of three. The shares are "
            "of samples of the main thread's stack, each of the innermost part on it.",
            table(["part", *models], _shares(plain)),
            table(["what is changed", *(f"{model} ms a call" for model in models)], rows),
        ]
    )


def _row(endpoint: Endpoint, change: str, calls: int, plain: list[_Measured]) -> list[str]:
    print(f"litellm: {change}", file=sys.stderr, flush=True)
    cells: list[str] = []
    for provider, before in zip(_PROVIDERS, plain, strict=True):
        try:
            cells.append(_cell(_measured(endpoint, provider, change, calls), before))
        except ClientFailedError as exc:
            cells.append(f"failed: {exc}")
    return [change, *cells]


def _cell(after: _Measured, before: _Measured) -> str:
    if after.ms_a_call is None or before.ms_a_call is None:
        return "-"
    return f"{after.ms_a_call:.2f} ({after.ms_a_call / before.ms_a_call - 1:+.0%})"


def _measured(endpoint: Endpoint, provider: str, change: str, calls: int) -> _Measured:
    arguments = ["--provider", provider, "--change", change, "--calls", str(calls)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        told = run_module(Path(sys.executable), "litellm_call", endpoint, arguments, Path(folder))
    return _Measured(**told)


def _shares(measured: list[_Measured]) -> list[list[str]]:
    parts = sorted(
        {part for each in measured for part in each.samples},
        key=lambda part: -measured[0].samples.get(part, 0),
    )
    return [[part, *(_share(each, part) for each in measured)] for part in parts]


def _share(measured: _Measured, part: str) -> str:
    return f"{measured.samples.get(part, 0) / max(sum(measured.samples.values()), 1):.0%}"
