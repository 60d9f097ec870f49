import polars as pl
import pytest

from synth_assets.core.plan_changes import Change, changed_rows, uses_of_seeds
from synth_assets.core.schema import PLAN_SCHEMA

ROW = {
    "sample_id": "s",
    "seed_id": "a",
    "round": 0,
    "fingerprint": "f",
    "teacher": "writer",
    "model": "openai/w@",
    "parameters": "{}",
    "messages_hash": "m",
}


def plan(*changes: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame([{**ROW, **change} for change in changes], schema=PLAN_SCHEMA)


def reasons(planned: pl.DataFrame, earlier: pl.DataFrame) -> dict[Change, int]:
    return changed_rows(planned, earlier.drop("sample_id"), earlier.select("seed_id").unique())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"teacher": "second"}, Change.TEACHER),
        ({"model": "openai/w@2"}, Change.TEACHER),
        ({"parameters": '{"temperature":1}'}, Change.PARAMETERS),
        ({"messages_hash": "other"}, Change.PROMPT),
        ({"teacher": "second", "parameters": "{}", "messages_hash": "other"}, Change.TEACHER),
        ({}, Change.PARAMETERS),
    ],
)
def test_changed_rows_of_another_request_tell_the_first_reason(
    change: dict[str, object], reason: Change
):
    assert reasons(plan({"fingerprint": "new", **change}), plan({})) == {reason: 1}


def test_changed_rows_of_the_same_request_are_none():
    renamed = plan({"sample_id": "other"})
    assert reasons(renamed, plan({})) == {}


def test_changed_rows_tell_new_seeds_from_more_samples_of_old_ones():
    planned = plan({}, {"round": 1}, {"round": 2}, {"seed_id": "b"})
    assert reasons(planned, plan({})) == {Change.MORE_SAMPLES: 2, Change.SEED: 1}


def test_uses_of_seeds_give_what_is_left_to_the_first():
    uses = uses_of_seeds(pl.Series(["a", "b", "c"]), 8)
    assert dict(uses.iter_rows()) == {"a": 3, "b": 3, "c": 2}


def test_uses_of_seeds_without_seeds_are_none():
    assert uses_of_seeds(pl.Series([], dtype=pl.String), 8).is_empty()
