"""What experts are given: marked samples, as a table that runs nothing when it is opened."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from synth_assets.cli.main import cli
from synth_assets.core.export.review import marked_for_review, review_csv
from synth_assets.errors import ConfigurationError
from synth_assets.resources.frames import write_frame
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop
from tests.samples import frame_of, synthetic_row

MARKED = '{"expert_review": "yes"}'


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_marked_for_review_takes_the_marked_alone_by_id():
    frame = frame_of(
        synthetic_row("b", "Q?", "A", attributes=MARKED),
        synthetic_row("a", "Q?", "A", attributes=MARKED),
        synthetic_row("c", "Q?", "A", attributes='{"expert_review": "no"}'),
        synthetic_row("d", "Q?", "A"),
    )
    assert marked_for_review(frame)["sample_id"].to_list() == ["a", "b"]


def test_review_csv_has_a_row_a_sample_with_room_for_verdict_and_comment():
    row = synthetic_row("a", 'Is it "so"?', "Yes,\nit is", reference="It is so.")
    frame = frame_of(replace(row, context="Ä, 1"))
    header, line = rows(review_csv(frame))
    assert header == ["id", "context", "question", "answer", "quote", "verdict", "comment"]
    assert line == ["a", "Ä, 1", 'Is it "so"?', "Yes,\nit is", "It is so.", "", ""]


@pytest.mark.parametrize("said", ["=1+1", "+1", "-1", "@now", "\t=1"])
def test_review_csv_text_that_looks_like_a_formula_is_text(said: str):
    _, line = rows(review_csv(frame_of(synthetic_row("a", "Q?", said))))
    assert line[3] == f"'{said}"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SYNTH_RECIPES", raising=False)
    monkeypatch.delenv("SYNTH_TEACHER", raising=False)
    monkeypatch.chdir(tmp_path)
    workshop = Workshop(read_settings())
    key = workshop.catalogue.recipe("medical_guideline_qa").key
    frame = frame_of(
        synthetic_row("a", "Q?", "A", attributes=MARKED), synthetic_row("b", "Q?", "B")
    )
    write_frame(workshop.home.asset("verified_samples", key), frame)
    return tmp_path


def test_review_command_writes_the_marked_samples_and_overwrites_nothing(home: Path):
    told = CliRunner().invoke(cli, ["review", "medical_guideline_qa", "-o", "r.csv"])
    assert told.exit_code == 0, told.output
    assert told.output == "Wrote 1 of 2 verified samples to r.csv.\n"
    written = (home / "r.csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbfid,context")
    assert [row[0] for row in rows(written.decode("utf-8-sig"))] == ["id", "a"]

    again = CliRunner().invoke(cli, ["review", "medical_guideline_qa", "-o", "r.csv", "--all"])
    assert isinstance(again.exception, ConfigurationError)
    assert (home / "r.csv").read_bytes() == written


def test_review_command_all_takes_the_others_too(home: Path):
    told = CliRunner().invoke(cli, ["review", "medical_guideline_qa", "-o", "all.csv", "--all"])
    assert told.output == "Wrote 2 of 2 verified samples to all.csv.\n"
