"""Who asks the endpoint: each client in a process and an environment of its own."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.endpoint import Endpoint, Taken
from benchmarks.peers.job import Report

_ROOT = Path(__file__).parent.parent
_TIMEOUT_S = 400
_SHOWN_CHARACTERS = 160

_EXCEPTION = re.compile(r"[\w.]+(Error|Exception|Interrupt|Exit)\b")

_SETTINGS = {
    "PYTHONPATH": str(_ROOT),
    "PYTHONUNBUFFERED": "1",
    "BENCH_API_KEY": "sk-bench",
    "OPENAI_API_KEY": "sk-bench",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_MODE": "PRODUCTION",
    "ARGILLA_ENABLE_TELEMETRY": "0",
    "TELEMETRY_ENABLED": "false",
    "CURATOR_DISABLE_RICH_DISPLAY": "1",
    "CURATOR_DISABLE_CACHE": "true",
    "NEMO_TELEMETRY_ENABLED": "false",
    "DISABLE_DATA_DESIGNER_PLUGINS": "true",
}
"""Telemetry, downloads, caches of answers and progress bars off; nothing else is inherited."""


@dataclass(frozen=True)
class Client:
    """One way to ask.

    Attributes:
        name: for the table.
        module: of `benchmarks.peers`.
        lane: which way through it.
        peer: folder of its environment under the peers' folder; none for this environment.
        package: what `uv pip install` calls it.
        most: the most requests it is given.
    """

    name: str
    module: str
    lane: str = ""
    peer: str | None = None
    package: str = ""
    most: int = 3_000


@dataclass(frozen=True)
class Run:
    """What one client did with one job.

    Attributes:
        client: who.
        requests: how many it was given.
        taken: what the endpoint saw.
        whole_s: seconds from start to end of its process.
        report: its own; none where it failed.
        failure: why.
    """

    client: Client
    requests: int
    taken: Taken
    whole_s: float
    report: Report | None
    failure: str = ""


class ClientFailedError(Exception):
    """A client did not do its job; the message says why."""


def python_of(peer: str | None, peers: Path) -> Path:
    """The interpreter of a peer's environment.

    Raises:
        ClientFailedError: if there is none.
    """
    if peer is None:
        return Path(sys.executable)
    python = peers / peer / "bin" / "python"
    if not python.exists():
        raise ClientFailedError(f"not installed: no {peer}/bin/python in the peers' folder")
    return python


def version_of(client: Client, peers: Path) -> str:
    """The installed version of a peer's package.

    Raises:
        ClientFailedError: if it is not installed.
    """
    package = client.package.partition("[")[0]
    code = f"from importlib.metadata import version; print(version({package!r}))"
    command = [str(python_of(client.peer, peers)), "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClientFailedError(f"not installed: {_last_words(done.stderr)}")
    return done.stdout.strip()


def run_job(
    client: Client, endpoint: Endpoint, requests: int, concurrency: int, peers: Path
) -> Run:
    """Have a client do a job; a failure is told, not raised."""
    endpoint.count_anew()
    arguments = ["--requests", str(requests), "--concurrency", str(concurrency)]
    arguments += ["--lane", client.lane]
    started = time.perf_counter()
    report, failure = None, ""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            python = python_of(client.peer, peers)
            told = run_module(python, client.module, endpoint, arguments, Path(folder))
            report = Report(**told)
        except ClientFailedError as exc:
            failure = str(exc)
        whole_s = time.perf_counter() - started
    taken = endpoint.count_anew()
    if report is not None and (report.distinct != requests or taken.answered < requests):
        failure = f"holds {report.distinct} texts of {requests}; {taken.answered} were answered"
        report = None
    return Run(client, requests, taken, whole_s, report, failure)


def run_module(
    python: Path, module: str, endpoint: Endpoint, arguments: Sequence[str], folder: Path
) -> dict[str, Any]:
    """Run a module of `benchmarks.peers` to its end and read its report.

    Raises:
        ClientFailedError: with its last words.
    """
    command = [str(python), "-m", f"benchmarks.peers.{module}", "--base-url", endpoint.base_url]
    command += ["--folder", str(folder), *arguments]
    said = folder / "said.txt"
    with said.open("wb") as out:
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=_environment(folder),
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ClientFailedError(f"not done after {_TIMEOUT_S} s") from None
    if done.returncode:
        raise ClientFailedError(_last_words(said.read_text(errors="replace")))
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def _environment(folder: Path) -> dict[str, str]:
    """An empty home, and LiteLLM's copy of the tokenizer that two peers would download."""
    found = importlib.util.find_spec("litellm")
    assert found is not None
    assert found.submodule_search_locations is not None
    tokenizers = Path(found.submodule_search_locations[0], "litellm_core_utils", "tokenizers")
    return {
        **_SETTINGS,
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "TIKTOKEN_CACHE_DIR": str(tokenizers),
        "DATA_DESIGNER_HOME": str(folder / "data-designer-home"),
        "CURATOR_CACHE_DIR": str(folder / "curator-cache"),
    }


def _last_words(said: str) -> str:
    """The last exception's own line; LiteLLM's complaints while Python shuts down are no reason."""
    lines = [line for line in said.splitlines() if _EXCEPTION.match(line)]
    told = [line for line in lines if "shutting down" not in line] or said.split("\n")[-3:]
    return told[-1][:_SHOWN_CHARACTERS] or "ended without a word"
