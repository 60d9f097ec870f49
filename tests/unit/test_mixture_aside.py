"""Hard rows of votes stand in no set that does not ask for them."""

from dataclasses import replace

import polars as pl
import pytest

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.flywheel.history import TrainingHistory
from synth_assets.core.mixture.standing import standing_of
from synth_assets.core.sample import Sample
from synth_assets.core.terms.declared import Declared
from tests.samples import frame_of, synthetic_row

VOTES, OTHER = "self_consistency", "distillation"


def row(name: str, technique: str, attributes: str = "") -> Sample:
    made = synthetic_row(name, f"Question {name}?", "a")
    return replace(made, technique=technique, attributes=attributes)


ROWS = frame_of(
    row("hard", VOTES, '{"hard": "yes"}'),
    row("agreed", VOTES, '{"hard": "no"}'),
    row("varied", OTHER, '{"hard": "yes"}'),
    row("plain", VOTES),
)


def reasons(**said: object) -> dict[str, str | None]:
    mixture = Mixture.model_validate({"id": "m", **said})
    told = standing_of(ROWS, mixture, Declared({}, {}, TrainingHistory()))
    return dict(told.select("sample_id", "reason").iter_rows())


def test_hard_row_of_a_vote_is_barred_and_a_variation_of_that_name_is_not():
    assert reasons() == {"hard": "kept_aside", "agreed": None, "varied": None, "plain": None}


@pytest.mark.parametrize(
    "bounds",
    [
        {"quotas": [{"where": {"attribute.hard": "yes"}, "share": {"at_most": 0.1}}]},
        {"quotas": [{"each": "attribute.hard", "share": {"at_most": 0.5}}]},
        {"weights": {"attribute.hard": {"yes": 1, "no": 3}}},
    ],
)
def test_hard_row_may_take_part_where_a_bound_speaks_of_it(bounds: dict[str, object]):
    assert set(reasons(**bounds).values()) == {None}


def test_hard_row_stays_barred_where_a_bound_speaks_of_other_attributes():
    quota = {"where": {"attribute.harder": "yes"}, "share": {"at_most": 0.1}}
    assert reasons(quotas=[quota])["hard"] == "kept_aside"


def test_hard_row_with_a_reason_of_its_own_keeps_that():
    student = {"name": "s", "family": "tiny", "checkpoint": "1"}
    writer = Teacher(id="pupil", model="hosted_vllm/x", family="tiny", checkpoint="1")
    rows = ROWS.with_columns(teacher=pl.lit("pupil"))
    mixture = Mixture.model_validate({"id": "m", "student": student})
    told = standing_of(rows, mixture, Declared({"pupil": writer}, {}, TrainingHistory()))
    assert set(told["reason"]) == {"own_voice"}
