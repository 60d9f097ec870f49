"""Backfills: what is missing and nothing else, one name and one budget, whatever is killed."""

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
import pytest
import yaml
from click.testing import CliRunner

from synth_assets.cli.backfill import backfill as backfill_command
from synth_assets.core.config.budgets import Cap
from synth_assets.defs.automation import backfill_changed, backfill_nightly, backfill_on_edit
from synth_assets.defs.backfills import BACKFILL_TAG, Backfill
from synth_assets.defs.partitions import RECIPE_TAG, VERSION_TAG, sync_partitions
from synth_assets.defs.running import JobRun, open_instance
from synth_assets.resources.backfill_report import BackfillBooks
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop
from tests.integration.chat_server import ChatServer, chat_server, embedded_answer
from tests.integration.own_project import SOLVE, WRITE, OwnProject, own_project, recipe
from tests.integration.whole_run import Synth
from tests.processes import processes_with

RECIPES = tuple(f"r{number}" for number in range(6))
ROWS = 10


@dataclass(frozen=True)
class Loop:
    """Several recipes, filled, and no mixture, so that what follows is short."""

    project: OwnProject
    server: ChatServer
    instance: dg.DagsterInstance

    def workshop(self, name: str, cap: Cap | None = None) -> Workshop:
        variables = {**self.project.synth.environment, "SYNTH_HOME": str(self.project.home)}
        settings = replace(read_settings(variables), recipe_folders=(self.project.recipes,))
        return Workshop(settings, run=name, run_cap=cap)

    def backfill(self, name: str, cap: Cap | None = None) -> list[JobRun]:
        backfill = Backfill(self.workshop(name, cap), self.instance, lanes=1)
        return list(backfill.run(backfill.missing()))

    def sync(self, name: str, asked: Sequence[str] = ()) -> set[str]:
        """Notice edits; the partitions that a recipe then has."""
        sync_partitions(self.instance, self.workshop("sync"), asked)
        keys = self.instance.get_dynamic_partitions("recipe_versions")
        return {key for key in keys if key.partition("~")[0] == name}

    def files(self, *but: str) -> dict[Path, tuple[int, bytes]]:
        """What lies on disk of each recipe version, but of those recipes."""
        found = (self.project.home / "assets").rglob("*~*.parquet")
        return {
            path: (path.stat().st_mtime_ns, path.read_bytes())
            for path in found
            if path.stem.partition("~")[0] not in but
        }


def written(root: Path, server: ChatServer, names: tuple[str, ...], rows: int) -> OwnProject:
    project = own_project(root, server.base_url)
    shutil.rmtree(project.recipes / "sums")
    for name in names:
        # A budget can be held only where answers are bounded.
        project.write_recipe(name, rows, parameters={"temperature": 0.5, "max_tokens": 400})
    project.write("mixtures.yaml", {"mixtures": []})
    # The shipped folder has benchmarks, and recipes that would be filled too.
    path = project.recipes / "sources.yaml"
    probe = {"id": "embedded_probe", "reader": "embedded_probe", "uses": ["benchmark"]}
    project.write(
        "sources.yaml", {"sources": [*yaml.safe_load(path.read_text())["sources"], probe]}
    )
    return project


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    with chat_server(embedded_answer) as server, pytest.MonkeyPatch.context() as patch:
        project = written(tmp_path_factory.mktemp("loop"), server, RECIPES, ROWS)
        for name, value in {**project.synth.environment, "SYNTH_HOME": str(project.home)}.items():
            patch.setenv(name, value)
        made = Loop(project, server, open_instance(Workshop(read_settings()).home))
        with made.instance:
            assert [done.failures for done in made.backfill("first")] == [()] * 9
            yield made


def jobs(runs: list[JobRun]) -> list[str]:
    return [f"{run.job} {(run.partition or '').partition('~')[0]}".strip() for run in runs]


def test_backfill_of_one_edit_makes_its_partition_alone_and_what_follows_once(loop: Loop):
    before, served = loop.files(), len(loop.server.served)
    seed = (loop.project.recipes / "r3/seeds.jsonl").read_text().splitlines()[0][13:40]
    twist = f"{WRITE}{{% if {seed!r} in problem %}}Add a twist.{{% endif %}}"
    loop.project.write("r3/write.md.j2", twist)
    runs = loop.backfill("twist")

    assert jobs(runs) == ["refresh_inputs", "fill_recipe r3", "select_candidates", "trace_lineage"]
    assert [run.failures for run in runs] == [()] * 4
    # Two samples start from that seed at most, each of two calls.
    assert 1 <= len(loop.server.served) - served <= 4
    assert loop.files("r3") == {
        path: what for path, what in before.items() if not path.stem.startswith("r3~")
    }
    tagged = loop.instance.get_runs(dg.RunsFilter(tags={BACKFILL_TAG: "twist"}))
    assert {run.run_id for run in tagged} == {run.run_id for run in runs}
    assert loop.backfill("twist") == []
    [run] = loop.instance.get_runs(dg.RunsFilter(tags={RECIPE_TAG: "r3", BACKFILL_TAG: "twist"}))
    assert f"r3~{run.tags[VERSION_TAG]}" == run.tags["dagster/partition"]
    # The daemon of an open UI would launch it again by itself, and buy.
    assert run.tags["dagster/max_retries"] == "0"


def test_backfill_of_nothing_prints_json_that_says_so(loop: Loop):
    loop.backfill("whole")
    told = CliRunner().invoke(backfill_command, ["r0", "--name", "nothing", "--json"])

    assert told.exit_code == 0
    said = json.loads(told.stdout)
    assert (said["name"], said["runs"], said["filled"]) == ("nothing", [], {})
    assert "Nothing is missing" in told.stderr


def test_backfill_over_its_budget_stops_and_goes_on_under_its_name(loop: Loop):
    loop.project.write("r1/write.md.j2", f"{WRITE}\nBe brief.")
    cap = Cap(usd=1.5)
    shop = loop.workshop("small", cap)
    backfill = Backfill(shop, loop.instance, lanes=1)
    missing = backfill.missing()
    books = BackfillBooks(shop, "small")
    report = books.begin([recipe.key for recipe in missing.recipes])
    list(backfill.run(missing))
    report = books.finish(report)
    [key] = report.before

    assert 0 < report.cost_usd <= 1.5
    assert report.before[key] is not None
    assert report.before[key].generated == ROWS
    assert report.filled[key].generated < ROWS

    again = Backfill(loop.workshop("small", Cap(usd=50)), loop.instance, lanes=1)
    list(again.run(again.missing()))
    whole = books.finish(books.begin([]))
    assert whole.cost_usd > report.cost_usd
    assert whole.filled[key].generated == ROWS
    assert again.missing().is_nothing


def test_removed_recipe_makes_candidates_out_of_date(loop: Loop):
    loop.backfill("clean")
    away = loop.project.root / "away"
    shutil.move(loop.project.recipes / "r5", away)
    gone = loop.backfill("gone")
    shutil.move(away, loop.project.recipes / "r5")
    back = loop.backfill("back")

    assert jobs(gone) == jobs(back) == ["select_candidates", "trace_lineage"]


def test_job_in_the_ui_backfills_with_its_report(loop: Loop):
    loop.project.write("r4/solve.md.j2", SOLVE.replace("this", "this with care"))
    config = {"recipes": ["r4"], "name": "from-the-ui", "budget_usd": 50}
    made = backfill_changed.execute_in_process(
        instance=loop.instance, run_config={"ops": {"fill_what_is_missing": {"config": config}}}
    )
    report = BackfillBooks(loop.workshop("from-the-ui"), "from-the-ui").read()

    assert made.success
    assert report is not None
    [filled] = report.filled.values()
    assert (filled.generated, filled.calls_bought) == (ROWS, ROWS)
    assert report.cost_usd == pytest.approx(filled.cost_bought_usd)


def test_automatic_backfill_wants_a_budget_and_leaves_new_recipes_alone(loop: Loop):
    loop.project.write("r2/write.md.j2", f"{WRITE}\nBe kind.")
    loop.project.write_recipe("quite_new", 2)
    context = dg.build_sensor_context(instance=loop.instance)
    refused = backfill_on_edit(context)
    loop.project.write("budgets.yaml", {"automatic": {"usd": 3}})
    asked = backfill_on_edit(context)
    nightly = backfill_nightly(dg.build_schedule_context(instance=loop.instance))

    assert isinstance(refused, dg.SkipReason)
    assert "budgets.yaml" in str(refused.skip_message)
    assert isinstance(asked, dg.SensorResult)
    [request] = asked.run_requests or []
    config = request.run_config["ops"]["fill_what_is_missing"]["config"]
    assert (config["recipes"], config["budget_usd"]) == (["r2"], 3)
    assert isinstance(nightly, dg.RunRequest)
    again = nightly.run_config["ops"]["fill_what_is_missing"]["config"]
    # Each has the day in its name, and midnight may lie between the two.
    names = config.pop("name"), again.pop("name")
    assert all(name.startswith("automatic-") for name in names)
    assert again == config


def test_recipe_on_request_is_a_partition_from_when_it_is_asked_for(loop: Loop):
    loop.project.write_recipe("quiet", 2, on_request=True)
    seen = [loop.sync("quiet"), loop.sync("quiet", asked=["quiet"])]
    loop.project.write("quiet/write.md.j2", f"{WRITE}\nBe quiet.")
    seen += [loop.sync("quiet")]
    (loop.project.recipes / "quiet").rename(loop.project.recipes / "still")
    loop.project.write("still/recipe.yaml", recipe("still", 2, on_request=True))
    seen += [loop.sync("quiet"), loop.sync("still")]
    shutil.rmtree(loop.project.recipes / "still")

    unasked, asked, edited, renamed, moved = seen
    assert unasked == renamed == loop.sync("still") == set()
    assert len(asked) == len(edited) == len(moved) == 1
    assert asked != edited


@pytest.mark.slow
def test_backfill_killed_with_a_step_goes_on_and_buys_nothing_twice(tmp_path: Path):
    names = ("k0", "k1", "k2")
    with chat_server(embedded_answer, delay_s=0.15) as server:
        project = written(tmp_path, server, names, 8)
        project.write_teachers(server.base_url, parallelism=1)
        command = ("backfill", *names, "--name", "killed", "--parallel", "2")
        first = project.start(*command)
        first.stop_when(lambda: _lane_buys(project, server, 8), 0, signal.SIGSTOP)
        _kill_lane(project)
        assert first.process.pid is not None
        first.process.kill()
        first.finish()
        _wait_until_gone(project)
        whole = list((project.home / "assets").rglob("*.parquet"))
        sizes = {path: path.stat().st_size for path in whole}
        done = Synth(project.home, project.synth.environment)(*command)

        assert done.code == 0, done.err
        assert all(sizes[path] > 0 for path in whole)
        # Two lanes with three teachers, one call each, and the lane that was killed first.
        assert server.stats().paid_twice <= 6
        for name in names:
            [made] = (project.home / "assets/verified_samples").glob(f"{name}~*.parquet")
            assert made.stat().st_size > 0
        assert not list(project.home.rglob("*.part"))
    with open_instance(Workshop(read_settings({"SYNTH_HOME": str(project.home)})).home) as instance:
        states = {run.status for run in instance.get_runs()}
        assert not states & {dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING}


def _lanes(project: OwnProject) -> list[int]:
    found = processes_with("SYNTH_HOME", str(project.home))
    return [pid for pid, command in found.items() if "fill_lane" in command]


def _lane_buys(project: OwnProject, server: ChatServer, calls: int) -> bool:
    return len(server.served) >= calls and len(_lanes(project)) == 2


def _kill_lane(project: OwnProject) -> None:
    os.kill(_lanes(project)[0], signal.SIGKILL)


def _wait_until_gone(project: OwnProject) -> None:
    """Lanes end by themselves once whoever started them is gone."""
    deadline = time.monotonic() + 300
    while _lanes(project):
        assert time.monotonic() < deadline
        time.sleep(0.1)
