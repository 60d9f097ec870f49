import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import filelock
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synth_assets.core.schema import DECISION_SCHEMA, Reason, Stage
from synth_assets.errors import LineageError
from synth_assets.resources.lineage.database import LineageDatabase
from synth_assets.resources.lineage.files import Table
from tests.unit.lineage_home import (
    HALF,
    MATH,
    MATH_SAMPLES,
    QA,
    SQL_ROOT,
    Home,
    dropped,
    kept,
    real,
    small_home,
)

TABLES = [*Table, "ingested_files", "schema_migrations"]


def contents(database: Path) -> dict[str, list[tuple]]:
    """Every table's rows, sorted."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return {table: sorted(connection.table(table).fetchall(), key=repr) for table in TABLES}


def test_ingest_of_a_home_reads_every_file_into_its_table(tmp_path: Path):
    home = small_home(tmp_path)
    report = home.lineage.ingest()
    rows = {table: len(found) for table, found in contents(home.lineage.snapshot).items()}
    assert rows == {
        "recipe_versions": 3,
        "seeds": 2,
        "samples": 4 + 2 + 1 + 2,
        "calls": 7 + 2 + 1,
        "verdicts": 5,
        "decisions": 2 + 1 + 5 + 2 + 1 + 4 + 2 + 1 + 7 + 5 + 3 + 4,
        "training_rows": 3 + 2,
        "kept_out": 2,
        "ingested_files": len(list(tmp_path.rglob("*.parquet"))),
        "schema_migrations": 4,
    }
    assert report.rows == sum(rows.values()) - rows["ingested_files"] - rows["schema_migrations"]
    assert (report.files_new, report.files_changed, report.files_removed) == (
        rows["ingested_files"],
        0,
        0,
    )


def test_ingest_keeps_the_columns_of_the_schemas(tmp_path: Path):
    home = small_home(tmp_path)
    home.ingested()
    with duckdb.connect(str(home.lineage.snapshot), read_only=True) as connection:
        found = connection.table("decisions").pl()
        samples = connection.table("samples").pl()
    written = pl.read_parquet(tmp_path / "decisions" / "dedup" / "all.parquet")
    same = found.filter(pl.col("file_path") == "decisions/dedup/all.parquet").drop("file_path")
    assert same.equals(written)
    assert dict(samples.filter(sample_id="m1-id-0001").row(0, named=True)) == {
        **pl.read_parquet(tmp_path / f"assets/raw_generations/{MATH}.parquet").row(0, named=True),
        "partition": MATH,
        "file_path": f"assets/raw_generations/{MATH}.parquet",
    }


def test_ingest_keeps_the_place_of_training_rows(tmp_path: Path):
    home = small_home(tmp_path)
    rows = contents(home.ingested().snapshot)["training_rows"]
    assert [(row[1], row[2]) for row in rows if row[0] == HALF] == [
        ("m1-id-0001", 1),
        ("r1-id-0001", 0),
    ]
    assert {row[2] for row in rows} == {0, 1, 2}


def test_ingest_again_reads_only_what_changed(tmp_path: Path):
    home = small_home(tmp_path)
    home.ingested()
    assert home.lineage.ingest().rows == 0
    home.decide(Stage.MIX, HALF, kept("r1-id-0001"))
    home.decide(Stage.MIX, "new~66666666", kept("r1-id-0001", "m1-id-0001"))
    (tmp_path / "verdicts" / f"{MATH}.parquet").unlink()
    report = home.lineage.ingest()
    assert (report.files_new, report.files_changed, report.files_removed, report.rows) == (
        1,
        1,
        1,
        3,
    )
    tables = contents(home.lineage.snapshot)
    assert tables["verdicts"] == []
    assert [row[0] for row in tables["decisions"] if row[2] == HALF] == ["r1-id-0001"]


def test_ingest_notices_a_change_of_the_same_size(tmp_path: Path):
    home = small_home(tmp_path)
    home.ingested()
    before = (tmp_path / f"decisions/seeds/{QA}.parquet").stat().st_size
    path = home.decide(Stage.SEEDS, QA, kept("seed-2wo"))
    assert path.stat().st_size == before
    assert home.lineage.ingest().files_changed == 1


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.sampled_from(["math", "qa", "training", "remove", "ingest"]), min_size=1, max_size=5
    )
)
def test_ingest_after_any_changes_equals_a_rebuild(tmp_path_factory, steps):
    home = small_home(tmp_path_factory.mktemp("home"))
    for at, step in enumerate(steps):
        match step:
            case "math":
                home.decide(Stage.GENERATE, MATH, kept(f"m{at}-id-0001"))
            case "qa":
                home.decide(Stage.VERIFY, QA, [dropped(f"q{at}-id-0001", Reason.TOO_LONG)])
            case "training":
                home.samples(f"training_sets/{HALF}", *[real(f"r{at}-id-0001")] * at)
            case "remove":
                min(home.root.rglob("*.parquet")).unlink()
            case _:
                home.lineage.ingest()
    home.lineage.ingest()
    grown = contents(home.lineage.snapshot)
    home.lineage.rebuild()
    assert contents(home.lineage.snapshot) == grown == contents(home.lineage.database)


def test_ingest_of_an_empty_home_makes_an_empty_database(tmp_path: Path):
    lineage = LineageDatabase(tmp_path / "new", SQL_ROOT)
    assert lineage.ingest().files_new == 0
    assert lineage.query("funnel").is_empty()
    assert lineage.trace("anything") is None
    assert not any(audit.violations for audit in lineage.audits())


def test_ingest_in_a_folder_named_like_a_pattern_reads_its_files(tmp_path: Path):
    home = small_home(tmp_path / "run=1" / "a[b]*'{c}; $path")
    home.ingested()
    assert len(contents(home.lineage.snapshot)["verdicts"]) == 5


def test_ingest_passes_over_files_still_being_written(tmp_path: Path):
    home = small_home(tmp_path)
    (tmp_path / "verdicts" / f".{MATH}.parquet").write_bytes(b"half")
    (tmp_path / "verdicts" / f"{MATH}.parquet.tmp").write_bytes(b"half")
    home.ingested()
    assert len(contents(home.lineage.snapshot)["verdicts"]) == 5


def _garbage(path: Path) -> None:
    path.write_bytes(b"no parquet at all")


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _missing_column(path: Path) -> None:
    pl.read_parquet(path).drop("reason").write_parquet(path)


def _other_type(path: Path) -> None:
    pl.read_parquet(path).with_columns(score=pl.lit("high")).write_parquet(path)


def _more_columns(path: Path) -> None:
    pl.read_parquet(path).with_columns(more=pl.lit(1)).write_parquet(path)


def _damaged_pages(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4:200] = bytes(196)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_garbage, "not readable Parquet"),
        (_empty, "not readable Parquet"),
        (_truncated, "not readable Parquet"),
        (_folder, "not readable Parquet"),
        (_missing_column, "reason is missing"),
        (_other_type, "score is String, not Float64"),
        (_more_columns, "more is unknown"),
        (_damaged_pages, "cannot be ingested"),
    ],
)
def test_ingest_of_a_damaged_file_names_it_and_changes_nothing(tmp_path: Path, damage, message):
    home = small_home(tmp_path)
    home.ingested()
    before = contents(home.lineage.database)
    path = home.decide(Stage.DEDUP, "all", kept("m1-id-0001"))
    damage(path)
    with pytest.raises(LineageError, match=message) as caught:
        home.lineage.ingest()
    assert str(path) in str(caught.value)
    assert contents(home.lineage.database) == before == contents(home.lineage.snapshot)
    if path.is_dir():
        path.rmdir()
    home.decide(Stage.DEDUP, "all", kept("m1-id-0001"))
    assert home.lineage.ingest().rows == 1


@pytest.mark.parametrize("name", ["notes", "Math~11111111", "math~1111", "math~11111111 (1)"])
def test_ingest_of_a_file_named_after_no_partition_names_it(tmp_path: Path, name):
    home = small_home(tmp_path)
    home.decide(Stage.DEDUP, name, kept("m1-id-0001"))
    with pytest.raises(LineageError, match="is no partition"):
        home.lineage.ingest()


def test_ingest_while_another_holds_the_lock_gives_up_with_an_error(tmp_path: Path):
    home = small_home(tmp_path)
    impatient = replace(home.lineage, lock_timeout_s=0.05)
    with (
        filelock.FileLock(tmp_path / "lineage.lock"),
        pytest.raises(LineageError, match=r"another process .* 0\.05 s"),
    ):
        impatient.ingest()
    assert impatient.ingest().files_new > 0


def test_ingest_that_fails_closes_even_a_connection_its_opener_leaves_open(tmp_path: Path):
    @contextmanager
    def careless(path: Path) -> Generator[duckdb.DuckDBPyConnection, None, None]:
        # As dagster_duckdb.DuckDBResource.get_connection: no try, no finally.
        connection = duckdb.connect(str(path))
        opened.append(connection)
        yield connection
        connection.close()

    opened: list[duckdb.DuckDBPyConnection] = []
    home = small_home(tmp_path)
    _garbage(tmp_path / "calls" / f"{MATH}.parquet")
    with pytest.raises(LineageError, match="not readable Parquet"):
        replace(home.lineage, connect=careless).ingest()
    [connection] = opened
    with pytest.raises(duckdb.ConnectionException, match="closed"):
        connection.execute("SELECT 1")


def test_ingest_into_a_file_that_is_no_database_says_how_to_mend_it(tmp_path: Path):
    home = small_home(tmp_path)
    home.lineage.database.write_bytes(b"this is no database" * 1000)
    with pytest.raises(LineageError, match="delete it and run `synth run`"):
        home.lineage.ingest()
    home.lineage.database.unlink()
    assert home.lineage.ingest().rows > 0


def test_rebuild_of_a_damaged_database_mends_it(tmp_path: Path):
    home = small_home(tmp_path)
    whole = contents(home.ingested().snapshot)
    home.lineage.database.write_bytes(b"this is no database" * 1000)
    home.lineage.rebuild()
    assert contents(home.lineage.database) == whole == contents(home.lineage.snapshot)


def test_rebuild_that_fails_leaves_the_old_database(tmp_path: Path):
    home = small_home(tmp_path)
    before = contents(home.ingested().snapshot)
    _garbage(tmp_path / "calls" / f"{MATH}.parquet")
    with pytest.raises(LineageError, match="not readable Parquet"):
        home.lineage.rebuild()
    assert contents(home.lineage.database) == before == contents(home.lineage.snapshot)


def test_snapshot_is_readable_while_the_database_is_held_for_writing(tmp_path: Path):
    home = small_home(tmp_path)
    lineage = home.ingested()
    holder = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); "
    with subprocess.Popen(
        [sys.executable, "-c", holder + "sys.stdin.read()", str(lineage.database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        assert lineage.query("cost").height == 2
        with pytest.raises(LineageError, match="If another program has it open"):
            lineage.ingest()
        process.communicate()
    assert lineage.ingest().rows == 0


@pytest.mark.parametrize("delay_s", [0.0, 0.25, 0.5])
def test_ingest_killed_in_the_middle_leaves_whole_files_only(tmp_path: Path, delay_s):
    home = Home(tmp_path)
    for number in range(150):
        names = (f"m1-id-{number:03}{row:03}" for row in range(50))
        home.decide(Stage.GENERATE, f"math~{number:08x}", kept(*names))
    program = (
        "import sys; from pathlib import Path; import duckdb;"
        "from synth_assets.resources.lineage.database import LineageDatabase;"
        "LineageDatabase(Path(sys.argv[1]), Path(sys.argv[2])).ingest()"
    )
    with subprocess.Popen([sys.executable, "-c", program, tmp_path, SQL_ROOT]) as process:
        while not home.lineage.database.exists() and process.poll() is None:
            time.sleep(0.005)
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    with duckdb.connect(str(home.lineage.database)) as connection:
        left = {name for (name,) in connection.execute("SHOW TABLES").fetchall()}
        if {"decisions", "ingested_files"} <= left:
            per_file = connection.table("decisions").aggregate("file_path, count(*)").fetchall()
            recorded = connection.table("ingested_files").project("file_path, row_count")
            assert sorted(per_file) == sorted(recorded.fetchall())
            assert {count for _, count in per_file} <= {50}
    home.lineage.ingest()
    resumed = contents(home.lineage.snapshot)
    assert len(resumed["decisions"]) == 150 * 50
    home.lineage.rebuild()
    assert contents(home.lineage.snapshot) == resumed


def test_ingest_by_two_processes_at_once_leaves_one_whole_database(tmp_path: Path):
    home = small_home(tmp_path)
    program = (
        "import sys; from pathlib import Path;"
        "from synth_assets.resources.lineage.database import LineageDatabase;"
        "LineageDatabase(Path(sys.argv[1]), Path(sys.argv[2])).ingest()"
    )
    command = [sys.executable, "-c", program, tmp_path, SQL_ROOT]
    processes = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    found = contents(home.lineage.snapshot)
    home.lineage.rebuild()
    assert contents(home.lineage.snapshot) == found
    assert len(found["samples"]) == len(MATH_SAMPLES) + 5


def test_ingest_of_a_partition_with_no_rows_records_the_file(tmp_path: Path):
    home = Home(tmp_path)
    home.write(f"decisions/verify/{MATH}", pl.DataFrame(schema=DECISION_SCHEMA))
    report = home.lineage.ingest()
    assert (report.files_new, report.rows) == (1, 0)
    assert home.lineage.ingest().files_new == 0


def test_snapshot_replaced_by_an_ingest_leaves_no_temporary_files(tmp_path: Path):
    home = small_home(tmp_path)
    home.ingested()
    home.lineage.rebuild()
    assert {name for name in os.listdir(tmp_path) if name.startswith("lineage")} == {
        "lineage.duckdb",
        "lineage.lock",
        "lineage.snapshot.duckdb",
    }
