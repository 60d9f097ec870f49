"""How fast completions are bought, beside the tools that people use for it.

`python -m benchmarks.generation` prints the section alone; `--quick` with few requests. Peers live
in environments of their own: `--peers FOLDER` (or `SYNTH_BENCH_PEERS`) names a folder with
`distilabel`, `curator` and `data-designer`, each made by

    uv venv FOLDER/NAME && uv pip install --python FOLDER/NAME PACKAGE
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import litellm_cost
from benchmarks.clients import Client, ClientFailedError, Run, run_job, version_of
from benchmarks.endpoint import Endpoint, loop_name, running_endpoint
from benchmarks.timing import table

_RAW = Client("raw aiohttp", "raw_aiohttp", most=20_000)
_CLIENTS = (
    _RAW,
    Client("Synth Assets, lean lane", "synth_engine", "lean", most=20_000),
    Client("Synth Assets, LiteLLM lane", "synth_engine", "litellm"),
    Client("`litellm.acompletion`, `hosted_vllm/`", "plain_litellm", "hosted_vllm"),
    Client("`litellm.acompletion`, `openai/`", "plain_litellm", "openai"),
    Client("distilabel", "distilabel", peer="distilabel", package="distilabel[openai] requests"),
    Client("Curator", "curator", peer="curator", package="bespokelabs-curator"),
    Client("Data Designer", "data_designer", peer="data-designer", package="data-designer"),
)
_METHOD = (
    "N distinct messages of 100 words, temperature 0.7, 256 tokens at most, against a local "
    "endpoint in a process of its own (HTTP/1.1, keep-alive, the same 640 characters with a number "
    "of its own in each answer). Each row is a client in a new process; telemetry, downloads and "
    "caches of answers are off. A row counts only if the client holds N distinct texts and the "
    "endpoint sent N answers. *Wire*: from the first request to the last answer, as the endpoint "
    "saw it. *Job*: from prompts at hand to texts at hand; for Synth Assets that is reading the "
    "recipe, planning, rendering, the ledger on disk, decisions and samples. *Process*: with start "
    "and imports. CPU is of the job, child processes included; peak is that of the largest process."
)
_CONCURRENCIES = (8, 64, 512)
_DELAY_MS = 200
_QUICK_REQUESTS = 200
_ROUNDS = 20
"""With a delay, each place of the concurrency is used so often."""


def measure(*, quick: bool = False, peers: Path | None = None) -> str:
    """Measure and return a section of Markdown."""
    folder = peers or default_peers()
    parts = ["## Generation", _introduction(folder)]
    for delay_ms in (0, _DELAY_MS):
        with running_endpoint(delay_ms) as endpoint:
            for concurrency in _CONCURRENCIES:
                runs = _runs(endpoint, delay_ms, concurrency, folder, quick=quick)
                parts += [_heading(delay_ms, concurrency), _table(runs, delay_ms, concurrency)]
    parts.append(litellm_cost.measure(quick=quick))
    return "\n\n".join(parts)


def default_peers() -> Path:
    """Where peers are looked for when nobody says."""
    told = os.environ.get("SYNTH_BENCH_PEERS")
    return Path(told) if told else Path(tempfile.gettempdir()) / "peers"


def _introduction(peers: Path) -> str:
    versions: list[str] = []
    for client in _CLIENTS:
        if client.package:
            try:
                versions.append(f"{client.name} {version_of(client, peers)}")
            except ClientFailedError as exc:
                versions.append(f"{client.name}: {exc}")
    return f"{_METHOD}\n\nThe endpoint runs on {loop_name()}. {'; '.join(versions)}."


def _heading(delay_ms: int, concurrency: int) -> str:
    served = f"{delay_ms} ms an answer" if delay_ms else "instant answers"
    return f"### {served.capitalize()}, concurrency {concurrency}"


def _runs(
    endpoint: Endpoint, delay_ms: int, concurrency: int, peers: Path, *, quick: bool
) -> list[Run]:
    runs: list[Run] = []
    for client in _CLIENTS:
        print(f"{delay_ms} ms, {concurrency}: {client.name}", file=sys.stderr, flush=True)
        requests = min(client.most, concurrency * _ROUNDS) if delay_ms else client.most
        if quick:
            requests = max(_QUICK_REQUESTS, concurrency * 2)
        runs.append(run_job(client, endpoint, requests, concurrency, peers))
    return runs


def _table(runs: Sequence[Run], delay_ms: int, concurrency: int) -> str:
    capacity = concurrency * 1000 / delay_ms if delay_ms else None
    head = ["client", "N", "wire/s", "job/s", "process/s", "CPU ms a request", "peak MiB"]
    head.append("job, of raw" if capacity is None else "wire, of capacity")
    raw = next((run for run in runs if run.client == _RAW and run.report), None)
    notes = [f"{run.client.name}: {run.failure}." for run in runs if run.report is None]
    rows = [_row(run, raw, capacity) for run in runs]
    cost = sum(run.taken.cpu_s for run in runs) / max(sum(run.taken.answered for run in runs), 1)
    notes.append(f"The endpoint spent {cost * 1e6:.0f} µs of CPU an answer.")
    if capacity is not None:
        notes.append(
            f"{capacity:,.0f} requests/s is what {concurrency} requests at once can get. Most in "
            "flight: "
            + ", ".join(
                f"{run.client.name} {run.taken.peak_in_flight}" for run in runs if run.report
            )
            + "."
        )
    return "\n\n".join([table(head, rows), " ".join(notes)])


def _row(run: Run, raw: Run | None, capacity: float | None) -> list[str]:
    name, requests = run.client.name, run.requests
    report = run.report
    if report is None:
        return [name, f"{requests:,}", "failed", *["-"] * 5]
    wire, job = requests / run.taken.seconds, requests / report.seconds
    if capacity is not None:
        share = f"{wire / capacity:.0%}"
    elif raw is None or raw.report is None:
        share = "-"
    else:
        share = f"{job / (raw.requests / raw.report.seconds):.1%}"
    return [
        name,
        f"{requests:,}",
        f"{wire:,.0f}",
        f"{job:,.0f}",
        f"{requests / run.whole_s:,.0f}",
        f"{report.cpu_s / requests * 1000:.2f}",
        f"{report.peak_mib:,.0f}",
        share,
    ]


def main() -> None:
    """Print the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few requests, to see that it runs")
    parser.add_argument("--peers", type=Path, default=default_peers())
    told = parser.parse_args()
    print(measure(quick=told.quick, peers=told.peers))


if __name__ == "__main__":
    main()
