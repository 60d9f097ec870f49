"""Failures put into real answers are found, and real answers are not taken for failures."""

from functools import cache

import pytest

from benchmarks import real_rows
from benchmarks.real_rows import Row
from benchmarks.verify_failure_modes import (
    ALONE,
    check_of,
    english,
    examples_of,
    measured,
    mixture,
    sample_of,
)
from synth_assets.core.schema import Reason
from synth_assets.core.verify.failure_modes import FailureModes

# Least shares of what is found, and of what is right among it; all rows are none of the tuned ones.
LEAST = {
    "leaks": (0.99, 0.95),
    "ai_disclaimers": (0.95, 0.8),
    "role_markers": (0.92, 0.99),
    "repetition": (0.97, 0.95),
    "placeholders": (0.92, 0.9),
    "empty_politeness": (0.94, 0.98),
    "truncation": (0.4, 0.88),
    "links": (0.99, 0.94),
    "language": (0.95, 0.94),
    "copied_examples": (0.99, 0.99),
}


@cache
def rows(tuning: bool) -> list[Row]:
    every = [row for row in real_rows.real_rows() if row.tuning == tuning]
    return every if tuning else every[::4]


@pytest.fixture(autouse=True)
def _data(shared_data):
    assert shared_data == real_rows.DATA


@pytest.mark.parametrize("mode", LEAST)
def test_failure_modes_injected_are_found_and_little_else(mode: str):
    of = english(rows(False)) if mode == "language" else rows(False)
    check = check_of(examples_of(rows(True)), **ALONE[mode])
    got = measured(mixture(of, mode, rows(True)), check)
    recall, precision = LEAST[mode]
    assert got.injected >= 150
    assert got.recall >= recall
    assert got.precision >= precision


def test_failure_modes_as_they_come_reject_hardly_any_answer_of_people():
    check = FailureModes(kind="failure_modes").prepare({})
    people = [row for row in rows(False) if row.by == "people"]
    found = [check(sample_of(row)).reason for row in people]
    assert len(people) > 2_000
    assert sum(reason is not None for reason in found) <= 0.005 * len(people)


def test_slop_people_hardly_ever_models_often():
    check = check_of({}, slop=True)
    people = [row for row in rows(False) if row.by == "people"]
    plays = [row for row in rows(False) if row.source == "gpteacher"]
    assert sum(check(sample_of(row)).reason is Reason.SLOP for row in people) <= 1
    assert sum(check(sample_of(row)).reason is Reason.SLOP for row in plays) >= 0.01 * len(plays)
