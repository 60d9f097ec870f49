import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from synth_assets.errors import LineageError
from synth_assets.resources.lineage.database import LineageDatabase
from tests.unit.lineage_home import SQL_ROOT, Home, small_home


@pytest.fixture
def own_sql(tmp_path: Path) -> Path:
    """A copy of the SQL folder, to be changed."""
    return Path(shutil.copytree(SQL_ROOT, tmp_path / "sql"))


@pytest.fixture
def lineage(tmp_path: Path, own_sql: Path) -> LineageDatabase:
    return replace(small_home(tmp_path / "home").lineage, sql_root=own_sql)


@pytest.mark.parametrize(
    "read",
    [
        lambda lineage: lineage.query("funnel"),
        lambda lineage: lineage.audits(),
        lambda lineage: lineage.trace("m1-id-0001"),
    ],
    ids=["query", "audits", "trace"],
)
def test_database_that_does_not_exist_yet_says_run_first(tmp_path: Path, read):
    with pytest.raises(LineageError, match="Run `synth run` first"):
        read(Home(tmp_path).lineage)


def test_database_with_a_damaged_snapshot_says_how_to_mend_it(lineage):
    lineage.ingest()
    lineage.snapshot.write_bytes(b"nothing" * 2000)
    with pytest.raises(LineageError, match="cannot be read"):
        lineage.query("funnel")
    lineage.ingest()
    assert lineage.query("funnel").height > 0


def test_query_nobody_wrote_lists_those_there_are(lineage):
    lineage.ingest()
    with pytest.raises(LineageError, match=r"no funel\.sql.*funnel"):
        lineage.query("funel")


def test_query_with_a_path_for_a_name_is_refused(lineage):
    lineage.ingest()
    with pytest.raises(LineageError, match=r"there is no \.\./audits/undecided_rows\.sql"):
        lineage.query("../audits/undecided_rows")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, r"takes \$prefix, \$row_limit and was given no parameters"),
        ({"prefix": "m"}, r"was given \$prefix"),
        ({"prefix": "m", "row_limit": 1, "more": 2}, r"\$more"),
    ],
)
def test_query_with_other_parameters_than_it_takes_is_refused(lineage, given, message):
    lineage.ingest()
    with pytest.raises(LineageError, match=message):
        lineage.query("find_samples", **given)


def test_migration_added_later_is_applied_once_and_keeps_the_rows(lineage, own_sql):
    lineage.ingest()
    later = own_sql / "migrations" / "9000_notes.sql"
    later.write_text("-- Purpose: Try.\nCREATE TABLE notes (note VARCHAR);\n")
    for _ in range(2):
        assert lineage.ingest().files_new == 0
    with duckdb.connect(str(lineage.snapshot), read_only=True) as connection:
        applied = connection.table("schema_migrations").project("version, name").fetchall()
        assert connection.table("notes").fetchall() == []
    assert applied == [
        (1, "0001_lineage_tables"),
        (2, "0002_chats_pairs_difficulty"),
        (3, "0003_texts_kept_out"),
        (4, "0004_splits_and_copies"),
        (9000, "9000_notes"),
    ]


def test_migration_that_fails_leaves_the_database_as_it_was(lineage, own_sql):
    lineage.ingest()
    broken = own_sql / "migrations" / "9000_notes.sql"
    broken.write_text("CREATE TABLE notes (note VARCHAR); SELECT nothing FROM nowhere;")
    with pytest.raises(LineageError, match="nowhere"):
        lineage.ingest()
    broken.unlink()
    lineage.ingest()
    with duckdb.connect(str(lineage.snapshot), read_only=True) as connection:
        assert ("notes",) not in connection.execute("SHOW TABLES").fetchall()


def test_migration_edited_after_it_was_applied_is_an_error(lineage, own_sql):
    lineage.ingest()
    applied = own_sql / "migrations" / "0001_lineage_tables.sql"
    applied.write_text(applied.read_text() + "\n-- An afterthought.\n")
    with pytest.raises(LineageError, match=r"0001_lineage_tables\.sql was edited"):
        lineage.ingest()


def test_migration_the_code_does_not_know_means_the_database_is_newer(lineage, own_sql):
    newer = own_sql / "migrations" / "9000_notes.sql"
    newer.write_text("CREATE TABLE notes (note VARCHAR);")
    lineage.ingest()
    newer.unlink()
    with pytest.raises(LineageError, match=r"migration 9000, .* newer\. Upgrade synth-assets"):
        lineage.ingest()
    assert lineage.rebuild().files_new > 0


def test_view_changed_in_the_code_is_renewed_by_the_next_ingest(lineage, own_sql):
    lineage.ingest()
    view = own_sql / "views" / "02_live_versions.sql"
    view.write_text(view.read_text().replace("WHERE live", "WHERE NOT live"))
    lineage.ingest()
    assert lineage.query("cost")["partition"].to_list() == ["math~00000000"]


def test_sql_folder_that_is_missing_is_an_error(tmp_path: Path):
    lineage = LineageDatabase(tmp_path / "home", tmp_path / "nowhere")
    with pytest.raises(LineageError, match="Point at the project's sql/ folder"):
        lineage.ingest()


@pytest.mark.parametrize("path", sorted(SQL_ROOT.rglob("*.sql")), ids=lambda path: path.stem)
def test_sql_file_begins_with_its_purpose_and_grain(path: Path):
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = [line for line in lines if line.startswith("--")]
    assert lines[0].startswith("-- Purpose: ")
    assert any(line.startswith("-- Grain: ") for line in comments)
