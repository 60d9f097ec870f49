"""Memory and time of plans too long for memory: walked to the end, killed halfway, resumed.

`python -m benchmarks.long_plan FOLDER 10000000 --cap 0` walks one of ten million (half an hour).
"""

import argparse
import asyncio
import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.timing import table
from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.budgets import Budgets, Cap
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.recipe_reading import parse_recipe, parse_recipe_yaml
from synth_assets.core.config.teachers import Price, Teacher
from synth_assets.core.generation.budget import Budget
from synth_assets.core.planning import Plan
from synth_assets.core.sample import Seed
from synth_assets.resources.frames import write_parts
from synth_assets.resources.generation.engine import Progress, generate_parts
from synth_assets.resources.generation.parts import PartsFolder
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.teachers import Watch

_SEEDS = 100_000
_RECIPE = """
id: long
title: A long plan
samples: {samples}
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer}}]
parameters: {{max_tokens: 64}}
technique:
  kind: grounded_qa
  ask: {{template: ask.md.j2, inputs: [passage]}}
"""
_ANSWER = "<question>q</question><answer>a</answer><quote>passage</quote>"


class InstantModel:
    """Answers at once, in this process: what is left is our own work."""

    async def complete(self, request: Request, watch: Watch) -> Completion:
        """See `ChatModel`."""
        await asyncio.sleep(0)
        watch.sent()
        return Completion(request.fingerprint, _ANSWER, "stop", 10, 5, 0.0, 0.0)

    def stop(self) -> None:
        """See `ChatModel`."""
        return

    async def close(self) -> None:
        """See `ChatModel`."""
        await asyncio.sleep(0)


def measure(planned: int = 1_000_000, bought: int = 200_000) -> str:
    """Measure and return a section of Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        walked = _finished(_child(root / "walked", planned, "--cap", "0"))
        halfway = _child(root / "resumed", bought)
        _kill_at(halfway, bought // 2)
        resumed = _finished(_child(root / "resumed", bought))
    rows = [
        _row("every request rendered and refused by a cap of 0 USD", planned, walked),
        _row("every request bought of an instant teacher; killed halfway, then", bought, resumed),
    ]
    head = ["plan", "samples", "of them done before", "s", "samples/s", "peak MiB", "rows written"]
    return "\n\n".join(
        ["## Long plans", f"{_SEEDS:,} seeds, one request a sample.", table(head, rows)]
    )


def _row(what: str, samples: int, done: dict[str, float]) -> list[str]:
    walked = samples - done["before"]
    return [
        what,
        f"{samples:,}",
        f"{done['before']:,.0f}",
        f"{done['seconds']:,.0f}",
        f"{walked / done['seconds']:,.0f}",
        f"{done['peak_mib']:,.0f}",
        f"{done['rows']:,.0f}",
    ]


def _child(root: Path, samples: int, *more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "benchmarks.long_plan", str(root), str(samples), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _finished(process: "subprocess.Popen[str]") -> dict[str, float]:
    assert process.stdout is not None
    last = ""
    for line in process.stdout:
        last = line
        sys.stderr.write(line)
    assert process.wait() == 0
    return json.loads(last)


def _kill_at(process: "subprocess.Popen[str]", finished: int) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["finished"] >= finished:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return
    raise AssertionError("it ended before it was killed")


def _recipe(samples: int) -> Recipe:
    teacher = Teacher(
        id="writer",
        model="openai/writer",
        api_base="http://127.0.0.1:1",
        price=Price(input_usd=1, output_usd=1),
    )
    text = _RECIPE.format(samples=samples)
    files = {"recipe.yaml": text, "ask.md.j2": "Ask about this: {{ passage }}"}
    spec = parse_recipe_yaml("long", text)
    return parse_recipe("long", files, "digest", {"writer": teacher}, spec)


def main() -> None:
    """Work on one plan, and say what it took: the child's side."""
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("samples", type=int)
    parser.add_argument("--cap", type=float)
    asked = parser.parse_args()
    budgets = Budgets() if asked.cap is None else Budgets(all=Cap(usd=asked.cap))
    seeds = [Seed.of("recipe", {"passage": f"passage {n}"}) for n in range(_SEEDS)]
    plan = Plan.of(_recipe(asked.samples), seeds)
    sink = PartsFolder(asked.root / "generating", plan.fingerprint)
    ledger = Ledger(asked.root / "ledger.sqlite", Budget.of(budgets, ""))
    before: list[int] = []
    told = time.monotonic()

    def tell(progress: Progress) -> None:
        nonlocal told
        if not before:
            before.append(progress.finished - 1)
        if time.monotonic() - told > 2:
            told = time.monotonic()
            print(json.dumps({"finished": progress.finished, "peak_mib": _peak_mib()}), flush=True)

    started = time.monotonic()
    generate_parts(plan, 0, asked.samples, InstantModel(), ledger, sink, on_progress=tell)
    decisions = sink.table("decisions")
    write_parts(asked.root / "decisions.parquet", decisions)
    seconds = time.monotonic() - started
    rows = sum(frame.height for frame in decisions.frames())
    done = {"before": before[0], "seconds": seconds, "peak_mib": _peak_mib(), "rows": rows}
    print(json.dumps(done), flush=True)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
