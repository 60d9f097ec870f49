"""Generation in processes that are killed, or that share one ledger: what it must bear, measured.

`python -m tests.integration.endurance --kills 100 --requests 20000` runs it at full size.
"""

import argparse
import json
import multiprocessing
import os
import random
import signal
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import polars as pl

from synth_assets.core.config.budgets import Budgets
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.recipe_reading import parse_recipe, parse_recipe_yaml
from synth_assets.core.config.teachers import Price, Teacher
from synth_assets.core.generation.budget import Budget
from synth_assets.core.planning import Plan
from synth_assets.core.sample import Seed
from synth_assets.resources.generation import parts
from synth_assets.resources.generation.engine import generate_parts
from synth_assets.resources.generation.parts import PartsFolder
from synth_assets.resources.generation.shop import Spending
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.teachers import Teachers
from tests.integration.chat_process import ChatProcess, chat_process
from tests.integration.chat_server import FaultMix, PriceList, Rules
from tests.integration.chat_server import Price as ServerPrice

_FORKS = multiprocessing.get_context("forkserver")

PRICE = Price(input_usd=1_000.0, output_usd=1_000.0)
_SCHEMA = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("question", "answer", "quote")},
    "required": ["question", "answer", "quote"],
    "additionalProperties": False,
}
_RECIPE = """
id: endurance
title: Questions of an endurance run
samples: {samples}
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer}}]
parameters: {{max_tokens: 64}}
technique:
  kind: grounded_qa
  ask: {{template: ask.md.j2, inputs: [passage], schema_file: answer.schema.json}}
"""


@dataclass(frozen=True)
class Job:
    """What one worker does.

    Attributes:
        root: holds the ledger; shared by workers that share one.
        name: the worker's own, for its parts and its outcome.
        base_url: the server.
        samples: planned samples, one request each.
        parallelism: requests at once.
        usd: cap over all; none for no budget.
    """

    root: Path
    name: str
    base_url: str
    samples: int
    parallelism: int = 32
    usd: float | None = None

    @property
    def recipe(self) -> Recipe:
        """One request a sample; every prompt differs."""
        teacher = writer(self.base_url, self.parallelism)
        text = _RECIPE.format(samples=self.samples)
        files = {
            "recipe.yaml": text,
            "ask.md.j2": "Ask about this: {{ passage }}",
            "answer.schema.json": json.dumps(_SCHEMA),
        }
        spec = parse_recipe_yaml("endurance", text)
        return parse_recipe("endurance", files, "digest", {"writer": teacher}, spec)

    @property
    def ledger(self) -> Ledger:
        """The shared ledger, under the cap."""
        budgets = Budgets() if self.usd is None else Budgets.model_validate(_all(self.usd))
        return Ledger(self.root / "ledger.sqlite", Budget.of(budgets, ""))

    def outcome(self) -> pl.DataFrame:
        """Samples of a finished worker, in the order of the plan."""
        return pl.read_parquet(self.root / f"{self.name}.parquet")

    def decisions(self) -> pl.DataFrame:
        """Decisions of a finished worker."""
        return pl.read_parquet(self.root / f"{self.name}.decisions.parquet")


def writer(base_url: str, parallelism: int) -> Teacher:
    """The teacher that the echoing server plays."""
    return Teacher(
        id="writer",
        model="hosted_vllm/writer",
        api_base=base_url,
        parallelism=parallelism,
        price=PRICE,
        response_format="schema",
        sends_seed=True,
        timeout_s=20,
    )


def _all(usd: float) -> dict[str, object]:
    return {"all": {"usd": usd}}


def work(job: Job) -> Spending:
    """Generate, in parts of 500, and write what came of it."""
    parts.parts_of.__defaults__ = (500,)
    seeds = [Seed.of("recipe", {"passage": f"passage {n} of the run"}) for n in range(200)]
    plan = Plan.of(job.recipe, seeds)
    folder = PartsFolder(job.root / "generating" / job.name, plan.fingerprint)
    ledger = job.ledger
    try:
        teachers = Teachers(plan.recipe.teachers)
        spending = generate_parts(plan, 0, job.samples, teachers, ledger, folder)
    finally:
        ledger.close()
    samples = folder.table("samples").lazy().collect().sort("position")
    folder.table("decisions").lazy().collect().write_parquet(
        job.root / f"{job.name}.decisions.parquet"
    )
    samples.write_parquet(job.root / f"{job.name}.parquet")
    return spending


def start(job: Job) -> BaseProcess:
    """Start a worker in a process that has its imports behind it."""
    _FORKS.set_forkserver_preload([__name__, "aiohttp"])
    process = _FORKS.Process(target=work, args=(job,))
    process.start()
    return process


@dataclass(frozen=True)
class KilledRun:
    """What a run that was killed again and again came to.

    Attributes:
        kills: processes that ended by SIGKILL before their work was done.
        paid: completions the server gave, lost ones not counted.
        repeated: of these, given for a request that had one already.
        equal: whether the samples are those of a run that nothing killed.
        rows: samples.
        server_usd: what the server charges for all it gave.
        booked_usd: what the ledger says was spent or perhaps spent.
        reserved_usd: what the ledger still holds reserved at the end.
        seconds: wall time.
    """

    kills: int
    paid: int
    repeated: int
    equal: bool
    rows: int
    server_usd: float
    booked_usd: float
    reserved_usd: float
    seconds: float


def kill_again_and_again(
    root: Path, kills: int, samples: int, faults: float, parallelism: int = 32, seed: int = 17
) -> KilledRun:
    """Run a job to its end in processes that are killed at random moments."""
    rules = Rules(faults=FaultMix.even(seed, faults))
    prices = PriceList(other=ServerPrice(PRICE.input_usd, PRICE.output_usd))
    with chat_process("echo") as quiet:
        undisturbed = Job(root / "undisturbed", "run", quiet.base_url, samples, parallelism)
        undisturbed.root.mkdir(parents=True)
        work(undisturbed)
    with chat_process("echo", rules=rules, prices=prices) as server:
        job = Job(root / "killed", "run", server.base_url, samples, parallelism, usd=900_000.0)
        job.root.mkdir(parents=True)
        started = time.monotonic()
        killed = _kill(job, kills, random.Random(seed))
        seconds = time.monotonic() - started
        stats, paid = server.stats(), server.paid()
    lost = stats.outcomes.get("lost", 0)
    account = job.ledger.account("all")
    columns = ["sample_id", "prompt", "response", "position", "request_fingerprints"]
    return KilledRun(
        kills=killed,
        paid=paid.total() - lost,
        repeated=paid.total() - lost - len(paid),
        equal=job.outcome().select(columns).equals(undisturbed.outcome().select(columns)),
        rows=job.outcome().height,
        server_usd=stats.usd,
        booked_usd=account.usd,
        reserved_usd=account.reserved_usd,
        seconds=seconds,
    )


def _kill(job: Job, kills: int, moments: random.Random) -> int:
    """Kill a job's process that many times, at random moments, then let it end."""
    killed = 0
    while True:
        process = start(job)
        if killed < kills:
            process.join(timeout=moments.uniform(0.1, 0.7))
            if process.exitcode is None:
                assert process.pid is not None
                os.kill(process.pid, signal.SIGKILL)
                process.join()
                killed += process.exitcode == -signal.SIGKILL
                continue
        process.join(timeout=600)
        assert process.exitcode == 0, process.exitcode
        return killed


def main() -> None:
    """Run at the size asked for, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--faults", type=float, default=0.2)
    parser.add_argument("--parallelism", type=int, default=32)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        done = kill_again_and_again(
            Path(folder), asked.kills, asked.requests, asked.faults, asked.parallelism
        )
    for name, value in vars(done).items():
        print(f"{name:>14}  {value}")  # noqa: T201


def four_at_once(server: ChatProcess, root: Path, samples: int, usd: float | None) -> list[Job]:
    """Let four processes do the same job on one ledger at the same time."""
    root.mkdir(parents=True, exist_ok=True)
    jobs = [Job(root, f"run-{n}", server.base_url, samples, 16, usd) for n in range(4)]
    processes = [start(job) for job in jobs]
    for process in processes:
        process.join(timeout=300)
    assert [process.exitcode for process in processes] == [0] * 4
    return jobs


if __name__ == "__main__":
    main()
