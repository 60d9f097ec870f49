"""The register of kept-out rows: what it takes, what it never loses, and how it forgets."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from synth_assets.cli.main import cli
from synth_assets.core.decontaminate.kept_out import REGISTER_SCHEMA, KeptOut
from synth_assets.core.schema import SAMPLE_SCHEMA, Split
from synth_assets.errors import StorageError, UnknownNameError
from synth_assets.resources.kept_out.register import Register
from tests.samples import frame_of, real_row

NOTHING = SAMPLE_SCHEMA.to_frame()


@pytest.fixture
def register(tmp_path: Path) -> Register:
    return Register(tmp_path / "home" / "kept_out")


def told(register: Register, *columns: str) -> list[tuple[str, ...]]:
    return register.read().select(columns).rows()


def test_register_of_nothing_is_empty(register: Register):
    assert register.read().schema == REGISTER_SCHEMA
    assert register.add(NOTHING, Split.HELD_OUT, "run") == 0
    assert register.read().is_empty()


def test_register_keeps_the_first_registration_of_each_row(register: Register):
    one, two = real_row("a", "One?", "1", "exam"), real_row("b", "Two?", "2", "exam")
    assert register.add(frame_of(one), Split.BENCHMARK, "first") == 1
    assert register.add(frame_of(two, one), Split.BENCHMARK, "second") == 1
    assert register.add(frame_of(two), Split.BENCHMARK, "third") == 0
    assert told(register, "item_id", "run") == [("a", "first"), ("b", "second")]
    assert told(register, "split", "prompt", "response")[0] == ("benchmark", "One?", "1")
    assert all(row[0].endswith("+00:00") for row in told(register, "registered"))


def test_register_keeps_one_row_by_each_source_and_split(register: Register):
    rows = frame_of(real_row("a", "One?", "1", "exam"), real_row("b", "One?", "1", "log"))
    added = [register.add(rows, split, "run") for split in (Split.BENCHMARK, Split.HELD_OUT)]
    assert added == [2, 2]
    assert told(register, "source", "split") == [
        *(("exam", "benchmark"), ("exam", "held_out")),
        *(("log", "benchmark"), ("log", "held_out")),
    ]


def test_register_tells_spellings_apart_by_exact_and_not_by_normalised_hash(register: Register):
    rows = frame_of(real_row("a", "One, two?", "3"), real_row("b", "ONE two", " 3"))
    register.add(rows, Split.HELD_OUT, "run")
    hashes = register.read()
    assert hashes["exact"].n_unique() == 2
    assert hashes["normalised"].n_unique() == 1


def test_register_forgets_one_source_and_names_those_there_are(register: Register):
    rows = frame_of(real_row("a", "One?", "1", "exam"), real_row("b", "Two?", "2", "log"))
    register.add(rows, Split.BENCHMARK, "run")
    with pytest.raises(UnknownNameError, match=r"'exams' is registered.*exam, log"):
        register.forget("exams")
    assert register.forget("exam") == 1
    assert told(register, "source") == [("log",)]


@pytest.mark.parametrize("damage", [b"no Parquet", b""])
def test_register_that_cannot_be_read_stops_and_says_what_is_lost(
    register: Register, damage: bytes
):
    register.add(frame_of(real_row("a", "One?", "1", "exam")), Split.BENCHMARK, "run")
    (register.folder / "exam.parquet").write_bytes(damage)
    with pytest.raises(StorageError, match=r"exam\.parquet.*Put a copy of it back"):
        register.read()
    with pytest.raises(StorageError, match="exam"):
        register.add(frame_of(real_row("b", "Two?", "2", "exam")), Split.BENCHMARK, "run")


def test_kept_out_rows_are_those_there_are_and_those_registered(register: Register):
    old, both = real_row("old", "Old?", "1", "gone"), real_row("both", "Both?", "2", "log")
    register.add(frame_of(old, both), Split.HELD_OUT, "run")
    new = frame_of(both, real_row("new", "New?", "3", "log"))
    kept_out = KeptOut.of(new, NOTHING, register.read())
    assert kept_out.held_out["sample_id"].to_list() == ["both", "new", "old"]
    assert kept_out.benchmarks.is_empty()
    assert kept_out.sources == {"both": "log", "new": "log", "old": "gone"}


def test_held_out_commands_list_and_forget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    (recipes / "sources.yaml").write_text(
        "sources:\n  - {reader: file, id: exam, uses: [benchmark], path: e.jsonl, prompt: q, "
        "response: a}\n"
    )
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SYNTH_RECIPES", str(recipes))
    run = CliRunner().invoke
    assert "Nothing is registered yet" in run(cli, ["held-out", "list"]).output
    rows = [real_row("a", "One?", "1", "exam"), real_row("b", "Two?", "2", "log")]
    Register(tmp_path / "home" / "kept_out").add(frame_of(*rows), Split.BENCHMARK, "run")

    listed = json.loads(run(cli, ["held-out", "list", "--json"]).output)
    assert [(row["source"], row["rows"], row["in_sources_yaml"]) for row in listed] == [
        ("exam", 1, True),
        ("log", 1, False),
    ]
    assert "no: kept out all the same" in run(cli, ["held-out", "list"]).output
    assert run(cli, ["held-out", "forget", "log"]).output == (
        "Forgot 1 row of log. `synth run` takes it into account.\n"
    )
    assert "registers them again" in run(cli, ["held-out", "forget", "exam"]).output
    assert run(cli, ["held-out", "list", "--json"]).output == "[]\n"
    lost = run(cli, ["held-out", "forget", "exam"])
    assert isinstance(lost.exception, UnknownNameError)


def test_register_is_read_by_source_whatever_the_order_of_writing(register: Register):
    for source in ("zoo", "ant"):
        register.add(frame_of(real_row(source, "One?", "1", source)), Split.HELD_OUT, "run")
    assert told(register, "item_id") == [("ant",), ("zoo",)]
