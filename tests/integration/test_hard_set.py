"""Problems without agreement as a set of their own, by the documented command."""

import json

import polars as pl
import pytest

from tests.integration.own_project import OwnProject

MIXTURE = {
    "recipes": ["voted_puzzles"],
    "sources": [],
    "synthetic_share": 1,
    "pure_synthetic_because": "a test of what is in it",
}
MIXTURES = (
    {"id": "agreed", **MIXTURE},
    {"id": "both", **MIXTURE, "quotas": [{"where": {"attribute.hard": "yes"}, "rows": 4}]},
)


def seeds(rows: pl.DataFrame, hard: str) -> set[str]:
    told = rows.with_columns(pl.col("attributes").str.json_path_match("$.hard").alias("hard"))
    return set(told.filter(pl.col("hard") == hard)["seed_id"])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> OwnProject:
    made = OwnProject(tmp_path_factory.mktemp("hard"))
    made.write("mixtures.yaml", json.dumps({"mixtures": MIXTURES}))
    names = ("hard_puzzles", "agreed", "both")
    done = made.synth("run", "--recipe", "voted_puzzles", *(f"--mixture={n}" for n in names))
    assert (done.code, done.err) == (0, "")
    return made


def test_hard_problems_are_a_set_of_their_own_and_in_no_ordinary_one(project: OwnProject):
    made = project.synth.partition("verified_samples", "voted_puzzles")
    sets = {n: project.synth.partition("training_sets", n) for n in ("hard_puzzles", "agreed")}

    hard, agreed = seeds(made, "yes"), seeds(made, "no")
    assert (len(hard), len(agreed)) == (10, 57)
    assert set(sets["hard_puzzles"]["seed_id"]) == hard
    assert set(sets["agreed"]["seed_id"]) == agreed
    file = project.home / "exports" / "hard_puzzles" / "train.jsonl"
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert {line["seed_id"] for line in lines} == hard
    assert all(0.2 <= line["difficulty"] <= 1 for line in lines)
    assert all(line["messages"][1]["content"] for line in lines)


def test_hard_row_tells_why_it_stands_in_no_ordinary_set(project: OwnProject):
    row = project.synth.partition("training_sets", "hard_puzzles")["sample_id"][0]
    [file] = (project.home / "decisions" / "mix").glob("agreed~*.parquet")
    decisions = pl.read_parquet(file)

    barred = decisions.filter(pl.col("reason") == "kept_aside")
    assert barred.height == 10
    assert row in set(barred["sample_id"])
    assert "a mixture with a quota on attribute.hard takes it" in project.synth("why", row).out


def test_mixture_with_a_quota_on_hard_rows_takes_that_many(project: OwnProject):
    rows = project.synth.partition("training_sets", "both")
    assert (len(seeds(rows, "yes")), len(seeds(rows, "no"))) == (4, 57)
