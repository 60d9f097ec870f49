"""Dagster's storage with kept connections: what is written is read by others, and after a kill."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage

from synth_assets.defs.run_storage import KeptSqliteStorage, remove_partitions

WRITER = """
import os, signal, sys
import dagster as dg

@dg.op
def told(context):
    for number in range(20):
        context.log.info(f"line {number}")
    os.kill(os.getpid(), signal.SIGKILL)

@dg.job
def doomed():
    told()

doomed.execute_in_process(instance=dg.DagsterInstance.from_config(sys.argv[1]), run_id=sys.argv[2])
"""


def instance_in(folder: Path, *, own: bool = True) -> dg.DagsterInstance:
    """An instance with our storage, or Dagster's own, in the same place."""
    base = {"base_dir": str(folder / "dagster")}
    ours = {"module": KeptSqliteStorage.__module__, "class": KeptSqliteStorage.__name__}
    storage = {"custom": {**ours, "config": base}} if own else {"sqlite": base}
    said = {"storage": storage, "telemetry": {"enabled": False}}
    (folder / "dagster.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    return dg.DagsterInstance.from_config(str(folder))


@dg.asset
def numbers() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"rows": 3})


def materialized(instance: dg.DagsterInstance) -> str:
    return dg.materialize([numbers], instance=instance).run_id


def lines(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    return [each.message for each in instance.all_logs(run_id)]


@pytest.mark.parametrize("own", [True, False])
def test_storage_reads_what_the_other_wrote_and_writes_on(tmp_path: Path, own: bool):
    with instance_in(tmp_path, own=not own) as first:
        run = materialized(first)
        told = lines(first, run)
    with instance_in(tmp_path, own=own) as second:
        assert lines(second, run) == told
        assert second.get_run_by_id(run) is not None
        materialized(second)
        found = second.fetch_materializations(numbers.key, limit=10).records
        assert len(found) == 2
        assert found[0].asset_materialization is not None
        assert found[0].asset_materialization.metadata["rows"].value == 3


def test_storage_of_more_runs_than_stay_open_holds_few_files_and_all_events(tmp_path: Path):
    with instance_in(tmp_path) as instance:
        runs = [materialized(instance) for _ in range(12)]
        opened = [Path("/proc/self/fd", fd).resolve() for fd in os.listdir("/proc/self/fd")]
        assert 1 <= len({path for path in opened if path.match("history/runs/*.db")}) <= 8
        told = [lines(instance, run) for run in runs]
        assert {len(each) for each in told} == {len(told[0])}
        assert all("Finished execution of run" in each[-1] for each in told)


def test_storage_of_a_killed_process_has_all_that_it_told(tmp_path: Path):
    with instance_in(tmp_path) as instance:
        run = dg.DagsterRun(job_name="doomed").run_id
        done = subprocess.run([sys.executable, "-c", WRITER, str(tmp_path), run], check=False)
        assert done.returncode == -signal.SIGKILL
        told = lines(instance, run)
        said = [line.rpartition(" - ")[2] for line in told]
        assert [line for line in said if line.startswith("line ")] == [
            f"line {number}" for number in range(20)
        ]


def test_storage_brings_news_of_a_run_to_who_watches_it(tmp_path: Path):
    with instance_in(tmp_path) as writer, instance_in(tmp_path) as reader:
        run = materialized(writer)
        heard: list[str] = []

        def note(entry: EventLogEntry, _: str) -> None:
            heard.append(entry.message)

        reader.watch_event_logs(run, None, note)
        deadline = time.monotonic() + 60
        while len(heard) < len(lines(writer, run)):
            assert time.monotonic() < deadline, heard
            time.sleep(0.05)
        before = len(heard)
        writer.report_engine_event("one more thing", writer.get_run_by_id(run))
        while len(heard) == before:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        reader.end_watch_event_logs(run, note)
        assert heard[-1].endswith("one more thing")


def test_storage_of_a_database_without_tables_makes_them(tmp_path: Path):
    with instance_in(tmp_path) as instance:
        run = materialized(instance)
        events = instance.event_log_storage
        assert isinstance(events, SqliteEventLogStorage)
        path = Path(events.path_for_shard("0" * 8))
        path.touch()
        assert events.get_logs_for_run("0" * 8) == []
        assert lines(instance, run)


def test_storage_where_files_cannot_be_linked_makes_its_databases_anyway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refused(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr("synth_assets.defs.run_storage.os.link", refused)
    with instance_in(tmp_path) as instance:
        told = lines(instance, materialized(instance))
        assert "Finished execution of run" in told[-1]


@pytest.mark.parametrize("own", [True, False])
def test_partitions_are_removed_many_at_once_and_those_of_others_stay(tmp_path: Path, own: bool):
    keys = [f"key {number}" for number in range(1_201)]
    with instance_in(tmp_path, own=own) as instance:
        for name in ("recipes", "mixtures"):
            instance.add_dynamic_partitions(name, keys)
        remove_partitions(instance, "recipes", [*keys[1:], "never there"])

        assert instance.get_dynamic_partitions("recipes") == keys[:1]
        assert set(instance.get_dynamic_partitions("mixtures")) == set(keys)


def test_partitions_of_a_storage_that_is_not_sql_are_removed_one_by_one():
    class Elsewhere:
        event_log_storage = object()

        def __init__(self) -> None:
            self.removed: list[tuple[str, str]] = []

        def delete_dynamic_partition(self, name: str, key: str) -> None:
            self.removed.append((name, key))

    instance = Elsewhere()
    remove_partitions(instance, "recipes", ["a", "b"])  # pyright: ignore[reportArgumentType]

    assert instance.removed == [("recipes", "a"), ("recipes", "b")]
