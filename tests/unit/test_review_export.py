"""What experts are given: marked samples, as a table that runs nothing when it is opened."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from synth_assets.cli.main import cli
from synth_assets.core.export.card_process import process_sections
from synth_assets.core.export.review import REVIEW_SCHEMA, marked_for_review, review_csv, reviews_in
from synth_assets.core.mixture.reviewed import with_reviews
from synth_assets.core.schema import STANDING_SCHEMA
from synth_assets.errors import ConfigurationError
from synth_assets.resources.frames import write_frame
from synth_assets.resources.reviews import Reviews
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop
from tests.samples import frame_of, synthetic_row
from tests.unit.card_examples import facts

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


def reviewed(*lines: str) -> str:
    return "\r\n".join(["id,context,question,answer,quote,verdict,comment", *lines])


def test_reviews_are_read_from_tables_of_any_spreadsheet():
    text = reviewed(
        'a,"x, y",q,a,,Accept,', 'b,x,"two\r\nlines",a,, reject ,"not so, see 3"', "c,,,,,,"
    )
    expected = [("math", "a", "accept", ""), ("math", "b", "reject", "not so, see 3")]
    assert reviews_in(text, "math", "abc").rows() == expected
    semicolons = "\ufeffid;verdict;comment\nb;reject;1,5 and not 1\n"
    assert reviews_in(semicolons, "math", "b").rows() == [("math", "b", "reject", "1,5 and not 1")]
    assert reviews_in("verdict\tid\naccept\ta", "m", "a").rows() == [("m", "a", "accept", "")]
    assert reviews_in(reviewed(), "math", "abc").rows() == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (reviewed("a,,,,,maybe,"), "Line 2: verdict 'maybe' is neither accept or reject"),
        (reviewed("z,,,,,accept,"), "Line 2: 'z' is no verified sample"),
        (reviewed("a,,,,,accept,", "a,,,,,reject,"), "Line 3: a stands twice"),
        ("a,b\n1,2\n", "Line 1: there is no column id and no column verdict"),
        ("", "Line 1: there is no column id"),
        ("id,verdict\na\n,accept", "Line 3: '' is no verified sample"),
    ],
)
def test_reviews_that_cannot_be_meant_are_refused_by_line(text: str, told: str):
    with pytest.raises(ConfigurationError, match=told):
        reviews_in(text, "math", {"a", "b"})


def test_review_command_reads_back_what_the_expert_wrote(home: Path):
    def review(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["review", "medical_guideline_qa", *arguments])

    assert review("-o", "r.csv", "--all").exit_code == 0
    assert "no line has a verdict" in str(review("--verdicts", "r.csv").exception)
    text = (home / "r.csv").read_text("utf-8")
    (home / "r.csv").write_text(text.replace("b,,Q?,B,,,", "b,,Q?,B,,reject,wrong dose"))
    told = review("--verdicts", "r.csv")
    assert told.output == (
        "medical_guideline_qa: 1 samples reviewed, 0 accepted, 1 rejected. `synth run` leaves the "
        "rejected out.\n"
    )
    reviews = Reviews(Workshop(read_settings()).home.reviews)
    assert reviews.known().rows() == [("medical_guideline_qa", "b", "reject", "wrong dose")]

    (home / "r.csv").write_text("id,verdict\na,accept\nb,accept\n")
    assert review("--verdicts", "r.csv").exit_code == 0
    said = reviews.known().select("sample_id", "verdict").rows()
    assert said == [("a", "accept"), ("b", "accept")]


def test_review_command_without_a_way_is_told_both():
    told = CliRunner().invoke(cli, ["review", "medical_guideline_qa"])
    assert told.exit_code == 2
    assert "--verdicts" in told.output


def test_rejected_rows_take_no_part_and_a_reason_that_is_there_stays():
    ids = ["a", "b", "c", "d"]
    standing = pl.DataFrame(
        {
            "sample_id": ids,
            "family": "f",
            "depth": 1,
            "own_voice": False,
            "reason": [None, None, "too_deep", None],
            "detail": ["", "", "deep", ""],
        },
        schema=STANDING_SCHEMA,
    )
    said = [("m", "a", "accept", ""), ("m", "b", "reject", ""), ("m", "c", "reject", "bad")]
    said += [("m", "d", "reject", "worse"), ("m", "elsewhere", "reject", "")]
    reviews = pl.DataFrame(said, schema=REVIEW_SCHEMA, orient="row")
    found = with_reviews(standing, reviews)
    assert found.schema == STANDING_SCHEMA
    assert found.select("sample_id", "reason", "detail").rows() == [
        ("a", None, ""),
        ("b", "expert_rejected", "no comment"),
        ("c", "too_deep", "deep"),
        ("d", "expert_rejected", "worse"),
    ]
    assert with_reviews(standing, REVIEW_SCHEMA.to_frame()).equals(standing)


def test_card_tells_what_experts_accepted_and_how_often_verification_was_right():
    said = [
        ("math", "s2", "accept", ""),
        ("math", "x1", "accept", ""),
        ("math", "x2", "reject", ""),
    ]
    known = facts(reviews=pl.DataFrame(said, schema=REVIEW_SCHEMA, orient="row"))
    chapter = "\n".join(process_sections(known)).partition("## Human review")[2]
    assert "| math | 1 | 0 | 1 |" in chapter
    assert "| math | 3 | 2 | 0.2077 | 0.9385 |" in chapter
    assert "Not reviewed" not in chapter
