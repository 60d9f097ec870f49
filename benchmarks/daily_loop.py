"""The daily loop: how long edits take to be noticed, and what a backfill costs for each partition.

`python -m benchmarks.daily_loop --recipes 2000 --filled 20`
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import dagster as dg
import yaml

from benchmarks.timing import table
from synth_assets.defs.backfills import Backfill
from synth_assets.defs.partitions import Sync, sync_partitions
from synth_assets.defs.running import open_instance
from synth_assets.resources.lookout import Lookout
from synth_assets.resources.settings import Settings, read_settings
from synth_assets.resources.workshop import Workshop
from tests.integration.chat_server import chat_server, embedded_answer
from tests.integration.own_project import WRITE, OwnProject, own_project, recipe

_NOBODY = "http://127.0.0.1:9/v1"


@dataclass(frozen=True)
class _Took:
    wall_s: float
    cpu_s: float

    @classmethod
    def of(cls, work: Callable[[], object]) -> "_Took":
        wall, cpu = time.monotonic(), _cpu()
        work()
        return cls(time.monotonic() - wall, _cpu() - cpu)


def _cpu() -> float:
    """Of this process and of those that it waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def ticks(recipes: int) -> list[list[str]]:
    """Looks of the recipe sensor at many recipes: unchanged, and after edits."""
    with tempfile.TemporaryDirectory() as folder:
        project = own_project(Path(folder), _NOBODY)
        for number in range(recipes):
            project.write_recipe(f"r{number:05d}", 10)
        settings = _settings(project)
        lookout = Lookout(settings)
        with open_instance(Workshop(settings).home) as instance:

            def tick() -> Sync:
                return sync_partitions(instance, Workshop(settings, at_hand=lookout.look()))

            def after(edit: Callable[[], object]) -> _Took:
                edit()
                return _Took.of(tick)

            found = {
                "first": _Took.of(tick),
                "nothing changed": _Took.of(tick),
                "one prompt edited": after(
                    lambda: project.write("r00003/write.md.j2", f"{WRITE}\nBe brief.")
                ),
                "another prompt edited": after(
                    lambda: project.write("r00004/write.md.j2", f"{WRITE}\nBe brief.")
                ),
                "one recipe broken": after(lambda: project.write("r00003/recipe.yaml", "id: [")),
                "one recipe more": after(lambda: _copy(project, "r00003", "more")),
                "one recipe less": after(lambda: shutil.rmtree(project.recipes / "r00005")),
            }
    return [[name, f"{took.wall_s:.2f}", f"{took.cpu_s:.2f}"] for name, took in found.items()]


def _copy(project: OwnProject, name: str, other: str) -> None:
    shutil.copytree(project.recipes / name, project.recipes / other)
    project.write(f"{other}/recipe.yaml", recipe(other, 10))


def _settings(project: OwnProject) -> Settings:
    variables = {**project.synth.environment, "SYNTH_HOME": str(project.home)}
    return replace(read_settings(variables), recipe_folders=(project.recipes,))


def backfills(recipes: int) -> list[list[str]]:
    """A backfill of tiny recipes, all new, in one process and in two; then of one of them."""
    rows: list[list[str]] = []
    with chat_server(embedded_answer) as server:
        for lanes in (1, 2):
            with tempfile.TemporaryDirectory() as folder:
                project = own_project(Path(folder), server.base_url)
                shutil.rmtree(project.recipes / "sums")
                for number in range(recipes):
                    project.write_recipe(f"r{number:02d}", 2)
                project.write("mixtures.yaml", {"mixtures": []})
                _add_benchmark(project)
                os.environ.update(project.synth.environment)
                settings = _settings(project)
                with open_instance(Workshop(settings).home) as instance:
                    whole = _Took.of(partial(_backfill, settings, instance, lanes))
                    rows.append(_row(f"{recipes} versions, {lanes} at a time", whole, recipes))
                    project.write("r03/write.md.j2", f"{WRITE}\nBe brief.")
                    one = _Took.of(partial(_backfill, settings, instance, lanes))
                    rows.append(_row("one of them, edited", one, 1))
    return rows


def _add_benchmark(project: OwnProject) -> None:
    """The shipped one, as the project's own sources stand in the place of all others."""
    path = project.recipes / "sources.yaml"
    probe = {"id": "embedded_probe", "reader": "embedded_probe", "uses": ["benchmark"]}
    sources = yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]
    project.write("sources.yaml", {"sources": [*sources, probe]})


def _row(name: str, took: _Took, versions: int) -> list[str]:
    return [name, f"{took.wall_s:.1f}", f"{took.cpu_s:.1f}", f"{took.cpu_s / versions:.2f}"]


def _backfill(settings: Settings, instance: dg.DagsterInstance, lanes: int) -> None:
    shop = Workshop(settings, run=f"bench-{time.monotonic_ns()}")
    backfill = Backfill(shop, instance, lanes=lanes)
    for finished in backfill.run(backfill.missing()):
        if not finished.is_done:
            sys.exit(f"{finished.job} {finished.partition}: {finished.failures}")


def measure(recipes: int = 2_000, filled: int = 20) -> str:
    """The section of the page of benchmarks."""
    looks, made = ticks(recipes), backfills(filled)
    return "\n\n".join(
        [
            "## The daily loop",
            f"`python -m benchmarks.daily_loop --recipes {recipes} --filled {filled}`",
            f"A look of the recipe sensor at {recipes:,} recipes, each a partition. Only folders "
            "whose files changed are read; after an edit also what filling it takes is planned.",
            table(["look", "wall s", "CPU s"], looks),
            "A backfill of recipes with two rows each, all steps, then candidates and lineage "
            "once. Nearly all of it is overhead, as two rows take next to nothing.",
            table(["backfill", "wall s", "CPU s", "CPU s a version"], made),
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipes", type=int, default=2_000)
    parser.add_argument("--filled", type=int, default=20)
    said = parser.parse_args()
    print(measure(said.recipes, said.filled))
