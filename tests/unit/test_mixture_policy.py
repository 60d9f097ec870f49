import polars as pl
import pytest

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.mixture.compose import compose
from synth_assets.core.mixture.policy import bound_outcomes, outcome_frame, policy_faults
from tests.mixture_rows import candidates, plain_standing

FAMILIES = {"one": "alpha", "two": "alpha", "three": "beta"}


def set_of(**said):
    """A composed set, its mixture and the standing of its candidates."""
    samples = candidates({"docs": 60, "forum": 60}, a__one=60, a__two=60, b__three=60)
    topic = (pl.int_range(pl.len()) % 4).cast(pl.String)
    samples = samples.with_columns(
        pl.format('{{"topic": "t{}"}}', topic).alias("attributes"),
        pl.format("seed {}", pl.int_range(pl.len())).alias("seed_id"),
    )
    mixture = Mixture.model_validate({"id": "mix", "rows": 40, "synthetic_share": 0.5, **said})
    own = ["a__one-3", "a__one-4"]
    standing = plain_standing(samples, FAMILIES, own)
    return compose(samples, mixture, standing).kept, mixture, standing


def replaced(rows, column, value, where):
    return rows.with_columns(pl.when(where).then(pl.lit(value)).otherwise(column).alias(column))


def nth(n):
    return pl.int_range(pl.len()) == n


CASES = {
    "rows": ({}, lambda rows: rows.head(39), "rows: all: 39, where 40"),
    "share": (
        {},
        lambda rows: pl.concat([rows.filter(pl.col("origin") == "synthetic"),
                                rows.filter(pl.col("origin") == "real").head(15)]),
        "synthetic_share: synthetic rows: 0.5714 (20 of 35), where 0.5",
    ),
    "teacher cap": (
        {"teacher_cap": 0.5},
        lambda rows: replaced(rows, "teacher", "one", pl.col("origin") == "synthetic"),
        "teacher_cap: teacher one: 1 (20 of 20), where 0 to 0.5",
    ),
    "distinct teachers": (
        {"distinct_teachers": {"at_least": 3, "least_share": 0.1}},
        lambda rows: replaced(rows, "teacher", "one", pl.col("teacher") == "two"),
        "distinct_teachers: teachers: 2, where at least 3",
    ),
    "depth": (
        {"max_depth": 1},
        lambda rows: replaced(rows, "synthetic_depth", 2, nth(3)),
        "max_depth: all: 1 are deeper, where at most 1",
    ),
    "quota": (
        {"quotas": [{"where": {"attribute.topic": "t1"}, "share": {"at_most": 0.2}}]},
        lambda rows: replaced(rows, "attributes", '{"topic": "t1"}', nth(0) | nth(1) | nth(2)
                              | nth(3) | nth(4) | nth(5) | nth(6) | nth(7) | nth(8) | nth(9)),
        "quota 1: topic t1",
    ),
    "weights": (
        {"weights": {"recipe": {"a": 1, "b": 1}}},
        lambda rows: replaced(rows, "recipe", "a", pl.col("recipe") == "b"),
        "weights by recipe: b: 0, where 10 of 20",
    ),
    "stranger": (
        {"sources": ["docs"]},
        lambda rows: replaced(rows, "source", "web", pl.col("origin") == "real"),
        "rows of source web, which has no part in the mixture",
    ),
    "repeated text": (
        {},
        lambda rows: replaced(rows, "content_hash", "same", nth(0) | nth(1)),
        "1 rows repeat the content_hash of another",
    ),
    "too many copies": (
        {},
        lambda rows: replaced(rows, "copy", 2, nth(0)),
        "1 rows are copies beyond those allowed",
    ),
    "relatives apart": (
        {},
        lambda rows: replaced(replaced(rows, "seed_id", "one", nth(0) | nth(1)),
                              "split", "test", nth(0)),
        "rows of one seed stand in different splits, 1 times",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_policy_faults_tell_what_a_changed_set_breaks(case):
    said, change, told = CASES[case]
    rows, mixture, standing = set_of(**said)
    assert policy_faults(rows, mixture, standing) == ()
    assert any(fault.startswith(told) for fault in policy_faults(change(rows), mixture, standing))


def test_policy_faults_tell_of_families_own_voice_and_barred_rows():
    rows, mixture, standing = set_of(family_cap=0.7, own_voice=0.1)
    other = standing.with_columns(
        pl.lit("alpha").alias("family"),
        (pl.col("depth") > 0).alias("own_voice"),
        pl.when(pl.col("sample_id") == rows["sample_id"][0]).then(pl.lit("terms_forbid"))
        .alias("reason"),
    )  # fmt: skip
    faults = " ".join(policy_faults(rows, mixture, other))
    assert "family_cap: family alpha: 1 (20 of 20)" in faults
    assert "own_voice: the student's own voice: 1 (20 of 20)" in faults
    assert f"1 rows may not take part, such as {rows['sample_id'][0]}" in faults


def test_bound_outcomes_say_of_each_bound_what_was_asked_and_came_out():
    quota = {"each": "teacher", "of": "synthetic", "share": {"at_most": 0.5}}
    rows, mixture, standing = set_of(quotas=[quota])
    found = outcome_frame(bound_outcomes(rows, mixture, standing))
    assert found["holds"].all()
    assert found.row(1) == ("synthetic_share", "synthetic rows", "0.5", "0.5 (20 of 40)", True)
    assert found.filter(pl.col("bound") == "quota 1")["rows"].to_list() == [
        "teacher one", "teacher three", "teacher two",
    ]  # fmt: skip
