"""A recipe filled by several worker processes, in a process of its own that can be killed.

`python -m tests.integration.worker_jobs JSON` does the job and writes what came of it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from synth_assets.core.config.budgets import Budgets
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.recipe_reading import parse_recipe, parse_recipe_yaml
from synth_assets.core.generation.budget import Budget
from synth_assets.core.planning import Plan
from synth_assets.core.sample import Seed
from synth_assets.errors import SynthError
from synth_assets.resources.generation.engine import Progress
from synth_assets.resources.generation.fill import Filler
from synth_assets.resources.generation.workers import Workers
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.recipe_folder import load_models
from synth_assets.resources.teachers import Teachers
from tests.integration.endurance import writer
from tests.processes import processes_with

_ROOT = Path(__file__).parents[2]
_RECIPE = """
id: shared
title: Questions made by several processes
samples: {samples}
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer}}]
parameters: {{max_tokens: 64}}
technique:
  kind: grounded_qa
  ask: {{template: ask.md.j2, inputs: [passage], pydantic: "tests.integration.small_parts:Answer"}}
"""
_MARK = "SYNTH_TEST_JOB"


@dataclass(frozen=True)
class WorkerJob:
    """What is to be done.

    Attributes:
        root: holds the ledger and the parts; shared by jobs that go on with each other's work.
        name: the job's own, for its outcome.
        base_url: the server.
        samples: planned samples, one request each.
        workers: processes; 1 means the job's own.
        parallelism: requests at once.
        usd: cap over all; none for no budget.
        bad_seed: a seed without a passage, from which no prompt can be rendered.
    """

    root: str
    name: str
    base_url: str
    samples: int = 3_000
    workers: int = 2
    parallelism: int = 32
    usd: float | None = None
    bad_seed: bool = False

    @property
    def ledger(self) -> Ledger:
        """The shared ledger, under the cap."""
        caps = {} if self.usd is None else {"all": {"usd": self.usd}}
        budgets = Budgets.model_validate(caps)
        return Ledger(Path(self.root) / "ledger.sqlite", Budget.of(budgets, ""))

    @property
    def done_parts(self) -> int:
        """Parts on disk with nothing left to try again."""
        return len(list(Path(self.root).glob("generating/*/*/done")))

    def table(self, name: str) -> pl.DataFrame:
        """`samples`, `decisions` or `calls` of a finished job, in the order of their ids."""
        return pl.read_parquet(Path(self.root) / f"{self.name}.{name}.parquet")

    def outcome(self) -> dict[str, Any]:
        """What the job says of itself."""
        return json.loads((Path(self.root) / f"{self.name}.json").read_text())

    def start(self) -> "RunningJob":
        """Start it in a process group of its own, as a terminal does."""
        Path(self.root).mkdir(parents=True, exist_ok=True)
        log = Path(self.root) / f"{self.name}.log"
        mark = f"{self.root}/{self.name}"
        with log.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.worker_jobs", json.dumps(asdict(self))],
                cwd=_ROOT,
                env={**os.environ, _MARK: mark},
                stdout=out,
                stderr=out,
                process_group=0,
            )
        return RunningJob(process, log, mark)

    def done(self) -> "WorkerJob":
        """Do it to its end, in a process of its own."""
        running = self.start()
        assert running.finish() == 0, running.log.read_text()
        return self


@dataclass(frozen=True)
class RunningJob:
    """A job that was started."""

    process: subprocess.Popen[bytes]
    log: Path
    mark: str

    def workers(self) -> list[int]:
        """Ids of its worker processes."""
        found = processes_with(_MARK, self.mark)
        return sorted(pid for pid, words in found.items() if "worker_process" in words)

    def wait_until(self, ready: Callable[[], bool], patience_s: float = 300) -> None:
        """Wait for something while it runs."""
        until = time.monotonic() + patience_s
        while not ready():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, "it did not come in time"
            time.sleep(0.02)

    def press_ctrl_c(self) -> None:
        """Send SIGINT to its process group, as a terminal does."""
        os.killpg(self.process.pid, signal.SIGINT)

    def finish(self) -> int:
        """Wait for its exit code."""
        return self.process.wait(timeout=600)


@dataclass
class _Seen:
    """What a job's listener saw."""

    finished: list[int] = field(default_factory=list)
    planned: int = 0

    def __call__(self, progress: Progress) -> None:
        self.finished.append(progress.finished)
        self.planned = progress.planned


def _recipe(job: WorkerJob) -> Recipe:
    teacher = writer(job.base_url, job.parallelism)
    text = _RECIPE.format(samples=job.samples)
    files = {"recipe.yaml": text, "ask.md.j2": "Ask about this: {{ passage }}"}
    spec = parse_recipe_yaml("shared", text)
    models = load_models("shared", spec)
    return parse_recipe("shared", files, "digest", {"writer": teacher}, spec, models)


def _warn(line: str) -> None:
    sys.stdout.write(f"warned: {line}\n")
    sys.stdout.flush()


def _fill(job: WorkerJob) -> dict[str, object]:
    recipe = _recipe(job)
    seeds = [Seed.of("recipe", {"passage": f"passage {n} of the run"}) for n in range(200)]
    if job.bad_seed:
        seeds.append(Seed.of("recipe", {"text": "no passage"}))
    root, seen = Path(job.root), _Seen()
    ledger = job.ledger
    workers = Workers(job.workers, _warn)
    try:
        filled = Filler(
            lambda: Teachers(recipe.teachers),
            ledger,
            root / "generating",
            on_progress=seen,
            workers=workers,
        ).fill(Plan.of(recipe, seeds))
    finally:
        ledger.close()
    for name in ("samples", "decisions", "calls"):
        rows = filled.parts.table(name).lazy().collect().sort("sample_id")
        rows.write_parquet(root / f"{job.name}.{name}.parquet")
    spending = filled.spending
    return {
        "bought": spending.bought,
        "from_ledger": spending.from_ledger,
        "tokens": spending.tokens,
        "spent_usd_pico": spending.spent_usd_pico,
        "reserved_usd_pico": spending.reserved_usd_pico,
        "over": sorted(spending.over),
        "failures": dict(spending.failures),
        "first_finished": seen.finished[0] if seen.finished else None,
        "last_finished": seen.finished[-1] if seen.finished else None,
        "told_the_end": sum(n == seen.planned for n in seen.finished),
        "planned": seen.planned,
    }


def main() -> int:
    """Do the job of the command line."""
    job = WorkerJob(**json.loads(sys.argv[1]))
    try:
        outcome = _fill(job)
    except SynthError as exc:
        outcome = {"error": type(exc).__name__, "message": str(exc)}
    except KeyboardInterrupt:
        return 130
    (Path(job.root) / f"{job.name}.json").write_text(json.dumps(outcome))
    return "error" in outcome


if __name__ == "__main__":
    sys.exit(main())
