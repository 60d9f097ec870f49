"""The daily loop: how long edits take to be noticed, and what a backfill costs for each partition.

`python -m benchmarks.daily_loop --recipes 2000 --filled 20`
"""

import argparse
import hashlib
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
import polars as pl
import yaml
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from benchmarks.timing import table
from synth_assets.defs.backfills import Backfill
from synth_assets.defs.build import build_definitions
from synth_assets.defs.partitions import Sync, sync_partitions
from synth_assets.defs.running import open_instance
from synth_assets.resources.lookout import Lookout
from synth_assets.resources.settings import Settings, read_settings
from synth_assets.resources.workshop import Workshop
from tests.e2e.dagster_api import FILLED
from tests.integration.chat_server import ChatServer, chat_server, embedded_answer
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
                "a teacher edited, whom all share": after(
                    lambda: project.write_teachers(_NOBODY, checkpoint="2026-11")
                ),
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
                project = _own(Path(folder), server.base_url, recipes, 2)
                settings = _settings(project)
                with open_instance(Workshop(settings).home) as instance:
                    whole = _Took.of(partial(_backfill, settings, instance, lanes))
                    rows.append(_row(f"{recipes} versions, {lanes} at a time", whole, recipes))
                    project.write("r03/write.md.j2", f"{WRITE}\nBe brief.")
                    one = _Took.of(partial(_backfill, settings, instance, lanes))
                    rows.append(_row("one of them, edited", one, 1))
    return rows


@dataclass(frozen=True)
class _Seen:
    """What one edit among many filled recipes came to.

    Attributes:
        missing: asset -> partitions that it then lacks.
        made: recipes that the backfill filled.
        calls: completions that the server was asked for.
        changed: requests of the edited recipe whose text is another now.
        others: files of the other recipes.
        kept: those of them with the same bytes and times afterwards.
        stale: assets of all recipes that are out of date once the edited one is filled.
        took: the backfill, with what follows.
    """

    missing: dict[str, int]
    made: list[str]
    calls: int
    changed: int
    others: int
    kept: int
    stale: list[str]
    took: _Took

    @property
    def rows(self) -> list[list[str]]:
        """For people."""
        lacking = ", ".join(f"{count} of `{asset}`" for asset, count in self.missing.items())
        return [
            ["partitions missing after the edit", lacking],
            ["recipes filled by the backfill", ", ".join(self.made)],
            ["requests whose text changed", f"{self.changed:,}"],
            ["calls that the server got", f"{self.calls:,}"],
            ["files of the other recipes", f"{self.others:,}"],
            ["of these with the same bytes and times", f"{self.kept:,}"],
            ["out of date once it was filled", ", ".join(f"`{name}`" for name in self.stale)],
            ["backfill", f"{self.took.wall_s:.0f} s, {self.took.cpu_s:.0f} CPU s"],
        ]


def one_edit(recipes: int = 40, rows: int = 200) -> list[list[str]]:
    """One line of one template, among many recipes that are filled."""
    with chat_server(embedded_answer) as server, tempfile.TemporaryDirectory() as folder:
        project = _own(Path(folder), server.base_url, recipes, rows)
        with open_instance(Workshop(_settings(project)).home) as instance:
            _backfill(_settings(project), instance, lanes=2)
            project.write("r03/write.md.j2", WRITE.replace("{{ level }}", _HARDER))
            return _fill_edit(project, server, instance).rows


_HARDER = "{% if level == 'hard' %}very {% endif %}{{ level }}"


def _fill_edit(project: OwnProject, server: ChatServer, instance: dg.DagsterInstance) -> _Seen:
    settings, served = _settings(project), len(server.served)
    before = _digests(project, but="r03")
    shop = Workshop(settings, run="one-edit")
    backfill = Backfill(shop, instance, lanes=1)
    missing = backfill.missing()
    lacking = {asset: len(_unmade(instance, asset)) for asset in FILLED}
    stale: list[str] = []
    made: list[str] = []

    def fill() -> None:
        for finished in backfill.run(missing):
            made.extend([finished.partition or ""] if finished.job == "fill_recipe" else [])
            if finished.job == "fill_recipe":
                stale.extend(_stale(shop, instance))

    took = _Took.of(fill)
    after = _digests(project, but="r03")
    kept = sum(after.get(path) == digest for path, digest in before.items())
    key = shop.catalogue.recipe("r03").key
    calls = pl.read_parquet(project.home / "calls" / f"{key}.parquet", glob=False)
    changed = _changed(project, calls)
    return _Seen(
        lacking, made, len(server.served) - served, changed, len(before), kept, stale, took
    )


def _changed(project: OwnProject, calls: pl.DataFrame) -> int:
    """Requests of a version that no version of any recipe has made before."""
    others = [
        pl.read_parquet(path, columns=["fingerprint"], glob=False)
        for path in (project.home / "calls").glob("*.parquet")
        if path.stem != calls["partition"][0]
    ]
    return calls.unique("fingerprint").join(pl.concat(others), on="fingerprint", how="anti").height


def _digests(project: OwnProject, but: str) -> dict[Path, tuple[int, str]]:
    found = (project.home / "assets").rglob("*~*.parquet")
    return {
        path: (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in found
        if path.stem.partition("~")[0] != but
    }


def _unmade(instance: dg.DagsterInstance, asset: str) -> set[str]:
    made = instance.get_materialized_partitions(dg.AssetKey(asset))
    return {*instance.get_dynamic_partitions("recipe_versions")} - made


def _stale(shop: Workshop, instance: dg.DagsterInstance) -> list[str]:
    """The assets of all recipes that Dagster says are out of date."""
    graph = build_definitions(shop).resolve_asset_graph()
    resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
    return [
        key.to_user_string()
        for key in graph.toposorted_asset_keys
        if not graph.get(key).is_partitioned and resolver.get_status(key) is StaleStatus.STALE
    ]


def _own(folder: Path, base_url: str, recipes: int, rows: int) -> OwnProject:
    project = own_project(folder, base_url)
    shutil.rmtree(project.recipes / "sums")
    for number in range(recipes):
        project.write_recipe(f"r{number:02d}", rows)
    project.write("mixtures.yaml", {"mixtures": []})
    _add_benchmark(project)
    os.environ.update(project.synth.environment)
    return project


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


def measure(recipes: int = 2_000, filled: int = 20, edited_among: int = 40, rows: int = 200) -> str:
    """The section of the page of benchmarks."""
    looks, made, edit = ticks(recipes), backfills(filled), one_edit(edited_among, rows)
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
            f"{edited_among} recipes of {rows} rows are filled; then one line of one template is "
            "edited, which half of its rows render otherwise, and a backfill made.",
            table(["one edit", ""], edit),
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipes", type=int, default=2_000)
    parser.add_argument("--filled", type=int, default=20)
    parser.add_argument("--edited-among", type=int, default=40)
    parser.add_argument("--rows", type=int, default=200)
    said = parser.parse_args()
    print(measure(said.recipes, said.filled, said.edited_among, said.rows))
