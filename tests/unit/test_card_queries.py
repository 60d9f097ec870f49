"""The queries that only cards ask."""

import json

import polars as pl
import pytest

from synth_assets.core.schema import VERDICT_SCHEMA
from synth_assets.resources.lineage.database import LineageDatabase
from tests.unit.lineage_home import HALF, MATH, OLD_HALF, OLD_MATH, QA, small_home

VERDICTS = [
    # sample, verifier, place, outcome, reason
    ("m1", "judge", 1, "accepted", None),
    ("m1", "number", 0, "accepted", None),
    ("m1", "judge", 2, "rejected", "low_quality"),
    ("m2", "number", 0, "rejected", "wrong_number"),
    ("m3", "number", 0, "rejected", "no_reference"),
    ("m4", "number", 0, "rejected", "wrong_number"),
    ("m5", "number", 0, "rejected", "no_reference"),
    ("m6", "number", 0, "errored", "verifier_error"),
    ("m7", "number", 0, "errored", "verifier_error"),
    ("m8", "number", 0, "errored", "verifier_error"),
]


@pytest.fixture(scope="module")
def lineage(tmp_path_factory: pytest.TempPathFactory) -> LineageDatabase:
    home = small_home(tmp_path_factory.mktemp("home"))
    rows = [(s, MATH, name, at, out, why, None, "") for s, name, at, out, why in VERDICTS]
    home.write(f"verdicts/{MATH}", pl.DataFrame(rows, VERDICT_SCHEMA, orient="row"))
    return home.ingested()


def test_verifier_outcomes_count_each_verifier_in_the_order_they_ran(lineage: LineageDatabase):
    told = lineage.query("verifier_outcomes")
    columns = ("verifier", "judged", "accepted", "rejected", "errored", "most_frequent_reason")
    assert told.select("partition", *columns).rows() == [
        # Of two reasons as frequent the first by name; why a verifier erred is no reason.
        (MATH, "number", 8, 1, 4, 3, "no_reference"),
        (MATH, "judge", 1, 1, 0, 0, None),
        (MATH, "judge", 1, 0, 1, 0, "low_quality"),
    ]


@pytest.mark.parametrize(
    ("key", "rows"),
    [
        (
            HALF,
            [("", "kept", None, 1), ("math", "kept", None, 1), ("qa", "dropped", "teacher_cap", 1)],
        ),
        (OLD_HALF, [("", "kept", None, 1), ("math", "kept", None, 1), ("qa", "kept", None, 1)]),
        ("none~00000000", []),
    ],
)
def test_mixture_outcomes_are_those_of_one_version(lineage: LineageDatabase, key: str, rows: list):
    told = lineage.query("mixture_outcomes", mixture_key=key)
    assert told.select("recipe", "outcome", "reason", "row_count").rows() == rows


def test_recipe_texts_keep_what_superseded_versions_said(lineage: LineageDatabase):
    told = lineage.query("recipe_texts")
    assert told.select("partition", "live").rows() == [(OLD_MATH, False), (MATH, True), (QA, True)]
    templates = json.loads(told["templates"][0])
    assert templates == {"write.md.j2": f"Write for {OLD_MATH}."}
