"""What every client does: the same prompts, timed the same way, told the same way.

Standard library only: it runs in each client's own environment.
"""

import argparse
import json
import random
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

MODEL = "bench"
TEMPERATURE = 0.7
MAX_TOKENS = 256
API_KEY = "sk-bench"

_WORDS_A_PROMPT = 100
_VOCABULARY = (
    "river mill harbour ledger winter bread stone garden letter window market carpenter bridge "
    "lantern orchard wagon copper candle meadow tailor barrel clock station paper engine blanket "
    "doctor kitchen ladder mountain needle oven painter quarry ribbon shepherd tower uncle valley "
    "well counts carries writes mends sells buys opens closes follows leaves finds before after "
    "under between slowly often twice never early"
)
_WORDS = _VOCABULARY.split()


@dataclass(frozen=True)
class Job:
    """What a client has to do.

    Attributes:
        base_url: of the endpoint, with `/v1`.
        concurrency: most requests at once.
        folder: an empty folder of this run alone.
        prompts: one user message for each request.
        lane: which way through the client, where it has several.
    """

    base_url: str
    concurrency: int
    folder: Path
    prompts: Sequence[str]
    lane: str


@dataclass(frozen=True)
class Report:
    """What a client did.

    Attributes:
        seconds: from the prompts at hand to the texts at hand, imports apart.
        cpu_s: CPU seconds in that time, of the process and of processes that it ended.
        peak_mib: peak resident memory of the process, or of its largest child process.
        distinct: number of distinct texts it holds.
    """

    seconds: float
    cpu_s: float
    peak_mib: float
    distinct: int


def prompt(number: int) -> str:
    """A message of a hundred words, another for each number."""
    words = random.Random(number).choices(_WORDS, k=_WORDS_A_PROMPT - 3)
    return f"Entry {number}. Continue: {' '.join(words)}"


def run_client(
    complete: Callable[[Job], Sequence[str]], load: Callable[[Job], None] = lambda _: None
) -> None:
    """Do the job that the command line names and write its report.

    Args:
        complete: answers with the texts.
        load: imports what the client imports late; counts as start-up.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--lane", default="")
    told = parser.parse_args()
    prompts = [prompt(number) for number in range(told.requests)]
    job = Job(told.base_url, told.concurrency, told.folder, prompts, told.lane)
    load(job)
    started, spent = time.perf_counter(), _cpu_s()
    texts = complete(job)
    seconds, cpu_s = time.perf_counter() - started, _cpu_s() - spent
    report = Report(seconds, cpu_s, _peak_mib(), len(set(texts)))
    (told.folder / "report.json").write_text(json.dumps(asdict(report)), encoding="utf-8")


def _cpu_s() -> float:
    own, ended = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def _peak_mib() -> float:
    per_mib = 1024 if sys.platform == "linux" else 1024**2
    return max(
        resource.getrusage(who).ru_maxrss / per_mib
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
